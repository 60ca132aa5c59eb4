"""The runner on paper: what `gateway.runner` does with a lane's commands, without its waiting."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from gateway.lane import events as ev
from gateway.lane import machine
from gateway.lane.reports import Mode
from gateway.lane.sensors import Timing
from gateway.lane.states import Lane
from gateway.lane.types import Decision, Now, Reason, Verdict
from tests.simulator.habits import ALLOWED, LORRIES, REFUSED
from tests.simulator.paper import PaperBooks
from tests.simulator.site import Site
from tests.simulator.truth import Alarm, Happening, Kind, Order
from tests.simulator.weather import Trouble

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
TIMEOUT_S, SLOW_WRITE_S, SLOW_ANSWER_S = 0.08, 0.4, 1.5
LONGEST_WAIT_S = 1.0
NOT_AFTER_A_FAILURE = ev.OpenBarrier | ev.CloseBarrier | ev.StoreRaise


class Machine(NamedTuple):
    """The lane under judgement: the real one, or a mutant."""

    step: Callable[..., tuple[Any, tuple[Any, ...]]] = machine.step
    next_deadline: Callable[[Any], float | None] = machine.next_deadline
    start: Callable[[], Any] = Lane


REAL = Machine()


class Queued(NamedTuple):
    """An event with the number of the look that it tells; -1 for every other."""

    event: ev.LaneEvent
    look: int = -1


class PaperRunner:
    """Owns the lane. `advance` lets the world go on while a slow write or order is waited for."""

    def __init__(
        self, machine: Machine, site: Site, timing: Timing, advance: Callable[[float], None]
    ) -> None:
        self.timing = timing
        self.queue: deque[Queued] = deque()
        self.books = PaperBooks(site.history)
        self.wrong: deque[Trouble] = deque()
        self.slow_until = 0.0
        self.clock_s = 0.0
        self.lane = machine.start()
        self._machine = machine
        self._site = site
        self._history = site.history
        self._advance = advance
        self._life = 0
        self._ids = 0
        self._look = -1
        self._stepped_at = self._last_event = 0.0

    def put(self, event: ev.LaneEvent, look: int = -1) -> None:
        self.queue.append(Queued(event, look))

    def stop(self) -> None:
        """State and what waits are lost; what the books hold is kept."""
        self.queue.clear()
        self.lane = self._machine.start()
        self._life += 1

    def start(self) -> None:
        self._look, self._last_event = -1, self._site.now
        mode = self.books.mode
        if mode is not None:
            self.put(ev.ModeRestored(mode, self._left_s(mode)))
        for visit in self.books.open_visits():
            self.put(ev.Resumed(visit))

    def tick_if_due(self) -> None:
        """The runner's patience: a deadline, or a second in which nothing came."""
        now = self._site.now
        if self.queue:
            self._last_event = now
            return
        deadline = self._machine.next_deadline(self.lane)
        due = deadline is not None and self._last_event < deadline <= now
        if due or now - self._last_event >= LONGEST_WAIT_S:
            self.put(ev.Tick())
            self._last_event = now

    def hear(self) -> None:
        """The oldest event that waits."""
        queued = self.queue.popleft()
        if queued.look >= 0:
            self._history.heard[queued.look] = self._site.now
            self._look = queued.look
        self._handle(queued.event)

    def _handle(self, event: ev.LaneEvent) -> None:
        self._history.steps += 1
        life, self._stepped_at = self._life, self._site.now
        self.lane, commands = self._machine.step(self.lane, event, self._now(), self.timing)
        failures = []
        for command in commands:
            if failures and isinstance(command, NOT_AFTER_A_FAILURE):
                continue
            failure = self._execute(command)
            if life != self._life:
                return
            failures += [failure] if failure is not None else []
        for failure in failures:
            self._handle(failure)

    def _now(self) -> Now:
        self._ids += 1
        return Now(self._site.now, self._wall(), f"{self._ids:032x}")

    def _wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self._site.now + self.clock_s)

    def _left_s(self, mode: Mode) -> float:
        """By the wall's clock, which may have been set: never more than it had."""
        if mode.ends_at is None:
            return 0.0
        left_s = (mode.ends_at - self._wall()).total_seconds()
        return min(left_s, (mode.ends_at - mode.since).total_seconds())

    def _execute(self, command: ev.Command) -> ev.LaneEvent | None:
        match command:
            case ev.StoreDecision() | ev.StoreMode():
                return self._store(command)
            case ev.OpenBarrier(pass_id):
                return self._order(Kind.OPEN, pass_id)
            case ev.ReopenBarrier():
                failure = self._order(Kind.REOPEN, "")
                if failure is not None:
                    self._handle(failure)
            case ev.CloseBarrier():
                return self._order(Kind.CLOSE, "")
            case ev.Decide():
                self._decide(command)
            case _:
                self._note(command)
        return None

    def _note(self, command: ev.Command) -> None:
        match command:
            case ev.RaiseAlarm(code, detail):
                self._history.alarms.append(Alarm(self._site.now, code, detail))
            case ev.AnswerOrder(order_id):
                self.books.answered.add(order_id)
            case ev.TakePhoto(subject):
                self._history.happened.append(Happening(self._site.now, "photo", subject))
            case ev.Reshoot() | ev.SpreadFire():
                pass
            case _:
                self.books.soon(self._site.now, command)

    def _decide(self, command: ev.Decide) -> None:
        text = command.reading.text if command.reading else command.code
        answer = ev.Decided(command.pass_id, text, decided(text))
        if self._site.now < self.slow_until:
            life = self._life
            self._site.later(SLOW_ANSWER_S, lambda: self._put_in(life, answer))
        else:
            self.put(answer)

    def _put_in(self, life: int, event: ev.LaneEvent) -> None:
        """What was asked for in another life of the gateway finds nobody."""
        if life == self._life:
            self.put(event)

    def _store(self, command: ev.StoreDecision | ev.StoreMode) -> ev.LaneEvent | None:
        if self._site.now < self.slow_until:
            self._advance(SLOW_WRITE_S)
        failure = self.books.at_once(self._site.now, command)
        is_mode = isinstance(command, ev.StoreMode)
        return ev.StoreFailed(failure, mode=is_mode) if failure else None

    def _order(self, kind: Kind, pass_id: str) -> ev.LaneEvent | None:
        if kind is Kind.CLOSE and self._too_late():
            self._given(kind, pass_id, self._stepped_at, confirmed=False, done=False)
            return ev.BarrierFailed("the look is too old: not sent")
        trouble = self.wrong.popleft() if self.wrong else None
        if trouble is not None:
            self._site.note(trouble)
            self._site.later(0.2, lambda: self._site.note("board answers"))
        confirmed = trouble not in (Trouble.UNCONFIRMED, Trouble.LOST_ORDER)
        done = trouble not in (Trouble.LOST_ORDER, Trouble.DEAD_OUTPUT)
        self._given(kind, pass_id, self._site.now, confirmed=confirmed, done=done)
        if done:
            self._move(kind)
        if not confirmed:
            self._advance(TIMEOUT_S)
            return ev.BarrierFailed("slave 1 gave no answer: is it powered?")
        return None

    def _move(self, kind: Kind) -> None:
        if kind is Kind.CLOSE:
            self._site.told_to_close()
        else:
            self._site.told_to_open()

    def _given(self, kind: Kind, pass_id: str, at: float, *, confirmed: bool, done: bool) -> None:
        """What the bus refuses is an order of the lane all the same, of the instant it gave it."""
        life, look = self._life, self._look
        order = Order(at, kind, pass_id, confirmed, done, life, look, self.timing)
        self._history.orders.append(order)

    def _too_late(self) -> bool:
        """The bus refuses a close whose look is too old: `not_after`."""
        return bool(self._site.now > self.lane.sensors.read_at + self.timing.fresh_s)


def decided(text: str) -> Decision:
    if text in ALLOWED or text in LORRIES:
        return Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    reason = Reason.BLOCK_LIST if text in REFUSED else Reason.UNKNOWN_PLATE
    return Decision(Verdict.DENY, reason)
