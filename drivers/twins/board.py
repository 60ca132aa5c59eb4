"""The boards of Waveshare's Modbus RTU Relay family with the frames of V2 (since 2021-09).

Source of the frames: Waveshare wiki, "Modbus RTU Relay". Not stated there, and assumed here: an
order to a channel ends its running pulse, a new pulse starts anew, an input in linkage mode
wins over orders.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

from drivers.twins.boards.slave import (
    OFF,
    ON,
    TOGGLE,
    ModbusBoard,
    Refusal,
    RefusedError,
    Relay,
    require,
)

__all__ = ["Board", "Mode", "Refusal", "RefusedError", "Relay"]

ALL_RELAYS, PULSE_ON, PULSE_OFF = 0x00FF, 0x0200, 0x0400
MODE, UART, ADDRESS, VERSION = 0x1000, 0x2000, 0x4000, 0x8000
VERSION_2 = 200
MAX_PULSE, QUANTUM_S = 0x7FFF, 0.1
MAX_SLAVE = 247


class Mode(IntEnum):
    """What an input does to the relay of its channel."""

    NORMAL = 0
    LINKAGE = 1
    TOGGLE = 2
    EDGE = 3


class Board(ModbusBoard):
    """As many inputs as relays, as on the (D), or none."""

    def __init__(
        self,
        slave: int = 1,
        channels: int = 8,
        clock: Callable[[], float] = time.monotonic,
        *,
        has_inputs: bool = True,
    ) -> None:
        inputs = channels if has_inputs else 0
        super().__init__(slave, outputs=channels, inputs=inputs, clock=clock)
        self._seen = list(self.inputs)
        self._registers = {MODE + channel: int(Mode.NORMAL) for channel in range(inputs)}
        self._registers |= {UART: 0x0001, VERSION: VERSION_2}

    def before_answering(self) -> None:
        """Let the inputs act first: the board sees each change, whoever looks."""
        self.contacts()

    def coils(self) -> Mapping[int, bool]:
        return dict(enumerate(self.contacts()))

    def holding_registers(self) -> Mapping[int, int]:
        return self._registers | {ADDRESS: self.slave}

    def write_coil(self, place: int, value: int) -> None:
        """On, off, toggle, or a pulse that the board ends by its own clock."""
        if PULSE_ON <= place < PULSE_ON + len(self._relays):
            self._pulse(place - PULSE_ON, value, after=False)
        elif PULSE_OFF <= place < PULSE_OFF + len(self._relays):
            self._pulse(place - PULSE_OFF, value, after=True)
        else:
            self._switch(place, value)

    def check_register(self, place: int, value: int) -> None:
        known = place in self.holding_registers() and place != VERSION
        require(fits=known, reason=Refusal.ILLEGAL_ADDRESS)
        if place == ADDRESS:
            require(fits=1 <= value <= MAX_SLAVE)
        elif place != UART:
            require(fits=value in list(Mode))

    def write_registers(self, first: int, values: Sequence[int]) -> None:
        for place, value in enumerate(values, start=first):
            if place == ADDRESS:
                self.slave = value
            else:
                self._registers[place] = value

    def contacts(self) -> tuple[bool, ...]:
        now = self._clock()
        for channel, (was, is_on) in enumerate(zip(self._seen, self.inputs, strict=True)):
            self._follow(channel, now, was=was, is_on=is_on)
        self._seen = list(self.inputs)
        return super().contacts()

    def _switch(self, place: int, value: int) -> None:
        one = place < len(self._relays)
        require(fits=one or place == ALL_RELAYS, reason=Refusal.ILLEGAL_ADDRESS)
        require(fits=value in (ON, OFF, TOGGLE))
        for channel in [place] if one else range(len(self._relays)):
            closed = self._relays[channel].closed(self._clock())
            self.switch(channel, closed=not closed if value == TOGGLE else value == ON)

    def _pulse(self, channel: int, quanta: int, *, after: bool) -> None:
        require(fits=0 < quanta <= MAX_PULSE)
        self.pulse(channel, quanta * QUANTUM_S, after=after)

    def _follow(self, channel: int, now: float, *, was: bool, is_on: bool) -> None:
        mode = self._registers[MODE + channel]
        closed = self._relays[channel].closed(now)
        if mode == Mode.LINKAGE:
            self.switch(channel, closed=is_on)
        elif (mode == Mode.TOGGLE and is_on and not was) or (mode == Mode.EDGE and is_on != was):
            self.switch(channel, closed=not closed)
