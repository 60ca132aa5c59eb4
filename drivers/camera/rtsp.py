"""A network camera over RTSP, decoded by FFmpeg through PyAV."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.ports import Camera, DeviceError, DriverSettings, Frame, SecretRef, reveal

if TYPE_CHECKING:
    from av.container import InputContainer

log = logging.getLogger(__name__)

_ATTEMPTS = 5
_PAUSE_S = 1.0
# Without these FFmpeg looks at two seconds of video to guess the frame rate (measured: 2.0 s
# until the first picture instead of 0.6 s).
_QUICK_START = {"fpsprobesize": "0", "analyzeduration": "500000"}


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "no user name or password in the address: use `username`, and `password` with a "
            "reference such as file:/etc/lanegate/camera-1.secret"
        )
    if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname:
        raise ValueError("not an RTSP address: expected rtsp://host:554/path")
    return url


class Settings(DriverSettings):
    driver: Literal["rtsp"]
    url: Annotated[str, AfterValidator(_without_secret)] = Field(
        title="Address",
        description="The camera's stream, without user name and password.",
        examples=["rtsp://192.168.1.64:554/Streaming/Channels/101"],
    )
    username: str | None = Field(default=None, title="User name")
    password: SecretRef | None = Field(default=None, title="Reference to the password")
    transport: Literal["tcp", "udp"] = Field(default="tcp", title="Transport of the pictures")
    open_timeout_s: float = Field(default=2.0, title="Time to open (s)", gt=0, le=20)
    read_timeout_s: float = Field(default=1.5, title="Longest gap (s)", gt=0, le=20)

    @model_validator(mode="after")
    def _password_needs_a_name(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("a password without a user name: add `username`")
        return self


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    """The camera, answering or not: its frames say so."""
    import av.logging

    av.logging.set_level(None)  # FFmpeg's own messages show the address with its password.
    camera = RtspCamera(settings)
    try:
        yield camera
    finally:
        camera.close()


class RtspCamera:
    """Opens its stream anew when it breaks or freezes; the password stays inside."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stream: InputContainer | None = None

    def frames(self) -> Iterator[Frame]:
        """Pictures as fast as they come.

        A stream that breaks off is opened again after a short pause. Raises `DeviceError` after
        5 attempts in a row without a picture, and at once where the camera refuses the password
        or knows no such stream.
        """
        import av

        failed = 0
        while failed < _ATTEMPTS:
            try:
                for frame in self._session():
                    failed = 0
                    yield frame
                reason = "the stream ended"
            except (av.FFmpegError, OSError) as error:
                reason = self._reason(error)
            failed += 1
            if failed == 1:
                log.warning("camera %s: no picture: %s: opening again", self._settings.url, reason)
            time.sleep(_PAUSE_S)
        raise DeviceError(
            f"camera {self._settings.url}: no picture in {_ATTEMPTS} attempts: {reason}: "
            "check its power, its cable and the address"
        )

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _session(self) -> Iterator[Frame]:
        """One connection, from opening until it breaks."""
        import av

        settings = self._settings
        try:
            self._stream = av.open(
                self._secret_url(),
                options={"rtsp_transport": settings.transport} | _QUICK_START,
                timeout=(settings.open_timeout_s, settings.read_timeout_s),
            )
            for picture in self._stream.decode(video=0):
                image = picture.to_ndarray(format="bgr24")
                yield Frame(image=image, taken_at=time.monotonic())
        finally:
            self.close()

    def _secret_url(self) -> str:
        settings = self._settings
        if settings.username is None:
            return settings.url
        user = quote(settings.username, safe="")
        if settings.password is not None:
            user += ":" + quote(reveal(settings.password), safe="")
        parts = urlsplit(settings.url)
        return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))

    def _reason(self, error: Exception) -> str:
        """Words without the address, in which PyAV shows the password.

        Raises `DeviceError` where trying again is of no use.
        """
        import av

        hopeless = {
            av.HTTPUnauthorizedError: "it refuses the user name or the password",
            av.HTTPForbiddenError: "it does not allow this user to see the stream",
            av.HTTPNotFoundError: "it knows no stream at this path: see its manual for the path",
        }
        for kind, words in hopeless.items():
            if isinstance(error, kind):
                raise DeviceError(f"camera {self._settings.url}: {words}") from None
        return getattr(error, "strerror", None) or type(error).__name__
