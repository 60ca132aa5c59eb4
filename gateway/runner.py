"""One lane at work: events in, `step`, commands out. The only caller of `step`."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import assert_never

from gateway.inbox import Inbox
from gateway.lane.events import (
    BarrierFailed,
    CloseBarrier,
    Command,
    Decide,
    Decided,
    LaneEvent,
    OpenBarrier,
    RaiseAlarm,
    ReopenBarrier,
    Resumed,
    StoreDecision,
    StoreFailed,
    StorePass,
    Tick,
)
from gateway.lane.machine import next_deadline, step
from gateway.lane.states import Lane, Timing
from gateway.lane.types import (
    AlarmCode,
    Direction,
    Now,
    Pass,
    Visit,
)
from gateway.ports import Barrier, DeviceError
from gateway.rules.access import AccessList, decide
from gateway.store import Store, StoreError

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 1.0


@dataclass(slots=True)
class Books:
    """Where a lane writes what happened, and tells the others that it did."""

    store: Store
    lane: str
    direction: Direction
    keep: Callable[[Iterable[str]], None] = lambda _: None
    committed: Callable[[], None] = lambda: None
    failed: Callable[[str], None] = lambda _: None
    unwritten: list[Pass] = field(default_factory=list)

    async def decided(self, command: StoreDecision) -> None:
        with self._noting_failure():
            visit, at = command.visit, command.decided_at
            await self.store.decide(self.lane, self.direction, visit, at)
        self._told(visit)

    async def ended(self, record: Pass) -> None:
        """A record that cannot be written now waits here and is tried again; none is dropped."""
        self.unwritten.append(record)
        await self.write_what_waits()

    async def write_what_waits(self) -> None:
        while self.unwritten:
            record = self.unwritten[0]
            with self._noting_failure():
                await self.store.end(self.lane, self.direction, record)
            self.unwritten.pop(0)
            self._told(record.visit)

    async def alarm(self, code: AlarmCode, detail: str, now: Now) -> None:
        log.warning("%s: %s: %s", self.lane, code, detail)
        try:
            with self._noting_failure():
                await self.store.alarm(self.lane, code, detail, now.wall)
        except StoreError as error:
            log.error("%s: the alarm %s could not be stored: %s", self.lane, code, error)  # noqa: TRY400
        else:
            self.committed()

    @contextlib.contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.failed(str(error))
            raise
        self.failed("")

    def _told(self, visit: Visit) -> None:
        if visit.reading is not None:
            self.keep(visit.reading.evidence)
        self.committed()


class LaneRunner:
    """Owns the lane's state; everything else only puts events into `inbox`."""

    def __init__(
        self,
        books: Books,
        barrier: Barrier,
        *,
        access: AccessList,
        timing: Timing,
        clock: Callable[[], Now],
        changed: Callable[[Lane], None] = lambda _: None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.inbox = Inbox()
        self._books = books
        self._barrier = barrier
        self._access = access
        self._timing = timing
        self._clock = clock
        self._changed = changed
        self._beat = beat
        self._lane = Lane()
        self._stopping = False

    @property
    def lane(self) -> Lane:
        return self._lane

    async def run(self) -> None:
        """Until `stop`; the step under way is always carried out to its end."""
        await self._resume()
        while not self._stopping:
            await self.handle(await self._next_event())
            self._beat()

    def stop(self) -> None:
        self._stopping = True
        self.inbox.put(Tick())

    async def handle(self, event: LaneEvent) -> None:
        before = self._lane
        self._lane, commands = step(before, event, self._clock(), self._timing)
        if type(self._lane.state) is not type(before.state):
            log.info("%s: %s -> %s", self._books.lane, _name(before), _name(self._lane))
        if self._lane.state != before.state or self._lane.sensors.inputs != before.sensors.inputs:
            self._changed(self._lane)
        for command in commands:
            if not await self._execute(command):
                break
        if self._books.unwritten:
            await self._try(self._books.write_what_waits())

    async def _resume(self) -> None:
        try:
            for visit in await self._books.store.open_visits(self._books.lane):
                log.info("%s: resuming visit %s", self._books.lane, visit.pass_id)
                await self.handle(Resumed(visit))
        except StoreError as error:
            await self._books.alarm(AlarmCode.STORE_FAILED, str(error), self._clock())

    async def _next_event(self) -> LaneEvent:
        deadline = next_deadline(self._lane)
        wait = LONGEST_WAIT_S
        if deadline is not None:
            wait = min(wait, max(0.001, deadline - self._clock().mono))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                return await self.inbox.get()
        return Tick()

    async def _execute(self, command: Command) -> bool:
        """False where nothing that follows in this step may happen."""
        match command:
            case Decide(pass_id, reading):
                self.inbox.put(Decided(pass_id, decide(reading.text, self._access)))
            case StoreDecision():
                return await self._stored(command)
            case StorePass(record):
                await self._try(self._books.ended(record))
            case OpenBarrier() | ReopenBarrier():
                await self._ordered(self._barrier.open())
            case CloseBarrier():
                await self._ordered(self._barrier.close())
            case RaiseAlarm(code, detail):
                await self._books.alarm(code, detail, self._clock())
            case _ as unreachable:
                assert_never(unreachable)
        return True

    async def _stored(self, command: StoreDecision) -> bool:
        try:
            await self._books.decided(command)
        except StoreError as error:
            self.inbox.put(StoreFailed(str(error)))
            return False
        return True

    async def _try(self, writing: Awaitable[None]) -> None:
        try:
            await writing
        except StoreError as error:
            log.error("%s: %s; the record waits in memory", self._books.lane, error)  # noqa: TRY400

    async def _ordered(self, order: Awaitable[None]) -> None:
        try:
            await order
        except DeviceError as error:
            self.inbox.put(BarrierFailed(str(error)))


def _name(lane: Lane) -> str:
    return type(lane.state).__name__.lower()
