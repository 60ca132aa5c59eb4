"""Where a lane writes what happened. What cannot be written now waits here, and is not lost."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar, assert_never

from gateway.lane.events import StoreDecision, StoreMode
from gateway.lane.reports import AlarmCode, Case, Raise
from gateway.lane.types import Direction, Now, Pass, Visit
from gateway.store import Place, Store, StoreError
from gateway.worth import Keep, Worth

log = logging.getLogger(__name__)

TRY_AGAIN_S = 2.0
MOST_PASSES = 10_000
MOST_PAPERS = 1_024
MOST_ALARMS = 256

T = TypeVar("T")


class Closed(NamedTuple):
    case_id: str
    outcome: str
    at: datetime


class Photo(NamedTuple):
    subject: str
    evidence: str


Paper = Raise | Case | Closed | Photo
Alarm = tuple[AlarmCode, str, datetime]


@dataclass(slots=True)
class Books:
    """One lane's. Decisions and modes are written at once; the rest never holds the lane up.

    What waits is written in this order: passes, then raises, cases and photos, then alarms.
    `keep`: pictures that a record names; `committed`: there is something to send;
    `failed`: what the store says is wrong, None when it works again; `wall`: the time now, UTC;
    `place`: where the lane leads to, None where the box has no car park to keep.
    """

    store: Store
    lane: str
    direction: Direction
    keep: Keep = lambda names, worth=Worth.PASS: None  # noqa: ARG005
    committed: Callable[[], None] = lambda: None
    failed: Callable[[StoreError | None], None] = lambda _: None
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    place: Place | None = None
    unwritten: deque[Pass] = field(default_factory=deque)
    papers: deque[Paper] = field(default_factory=deque)
    alarms: deque[Alarm] = field(default_factory=deque)
    _lost: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _complained: bool = False

    # --- durable when they return; they raise `StoreError`

    async def decided(self, command: StoreDecision) -> None:
        with self._noting_failure():
            visit, at = command.visit, command.decided_at
            await self.store.decide(self.lane, self.direction, visit, at)
        self._told(visit)

    async def mode(self, command: StoreMode) -> None:
        with self._noting_failure():
            await self.store.mode(self.lane, command.mode, self.wall())
        self.committed()

    # --- written soon, or waiting to be

    async def ended(self, record: Pass) -> None:
        """Written when it returns, or waiting to be."""
        self._put(self.unwritten, record, MOST_PASSES)
        await self.write_passes()

    def risen(self, risen: Raise) -> None:
        log.info("%s: the boom went up: %s, %s", self.lane, risen.cause, risen.reason)
        self._put_words(risen)

    def opened(self, case: Case) -> None:
        log.warning("%s: a vehicle needs somebody: %s", self.lane, case.why)
        self._put_words(case)

    def closed(self, case_id: str, outcome: str, at: datetime) -> None:
        self._put_words(Closed(case_id, outcome, at))

    def photo(self, subject: str, evidence: str) -> None:
        """Of a raise, a case or a pass that was given to these books before; never kept long."""
        if len(self.papers) < MOST_PAPERS:
            self.papers.append(Photo(subject, evidence))
            self._news.set()

    def alarm(self, code: AlarmCode, detail: str, now: Now) -> None:
        log.warning("%s: %s: %s", self.lane, code, detail)
        self._put(self.alarms, (code, detail, now.wall), MOST_ALARMS)

    async def close_left_cases(self, outcome: str, at: datetime) -> None:
        """Those that an earlier run of the lane left open. Raises `StoreError`."""
        await self.write_waiting()
        for case in await self.store.open_cases(self.lane):
            self.closed(case["case_id"], outcome, at)

    # --- what waits

    async def write_passes(self) -> bool:
        """Whether none is left."""
        return await self._write_out(self.unwritten, self._write_pass)

    async def write_waiting(self) -> bool:
        """Whether nothing is left."""
        return (
            await self.write_passes()
            and await self._write_out(self.papers, self._write_paper)
            and await self._write_out(self.alarms, self._write_alarm)
            and await self._tell_loss()
        )

    async def write_always(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TRY_AGAIN_S):
                    await self._news.wait()
            self._news.clear()
            if not await self.write_waiting():
                await asyncio.sleep(TRY_AGAIN_S)

    async def _write_out(self, queue: deque[T], write: Callable[[T], Awaitable[None]]) -> bool:
        async with self._turn:
            try:
                while queue:
                    with self._noting_failure():
                        await write(queue[0])
                    queue.popleft()
                    self.committed()
            except StoreError:
                return False
        return True

    async def _write_pass(self, record: Pass) -> None:
        await self.store.end(self.lane, self.direction, record, self.place)
        self._told(record.visit)

    async def _write_paper(self, paper: Paper) -> None:
        match paper:
            case Raise():
                await self.store.raised(self.lane, paper)
            case Case():
                await self.store.opened_case(self.lane, paper)
                self.keep(paper.visit.evidence, Worth.CASE)
            case Closed(case_id, outcome, at):
                await self.store.closed_case(self.lane, case_id, outcome, at)
            case Photo(subject, evidence):
                await self._write_photo(subject, evidence)
            case _ as unreachable:
                assert_never(unreachable)

    async def _write_photo(self, subject: str, evidence: str) -> None:
        if await self.store.photo(subject, evidence):
            self.keep((evidence,), Worth.CASE)
        else:
            log.warning("%s: photo %s: %s is not known; dropped", self.lane, evidence, subject)

    async def _write_alarm(self, alarm: Alarm) -> None:
        code, detail, at = alarm
        await self.store.alarm(self.lane, code, detail, at)

    async def _tell_loss(self) -> bool:
        """Whether none is left to tell."""
        lost, self._lost = self._lost, 0
        if not lost:
            return True
        try:
            await self.store.lose(lost, "no room in memory while the store failed")
        except StoreError:
            self._lost += lost
            return False
        self.committed()
        return True

    # --- room

    def _put(self, queue: deque[T], what: T, most: int) -> None:
        if len(queue) < most:
            queue.append(what)
        else:
            self._lose()
        self._news.set()

    def _put_words(self, words: Raise | Case | Closed) -> None:
        if len(self.papers) >= MOST_PAPERS:
            self._forget_a_photo()
        self._put(self.papers, words, MOST_PAPERS)

    def _forget_a_photo(self) -> None:
        # The first paper may be on its way into the store at this moment.
        for place in range(1, len(self.papers)):
            if isinstance(self.papers[place], Photo):
                del self.papers[place]
                return

    def _lose(self) -> None:
        if not self._lost:
            log.error("%s: no room left in memory for records that cannot be stored", self.lane)
        self._lost += 1

    # --- who is told

    @contextlib.contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if not self._complained:
                log.error("%s: %s; records wait in memory", self.lane, error)  # noqa: TRY400
            self._complained = True
            self.failed(error)
            raise
        self._complained = False
        self.failed(None)

    def _told(self, visit: Visit) -> None:
        self.keep(visit.evidence, Worth.PASS if visit.reading else Worth.DOUBT)
        self.committed()
