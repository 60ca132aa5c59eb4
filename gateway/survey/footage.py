"""Pictures out of a video file, or out of a camera: the newest, for some seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gateway.ports import Camera, DeviceError, Frame

if TYPE_CHECKING:
    from av.container import InputContainer

VIDEOS = {
    ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".ts", ".webm", ".wmv",
}  # fmt: skip
# A camera that is switched on or dialled again has its first picture by then; one that names
# its trouble is given up sooner.
FIRST_PICTURE_S, TROUBLED_S = 15.0, 6.0
_THREAD_ENDS_S = 2.0
_GLANCE_S = 0.5
_GUESSED_FPS = 25.0
_QUARTER_TURN = 90


@dataclass(frozen=True, slots=True)
class Shot:
    """`at_s`: seconds since the first picture; `age_s`: since it was taken, for a camera.

    `recorded`: see `gateway.ports.Frame`.
    """

    number: int
    at_s: float
    image: Any
    age_s: float = 0.0
    recorded: bool = False


class VideoFile:
    """A recording, as fast as it can be decoded. Damaged parts are left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self.damaged = 0

    def seconds(self) -> float | None:
        """Its length by its own account. Raises `DeviceError` where it is no video."""
        with self._opened() as video:
            return video.duration / 1e6 if video.duration else None

    def shots(self, *, every: int = 1, seconds: float | None = None) -> Iterator[Shot]:
        """Every `every`-th picture of the first `seconds`. Raises `DeviceError` without one."""
        with self._opened() as video:
            for at_s, picture in self._pictures(video):
                if seconds is not None and at_s >= seconds:
                    break
                if self.frames % every == 0:
                    yield Shot(self.frames, at_s, _upright(picture))
                self.frames += 1
        if not self.frames:
            raise DeviceError(f"{self.path}: not one of its pictures can be decoded")

    def _pictures(self, video: "InputContainer") -> Iterator[tuple[float, Any]]:
        import av

        start = None
        packets = iter(video.demux(video.streams.video[0]))
        while True:
            try:
                packet = next(packets)
                decoded = packet.decode()
            except (StopIteration, av.EOFError):
                return
            except (av.FFmpegError, OSError):
                self.damaged += 1
                if self.damaged > self.frames + 1000:
                    return
                continue
            for picture in decoded:
                at_s = picture.time if picture.time is not None else self.frames / _GUESSED_FPS
                start = at_s if start is None else start
                yield max(0.0, at_s - start), picture

    @contextmanager
    def _opened(self) -> Iterator["InputContainer"]:
        import av
        import av.logging

        av.logging.set_level(None)
        try:
            video = av.open(str(self.path))
        except (av.FFmpegError, OSError) as error:
            reason = error.strerror or type(error).__name__
            raise DeviceError(f"{self.path}: cannot be opened as a video: {reason}") from None
        with video:
            if not video.streams.video:
                raise DeviceError(f"{self.path}: has no pictures in it, only sound or data")
            yield video


def _upright(picture: Any) -> Any:
    """As BGR; a telephone that was held upright says so beside the pictures."""
    import numpy as np

    image = picture.to_ndarray(format="bgr24")
    quarters = round(getattr(picture, "rotation", 0) / _QUARTER_TURN) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image


@dataclass(slots=True)
class Pulse:
    """How a camera's pictures came: counts all of them, not only those that were looked at."""

    frames: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    longest_gap_s: float = 0.0
    ages_s: list[float] = field(default_factory=list)

    def beat(self, at: float) -> None:
        if self.frames:
            self.longest_gap_s = max(self.longest_gap_s, at - self.last_at)
        else:
            self.first_at = at
        self.frames, self.last_at = self.frames + 1, at

    @property
    def fps(self) -> float:
        lasted_s = self.last_at - self.first_at
        return (self.frames - 1) / lasted_s if lasted_s > 0 else 0.0


class Live:
    """A camera that a thread keeps empty, so that no picture grows old in a buffer.

    A context: the thread ends with it.
    """

    def __init__(self, camera: Camera) -> None:
        self.pulse = Pulse()
        self._camera = camera
        self._news = threading.Condition()
        self._frame: Frame | None = None
        self._error: DeviceError | None = None
        self._over = False
        self._thread = threading.Thread(target=self._drain, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join(_THREAD_ENDS_S)

    def shots(
        self, seconds: float, *, first_s: float = FIRST_PICTURE_S, troubled_s: float = TROUBLED_S
    ) -> Iterator[Shot]:
        """The newest picture, again and again, for `seconds` from the first one.

        Ends early where the camera has no more. Raises `DeviceError` where the camera stops
        otherwise, and where the first picture does not come.
        """
        frame: Frame | None = self._first(first_s, troubled_s)
        start = time.monotonic()
        number = 0
        while frame is not None:
            now = time.monotonic()
            age_s = now - frame.taken_at
            self.pulse.ages_s.append(age_s)
            yield Shot(number, now - start, frame.image, age_s, recorded=frame.recorded)
            number += 1
            left_s = start + seconds - time.monotonic()
            frame = self._take(left_s) if left_s > 0 else None

    def _first(self, first_s: float, troubled_s: float) -> Frame:
        began = time.monotonic()
        while (waited_s := time.monotonic() - began) < first_s and not self._over:
            if (frame := self._take(_GLANCE_S)) is not None:
                return frame
            if waited_s > troubled_s and (trouble := getattr(self._camera, "trouble", "")):
                raise DeviceError(trouble)
        if (frame := self._take(0)) is not None:
            return frame
        raise DeviceError(
            "the camera has no pictures"
            if self._over
            else f"the camera gave no picture in {first_s:g} s: check its power, its "
            "cable and its address"
        )

    def _take(self, most_s: float) -> Frame | None:
        """The newest frame there is; None where none comes in time or ever."""
        with self._news:
            self._news.wait_for(lambda: self._frame is not None or self._over, most_s)
            frame, self._frame = self._frame, None
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def _drain(self) -> None:
        try:
            for frame in self._camera.frames():
                with self._news:
                    self.pulse.beat(frame.taken_at)
                    self._frame = frame
                    self._news.notify()
                if self._over:
                    return
        except DeviceError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 -- unsaid, it would look like a camera in thought
            self._error = DeviceError(
                f"the camera's driver failed: {type(error).__name__}: {error}"
            )
        finally:
            with self._news:
                self._over = True
                self._news.notify()
