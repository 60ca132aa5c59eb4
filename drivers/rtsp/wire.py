"""What goes over an RTSP connection: answers, and packets of pictures in between."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_HEAD = 16 * 1024
LONGEST_BODY = 64 * 1024
CHUNK = 64 * 1024
_DOLLAR = 0x24
_FRAME_HEAD = 4


class RtspError(Exception):
    """Why there are no pictures: words for a sentence, never with a password in them.

    `hopeless`: trying again soon is of no use, and may lock the account.
    """

    def __init__(self, words: str, *, hopeless: bool = False) -> None:
        super().__init__(words)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True)
class Packet:
    """Data between two answers, on a channel that SETUP agreed upon."""

    channel: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by small letters; of those that may come twice, `many` has all."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""


class Wire:
    """A connection that gives out whole things. Raises `RtspError` for what is no RTSP."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._unread = bytearray()

    def send(self, data: bytes, timeout_s: float) -> None:
        self.socket.settimeout(timeout_s)
        self.socket.sendall(data)

    def next(self, until: float) -> Packet | Answer:
        """The next thing; `TimeoutError` where it is not whole by `until` (monotonic)."""
        while (thing := self.waiting()) is None:
            self.fill(until)
        return thing

    def fill(self, until: float) -> None:
        """Wait for more."""
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.socket.settimeout(left_s)
        data = self.socket.recv(CHUNK)
        if not data:
            raise RtspError("the camera hung up")
        self._unread += data

    def waiting(self) -> Packet | Answer | None:
        """What has come whole already."""
        if not self._unread:
            return None
        return self._packet() if self._unread[0] == _DOLLAR else self._answer()

    def _packet(self) -> Packet | None:
        if len(self._unread) < _FRAME_HEAD:
            return None
        end = _FRAME_HEAD + int.from_bytes(self._unread[2:4], "big")
        if len(self._unread) < end:
            return None
        packet = Packet(self._unread[1], bytes(self._unread[_FRAME_HEAD:end]))
        del self._unread[:end]
        return packet

    def _answer(self) -> Answer | None:
        """A server's own request between the pictures is taken for an answer of status 0."""
        start = bytes(self._unread[:LONGEST_HEAD])
        end = start.find(b"\r\n\r\n")
        if end < 0:
            if len(start) >= LONGEST_HEAD or not _may_be_rtsp(start):
                raise RtspError("what answers there speaks no RTSP")
            return None
        first, many = _head(start[:end])
        headers = {name: values[-1] for name, values in many.items()}
        length = _length(headers.get("content-length", "0"))
        if len(self._unread) < end + 4 + length:
            return None
        body = bytes(self._unread[end + 4 : end + 4 + length])
        del self._unread[: end + 4 + length]
        return Answer(_status(first), headers, many, body)


def _may_be_rtsp(start: bytes) -> bool:
    """A server's own request, such as `OPTIONS rtsp://...`, begins with capitals too."""
    word = start[:4].lstrip(b"\r\n")
    return all(0x41 <= letter <= 0x5A or letter in b"_/ " for letter in word)  # noqa: PLR2004 A-Z


def _head(text: bytes) -> tuple[str, dict[str, tuple[str, ...]]]:
    first, *lines = text.decode("utf-8", "replace").lstrip().split("\r\n")
    many: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        many[key] = (*many.get(key, ()), value.strip())
    return first, many


def _status(first: str) -> int:
    if not first.startswith("RTSP/"):
        if " RTSP/" not in first:
            raise RtspError("what answers there speaks no RTSP")
        return 0
    number = first.partition(" ")[2][:3]
    return int(number) if number.isascii() and number.isdigit() else 0


def _length(text: str) -> int:
    few_digits = text.isascii() and text.isdigit() and len(text) < 9  # noqa: PLR2004
    if not few_digits or int(text) > LONGEST_BODY:
        raise RtspError("it announces an answer that is too long")
    return int(text)
