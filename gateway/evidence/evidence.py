"""The pictures as the event loop sees them: nothing here waits for the disk unless awaited."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from gateway.evidence.cabinet import Cabinet, Limits
from gateway.evidence.files import SHA256, Files
from gateway.evidence.index import Totals
from gateway.sync.snaps import Waiting
from gateway.worth import Worth

log = logging.getLogger(__name__)

T = TypeVar("T")
HELD = 64
MOST_UNWRITTEN = 64
KEEP_DAYS = 30.0
LOOK_S, TEND_S = 1.0, 60.0
DAY_S = 24 * 3600.0


class Figures(NamedTuple):
    """For people. The three in the middle are counted since the start.

    `unkept` found no place, `crowded_out` made room for others, `damaged` were not served.
    """

    on_disk: Totals
    unkept: int
    crowded_out: int
    damaged: int
    trouble: str


class Evidence:
    """Each picture is a file `<folder>/<first two digits>/<sha256>.jpg`, beside `index.db`.

    Writing is off the event loop and never delays a pass: a full, slow or broken disk costs
    pictures, and `trouble` says so. Where `quota_mb` is exceeded, what is worth least goes first;
    what was kept for `keep_days` of the box's running time goes too.
    """

    def __init__(
        self,
        folder: Path,
        quota_mb: int,
        keep_days: float = KEEP_DAYS,
        *,
        files: Callable[[Path], Files] = Files,
    ) -> None:
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._held_in_doubt: OrderedDict[str, bytes] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        self._files = files(folder)
        limits = Limits(quota_mb * 1024 * 1024, keep_days * DAY_S)
        self._cabinet = Cabinet(self._files, limits)
        self._room = threading.Semaphore(MOST_UNWRITTEN)
        self._dropped = 0

    @property
    def trouble(self) -> str:
        """Why pictures are not kept; empty while they are."""
        return self._cabinet.trouble

    def path(self, name: str) -> Path:
        return self._files.path(name)

    # --- from the lanes: none of this waits

    def hold(self, name: str, jpeg: bytes, *, in_doubt: bool = False) -> None:
        """Until it is kept, or `HELD` of its sort came after it.

        Pictures of plates in doubt drive out no others. `name` becomes a path: raises
        `ValueError` where it is no SHA-256 in hex digits.
        """
        if not SHA256.fullmatch(name):
            raise ValueError(f"{name!r} is no picture's name: use the SHA-256 of its content")
        held = self._held_in_doubt if in_doubt else self._held
        held[name] = jpeg
        while len(held) > HELD:
            held.popitem(last=False)

    def keep(self, names: Iterable[str], worth: Worth = Worth.PASS) -> None:
        """A record names them. What is neither held nor kept is passed over."""
        known = []
        for name in names:
            in_doubt = self._held_in_doubt.pop(name, None)
            jpeg = self._held.pop(name, in_doubt)
            if jpeg is None:
                known.append(name)
            elif self._room.acquire(blocking=False):
                self._thread.submit(self._write, name, jpeg, worth)
            else:
                self._drop(name)
        if known:
            self._thread.submit(self._cabinet.value, known, worth)

    def _write(self, name: str, jpeg: bytes, worth: Worth) -> None:
        try:
            self._cabinet.keep(name, jpeg, worth)
        finally:
            self._room.release()

    def _drop(self, name: str) -> None:
        self._dropped += 1
        log.warning("evidence: %s is dropped: the disk is too slow for so many pictures", name)

    # --- for the cloud, for people

    async def read(self, name: str) -> bytes | None:
        """Its content, which is what its name says: empty where it is not here any more.

        None where it cannot be read now.
        """
        return await self._do(self._cabinet.read, name)

    async def want(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The cloud asks for these: known to the next start too. Returns those not here."""
        return await self._do(self._cabinet.want, names)

    async def have(self, names: tuple[str, ...]) -> None:
        """The cloud has these."""
        await self._do(self._cabinet.have, names)

    async def waiting(self, limit: int, *, everything: bool) -> list[Waiting]:
        """What the cloud asked for and has not got, the oldest order first.

        Then, with `everything`, what it did not ask for and has not got.
        """
        return await self._do(partial(self._cabinet.waiting, limit, everything=everything))

    async def forget(self, names: Iterable[str]) -> int:
        """Deletes them at once; how many were here."""
        names = tuple(names)
        for name in names:
            self._held.pop(name, None)
            self._held_in_doubt.pop(name, None)
        return await self._do(self._cabinet.forget, names)

    async def figures(self) -> Figures:
        on_disk, losses = await self._do(self._cabinet.totals), self._cabinet.losses
        unkept = losses.unkept + self._dropped
        return Figures(on_disk, unkept, losses.crowded_out, losses.damaged, self.trouble)

    async def tend(self, ran_s: float) -> int:
        """The box ran so much longer: lets go of what was kept long enough; how many went."""
        return await self._do(self._cabinet.tend, ran_s)

    async def run(self, told: Callable[[str], Awaitable[None]]) -> None:
        """Until cancelled. `told` hears `trouble` at the start, and whenever it comes or goes."""
        await self.tend(0.0)
        tended = time.monotonic()
        await told(before := self.trouble)
        while True:
            await asyncio.sleep(LOOK_S)
            if (now := time.monotonic()) - tended >= TEND_S:
                await self.tend(now - tended)
                tended = now
            if bool(self.trouble) != bool(before):
                await told(before := self.trouble)

    async def close(self) -> None:
        """What was to be kept is written first."""
        self._thread.submit(self._cabinet.close)
        await asyncio.to_thread(self._thread.shutdown)

    async def _do(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(job, *args))
