"""A barrier on two outputs of a Modbus relay board that times its pulses by itself.

One order is one frame, FC05 with the time as its value: the board closes the contact and opens
it again on its own clock, so that no crash and no broken wire can leave it closed.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field

from drivers.barrier._contacts import TimedContacts, TimedSettings
from drivers.modbus import RegisterAddress
from gateway.ports import Barrier, Bus, Turn

MODE_NAMES = {1: "linkage", 2: "toggle", 3: "edge"}
COIL_OFF = 0x0000


class Settings(TimedSettings):
    driver: Literal["modbus_relay"]
    timed_pulse_base: RegisterAddress = Field(
        title="Timed pulse", description="Coil that starts the timed pulse of the first output."
    )


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[Barrier]:
    """Connecting writes nothing and asks nothing; the end waits for the end of the last pulse."""
    relay = ModbusRelay(buses[settings.bus], settings)
    try:
        yield relay
    finally:
        await relay.settled()


class ModbusRelay(TimedContacts):
    """See `gateway.ports.Barrier` and `TimedContacts`. The relays are coils from 0."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        super().__init__(bus, settings)
        self._slave = settings.slave
        self._pulse_base = settings.timed_pulse_base

    async def _start(self, output: int, not_after: float) -> None:
        await self._bus.write_coil(
            self._slave, self._pulse_base + output - 1, self._timing.quanta, not_after=not_after
        )

    async def _prove(self, output: int) -> None:
        """FC05's answer repeats output and time: nothing is left to prove."""

    async def _release(self, output: int) -> None:
        await self._bus.write_coil(self._slave, output - 1, COIL_OFF)

    async def _is_closed(self, output: int) -> bool:
        (closed,) = await self._bus.read_coils(self._slave, output - 1, 1, turn=Turn.ORDER)
        return closed

    def _mode_name(self, mode: int) -> str:
        return MODE_NAMES.get(mode, "unknown")
