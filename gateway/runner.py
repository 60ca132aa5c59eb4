"""One lane at work: events in, `step`, commands out. The only caller of `step`."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import assert_never

from gateway.books import Books
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
from gateway.lane.states import Closing, Lane, Timing
from gateway.lane.types import AlarmCode, Now
from gateway.ports import Barrier, DeviceError
from gateway.rules.access import AccessList, decide
from gateway.store import StoreError

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 1.0


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
        self.access = access
        self._books = books
        self._barrier = barrier
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
        """Until `stop`; a boom on its way down is watched to its end, to be reopened if need be."""
        await self._resume()
        while not self._stopping or isinstance(self._lane.state, Closing):
            await self.handle(await self._next_event())
            self._beat()
        await self._books.write_passes()
        await self._books.write_waiting_alarms()

    def stop(self) -> None:
        self._stopping = True
        self.inbox.put(Tick())

    async def handle(self, event: LaneEvent) -> None:
        """Carry out what `step` says, in its order; a failure comes before anything else."""
        before = self._lane
        self._lane, commands = step(before, event, self._clock(), self._timing)
        if type(self._lane.state) is not type(before.state):
            log.info("%s: %s -> %s", self._books.lane, _name(before), _name(self._lane))
        if self._lane.state != before.state or self._lane.sensors.inputs != before.sensors.inputs:
            self._changed(self._lane)
        for command in commands:
            failure = await self._execute(command)
            if failure is not None:
                await self.handle(failure)
                break

    async def _resume(self) -> None:
        try:
            for visit in await self._books.store.open_visits(self._books.lane):
                log.info("%s: resuming visit %s", self._books.lane, visit.pass_id)
                await self.handle(Resumed(visit))
        except StoreError as error:
            self._books.alarm(AlarmCode.STORE_FAILED, str(error), self._clock())

    async def _next_event(self) -> LaneEvent:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s()):
                return await self.inbox.get()
        return Tick()

    def _patience_s(self) -> float:
        """A deadline that is past has had its tick: what it waits for comes with the inputs."""
        deadline = next_deadline(self._lane)
        left_s = LONGEST_WAIT_S if deadline is None else deadline - self._clock().mono
        return min(left_s, LONGEST_WAIT_S) if left_s > 0 else LONGEST_WAIT_S

    async def _execute(self, command: Command) -> LaneEvent | None:
        """What went wrong, so that nothing that follows in this step may happen."""
        match command:
            case Decide(pass_id, reading):
                self._books.keep(reading.evidence)
                decision = decide(reading.text, self.access)
                self.inbox.put(Decided(pass_id, reading.text, decision))
            case StoreDecision():
                return await self._stored(command)
            case StorePass(record):
                await self._books.ended(record)
            case OpenBarrier():
                return await self._ordered(self._barrier.open())
            case ReopenBarrier():
                await self._reopened()
            case CloseBarrier():
                not_after = self._lane.sensors.read_at + self._timing.fresh_s
                return await self._ordered(self._barrier.close(not_after=not_after))
            case RaiseAlarm(code, detail):
                self._books.alarm(code, detail, self._clock())
            case _ as unreachable:
                assert_never(unreachable)
        return None

    async def _stored(self, command: StoreDecision) -> LaneEvent | None:
        try:
            await self._books.decided(command)
        except StoreError as error:
            return StoreFailed(str(error))
        return None

    async def _ordered(self, order: Awaitable[None]) -> LaneEvent | None:
        try:
            await order
        except DeviceError as error:
            return BarrierFailed(str(error))
        return None

    async def _reopened(self) -> None:
        """The record that follows is owed, whether or not the board has confirmed."""
        failure = await self._ordered(self._barrier.open())
        if failure is not None:
            await self.handle(failure)


def _name(lane: Lane) -> str:
    return type(lane.state).__name__.lower()
