"""One RTSP session, from the first request to the last picture."""

import contextlib
import math
import re
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from drivers.login import Login
from drivers.rtsp import datagrams
from drivers.rtsp.packets import InOrder, RtpPacket, parsed
from drivers.rtsp.pictures import Assembler, Coded
from drivers.rtsp.sdp import Track, video_track
from drivers.rtsp.wire import Answer, RtspError, Wire

PORTS = {"rtsp": 554, "rtsps": 322}
KEEP_ALIVE_S = 20.0
MOST_REDIRECTS = 3
# Of the time for one answer: a camera that lets each wait to the last must not take minutes.
WHOLE_OPENING = 3
UNAUTHORIZED, FORGOTTEN = 401, 454
_REASONS = {
    403: "it does not allow this user to see the stream",
    404: "it knows no stream at this path: see its manual for the path",
    FORGOTTEN: "it forgot the session",
    461: "it does not offer this `transport`: try the other one",
    453: "it has no bandwidth left: too many viewers?",
    503: "it is not ready",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A coded picture, whole at `at`; before it, the line was silent for `waited_s`."""

    picture: Coded
    at: float
    waited_s: float


class Session:
    """Raises `RtspError` or `OSError`. `track` is known once it is open."""

    track: Track

    def __init__(
        self,
        url: str,
        login: Login | None,
        *,
        transport: Literal["tcp", "udp"],
        open_timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        self._url = url
        self._login = login
        self._transport = transport
        self._open_s, self._read_s = open_timeout_s, read_timeout_s
        self._open_until = math.inf
        self._number = 0
        self._session = ""
        self._keep_alive_s = KEEP_ALIVE_S
        self._alive_with = "OPTIONS"
        self._wire: Wire | None = None
        self._datagrams: tuple[socket.socket, ...] = ()

    def open(self) -> None:
        """Until pictures are on their way, for `WHOLE_OPENING` times `open_timeout_s` at most."""
        self._open_until = time.monotonic() + WHOLE_OPENING * self._open_s
        self._connect(self._url)
        self._adopt_methods(self._asked("OPTIONS", self._url))
        described = self._described()
        base = described.headers.get("content-base") or described.headers.get("content-location")
        try:
            self.track = video_track(described.body.decode("utf-8", "replace"), base or self._url)
        except ValueError:
            raise RtspError("its stream has an address that is none") from None
        answer = self._asked("SETUP", self.track.url, {"Transport": self._wish()})
        self._adopt_session(answer.headers.get("session", ""))
        self._asked("PLAY", base or self._url, {"Range": "npt=0.000-"})
        self._open_until = math.inf

    def close(self) -> None:
        """Says goodbye without waiting for an answer."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(OSError):
                if self._session:
                    wire.send(self._request("TEARDOWN", self._url, {}), 0.1)
            wire.socket.close()
        for datagram in self._datagrams:
            datagram.close()
        self._datagrams = ()

    def stop(self) -> None:
        """From another thread: what waits for the camera now finds that it hung up."""
        wire = self._wire
        if wire is not None:
            with contextlib.suppress(OSError):
                # Not through TLS, which is in the hands of the thread that waits.
                socket.socket.shutdown(wire.socket, socket.SHUT_RD)

    def arrivals(self) -> Iterator[Arrival]:
        """Coded pictures, until a gap of `read_timeout_s`."""
        assembler, order = Assembler(self.track), InOrder()
        waited_s, heard_at = 0.0, time.monotonic()
        alive_at = heard_at
        while True:
            asked = time.monotonic()
            packets = self._received(heard_at + self._read_s)
            at = time.monotonic()
            waited_s += at - asked
            if at - alive_at > self._keep_alive_s:
                self._send(self._alive_with, self._url)
                alive_at = at
            for packet in packets:
                for ready in order.add(packet) if self._datagrams else (packet,):
                    for coded in assembler.add(ready):
                        yield Arrival(coded, at, waited_s)
                        waited_s, heard_at = 0.0, time.monotonic()

    # --- what comes ---

    def _received(self, until: float) -> list[RtpPacket]:
        """The packets of our track that came next."""
        try:
            data = self._datagram(until) if self._datagrams else self._interleaved(until)
        except TimeoutError:
            raise RtspError(f"no picture for {self._read_s:g} s") from None
        packet = parsed(data) if data else None
        wanted = packet is not None and self.track.payload_type in (packet.payload_type, -1)
        return [packet] if packet is not None and wanted else []

    def _interleaved(self, until: float) -> bytes:
        thing = self._line.next(until)
        if isinstance(thing, Answer):
            self._heard(thing)
            return b""
        return thing.data if thing.channel == 0 else b""

    def _datagram(self, until: float) -> bytes:
        """Only the camera's own: anybody on the network could send us pictures."""
        rtp, _ = self._datagrams
        left_s = until - time.monotonic()
        if left_s <= 0:  # Asked first, for rubbish may come without a pause.
            raise TimeoutError
        ready, _, _ = select.select((*self._datagrams, self._line.socket), (), (), left_s)
        if not ready:
            raise TimeoutError
        for other in set(ready) - {rtp}:
            if other is self._line.socket:
                self._line.fill(until)
                while (thing := self._line.waiting()) is not None:
                    if isinstance(thing, Answer):
                        self._heard(thing)
            else:
                other.recv(datagrams.LARGEST)
        if rtp not in ready:
            return b""
        data, sender = rtp.recvfrom(datagrams.LARGEST)
        return data if sender[0] == self._line.socket.getpeername()[0] else b""

    @property
    def _line(self) -> Wire:
        if self._wire is None:
            raise RtspError("the session is closed")
        return self._wire

    # --- what is asked ---

    def _connect(self, url: str) -> None:
        parts = urlsplit(url)
        place = parts.hostname, parts.port or PORTS[parts.scheme]
        connection = socket.create_connection(place, timeout=self._left_s())
        self._wire = Wire(connection)
        if parts.scheme == "rtsps":
            import ssl

            # Cameras sign their certificates themselves: there is nobody to ask about them.
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            # All of the handshake is bounded by it, not each of its bytes.
            connection.settimeout(self._left_s())
            self._wire = Wire(context.wrap_socket(connection, server_hostname=parts.hostname))

    def _described(self) -> Answer:
        """DESCRIBE, also where the camera sends us elsewhere: only on the same host."""
        for _ in range(MOST_REDIRECTS):
            answer = self._asked("DESCRIBE", self._url, {"Accept": "application/sdp"})
            if answer.status < 300:  # noqa: PLR2004 -- what is not a redirection
                return answer
            self._url = _moved(self._url, answer.headers.get("location", ""))
            self.close()
            self._connect(self._url)
        raise RtspError("it sends us from address to address")

    def _wish(self) -> str:
        if self._transport == "tcp":
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        self._datagrams = datagrams.pair(self._line.socket.getsockname()[0])
        first, second = (datagram.getsockname()[1] for datagram in self._datagrams)
        return f"RTP/AVP;unicast;client_port={first}-{second}"

    def _asked(self, method: str, url: str, headers: dict[str, str] | None = None) -> Answer:
        """The answer to a request, with the login where the camera wants it."""
        while True:
            self._send(method, url, headers)
            answer = self._answer()
            if answer.status != UNAUTHORIZED:
                break
            self._challenged(answer)
        if self._login is not None:
            self._login.accepted()
        if answer.status >= 400 and method != "OPTIONS":  # noqa: PLR2004 -- errors
            words = _REASONS.get(answer.status, f"it answers {answer.status} to {method}")
            raise RtspError(words, hopeless=answer.status == 403)  # noqa: PLR2004 -- Forbidden
        return answer

    def _challenged(self, answer: Answer) -> None:
        """The next request shows the login. Raises where another one would be of no use."""
        if self._login is None:
            raise RtspError("it wants a user name and a password", hopeless=True)
        if not self._login.asked(answer.many.get("www-authenticate", ())):
            raise RtspError("it refuses the user name or the password", hopeless=True)

    def _heard(self, answer: Answer) -> None:
        """While pictures come: to our sign of life, for which a camera may want the login anew."""
        if answer.headers.get("cseq") not in (str(self._number), None):
            return
        if answer.status == UNAUTHORIZED:
            self._challenged(answer)
            self._send(self._alive_with, self._url)
        elif answer.status == FORGOTTEN:
            raise RtspError(_REASONS[FORGOTTEN])
        elif answer.status and self._login is not None:
            self._login.accepted()

    def _left_s(self) -> float:
        """For the next step."""
        left_s = min(self._open_s, self._open_until - time.monotonic())
        if left_s <= 0:
            raise RtspError("it takes too long to begin")
        return left_s

    def _send(self, method: str, url: str, headers: dict[str, str] | None = None) -> None:
        self._line.send(self._request(method, url, headers or {}), self._open_s)

    def _request(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        self._number += 1
        fields = {"CSeq": str(self._number), "User-Agent": "lanegate"} | headers
        if self._session:
            fields["Session"] = self._session
        if self._login is not None and (shown := self._login.header(method, url)) is not None:
            fields["Authorization"] = shown
        lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {fields[name]}" for name in fields)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _answer(self) -> Answer:
        """To the newest request. Pictures that come before it are of an earlier session."""
        until = time.monotonic() + self._left_s()
        while True:
            try:
                thing = self._line.next(until)
            except TimeoutError:
                raise RtspError("it does not answer") from None
            if not isinstance(thing, Answer) or not thing.status:
                continue
            if thing.headers.get("cseq") in (str(self._number), None):
                return thing

    def _adopt_methods(self, answer: Answer) -> None:
        if "GET_PARAMETER" in answer.headers.get("public", ""):
            self._alive_with = "GET_PARAMETER"

    def _adopt_session(self, header: str) -> None:
        self._session, _, rest = header.partition(";")
        if found := re.search(r"timeout\s*=\s*(\d{1,5})", rest):
            self._keep_alive_s = min(KEEP_ALIVE_S, max(1.0, int(found.group(1)) / 2))


def _moved(url: str, location: str) -> str:
    """Where a camera sends us: another place on the same host, without a name in the address."""
    try:
        goal = urlsplit(location)
        known = goal.scheme in PORTS and goal.port != 0
    except ValueError:
        known = False
    if not known or goal.hostname != urlsplit(url).hostname:
        raise RtspError("it sends us to another host: give that one as the address")
    return goal._replace(netloc=goal.netloc.rpartition("@")[2]).geturl()
