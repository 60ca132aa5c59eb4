"""What all simulated boards share: Modbus frames, relays with a clock, and refusals.

Not stated by any maker, and assumed here: a broadcast is carried out and not answered.
"""

import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from drivers.twins.line import with_crc

ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500
BROADCAST = 0
MIN_FRAME = 4
READ_FUNCTIONS = (1, 2, 3, 4)


class Refusal(IntEnum):
    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3


class RefusedError(Exception):
    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(slots=True)
class Relay:
    """`after` is the contact's state from `until` on; before that it is the opposite."""

    after: bool = False
    until: float = 0.0

    def closed(self, now: float) -> bool:
        return self.after if now >= self.until else not self.after


class ModbusBoard:
    """A slave. The world sets `inputs` and looks at `relays()`; both count from 0.

    A model says what it holds (`coils()` and so on, by the address in the frame; an address that
    it does not name is refused) and what a write to an address does.
    """

    def __init__(
        self,
        slave: int = 1,
        *,
        outputs: int = 8,
        inputs: int = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slave = slave
        self.delay_s = 0.002
        self.inputs = [False] * inputs
        self._clock = clock
        self._turn = threading.Lock()
        self._relays = [Relay() for _ in range(outputs)]

    # --- what a model says of itself -----------------------------------------------------

    def hears(self, address: int) -> bool:
        return address in (self.slave, BROADCAST)

    def before_answering(self) -> None:
        """Whatever the board does by itself, before it looks at a question."""

    def coils(self) -> Mapping[int, bool]:
        return {}

    def discrete_inputs(self) -> Mapping[int, bool]:
        return dict(enumerate(self.inputs))

    def holding_registers(self) -> Mapping[int, int]:
        return {}

    def input_registers(self) -> Mapping[int, int]:
        return {}

    def write_coil(self, place: int, value: int) -> None:  # noqa: ARG002 - a model looks at them
        raise RefusedError(Refusal.ILLEGAL_FUNCTION)

    def check_register(self, place: int, value: int) -> None:  # noqa: ARG002 - the same
        """Raise where a register cannot take this value."""
        raise RefusedError(Refusal.ILLEGAL_FUNCTION)

    def write_registers(self, first: int, values: Sequence[int]) -> None:
        """After `check_register` had nothing against any of them."""

    # --- for the world -------------------------------------------------------------------

    def relays(self) -> tuple[bool, ...]:
        """Which contacts are closed at this instant."""
        with self._turn:
            return self.contacts()

    def contacts(self) -> tuple[bool, ...]:
        """The same for the board itself, which has the turn already."""
        now = self._clock()
        return tuple(relay.closed(now) for relay in self._relays)

    def switch(self, channel: int, *, closed: bool) -> None:
        self._relays[channel] = Relay(closed)

    def pulse(self, channel: int, seconds: float, *, after: bool = False) -> None:
        """Closed (or with `after` open) for so long, by the board's own clock."""
        self._relays[channel] = Relay(after, self._clock() + seconds)

    # --- frames --------------------------------------------------------------------------

    def answer(self, frame: bytes) -> bytes | None:
        """The reply, with CRC; None to a broken frame and to one for another slave."""
        if len(frame) < MIN_FRAME or with_crc(frame[:-2]) != frame:
            return None
        if not self.hears(frame[0]):
            return None
        me = self.slave if frame[0] == BROADCAST else frame[0]
        with self._turn:
            self.before_answering()
            reply = self._act(frame[1:-2])
        return None if frame[0] == BROADCAST else with_crc(bytes([me]) + reply)

    def _act(self, asked: bytes) -> bytes:
        acts: dict[int, Callable[[bytes], bytes]] = {
            5: self._write_coil,
            6: self._write_register,
            15: self._write_coils,
            16: self._write_registers,
        }
        act = self._read if asked[0] in READ_FUNCTIONS else acts.get(asked[0], _unknown)
        try:
            return act(asked)
        except RefusedError as refused:
            return bytes([asked[0] | 0x80, refused.reason])
        except struct.error:
            return bytes([asked[0] | 0x80, Refusal.ILLEGAL_VALUE])

    def _read(self, asked: bytes) -> bytes:
        first, count = struct.unpack(">HH", asked[1:])
        require(fits=count > 0)
        tables: tuple[Mapping[int, int], ...] = (
            self.coils(),
            self.discrete_inputs(),
            self.holding_registers(),
            self.input_registers(),
        )
        table = tables[asked[0] - 1]
        require(fits=bool(table), reason=Refusal.ILLEGAL_FUNCTION)
        places = range(first, first + count)
        require(fits=all(place in table for place in places), reason=Refusal.ILLEGAL_ADDRESS)
        values = [table[place] for place in places]
        bits = asked[0] in READ_FUNCTIONS[:2]
        data = _pack(values) if bits else struct.pack(f">{count}H", *values)
        return bytes([asked[0], len(data)]) + data

    def _write_coil(self, asked: bytes) -> bytes:
        self.write_coil(*struct.unpack(">HH", asked[1:]))
        return asked

    def _write_coils(self, asked: bytes) -> bytes:
        first, count, size = struct.unpack(">HHB", asked[1:6])
        bits = asked[6:]
        require(fits=count > 0 and size == len(bits) == -(-count // 8))
        there = self.coils()
        places = range(first, first + count)
        require(fits=all(place in there for place in places), reason=Refusal.ILLEGAL_ADDRESS)
        for offset in range(count):
            self.write_coil(first + offset, ON if bits[offset // 8] >> offset % 8 & 1 else OFF)
        return asked[:5]

    def _write_register(self, asked: bytes) -> bytes:
        place, value = struct.unpack(">HH", asked[1:])
        self.check_register(place, value)
        self.write_registers(place, (value,))
        return asked

    def _write_registers(self, asked: bytes) -> bytes:
        first, count, size = struct.unpack(">HHB", asked[1:6])
        values = struct.unpack(f">{len(asked[6:]) // 2}H", asked[6:])
        require(fits=(count, size) == (len(values), 2 * len(values)) and count > 0)
        for offset, value in enumerate(values):
            self.check_register(first + offset, value)
        self.write_registers(first, values)
        return asked[:5]


def require(*, fits: bool, reason: Refusal = Refusal.ILLEGAL_VALUE) -> None:
    """Refuse what does not fit."""
    if not fits:
        raise RefusedError(reason)


def _unknown(_asked: bytes) -> bytes:
    raise RefusedError(Refusal.ILLEGAL_FUNCTION)


def _pack(bits: Sequence[int]) -> bytes:
    value = sum(bool(bit) << place for place, bit in enumerate(bits))
    return value.to_bytes(-(-len(bits) // 8), "little")
