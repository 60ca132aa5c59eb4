"""CAME GARD PTX with its interface board ZLB30B.

Source of the status: CAME FA01323M4A-04/2019. Its orders' addresses are not public: the coils
here are ours, to have something to order. The boom itself is the world's: an order shows as a
short closed contact in `relays()` (open, close, stop), the limits come in by `inputs` (up, down).
"""

import time
from collections.abc import Callable, Mapping

from drivers.twins.boards.slave import ON, ModbusBoard, Refusal, require

ORDERS = {"open": 0, "close": 1, "stop": 2}
ORDER_S = 0.3
STATUS, POSITION = 100, 101
UNKNOWN, OPEN, CLOSED, STOPPED, OPENING, CLOSING = 0, 16, 17, 19, 32, 33
BOARD_REGISTERS = range(11)
NO_POSITION = 255
BETWEEN_POSITION = 50


class CameGard(ModbusBoard):
    """A barrier that says its state. `status`: what it says instead, for tests of that."""

    def __init__(
        self, slave: int = 1, *, clock: Callable[[], float] = time.monotonic, first_coil: int = 0
    ) -> None:
        super().__init__(slave, outputs=len(ORDERS), inputs=2, clock=clock)
        self.inputs = [False, True]
        self.status: int | None = None
        self.orders: list[str] = []
        self._first_coil = first_coil

    def discrete_inputs(self) -> Mapping[int, bool]:
        return {}

    def coils(self) -> Mapping[int, bool]:
        return dict(enumerate(self.contacts(), start=self._first_coil))

    def holding_registers(self) -> Mapping[int, int]:
        status = self._state() if self.status is None else self.status
        position = {OPEN: 100, CLOSED: 0, UNKNOWN: NO_POSITION}.get(status, BETWEEN_POSITION)
        return dict.fromkeys(BOARD_REGISTERS, 0) | {STATUS: status, POSITION: position}

    def write_coil(self, place: int, value: int) -> None:
        channel = place - self._first_coil
        require(fits=0 <= channel < len(ORDERS), reason=Refusal.ILLEGAL_ADDRESS)
        if value == ON:
            self.orders.append(list(ORDERS)[channel])
            self.pulse(channel, ORDER_S)

    def _state(self) -> int:
        up, down = self.inputs
        if up != down:
            return OPEN if up else CLOSED
        moving = {"open": OPENING, "close": CLOSING}
        return moving.get(self.orders[-1], STOPPED) if self.orders else UNKNOWN
