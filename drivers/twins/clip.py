"""What a network camera would send: pictures, coded as H.264 or H.265, in a file.

The file has 4 bytes of length (big-endian) before each coded picture (Annex B), the first one
a key picture.
"""

import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av

Coding = Literal["h264", "h265"]
_ENCODERS: Mapping[Coding, str] = {"h264": "libx264", "h265": "libx265"}
_LENGTH = struct.Struct(">I")


def write_clip(
    path: Path,
    pictures: Iterable[Any],
    *,
    coding: Coding = "h264",
    fps: int = 15,
    key_every: int = 30,
    kbit_s: int = 2000,
) -> Path:
    """`pictures`: uint8 [height, width, 3] BGR, all of one size. No B pictures, as in cameras."""
    encoder: Any = None
    with path.open("wb") as file:
        for turn, picture in enumerate(pictures):
            if encoder is None:
                height, width = picture.shape[:2]
                encoder = _encoder(coding, (width, height), fps, kbit_s)
                encoder.gop_size = key_every
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = turn
            _write(file, encoder.encode(frame))
        _write(file, encoder.encode(None))
    return path


def _encoder(coding: Coding, size: tuple[int, int], fps: int, kbit_s: int) -> Any:
    encoder: Any = av.CodecContext.create(_ENCODERS[coding], "w")
    (encoder.width, encoder.height), encoder.pix_fmt = size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.max_b_frames, encoder.bit_rate = 0, kbit_s * 1000
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "forced-idr": "1"}
    if coding == "h265":
        encoder.options |= {"x265-params": "log-level=none:repeat-headers=1:open-gop=0"}
    return encoder


def _write(file: Any, packets: Iterable[Any]) -> None:
    for packet in packets:
        data = bytes(packet)
        file.write(_LENGTH.pack(len(data)) + data)
