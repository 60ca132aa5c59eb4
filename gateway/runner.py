"""One lane at work: events in, `step`, commands out. The only caller of `step`."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import assert_never

from gateway.books import Books
from gateway.inbox import Inbox
from gateway.judging import Judge, Judging
from gateway.lane.events import (
    AnswerOrder,
    BarrierFailed,
    CloseBarrier,
    CloseCase,
    Command,
    Decide,
    LaneEvent,
    ModeRestored,
    OpenBarrier,
    OpenCase,
    RaiseAlarm,
    ReopenBarrier,
    Reshoot,
    Resumed,
    SpreadFire,
    StoreDecision,
    StoreFailed,
    StoreMode,
    StorePass,
    StorePhoto,
    StoreRaise,
    TakePhoto,
    Tick,
)
from gateway.lane.machine import next_deadline, step
from gateway.lane.reports import AlarmCode, Mode
from gateway.lane.sensors import Timing
from gateway.lane.states import Closing, Lane
from gateway.lane.types import Now, Visit
from gateway.outside import Alone, Blind, Eyes, Outside
from gateway.ports import Barrier, DeviceError
from gateway.rules.access import AccessList
from gateway.store import StoreError

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 1.0
_RESUME_AGAIN_S = 10.0
_NOT_AFTER_A_FAILURE = OpenBarrier | CloseBarrier | StoreRaise


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
        eyes: Eyes | None = None,
        outside: Outside | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.inbox = Inbox()
        self._judging = Judging(books.lane, self.inbox, access, clock)
        self._judging.judge = judge
        self._books = books
        self._barrier = barrier
        self._timing = timing
        self._clock = clock
        self._changed = changed
        self._beat = beat
        self._eyes = eyes or Blind()
        self._outside = outside or Alone()
        self._lane = Lane()
        self._stopping = False
        self._resumed, self._resume_at = False, -math.inf

    @property
    def lane(self) -> Lane:
        return self._lane

    @property
    def access(self) -> AccessList:
        return self._judging.access

    def admit(self, access: AccessList, judge: Judge | None) -> None:
        """From now on these decide; a visit that was decided stays so."""
        self._judging.access, self._judging.judge = access, judge

    async def run(self) -> None:
        """Until `stop`; a boom on its way down is watched to its end, to be reopened if need be."""
        try:
            while not self._stopping or isinstance(self._lane.state, Closing):
                await self._resume()
                await self.handle(await self._next_event())
                self._beat()
        finally:
            self._judging.stop()
        await self._books.write_waiting()

    def stop(self) -> None:
        self._stopping = True
        self.inbox.put(Tick())

    async def handle(self, event: LaneEvent) -> None:
        """Carry out what `step` says, in its order.

        After a failure no order of the same step goes out; its records are written all the same.
        """
        before = self._lane
        self._lane, commands = step(before, event, self._clock(), self._timing)
        self._tell(before, commands)
        failures: list[BarrierFailed | StoreFailed] = []
        for command in commands:
            if failures and isinstance(command, _NOT_AFTER_A_FAILURE):
                continue
            if failures and isinstance(command, AnswerOrder):
                command = AnswerOrder(command.order_id, f"not done: {failures[0].reason}")  # noqa: PLW2901
            failure = await self._execute(command)
            failures += [failure] if failure is not None else []
        for failure in failures:
            await self.handle(failure)

    def _tell(self, before: Lane, commands: tuple[Command, ...]) -> None:
        after = self._lane
        if type(after.state) is not type(before.state):
            log.info("%s: %s -> %s", self._books.lane, _name(before), _name(after))
        if (after.state, after.mode) != (before.state, before.mode) or (
            after.sensors.inputs != before.sensors.inputs
        ):
            self._changed(after)
        self._outside.moved(before, after, commands)

    async def _resume(self) -> None:
        """Once, as soon as the store answers: what was under way before the gateway stopped."""
        if self._resumed or self._clock().mono < self._resume_at:
            return
        store, lane = self._books.store, self._books.lane
        try:
            await self._books.close_left_cases("the gateway was restarted", self._clock().wall)
            mode, visits = await store.mode_of(lane), await store.open_visits(lane)
        except StoreError as error:
            self._resume_at = self._clock().mono + _RESUME_AGAIN_S
            self._books.alarm(AlarmCode.STORE_FAILED, str(error), self._clock())
        else:
            self._resumed = True
            await self._take_up(mode, visits)

    async def _take_up(self, mode: Mode | None, visits: Iterable[Visit]) -> None:
        """A store that answered late may know a visit of today: that one is under way."""
        if mode is not None:
            await self.handle(ModeRestored(mode, self._left_s(mode)))
        for visit in visits:
            if self._lane.visit is None or self._lane.visit.pass_id != visit.pass_id:
                log.info("%s: resuming visit %s", self._books.lane, visit.pass_id)
                await self.handle(Resumed(visit))

    def _left_s(self, mode: Mode) -> float:
        """Of a hold; by the wall's clock, which may have been set: never more than it had."""
        if mode.ends_at is None:
            return 0.0
        left_s = (mode.ends_at - self._clock().wall).total_seconds()
        return min(left_s, (mode.ends_at - mode.since).total_seconds())

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

    async def _execute(self, command: Command) -> BarrierFailed | StoreFailed | None:
        """What went wrong, so that no order that follows in this step may go out."""
        match command:
            case StoreDecision():
                return await self._stored(self._books.decided(command), mode=False)
            case StoreMode():
                return await self._stored(self._books.mode(command), mode=True)
            case OpenBarrier():
                return await self._ordered(self._barrier.open())
            case ReopenBarrier():
                await self._reopened()
            case CloseBarrier():
                not_after = self._lane.sensors.read_at + self._timing.fresh_s
                return await self._ordered(self._barrier.close(not_after=not_after))
            case Decide():
                self._decide(command)
            case StorePass(record):
                await self._books.ended(record)
            case _:
                self._note(command)
        return None

    def _note(
        self,
        command: StoreRaise | OpenCase | CloseCase | StorePhoto | RaiseAlarm | TakePhoto | Reshoot
        | SpreadFire | AnswerOrder,
    ) -> None:  # fmt: skip
        """What never holds the lane up."""
        match command:
            case StoreRaise(risen):
                self._books.risen(risen)
            case OpenCase(case):
                self._books.opened(case)
            case CloseCase(case_id, outcome):
                self._books.closed(case_id, outcome, self._clock().wall)
            case StorePhoto(subject, evidence):
                self._books.photo(subject, evidence)
            case RaiseAlarm(code, detail):
                self._books.alarm(code, detail, self._clock())
            case _:
                self._ask(command)

    def _ask(self, command: TakePhoto | Reshoot | SpreadFire | AnswerOrder) -> None:
        match command:
            case TakePhoto(subject):
                self._eyes.photograph(subject)
            case Reshoot():
                self._eyes.look_again()
            case SpreadFire(reset):
                self._outside.fire(reset=reset)
            case AnswerOrder(order_id, answer):
                self._outside.answered(order_id, answer)
            case _ as unreachable:
                assert_never(unreachable)

    def _decide(self, command: Decide) -> None:
        if command.reading is not None:
            self._books.keep(command.reading.evidence)
        self._judging.ask(command)

    async def _stored(self, writing: Awaitable[None], *, mode: bool) -> StoreFailed | None:
        try:
            await writing
        except StoreError as error:
            return StoreFailed(str(error), mode=mode)
        return None

    async def _ordered(self, order: Awaitable[None]) -> BarrierFailed | None:
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
