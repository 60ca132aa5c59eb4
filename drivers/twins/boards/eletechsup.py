"""eletechsup R4D8B08, R4D3B16 and N4D8B08: a register for each relay, counted from 1.

Source of the frames: the maker's command sheet as public programs quote it. Assumed here: an
order ends a running time, and a joined input works like a button for its relay.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from drivers.twins.boards.slave import ModbusBoard, Refusal, require

INPUTS, JOINED = 0x0081, 0x00FD
OPEN, CLOSE, TOGGLE, LATCH, MOMENTARY, DELAY = 1, 2, 3, 4, 5, 6
MOMENTARY_S = 1.0
APART, SELF_LOCKING, LAST_JOIN = 0, 1, 3


class Eletechsup(ModbusBoard):
    """What the maker calls open is a closed contact. With inputs, they are joined to relays."""

    def __init__(
        self,
        slave: int = 1,
        *,
        outputs: int = 8,
        inputs: int = 0,
        clock: Callable[[], float] = time.monotonic,
        joined: int = APART,
    ) -> None:
        super().__init__(slave, outputs=outputs, inputs=inputs, clock=clock)
        self._joined = joined
        self._seen = list(self.inputs)

    def discrete_inputs(self) -> Mapping[int, bool]:
        return {}

    def holding_registers(self) -> Mapping[int, int]:
        relays = dict(enumerate(map(int, self.contacts()), start=1))
        inputs = dict(enumerate(map(int, self.inputs), start=INPUTS))
        return relays | inputs | ({JOINED: self._joined} if self.inputs else {})

    def check_register(self, place: int, value: int) -> None:
        if self.inputs and place == JOINED:
            require(fits=value <= LAST_JOIN)
            return
        require(fits=1 <= place <= len(self._relays), reason=Refusal.ILLEGAL_ADDRESS)
        order, seconds = divmod(value, 0x100)
        require(fits=OPEN <= order <= DELAY)
        require(fits=bool(seconds) == (order == DELAY))

    def write_registers(self, first: int, values: Sequence[int]) -> None:
        for place, value in enumerate(values, start=first):
            if place == JOINED:
                self._joined = value
            else:
                self._obey(place - 1, *divmod(value, 0x100))

    def contacts(self) -> tuple[bool, ...]:
        if self._joined == SELF_LOCKING:
            self._follow_inputs()
        self._seen = list(self.inputs)
        return super().contacts()

    def _obey(self, channel: int, order: int, seconds: int) -> None:
        if order == DELAY:
            self.pulse(channel, seconds)
        elif order == MOMENTARY:
            self.pulse(channel, MOMENTARY_S)
        elif order == TOGGLE:
            self.switch(channel, closed=not self._relays[channel].closed(self._clock()))
        else:
            if order == LATCH:
                for other in range(len(self._relays)):
                    self.switch(other, closed=False)
            self.switch(channel, closed=order != CLOSE)

    def _follow_inputs(self) -> None:
        for channel, (was, is_on) in enumerate(zip(self._seen, self.inputs, strict=True)):
            if is_on and not was:
                self.switch(channel, closed=not self._relays[channel].closed(self._clock()))
