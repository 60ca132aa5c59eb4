"""A network camera's single pictures over HTTP: ISAPI, Dahua's CGI, any address of a JPEG."""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from drivers.login import Login, without_password
from drivers.webpicture import WebError, WebPicture
from gateway.pictures import decoded
from gateway.ports import Camera, DeviceError, DriverSettings, Frame, SecretRef, reveal

log = logging.getLogger(__name__)

_PAUSE_S = (0.5, 1.5)


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "no user name or password in the address: use `username`, and `password` with a "
            "reference such as file:/etc/lanegate/camera-1.secret"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise ValueError("not an HTTP address: expected http://host/path")
    if not url.isascii() or " " in url:
        raise ValueError("a space or a letter that no address can have: write it as %XX")
    if parts.port == 0:  # Asking alone refuses what is above 65535.
        raise ValueError("there is no port 0: cameras listen at 80")
    return url


class Settings(DriverSettings):
    driver: Literal["snapshot"]
    url: Annotated[str, AfterValidator(_without_secret)] = Field(
        title="Address",
        description="Where the camera gives out a single JPEG, without user name and password.",
        examples=[
            "http://192.168.1.64/ISAPI/Streaming/channels/101/picture",
            "http://192.168.1.108/cgi-bin/snapshot.cgi?channel=1",
        ],
    )
    username: str | None = Field(default=None, title="User name")
    password: SecretRef | None = Field(default=None, title="Reference to the password")
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

    @model_validator(mode="after")
    def _password_needs_a_name(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("a password without a user name: add `username`")
        return self


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
        self._source: WebPicture | None = None
        self._closed = False
        self._trouble = ""
        self._every_s = 0.0

    @property
    def trouble(self) -> str:
        return self._trouble

    def pace(self, every_s: float) -> None:
        self._every_s = every_s

    def close(self) -> None:
        self._closed = True
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def frames(self) -> Iterator[Frame]:
        """A picture each period, until it is closed.

        Raises `DeviceError` only where the camera refuses the password or the user: asking
        again soon may lock the account.
        """
        source = self._source = self._new_source()
        while not self._closed:
            asked = time.monotonic()
            try:
                # What the answer shows was taken after the question: the age is known.
                yield Frame(self._picture(source), asked)
            except WebError as error:
                if error.hopeless:
                    raise DeviceError(self._sentence(str(error))) from None
                self._tell(str(error))
                time.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 -- no secret
                continue
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
            if left_s <= 0:
                return
            time.sleep(min(left_s, 0.02))

    def _new_source(self) -> WebPicture:
        settings, login = self._settings, None
        if settings.username is not None:
            password = "" if settings.password is None else reveal(settings.password)
            login = Login(settings.username, password)
        most = int(settings.most_mb * 1024 * 1024)
        return WebPicture(settings.url, login, timeout_s=settings.timeout_s, most_bytes=most)

    def _tell(self, reason: str) -> None:
        """One warning for each outage, however often the reason changes."""
        if not self._trouble:
            log.warning("camera %s: no picture: %s: asking again", self._shown_url, reason)
        self._trouble = self._sentence(reason)

    def _sentence(self, reason: str) -> str:
        return f"camera {self._shown_url}: {reason}: check its power, cable and address"
