"""A recorded video instead of a camera, at its own pace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.ports import Camera, DeviceError, DriverSettings, Frame


class Settings(DriverSettings):
    driver: Literal["video"]
    file: Path = Field(title="Video file", examples=["/var/lib/lanegate/lane-1.mp4"])
    loop: bool = Field(default=True, title="Start again at the end")


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    yield VideoCamera(settings)


class VideoCamera:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def frames(self) -> Iterator[Frame]:
        """Every picture when its time in the video has come; without `loop` they end."""
        import av

        while True:
            shown = 0
            try:
                for frame in self._once():
                    shown += 1
                    yield frame
            except (av.FFmpegError, OSError) as error:
                reason = error.strerror or type(error).__name__
                raise DeviceError(
                    f"video camera: cannot read {self._settings.file}: {reason}: check `file`"
                ) from error
            if not shown:
                raise DeviceError(f"video camera: {self._settings.file} has no pictures")
            if not self._settings.loop:
                return

    def _once(self) -> Iterator[Frame]:
        import av

        with av.open(str(self._settings.file)) as video:
            if not video.streams.video:
                return
            start = None
            for picture in video.decode(video=0):
                at_s = picture.time or 0.0
                start = time.monotonic() - at_s if start is None else start
                time.sleep(max(0.0, start + at_s - time.monotonic()))
                image = picture.to_ndarray(format="bgr24")
                yield Frame(image, time.monotonic(), recorded=True)
