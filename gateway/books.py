"""Where a lane writes what happened. What cannot be written now waits here, and is not lost."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gateway.lane.events import StoreDecision
from gateway.lane.types import AlarmCode, Direction, Now, Pass, Visit
from gateway.store import Store, StoreError

log = logging.getLogger(__name__)

TRY_AGAIN_S = 2.0
MOST_ALARMS = 256

Alarm = tuple[AlarmCode, str, Now]


@dataclass(slots=True)
class Books:
    """One lane's. Decisions are written at once; passes and alarms never hold the lane up.

    `keep`: pictures that a record names; `committed`: there is something to send;
    `failed`: the store's sentence, empty when it works again.
    """

    store: Store
    lane: str
    direction: Direction
    keep: Callable[[Iterable[str]], None] = lambda _: None
    committed: Callable[[], None] = lambda: None
    failed: Callable[[str], None] = lambda _: None
    unwritten: deque[Pass] = field(default_factory=deque)
    alarms: deque[Alarm] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _complaint: str = ""

    async def decided(self, command: StoreDecision) -> None:
        """Durable when it returns; raises `StoreError`."""
        with self._noting_failure():
            visit, at = command.visit, command.decided_at
            await self.store.decide(self.lane, self.direction, visit, at)
        self._told(visit)

    async def ended(self, record: Pass) -> None:
        """Written when it returns, or waiting to be."""
        self.unwritten.append(record)
        await self.write_passes()

    def alarm(self, code: AlarmCode, detail: str, now: Now) -> None:
        log.warning("%s: %s: %s", self.lane, code, detail)
        if len(self.alarms) < MOST_ALARMS:
            self.alarms.append((code, detail, now))
        self._news.set()

    async def write_passes(self) -> bool:
        """Whether none is left."""
        async with self._turn:
            try:
                while self.unwritten:
                    with self._noting_failure():
                        await self.store.end(self.lane, self.direction, self.unwritten[0])
                    self._told(self.unwritten.popleft().visit)
            except StoreError:
                return False
        return True

    async def write_alarms(self) -> None:
        """Until cancelled; looks after passes that had to wait, too."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TRY_AGAIN_S):
                    await self._news.wait()
            self._news.clear()
            if not (await self.write_passes() and await self.write_waiting_alarms()):
                await asyncio.sleep(TRY_AGAIN_S)

    async def write_waiting_alarms(self) -> bool:
        """Whether none is left."""
        async with self._turn:
            try:
                while self.alarms:
                    code, detail, now = self.alarms[0]
                    with self._noting_failure():
                        await self.store.alarm(self.lane, code, detail, now.wall)
                    self.alarms.popleft()
                    self.committed()
            except StoreError:
                return False
        return True

    @contextlib.contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self._complain(str(error))
            raise
        self._complain("")

    def _complain(self, complaint: str) -> None:
        if complaint and not self._complaint:
            log.error("%s: %s; records wait in memory", self.lane, complaint)
        self._complaint = complaint
        self.failed(complaint)

    def _told(self, visit: Visit) -> None:
        if visit.reading is not None:
            self.keep(visit.reading.evidence)
        self.committed()
