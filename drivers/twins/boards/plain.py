"""Boards that only switch: ZLAN, Advantech ADAM-6000, Moxa ioLogik E1214.

Sources: the makers' register tables. The watchdog is ours in its details: it is wound up by every
question that the board understands, and opens all relays when it runs down.
"""

import time
from collections.abc import Callable, Mapping

from drivers.twins.boards.slave import OFF, ON, ModbusBoard, Refusal, require

MOXA_PULSE, MOXA_PULSE_STEP_S = 16, 1.5
MOXA_RELAY_WORD, MOXA_INPUT_WORD = 32, 48


class PlainBoard(ModbusBoard):
    """Relays are coils from `coil_base`; `watchdog_s`: silence after which all of them open."""

    def __init__(
        self,
        slave: int = 1,
        *,
        outputs: int = 8,
        inputs: int = 8,
        coil_base: int = 0,
        clock: Callable[[], float] = time.monotonic,
        watchdog_s: float | None = None,
    ) -> None:
        super().__init__(slave, outputs=outputs, inputs=inputs, clock=clock)
        self.watchdog_s = watchdog_s
        self._coil_base = coil_base
        self._heard_at = clock()

    def before_answering(self) -> None:
        self.contacts()
        self._heard_at = self._clock()

    def coils(self) -> Mapping[int, bool]:
        return dict(enumerate(self.contacts(), start=self._coil_base))

    def write_coil(self, place: int, value: int) -> None:
        channel = place - self._coil_base
        require(fits=0 <= channel < len(self._relays), reason=Refusal.ILLEGAL_ADDRESS)
        require(fits=value in (ON, OFF))
        self.switch(channel, closed=value == ON)

    def contacts(self) -> tuple[bool, ...]:
        silent_s = self._clock() - self._heard_at
        if self.watchdog_s is not None and silent_s > self.watchdog_s:
            for channel in range(len(self._relays)):
                self.switch(channel, closed=False)
        return super().contacts()


class MoxaE1214(PlainBoard):
    """Six relays, six inputs, and a pulse timer in steps of 1.5 s that nobody wants."""

    def coils(self) -> Mapping[int, bool]:
        contacts = self.contacts()
        return dict(super().coils()) | dict(enumerate(contacts, start=MOXA_PULSE))

    def holding_registers(self) -> Mapping[int, int]:
        return {MOXA_RELAY_WORD: _word(self.contacts())}

    def input_registers(self) -> Mapping[int, int]:
        return {MOXA_INPUT_WORD: _word(self.inputs)}

    def write_coil(self, place: int, value: int) -> None:
        channel = place - MOXA_PULSE
        if 0 <= channel < len(self._relays) and value == ON:
            self.pulse(channel, MOXA_PULSE_STEP_S)
        else:
            super().write_coil(place, value)


def _word(bits: tuple[bool, ...] | list[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))
