"""A network camera's single pictures over HTTP: ISAPI, Dahua's CGI, any address of a JPEG."""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from drivers.camera._network import NetworkSettings, address, advice, refusal
from drivers.login import without_password
from drivers.webpicture import WebError, WebPicture
from gateway.pictures import decoded
from gateway.ports import Camera, DeviceError, Frame, LoginError

log = logging.getLogger(__name__)

_PAUSE_S = (0.5, 1.5)


def _writable(url: str) -> str:
    if not url.isascii() or " " in url:
        raise ValueError("a space or a letter that no address can have: write it as %XX")
    return url


_ADDRESS = address("HTTP", expected="http://host/path", ports={"http": 80, "https": 443})


class Settings(NetworkSettings):
    driver: Literal["snapshot"]
    url: Annotated[str, _ADDRESS, AfterValidator(_writable)] = Field(
        title="Address",
        description="Where the camera gives out a single JPEG, without user name and password.",
        examples=[
            "http://192.168.1.64/ISAPI/Streaming/channels/101/picture",
            "http://192.168.1.108/cgi-bin/snapshot.cgi?channel=1",
        ],
    )
    every_ms: int = Field(
        default=250,
        ge=50,
        le=1500,
        title="Period (ms)",
        description="A picture is asked for this often while a vehicle is there or something"
        " moves, else less often.",
    )
    timeout_s: float = Field(
        default=2.0, gt=0, le=10, title="Longest answer (s)", description="For a whole picture."
    )
    most_mb: float = Field(default=8.0, gt=0, le=64, title="Largest picture (MB)")


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    """The camera, answering or not: its frames, or its `trouble`, say so."""
    camera = SnapshotCamera(settings)
    try:
        yield camera
    finally:
        camera.close()


class SnapshotCamera:
    """See `gateway.ports.LiveCamera`. Asks on one connection as long as the camera keeps it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown_url = without_password(settings.url)
        self._closed = threading.Event()
        self._trouble = ""
        self._every_s = 0.0

    @property
    def trouble(self) -> str:
        return self._trouble

    def pace(self, every_s: float) -> None:
        self._every_s = every_s

    def close(self) -> None:
        """`frames` ends with the answer that it waits for, at the latest after `timeout_s`."""
        self._closed.set()

    def frames(self) -> Iterator[Frame]:
        """A picture each period, until it is closed.

        Raises `DeviceError` only where the camera refuses the password or the user: asking
        again soon may lock the account.
        """
        source = self._new_source()
        try:
            while not self._closed.is_set():
                yield from self._next(source)
        finally:
            source.close()

    def _next(self, source: WebPicture) -> Iterator[Frame]:
        """One picture and the rest after it, or none and a pause."""
        asked = time.monotonic()
        try:
            # What the answer shows was taken after the question: the age is known.
            yield Frame(self._picture(source), asked)
        except WebError as error:
            if error.hopeless:
                raise LoginError(refusal(self._shown_url, str(error))) from None
            self._tell(str(error))
            self._closed.wait(random.uniform(*_PAUSE_S))  # noqa: S311 -- no secret
        else:
            self._rest(asked)

    def _picture(self, source: WebPicture) -> Any:
        try:
            image = decoded(source.fetched())
        except DeviceError as error:
            raise WebError(f"its answer {error}") from None
        if self._trouble:
            log.info("camera %s: pictures again", self._shown_url)
        self._trouble = ""
        return image

    def _rest(self, asked: float) -> None:
        """In small steps, so that a vehicle that comes is seen at once."""
        while True:
            period_s = max(self._settings.every_ms / 1000, self._every_s)
            left_s = asked + period_s - time.monotonic()
            if left_s <= 0 or self._closed.wait(min(left_s, 0.02)):
                return

    def _new_source(self) -> WebPicture:
        settings = self._settings
        most = int(settings.most_mb * 1024 * 1024)
        return WebPicture(
            settings.url, settings.login(), timeout_s=settings.timeout_s, most_bytes=most
        )

    def _tell(self, reason: str) -> None:
        """One warning for each outage, however often the reason changes."""
        if not self._trouble:
            log.warning("camera %s: no picture: %s: asking again", self._shown_url, reason)
        self._trouble = advice(self._shown_url, reason)
