"""Simulated signs and voices. Each checks what it hears as its real one does, and keeps it.

They share no code with the drivers, so that a mistake there is seen here.
"""

import asyncio
import struct
from dataclasses import dataclass, field

from drivers.twins.line import with_crc
from drivers.twins.signhost import Later

BROKEN_BYTES = 600


@dataclass(slots=True)
class FkBoard:
    """Frames `DA 64 FF FF`. `answers`: it confirms each, and hears none until it has."""

    address: int = 0
    answers: bool = False
    shown: dict[int, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    stay_s: int = 0
    broken: int = 0
    _answer: asyncio.TimerHandle | None = None
    _heard: bytes = b""

    def hear(self, data: bytes, later: Later) -> None:
        self._heard += data
        while len(self._heard) > 5 and len(self._heard) >= (size := self._heard[5] + 8):  # noqa: PLR2004
            frame, self._heard = self._heard[:size], self._heard[size:]
            wrong = with_crc(frame[:-2]) != frame or frame[1:4] != b"\x64\xff\xff"
            if wrong or self._answering():
                self.broken += 1
                self._heard = b""
            elif frame[0] == self.address:
                self._obey(frame[4], frame[6:-2])
                if self.answers:
                    self._answer = later(0.02, with_crc(frame[:5] + b"\x01\x00"))

    def _answering(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._answer is not None and self._answer.when() > now

    def _obey(self, command: int, data: bytes) -> None:
        if command == 0x30:  # noqa: PLR2004 -- speak
            self.said.append(data[1:].decode("gbk"))
        elif command == 0x62:  # noqa: PLR2004 -- show
            (size,) = struct.unpack_from("<H", data, 17)
            self.stay_s = data[4]
            if size != len(data) - 19:
                self.broken += 1
            else:
                self.shown[data[0]] = data[19:].decode("gbk")


@dataclass(slots=True)
class Aa55Board:
    """Frames `AA 55` to `AF`; it never answers."""

    address: int = 100
    shown: dict[int, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    broken: int = 0
    _heard: bytes = b""

    def hear(self, data: bytes, later: Later) -> None:  # noqa: ARG002 -- as every device
        self._heard += data
        while len(self._heard) >= 8:  # noqa: PLR2004
            size = int.from_bytes(self._heard[6:8], "big") + 11
            if len(self._heard) < size:
                return
            frame, self._heard = self._heard[:size], self._heard[size:]
            body, crc = frame[2:-3], frame[-3:-1]
            right = with_crc(body + b"\x00\x00")[-2:][::-1] == crc
            if not right or frame[:2] != b"\xaa\x55" or frame[-1:] != b"\xaf":
                self.broken += 1
                self._heard = b""
            elif body[1] == self.address:
                self._obey(body[0], body[3], body[6:])

    def _obey(self, number: int, command: int, data: bytes) -> None:
        self.numbers.append(number)
        if command == 0x27:  # noqa: PLR2004 -- show
            self.shown[data[0]] = data[4:].decode("gbk")
        elif command == 0x22:  # noqa: PLR2004 -- speak
            self.said.append(data.decode("gbk"))


@dataclass(slots=True)
class SpeechChip:
    """XFS5152CE, or SYN6288 with `checked` frames. A new sentence drops the one it speaks.

    `sign_s`: time of a sign. `mute_end`: it forgets to say that it has ended. `deaf`: it is off.
    `refuses`: what it is to speak comes in broken.
    """

    checked: bool = False
    sign_s: float = 0.01
    mute_end: bool = False
    deaf: bool = False
    refuses: bool = False
    said: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    refused: int = 0
    _ends_at: float = 0.0
    _end: asyncio.TimerHandle | None = None
    _heard: bytes = b""

    @property
    def busy(self) -> bool:
        return asyncio.get_running_loop().time() < self._ends_at

    def hear(self, data: bytes, later: Later) -> None:
        if self.deaf:
            return
        self._heard += data
        while len(self._heard) >= 3:  # noqa: PLR2004
            size = int.from_bytes(self._heard[1:3], "big") + 3
            if self._heard[0] != 0xFD or size > BROKEN_BYTES:  # noqa: PLR2004
                self._refuse(later)
            elif len(self._heard) < size:
                return
            else:
                frame, self._heard = self._heard[:size], self._heard[size:]
                self._obey(frame, later)

    def _refuse(self, later: Later) -> None:
        self._heard = b""
        self.refused += 1
        later(0.0, b"\x45")

    def _obey(self, frame: bytes, later: Later) -> None:
        body = frame[3:-1] if self.checked else frame[3:]
        check = 0
        for byte in frame if self.checked else b"":
            check ^= byte
        if check != 0:
            self._refuse(later)
        elif body == b"\x21":
            later(0.0, (b"\x41" if self.checked else b"") + (b"\x4e" if self.busy else b"\x4f"))
        elif body[:2] == b"\x01\x01" and not self.refuses:
            self._speak(body[2:].decode("gbk"), later)
        else:
            self._refuse(later)

    def _speak(self, text: str, later: Later) -> None:
        if self.busy:
            self.dropped.append(self.said[-1])
        if self._end is not None:
            self._end.cancel()
        self.said.append(text)
        later(0.0, b"\x41")
        speaking_s = len(text) * self.sign_s
        self._ends_at = asyncio.get_running_loop().time() + speaking_s
        self._end = None if self.mute_end else later(speaking_s, b"\x4f")


@dataclass(slots=True)
class OnbonPanel:
    """A BX-5K with a screen. `error`: it refuses every text with that code."""

    screen: int = 1
    error: int = 0
    shown: dict[int, str] = field(default_factory=dict)
    places: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    broken: int = 0
    _heard: bytes = b""

    def hear(self, data: bytes, later: Later) -> None:
        self._heard += data
        while b"\x5a" in self._heard:
            frame, _, self._heard = self._heard.partition(b"\x5a")
            body = self._opened(frame)
            if body is None:
                self.broken += 1
            elif int.from_bytes(body[:2], "little") in (self.screen, 0xFFFE):
                self._update(body[14:-2])
                later(0.002, self._answer(body[2:4]))

    def _opened(self, frame: bytes) -> bytes | None:
        """What is between the start bytes and the end byte, if every check holds."""
        if not frame.startswith(b"\xa5" * 8) or b"\xa5" in frame[8:]:
            return None
        body = frame[8:].replace(b"\xa6\x02", b"\xa5").replace(b"\x5b\x02", b"\x5a")
        body = body.replace(b"\xa6\x01", b"\xa6").replace(b"\x5b\x01", b"\x5b")
        whole = int.from_bytes(body[12:14], "little") == len(body) - 16
        return body if whole and _arc(body) == 0 else None

    def _update(self, data: bytes) -> None:
        if data[:2] != b"\xa3\x06" or self.error:
            return
        count, rest = data[6], data[7:]
        for _ in range(count):
            size = int.from_bytes(rest[:2], "little")
            self._write(rest[2 : size + 2])
            rest = rest[size + 2 :]

    def _write(self, area: bytes) -> None:
        x, y, width, height, number = struct.unpack_from("<HHHHB", area, 1)
        (size,) = struct.unpack_from("<I", area, 23)
        self.places[number] = x, y, width, height
        self.shown[number] = area[27 : 27 + size].decode("gbk")

    def _answer(self, master: bytes) -> bytes:
        group = bytes([0xA0, 1 if self.error else 0, self.error, 0, 0])
        body = master + b"\xfe\xff" + bytes(6) + b"\xfe\x02" + b"\x05\x00" + group
        body += _arc(body).to_bytes(2, "little")
        escaped = body.replace(b"\xa6", b"\xa6\x01").replace(b"\xa5", b"\xa6\x02")
        escaped = escaped.replace(b"\x5b", b"\x5b\x01").replace(b"\x5a", b"\x5b\x02")
        return b"\xa5" * 8 + escaped + b"\x5a"


class Silent:
    """What only speaks, such as a scanner."""

    def hear(self, data: bytes, later: Later) -> None:
        """Nothing is done with it."""


def _arc(data: bytes) -> int:
    """CRC-16/ARC by division; 0 for data that ends with its own, low byte first."""
    crc = 0
    for byte in data:
        for place in range(8):
            bit = (byte >> place ^ crc) & 1
            crc = crc >> 1 ^ 0xA001 * bit
    return crc
