"""A barrier on two outputs of a board that has no pulse timer: we switch on, wait, switch off.

What the board's clock does elsewhere is on us here. Every way out of a pulse ends with OFF: its
time, an error, a cancelled order, the end of the program. OFF is sent again until it is seen: it
never starts a motion. What this cannot do is open a contact after the power of this box has
failed, or after a crash before the next start: set the board's own communication watchdog to
OFF. At the start both outputs are read, and what reads ON is switched off, CLOSE before OPEN and
OPEN only then: so nothing that is done here at first moves the boom.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field

from drivers.barrier._contacts import ContactSettings
from drivers.barrier._switching import Contact, Keeper
from drivers.modbus import RegisterAddress
from gateway.ports import Barrier, Bus, DeviceError

log = logging.getLogger(__name__)


class Settings(ContactSettings):
    driver: Literal["switched_relay"]
    coil_base: RegisterAddress = Field(
        title="First coil", description="That of the first output, as it stands in the frame."
    )
    pulse_ms: int = Field(
        500, ge=100, le=5000, title="Pulse (ms)", description="How long a contact stays closed."
    )


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[Barrier]:
    """Both contacts are open when this ends, as far as the board can be reached."""
    barrier = SwitchedRelay(buses[settings.bus], settings)
    async with barrier.keeper.at_work():
        yield barrier


class SwitchedRelay:
    """See `gateway.ports.Barrier`. The two contacts are never closed together.

    An order is confirmed when its contact was seen closed. One for a contact that is closed
    already starts no second pulse. `open()` takes the close contact back, `close()` waits for the
    end of an open pulse. Neither closes a contact before the other was seen open.
    """

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._open, self._close = (
            Contact(bus, settings.slave, settings.coil_base, output, settings.place)
            for output in (settings.open_output, settings.close_output)
        )
        self.keeper = Keeper((self._close, self._open), settings.place)

    async def open(self) -> None:
        """A board that cannot say whether a pulse runs is told to open all the same."""
        try:
            if await self._open.pulse_runs():
                return
        except DeviceError as error:
            log.warning("%s: opening with its outputs unread: %s", self._settings.place, error)
        await self._close.release()
        await self._pulse(self._open, self._close, math.inf)

    async def close(self, *, not_after: float = math.inf) -> None:
        if await self._close.pulse_runs():
            return
        await self._open.pulse_end()
        await self._open.release()
        await self._pulse(self._close, self._open, not_after)

    async def _pulse(self, contact: Contact, other: Contact, not_after: float) -> None:
        await self._dead_time(other)
        if not other.seen_open:
            raise DeviceError(f"{self._settings.place}: output {other.output} closed meanwhile")
        try:
            await contact.close(self._settings.pulse_ms / 1000, not_after)
        finally:
            self.keeper.wake()

    async def _dead_time(self, other: Contact) -> None:
        free_at = other.opened_at + self._settings.dead_ms / 1000
        await asyncio.sleep(max(0.0, free_at - self._loop.time()))
