"""Photos in a folder instead of a camera: for commissioning, and to try a reader on them."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gateway.pictures import decoded
from gateway.ports import Camera, DeviceError, DriverSettings, Frame

log = logging.getLogger(__name__)

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


class Settings(DriverSettings):
    driver: Literal["folder"]
    folder: Path = Field(title="Folder with photos")
    every_s: float = Field(default=3.0, title="Time for each photo (s)", gt=0, le=3600)
    fps: float = Field(default=5.0, title="Frames per second", gt=0, le=60)
    loop: bool = Field(default=True, title="Start again after the last one")


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    yield FolderCamera(settings)


class FolderCamera:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warned: set[Path] = set()

    def frames(self) -> Iterator[Frame]:
        """Each photo for its time, in the order of the names; without `loop` they end.

        New photos are seen in the next round. Raises `DeviceError` where there is none to show.
        """
        while True:
            shown = False
            for path in self._photos():
                image = self._image(path)
                if image is not None:
                    shown = True
                    yield from self._stills(image)
            if not shown:
                raise DeviceError(
                    f"folder camera {self._settings.folder}: none of its photos can be read"
                )
            if not self._settings.loop:
                return

    def _photos(self) -> list[Path]:
        folder = self._settings.folder
        try:
            photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        except OSError as error:
            raise DeviceError(
                f"folder camera: cannot list {folder}: {error.strerror}: check `folder`"
            ) from error
        if not photos:
            raise DeviceError(
                f"folder camera: no photos in {folder}: put files in it that end in "
                + ", ".join(_SUFFIXES)
            )
        return photos

    def _image(self, path: Path) -> Any:
        """The photo as BGR, or None with one warning for each file."""
        try:
            return decoded(path.read_bytes())
        except (OSError, DeviceError) as error:
            if path not in self._warned:
                self._warned.add(path)
                log.warning("folder camera: %s is skipped: %s", path, error)
            return None

    def _stills(self, image: Any) -> Iterator[Frame]:
        """The same photo again and again, as a camera sees a standing car."""
        for _ in range(max(1, round(self._settings.every_s * self._settings.fps))):
            yield Frame(image, time.monotonic(), recorded=True)
            time.sleep(1 / self._settings.fps)
