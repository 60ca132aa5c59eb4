"""Juying DAM boards and their clones.

Source of the frames: the maker's protocol sheet as public programs quote it. Assumed here: code
2 is code 4 with the contact the other way round, an order by coil ends a running time, and a
board answers to 0xFE with the address that it was asked by.
"""

from collections.abc import Mapping, Sequence

from drivers.twins.boards.slave import OFF, ON, ModbusBoard, Refusal, require

ANY_BOARD = 0xFE
FLASH_BASE, FLASH_STEP, FLASH_WORDS = 3, 5, 2
CLOSES_FIRST, OPENS_FIRST = 0x0004, 0x0002
QUANTUM_S = 0.1


class JuyingDam(ModbusBoard):
    """`closes_first` is the code that this copy of the board takes for a pulse."""

    closes_first = CLOSES_FIRST

    def hears(self, address: int) -> bool:
        return address == ANY_BOARD or super().hears(address)

    def coils(self) -> Mapping[int, bool]:
        return dict(enumerate(self.contacts()))

    def write_coil(self, place: int, value: int) -> None:
        require(fits=place < len(self._relays), reason=Refusal.ILLEGAL_ADDRESS)
        require(fits=value in (ON, OFF))
        self.switch(place, closed=value == ON)

    def check_register(self, place: int, value: int) -> None:
        channel, offset = divmod(place - FLASH_BASE, FLASH_STEP)
        known = 0 <= channel < len(self._relays) and offset < FLASH_WORDS
        require(fits=known, reason=Refusal.ILLEGAL_ADDRESS)
        if offset == 0:
            require(fits=value in (CLOSES_FIRST, OPENS_FIRST))

    def write_registers(self, first: int, values: Sequence[int]) -> None:
        channel, offset = divmod(first - FLASH_BASE, FLASH_STEP)
        require(fits=(offset, len(values)) == (0, FLASH_WORDS), reason=Refusal.ILLEGAL_ADDRESS)
        code, quanta = values
        self.pulse(channel, quanta * QUANTUM_S, after=code != self.closes_first)
