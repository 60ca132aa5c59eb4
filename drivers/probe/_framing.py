"""Reading questions as bytes of a framing, and the frames among the bytes that came back."""

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from pymodbus.framer import FramerRTU

from drivers.modbus import ascii_frame

READS = (1, 2, 3, 4)
EXCEPTION = 0x80
HEADER_BYTES = 3
CRC_BYTES = 2
EXCEPTION_BYTES = 5
MBAP_BYTES = 7
LONGEST_BODY = 260


class Asked(NamedTuple):
    """One reading question: `quantity` of function 1 to 4 from address `first` of `slave`."""

    slave: int
    function: int
    first: int
    quantity: int

    @property
    def body(self) -> bytes:
        """Slave and PDU. Refuses whatever could change something in a device."""
        if self.function not in READS:
            raise ValueError(f"function {self.function} is no reading: it is never sent here")
        return struct.pack(">BBHH", *self)

    @property
    def answer_bytes(self) -> int:
        """Of the right answer's body."""
        size = -(-self.quantity // 8) if self.function <= 2 else 2 * self.quantity  # noqa: PLR2004
        return HEADER_BYTES + size


class Heard(NamedTuple):
    """What came after a question: bodies (slave and PDU) of whole frames, in order; other bytes.

    `echo`: the question itself came back first.
    """

    bodies: tuple[bytes, ...]
    rest: bytes
    echo: bool = False


class Framing(Protocol):
    """`frame` makes a question's bytes, `heard` takes apart what came after it."""

    def frame(self, asked: Asked) -> bytes: ...

    def answer_size(self, asked: Asked) -> int: ...

    def heard(self, received: bytes, frame: bytes) -> Heard: ...


class Rtu:
    def frame(self, asked: Asked) -> bytes:
        return asked.body + FramerRTU.compute_CRC(asked.body).to_bytes(CRC_BYTES, "big")

    def answer_size(self, asked: Asked) -> int:
        return asked.answer_bytes + CRC_BYTES

    def heard(self, received: bytes, frame: bytes) -> Heard:
        received, echo = _without_echo(received, frame)
        bodies, rest, start = [], bytearray(), 0
        while start < len(received):
            end = start + _rtu_size(received[start : start + HEADER_BYTES])
            if start < end <= len(received) and _crc_fits(received[start:end]):
                bodies.append(received[start : end - CRC_BYTES])
                start = end
            else:
                rest.append(received[start])
                start += 1
        return Heard(tuple(bodies), bytes(rest), echo)


class Ascii:
    """`seven`: characters of 7 bits with even parity, on a port set to 8N1."""

    def __init__(self, *, seven: bool) -> None:
        self._seven = seven

    def frame(self, asked: Asked) -> bytes:
        text = ascii_frame.frame_of(asked.body)
        return ascii_frame.seven_bits(text, "even") if self._seven else text

    def answer_size(self, asked: Asked) -> int:
        return ascii_frame.frame_size(asked.answer_bytes)

    def heard(self, received: bytes, frame: bytes) -> Heard:
        received, echo = _without_echo(received, frame)
        text = ascii_frame.low_bits(received) if self._seven else received
        bodies = tuple(ascii_frame.bodies(text))
        known = sum(ascii_frame.frame_size(len(body)) for body in bodies)
        return Heard(bodies, b"" if known >= len(received) else received, echo)


class Mbap:
    """Modbus TCP; an answer to an earlier question is dropped by its number."""

    def __init__(self) -> None:
        self._number = 0

    def frame(self, asked: Asked) -> bytes:
        self._number = self._number % 0xFFFF + 1
        return struct.pack(">HHH", self._number, 0, len(asked.body)) + asked.body

    def answer_size(self, asked: Asked) -> int:
        return MBAP_BYTES - 1 + asked.answer_bytes

    def heard(self, received: bytes, frame: bytes) -> Heard:
        bodies, rest = [], b""
        for number, body in self._frames(received):
            if not number:
                rest = body
            elif frame.startswith(struct.pack(">H", number)):
                bodies.append(body)
        return Heard(tuple(bodies), rest)

    def _frames(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """Number and body of each frame; 0 and the rest where it is no Modbus TCP."""
        while received:
            number, protocol, size = struct.unpack(">HHH", received[:6].ljust(6, b"\0"))
            body = received[6 : 6 + size]
            if not number or protocol or not 1 < size <= LONGEST_BODY or len(body) < size:
                yield 0, received
                return
            yield number, body
            received = received[6 + size :]


def _without_echo(received: bytes, frame: bytes) -> tuple[bytes, bool]:
    echo = bool(frame) and received.startswith(frame)
    return received[len(frame) :] if echo else received, echo


def _rtu_size(head: bytes) -> int:
    """Of the answer to a reading that starts so; 0 where none does."""
    if len(head) < HEADER_BYTES:
        return 0
    if head[1] in READS:
        return HEADER_BYTES + head[2] + CRC_BYTES
    return EXCEPTION_BYTES if head[1] & ~EXCEPTION in READS and head[1] & EXCEPTION else 0


def _crc_fits(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-CRC_BYTES], int.from_bytes(frame[-CRC_BYTES:], "big"))
