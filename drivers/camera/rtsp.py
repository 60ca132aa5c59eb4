"""A network camera over RTSP: our own session, pictures decoded by FFmpeg through PyAV."""

import logging
import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from drivers.camera._flow import Flow
from drivers.camera._network import NetworkSettings, address, advice, refusal
from drivers.login import without_password
from drivers.rtsp.session import PORTS, Arrival, Session
from drivers.rtsp.wire import RtspError
from gateway.ports import Camera, Frame, LoginError

if TYPE_CHECKING:
    import av

    from drivers.camera._developing import Developer

log = logging.getLogger(__name__)

# After a break: at once is too often for a camera that starts, and many that come back together
# must not be asked in step. With the time to open, well under 5 s.
_PAUSE_S = (0.3, 1.2)
# Data that no picture can be made of: a new session begins with a key picture.
_NOTHING_TO_SEE_S = 5.0
_HALF_A_PICTURE_S = 0.02


_ADDRESS = address("RTSP", expected="rtsp://host:554/path", ports=PORTS)


class Settings(NetworkSettings):
    driver: Literal["rtsp"]
    url: Annotated[str, _ADDRESS] = Field(
        title="Address",
        description="The camera's stream, without user name and password.",
        examples=["rtsp://192.168.1.64:554/Streaming/Channels/101"],
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", title="Transport of the pictures")
    open_timeout_s: float = Field(default=2.0, title="Time to open (s)", gt=0, le=20)
    read_timeout_s: float = Field(default=1.5, title="Longest gap (s)", gt=0, le=20)


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    """The camera, answering or not: its frames, or its `trouble`, say so."""
    import av.logging

    av.logging.set_level(None)
    camera = RtspCamera(settings)
    try:
        yield camera
    finally:
        camera.close()


class RtspCamera:
    """See `gateway.ports.LiveCamera`. Opens its stream anew when it breaks or freezes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown_url = without_password(settings.url)
        self._session: Session | None = None
        self._closed = threading.Event()
        self._at_work = False
        self._trouble = ""
        self._every_s = 0.0
        self._shown_at = -math.inf

    @property
    def trouble(self) -> str:
        return self._trouble

    def pace(self, every_s: float) -> None:
        self._every_s = every_s

    def frames(self) -> Iterator[Frame]:
        """Pictures as fast as they come, until it is closed.

        A stream that breaks off is opened again after a short pause. Raises `DeviceError` only
        where the camera refuses the password or the user: asking again soon may lock the account.
        """
        self._at_work = True
        try:
            while not self._closed.is_set():
                yield from self._until_it_breaks()
                self._closed.wait(random.uniform(*_PAUSE_S))  # noqa: S311 -- no secret
        finally:
            self._at_work = False

    def _until_it_breaks(self) -> Iterator[Frame]:
        try:
            yield from self._one_session()
        except RtspError as error:
            if error.hopeless:
                raise LoginError(refusal(self._shown_url, str(error))) from None
            self._tell(str(error))
        except OSError as error:
            self._tell(error.strerror or type(error).__name__)

    def close(self) -> None:
        """Also from another thread than the one in `frames`, which then ends at once."""
        self._closed.set()
        session = self._session
        if session is not None and self._at_work:
            session.stop()
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _one_session(self) -> Iterator[Frame]:
        """One connection, from opening until it breaks."""
        from drivers.camera._developing import Developer

        session = self._session = self._new_session()
        try:
            session.open()
            for frame in self._developed(session, Developer(session.track.coding)):
                self._at_work = False
                yield frame
                self._at_work = True
        finally:
            self._hang_up()

    def _developed(self, session: Session, developer: "Developer") -> Iterator[Frame]:
        """Frames of which is known how old they are at most."""
        flow, good_at = Flow(), time.monotonic()
        for arrival in session.arrivals():
            if self._closed.is_set():
                return
            new_at = flow.came(arrival.at, arrival.waited_s)
            wanted = self._is_wanted(arrival)
            picture = developer.take(arrival.picture.data, key=arrival.picture.key, wanted=wanted)
            if picture is not None:
                good_at = arrival.at
                if new_at > -math.inf:
                    self._shown_at = arrival.at
                    yield self._frame(picture, new_at)
            elif not wanted:
                good_at = arrival.at
            elif arrival.at - good_at > _NOTHING_TO_SEE_S:
                raise RtspError("what it sends cannot be decoded")

    def _is_wanted(self, arrival: Arrival) -> bool:
        """A key picture comes cheap: it is taken in half the time."""
        every_s = self._every_s / 2 if arrival.picture.key else self._every_s
        return arrival.at - self._shown_at >= every_s - _HALF_A_PICTURE_S

    def _frame(self, picture: "av.VideoFrame", taken_at: float) -> Frame:
        from drivers.camera._developing import Undeveloped

        if self._trouble:
            log.info("camera %s: pictures again", self._shown_url)
        self._trouble = ""
        return Undeveloped(picture, taken_at)

    def _new_session(self) -> Session:
        settings = self._settings
        return Session(
            settings.url,
            settings.login(),
            transport=settings.transport,
            open_timeout_s=settings.open_timeout_s,
            read_timeout_s=settings.read_timeout_s,
        )

    def _tell(self, reason: str) -> None:
        """One warning for each outage, however often the reason changes."""
        if self._closed.is_set():
            return
        if not self._trouble:
            log.warning("camera %s: no picture: %s: opening again", self._shown_url, reason)
        self._trouble = advice(self._shown_url, reason)
