"""Coded pictures into frames: all are decoded when all are wanted, else as few as will do."""

from functools import cached_property
from typing import Any

import av
import numpy as np

from gateway.ports import Frame

# What a hostile stream may make us allocate: a little more than 8K.
MOST_PIXELS = 36_000_000
MOST_HELD = 400
_CODECS = {"h264": "h264", "h265": "hevc"}


class Undeveloped(Frame):
    """A decoded picture. It becomes BGR when somebody looks: that costs as much as decoding."""

    def __init__(self, picture: "av.VideoFrame", taken_at: float) -> None:
        super().__init__(None, taken_at)
        self._picture = picture

    @cached_property
    def _bgr(self) -> Any:
        """Without a copy: FFmpeg's rows may be longer than the picture is wide."""
        picture = self._picture.reformat(format="bgr24")
        plane = picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        whole = rows[: picture.height, : picture.width * 3]
        return whole.reshape(picture.height, picture.width, 3)

    @property
    def image(self) -> Any:
        return self._bgr

    @property
    def luma(self) -> Any:
        """A view of the decoder's own plane, where it has 8 bits."""
        if self._picture.format.name not in ("yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p"):
            return None
        plane = self._picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: self._picture.height, : self._picture.width]


class Developer:
    """Keeps the coded pictures since the last key picture until one is wanted.

    A key picture makes those before it superfluous; so while nobody looks, most are never
    decoded, and the newest one is at most a second's decoding away.
    """

    def __init__(self, coding: str) -> None:
        codec = av.CodecContext.create(_CODECS[coding], "r")
        assert isinstance(codec, av.VideoCodecContext)  # noqa: S101 -- for the type checker
        self._codec = codec
        self._codec.thread_count = 1
        self._codec.flags |= av.codec.context.Flags.low_delay
        self._codec.options = {"max_pixels": str(MOST_PIXELS)}
        self._held: list[tuple[bytes, bool]] = []
        self._intact = False

    def take(self, data: bytes, *, key: bool, wanted: bool) -> "av.VideoFrame | None":
        """The newest picture, if it is wanted and can be decoded without a flaw."""
        if key:
            self._held.clear()
        self._held.append((data, key))
        if not wanted and len(self._held) < MOST_HELD:
            return None
        held, self._held = self._held, []
        newest = None
        for coded, is_key in held:
            newest = self._decoded(coded, key=is_key)
        return newest

    def _decoded(self, coded: bytes, *, key: bool) -> "av.VideoFrame | None":
        """After a flaw nothing is shown until the next key picture: it would be smeared."""
        try:
            pictures = self._codec.decode(av.Packet(coded))
        except av.FFmpegError:
            self._intact = False
            return None
        if not pictures:
            return None
        self._intact = not pictures[-1].is_corrupt and (self._intact or key)
        return pictures[-1] if self._intact else None
