"""A contact that we switch ourselves, and the task that opens it again whatever happens."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from gateway.ports import Bus, DeviceError, Turn

log = logging.getLogger(__name__)

COIL_ON, COIL_OFF = 0xFF00, 0x0000
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 2.0
LAST_WORD_S = 1.0


class Contact:
    """One output. `seen_open`: it was read open, and not ordered closed since.

    `due`: when it must be opened; `opened_at`: when it was read open, both in the loop's time.
    """

    def __init__(self, bus: Bus, slave: int, coil_base: int, output: int, place: str) -> None:
        self.output = output
        self.seen_open = False
        self.ours = False
        self.due = 0.0
        self.opened_at = -math.inf
        self._bus = bus
        self._slave = slave
        self._coil = coil_base + output - 1
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    async def close(self, pulse_s: float, not_after: float) -> None:
        """Close it for so long. Where this fails, it is to be opened at once."""
        async with self._turn:
            self.seen_open, self.ours, self.due = False, True, -math.inf
            await self._bus.write_coil(self._slave, self._coil, COIL_ON, not_after=not_after)
            due = self._loop.time() + pulse_s
            if not await self._is_closed():
                raise DeviceError(
                    f"{self._place}: output {self.output} confirmed ON and reads OFF: is the "
                    "board's own logic or another master switching it?"
                )
            self.due = due

    async def pulse_runs(self) -> bool:
        """Whether an ordered pulse goes on, as the board itself says."""
        async with self._turn:
            running = not self.seen_open and self.due > self._loop.time()
            return running and await self._is_closed()

    async def pulse_end(self) -> None:
        """Wait until the pulse has had its time, or was taken back."""
        while not self.seen_open and (rest_s := self.due - self._loop.time()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._changed.wait()

    async def release(self) -> None:
        """Open it and see it open; says nothing to one that was seen open. Never moves a boom."""
        async with self._turn:
            if not self.seen_open:
                await self._release()

    async def release_when_due(self) -> None:
        """The same, unless it was ordered closed while this had to wait."""
        async with self._turn:
            if self.is_due:
                await self._release()

    @property
    def is_due(self) -> bool:
        return not self.seen_open and self.due <= self._loop.time()

    async def _release(self) -> None:
        if self.ours or await self._is_closed():
            await self._bus.write_coil(self._slave, self._coil, COIL_OFF)
            opened_at = self._loop.time()
            if await self._is_closed():
                raise DeviceError(
                    f"{self._place}: output {self.output} stays closed after OFF: is its relay "
                    "welded, or is another master switching it?"
                )
            self.opened_at = opened_at
        self.seen_open, self.ours = True, False
        self._changed.set()

    async def _is_closed(self) -> bool:
        (closed,) = await self._bus.read_coils(self._slave, self._coil, 1, turn=Turn.ORDER)
        return closed


class Keeper:
    """Opens contacts when they are due, and tries again until each was seen open.

    The order of `contacts` is that of the start: the next one only after the one before it.
    """

    def __init__(self, contacts: Sequence[Contact], place: str) -> None:
        self._contacts = contacts
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """Look again when the next contact is due."""
        self._woken.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """At the end, what we closed is opened, for `LAST_WORD_S` at most."""
        task = asyncio.create_task(self._work(), name=f"contacts of {self._place}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._last_word()

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            wait_s = await self._open_what_is_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def _open_what_is_due(self) -> float | None:
        """Seconds until there is something to do again; None: until woken."""
        for contact in self._contacts:
            if not contact.is_due:
                continue
            try:
                await contact.release_when_due()
            except DeviceError as error:
                return self._failed(contact, error)
        self._failures = 0
        waiting = [contact.due for contact in self._contacts if not contact.seen_open]
        return max(0.0, min(waiting) - self._loop.time()) if waiting else None

    def _failed(self, contact: Contact, error: DeviceError) -> float:
        if not self._failures:
            log.warning("%s: output %d not seen open: %s", self._place, contact.output, error)
        self._failures += 1
        return float(min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(self._failures - 1, 10)))

    async def _last_word(self) -> None:
        """The tries of `_work`, in what time is left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                for contact in self._contacts:
                    while contact.ours:
                        await self._try(contact)
        for contact in self._contacts:
            if contact.ours:
                log.error("%s: output %d may still be closed", self._place, contact.output)

    async def _try(self, contact: Contact) -> None:
        try:
            await contact.release()
        except DeviceError:
            await asyncio.sleep(FIRST_RETRY_S / 2)
