"""A USB camera through Video4Linux and OpenCV."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from drivers.camera._flow import Flow
from gateway.ports import Camera, DeviceError, DriverSettings, Frame


class Settings(DriverSettings):
    driver: Literal["usb"]
    device: str = Field(
        default="/dev/video0",
        title="Device",
        description="A link below /dev/v4l/by-id stays the same for ever.",
        pattern=r"^/dev/.+",
    )
    width: int = Field(default=1280, title="Width (pixels)", ge=160, le=7680)
    height: int = Field(default=720, title="Height (pixels)", ge=120, le=4320)
    fps: int = Field(default=15, title="Frames per second", ge=1, le=120)


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    """The camera, plugged in or not: its frames say so."""
    yield UsbCamera(settings)


class UsbCamera:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def frames(self) -> Iterator[Frame]:
        """Pictures as they come; the camera may choose another size than the one wished for."""
        capture, flow = self._opened(), Flow()
        try:
            while True:
                asked = time.monotonic()
                good, image = capture.read()
                if not good:
                    raise DeviceError(
                        f"USB camera {self._settings.device}: no more pictures: "
                        "check its plug and its cable"
                    )
                at = time.monotonic()
                taken_at = flow.came(at, at - asked)
                if taken_at > -math.inf:
                    yield Frame(image, taken_at)
        finally:
            capture.release()

    def _opened(self) -> Any:
        import cv2

        settings = self._settings
        if not Path(settings.device).exists():
            raise DeviceError(
                f"USB camera {settings.device}: there is no such device: is it plugged in? "
                "`ls -l /dev/v4l/by-id` lists the cameras"
            )
        capture = cv2.VideoCapture(settings.device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise DeviceError(
                f"USB camera {settings.device}: it cannot be opened as a camera: does another "
                "program use it, and is this user in the group `video`?"
            )
        # Raw pictures of this size do not fit through USB 2.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
        return capture
