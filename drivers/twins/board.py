"""A Waveshare Modbus RTU Relay (D) 8CH with the frames of its V2 protocol (since 2021-09).

Source of the frames: Waveshare wiki, "Modbus RTU Relay". Not stated there, and assumed here: an
order to a channel ends its running pulse, a new pulse starts anew, an input in linkage mode
wins over orders, a broadcast is carried out and not answered.
"""

import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from drivers.twins.line import with_crc

ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500
ALL_RELAYS, PULSE_ON, PULSE_OFF = 0x00FF, 0x0200, 0x0400
MODE, UART, ADDRESS, VERSION = 0x1000, 0x2000, 0x4000, 0x8000
VERSION_2 = 200
MAX_PULSE, QUANTUM_S = 0x7FFF, 0.1
MAX_SLAVE, BROADCAST = 247, 0
MIN_FRAME = 4


class Refusal(IntEnum):
    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3


class Mode(IntEnum):
    """What an input does to the relay of its channel."""

    NORMAL = 0
    LINKAGE = 1
    TOGGLE = 2
    EDGE = 3


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


class Board:
    """The slave. The world sets `inputs` and looks at `relays()`; both count from 0."""

    def __init__(
        self, slave: int = 1, channels: int = 8, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.slave = slave
        self.delay_s = 0.002
        self.inputs = [False] * channels
        self._clock = clock
        self._turn = threading.Lock()
        self._relays = [Relay() for _ in range(channels)]
        self._seen = list(self.inputs)
        self._registers = {MODE + channel: int(Mode.NORMAL) for channel in range(channels)}
        self._registers |= {UART: 0x0001, VERSION: VERSION_2}

    def relays(self) -> tuple[bool, ...]:
        """Which contacts are closed at this instant."""
        with self._turn:
            return self._contacts()

    def answer(self, frame: bytes) -> bytes | None:
        """The reply, with CRC; None to a broken frame and to one for another slave."""
        if len(frame) < MIN_FRAME or with_crc(frame[:-2]) != frame:
            return None
        if frame[0] not in (self.slave, BROADCAST):
            return None
        me = self.slave
        with self._turn:
            self._contacts()
            reply = self._act(frame[1:-2])
        return None if frame[0] == BROADCAST else with_crc(bytes([me]) + reply)

    def _act(self, asked: bytes) -> bytes:
        acts = {
            1: lambda: self._read_bits(asked, self._contacts()),
            2: lambda: self._read_bits(asked, tuple(self.inputs)),
            3: lambda: self._read_registers(asked),
            5: lambda: self._write_relay(asked),
            6: lambda: self._write_registers(asked, asked[1:3], asked[3:5]),
            15: lambda: self._write_relays(asked),
            16: lambda: self._write_registers(asked, asked[1:3], asked[6:]),
        }
        try:
            return acts.get(asked[0], _unknown_function)()
        except RefusedError as refused:
            return bytes([asked[0] | 0x80, refused.reason])
        except struct.error:
            return bytes([asked[0] | 0x80, Refusal.ILLEGAL_VALUE])

    def _read_bits(self, asked: bytes, bits: tuple[bool, ...]) -> bytes:
        first, count = struct.unpack(">HH", asked[1:])
        _require(count > 0, Refusal.ILLEGAL_VALUE)
        _require(first + count <= len(bits), Refusal.ILLEGAL_ADDRESS)
        packed = _pack(bits[first : first + count])
        return bytes([asked[0], len(packed)]) + packed

    def _read_registers(self, asked: bytes) -> bytes:
        first, count = struct.unpack(">HH", asked[1:])
        _require(count > 0, Refusal.ILLEGAL_VALUE)
        values = [self._register(place) for place in range(first, first + count)]
        return bytes([asked[0], 2 * count]) + struct.pack(f">{count}H", *values)

    def _write_relay(self, asked: bytes) -> bytes:
        """FC05: on, off, toggle, or a pulse that the board ends by its own clock."""
        place, value = struct.unpack(">HH", asked[1:])
        if PULSE_ON <= place < PULSE_ON + len(self._relays):
            self._pulse(place - PULSE_ON, value, after=False)
        elif PULSE_OFF <= place < PULSE_OFF + len(self._relays):
            self._pulse(place - PULSE_OFF, value, after=True)
        else:
            self._switch(place, value)
        return asked

    def _switch(self, place: int, value: int) -> None:
        one = place < len(self._relays)
        _require(one or place == ALL_RELAYS, Refusal.ILLEGAL_ADDRESS)
        _require(value in (ON, OFF, TOGGLE), Refusal.ILLEGAL_VALUE)
        for channel in [place] if one else range(len(self._relays)):
            closed = self._relays[channel].closed(self._clock())
            self._relays[channel] = Relay(not closed if value == TOGGLE else value == ON)

    def _pulse(self, channel: int, quanta: int, *, after: bool) -> None:
        _require(0 < quanta <= MAX_PULSE, Refusal.ILLEGAL_VALUE)
        self._relays[channel] = Relay(after, self._clock() + quanta * QUANTUM_S)

    def _write_relays(self, asked: bytes) -> bytes:
        first, count, size = struct.unpack(">HHB", asked[1:6])
        bits = asked[6:]
        _require(count > 0 and size == len(bits) == -(-count // 8), Refusal.ILLEGAL_VALUE)
        _require(first + count <= len(self._relays), Refusal.ILLEGAL_ADDRESS)
        for place in range(count):
            self._relays[first + place] = Relay(bool(bits[place // 8] >> place % 8 & 1))
        return asked[:5]

    def _write_registers(self, asked: bytes, first: bytes, data: bytes) -> bytes:
        (place,) = struct.unpack(">H", first)
        values = struct.unpack(f">{len(data) // 2}H", data)
        _require(len(values) > 0, Refusal.ILLEGAL_VALUE)
        if asked[0] == 16:  # noqa: PLR2004
            _require(struct.unpack(">HB", asked[3:6]) == (len(values), len(data)))
        for offset, value in enumerate(values):
            self._check_register(place + offset, value)
        for offset, value in enumerate(values):
            self._set_register(place + offset, value)
        return asked[:5]

    def _check_register(self, place: int, value: int) -> None:
        self._register(place)
        _require(place != VERSION, Refusal.ILLEGAL_ADDRESS)
        if place == ADDRESS:
            _require(1 <= value <= MAX_SLAVE)
        elif place != UART:
            _require(value in list(Mode))

    def _set_register(self, place: int, value: int) -> None:
        if place == ADDRESS:
            self.slave = value
        else:
            self._registers[place] = value

    def _register(self, place: int) -> int:
        if place == ADDRESS:
            return self.slave
        _require(place in self._registers, Refusal.ILLEGAL_ADDRESS)
        return self._registers[place]

    def _contacts(self) -> tuple[bool, ...]:
        """Let the inputs act first: the board sees each change, whoever looks."""
        now = self._clock()
        for channel, (was, is_on) in enumerate(zip(self._seen, self.inputs, strict=True)):
            self._follow(channel, now, was=was, is_on=is_on)
        self._seen = list(self.inputs)
        return tuple(relay.closed(now) for relay in self._relays)

    def _follow(self, channel: int, now: float, *, was: bool, is_on: bool) -> None:
        mode = self._registers[MODE + channel]
        closed = self._relays[channel].closed(now)
        if mode == Mode.LINKAGE:
            self._relays[channel] = Relay(is_on)
        elif (mode == Mode.TOGGLE and is_on and not was) or (mode == Mode.EDGE and is_on != was):
            self._relays[channel] = Relay(not closed)


def _require(fits: bool, reason: Refusal = Refusal.ILLEGAL_VALUE) -> None:  # noqa: FBT001
    if not fits:
        raise RefusedError(reason)


def _unknown_function() -> bytes:
    raise RefusedError(Refusal.ILLEGAL_FUNCTION)


def _pack(bits: tuple[bool, ...]) -> bytes:
    value = sum(bit << place for place, bit in enumerate(bits))
    return value.to_bytes(-(-len(bits) // 8), "little")
