"""Level one: the pure lane in a simulated box, event by event, without one real second."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from gateway.lane import events as ev
from gateway.lane import machine
from gateway.lane.reports import AlarmCode, Mode, ModeKind
from gateway.lane.sensors import Timing
from gateway.lane.states import Lane
from gateway.lane.types import Decision, Inputs, Now, Reason, Verdict
from tests.simulator.camera import Camera
from tests.simulator.habits import ALLOWED, LORRIES, REFUSED, driver
from tests.simulator.paper import PaperBooks
from tests.simulator.sensors import Fitting
from tests.simulator.site import Site
from tests.simulator.troubles import Troubles
from tests.simulator.truth import Alarm, Happening, History, Kind, Order
from tests.simulator.weather import WEATHERS, Schedule, Trouble, Weather, weather_of

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
POLL_S = 0.05
WRITE_S, TIMEOUT_S = 0.01, 0.08
LOST_PERIOD_S = 1.0
LONGEST_WAIT_S = 1.0
REST_S = 120.0
LONGEST_LATENESS_S = 3.0
# Every fourth episode of a weather is played again with the wall's clock left alone.
TWIN_EACH = 4
NOT_AFTER_A_FAILURE = ev.OpenBarrier | ev.CloseBarrier | ev.StoreRaise
QUICK = Timing(
    no_passage_s=6, between_s=4, loiter_s=8, loop_stuck_s=8, case_s=3, regate_s=4, clear_large_s=2
)
TIMINGS = QUICK, replace(QUICK, motions_per_min=5), replace(QUICK, open_when_lost=True), Timing()


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


class Episode:
    """A `troubles.Box`. The same seed and machine give the same history, to the last word."""

    def __init__(
        self,
        seed: int,
        machine: Machine = REAL,
        *,
        weather: Weather | None = None,
        sets_clock: bool = True,
    ) -> None:
        self._machine = machine
        self._sets_clock = sets_clock
        weather = weather or weather_of(seed)
        dice = random.Random(f"{seed}/box")
        self.history = History(seed)
        fitting = Fitting(limits=dice.random() < 0.85, beam=dice.random() < 0.5)
        self.timing = dice.choices(TIMINGS, (4, 2, 2, 2))[0]
        self.site = Site(
            self.history,
            fitting,
            travel_s=dice.choice((0.9, 1.5, 3.0)),
            dice=random.Random(f"{seed}/site"),
        )
        self.camera = Camera(random.Random(f"{seed}/camera"))
        self._books = PaperBooks(self.history)
        self.history.calm = not weather.troubles
        self.history.has_limits = fitting.limits
        self.history.travel_s = self.site.arm.travel_s
        self._told_timing()
        self._habits = Schedule(weather.habits, weather.mean_arrival_s, f"{seed}/habits")
        self._weather = Schedule(weather.troubles, weather.mean_gap_s, f"{seed}/weather")
        self._troubles = Troubles(self, f"{seed}/troubles")
        self._dice = random.Random(f"{seed}/drivers")
        self._reload_dice = random.Random(f"{seed}/reload")
        self._queue: deque[Queued] = deque()
        self._lane = machine.start()
        self._life = 0
        self._ids = 0
        self._clock_s = 0.0
        self._silent_until = self._late_until = self._slow_until = self._down_until = 0.0
        self._next_poll = self._last_event = self._heard_at = 0.0
        self._lost = False
        self._stepped_at = 0.0
        self._look = -1
        self._wrong: deque[Trouble] = deque()

    def _told_timing(self) -> None:
        self.history.timings.append((self.site.now, self.timing))

    # --- time --------------------------------------------------------------------------------

    def run(self, steps: int) -> History:
        if self._sets_clock and self.history.seed // len(WEATHERS) % TWIN_EACH == 0:
            plain = partial(Episode, self.history.seed, self._machine, sets_clock=False)
            self.history.twin = lambda: plain().run(steps)
        self._start()
        while self.history.steps < steps:
            self._round()
        self._come_to_rest()
        self.history.end = self.site.now
        return self.history

    def _round(self) -> None:
        self._advance(POLL_S)
        if self.site.now < self._down_until:
            return
        self._tick_if_due()
        while self._queue and self.site.now >= self._down_until:
            self._hear(self._queue.popleft())

    def _come_to_rest(self) -> None:
        """Nobody comes any more, what is broken heals, the office ends what it ordered."""
        self._habits = self._weather = Schedule({}, 1.0, "rest")
        self._wrong.clear()
        until = self.site.now + REST_S
        self.site.later(REST_S / 3, self.site.press_reset)
        ends = ev.ModeOrdered("the end", ModeKind.AUTOMATIC, "office", "the end")
        self.site.later(REST_S / 3 + 1.0, lambda: self.send(ends))
        while self.site.now < until:
            self._round()
        self.history.came_to_rest = True

    def _advance(self, for_s: float) -> None:
        """The world goes on, whatever the lane waits for; polls go on, too."""
        until = self.site.now + for_s
        while until - self.site.now > 1e-9:
            self._move_on(min(POLL_S, until - self.site.now))

    def _move_on(self, dt_s: float) -> None:
        site = self.site
        site.step(dt_s)
        now = site.now
        habit = self._habits.due(now)
        if habit is not None:
            site.admit(driver(habit, self._dice))
        trouble = self._weather.due(now)
        if trouble is not None:
            site.note("trouble", trouble)
            self._troubles.strike(trouble)
        if now < self._down_until:
            return
        if now >= self._next_poll - 1e-9:
            self._poll(now)
        for reading in self.camera.look(site.street, now):
            self.history.readings.setdefault(reading.text, []).append((now, reading.sure))
            self._queue.append(Queued(ev.PlateSeen(reading)))

    def _poll(self, now: float) -> None:
        """As `gateway.polling` does: what was heard last counts for a while, then it is lost."""
        answered = now >= self._silent_until
        look = self.site.look(answered=answered)
        self.history.looks.append(look)
        self.history.heard.append(float("inf"))
        number = len(self.history.looks) - 1
        if look.inputs is not None:
            self._heard_at, self._lost = now, False
            self._queue.append(Queued(ev.InputsSeen(look.inputs, now), number))
        elif now - self._heard_at > self.timing.fresh_s:
            self._queue.append(Queued(ev.InputsSeen(_UNKNOWN, now), number))
            if not self._lost:
                self._queue.append(Queued(ev.Noticed(AlarmCode.INPUTS_LOST, "no answer")))
            self._lost = True
        self._next_poll = now + (LOST_PERIOD_S if self._lost else POLL_S)

    def _tick_if_due(self) -> None:
        """The runner's patience: a deadline, or a second in which nothing came."""
        now = self.site.now
        if self._queue:
            self._last_event = now
            return
        deadline = self._machine.next_deadline(self._lane)
        due = deadline is not None and self._last_event < deadline <= now
        if due or now - self._last_event >= LONGEST_WAIT_S:
            self._queue.append(Queued(ev.Tick()))
            self._last_event = now

    # --- the runner --------------------------------------------------------------------------

    def _hear(self, queued: Queued) -> None:
        if self.site.now < self._late_until:
            self._advance(0.11)
        if queued.look >= 0:
            self.history.heard[queued.look] = self.site.now
            self._look = queued.look
        self._handle(queued.event)

    def _handle(self, event: ev.LaneEvent) -> None:
        self.history.steps += 1
        life, self._stepped_at = self._life, self.site.now
        self._lane, commands = self._machine.step(self._lane, event, self._now(), self.timing)
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
        mono = self.site.now
        wall = EPOCH + timedelta(seconds=mono + self._clock_s)
        return Now(mono, wall, f"{self._ids:032x}")

    def _execute(self, command: ev.Command) -> ev.LaneEvent | None:
        match command:
            case ev.RaiseAlarm(code, detail):
                self.history.alarms.append(Alarm(self.site.now, code, detail))
            case ev.Decide():
                self._decide(command)
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
            case ev.AnswerOrder(order_id):
                self._books.answered.add(order_id)
            case ev.TakePhoto(subject):
                self.history.happened.append(Happening(self.site.now, "photo", subject))
            case ev.Reshoot() | ev.SpreadFire():
                pass
            case _:
                self._books.soon(self.site.now, command)
        return None

    def _decide(self, command: ev.Decide) -> None:
        text = command.reading.text if command.reading else command.code
        answer = Queued(ev.Decided(command.pass_id, text, decided(text)))
        if self.site.now < self._slow_until:
            self.site.later(1.5, lambda: self._queue.append(answer))
        else:
            self._queue.append(answer)

    def _store(self, command: ev.StoreDecision | ev.StoreMode) -> ev.LaneEvent | None:
        if self.site.now < self._slow_until:
            self._advance(0.4)
        failure = self._books.at_once(self.site.now, command)
        is_mode = isinstance(command, ev.StoreMode)
        return ev.StoreFailed(failure, mode=is_mode) if failure else None

    def _order(self, kind: Kind, pass_id: str) -> ev.LaneEvent | None:
        if kind is Kind.CLOSE and self._too_late():
            self._given(kind, pass_id, confirmed=False, done=False, at=self._stepped_at)
            return ev.BarrierFailed("the look is too old: not sent")
        trouble = self._wrong.popleft() if self._wrong else None
        if trouble is not None:
            self.site.note(trouble)
            self.site.later(0.2, lambda: self.site.note("board answers"))
        confirmed = trouble not in (Trouble.UNCONFIRMED, Trouble.LOST_ORDER)
        done = trouble not in (Trouble.LOST_ORDER, Trouble.DEAD_OUTPUT)
        self._given(kind, pass_id, confirmed=confirmed, done=done)
        if done and kind is Kind.CLOSE:
            self.site.told_to_close()
        elif done:
            self.site.told_to_open()
        if not confirmed:
            self._advance(TIMEOUT_S)
            return ev.BarrierFailed("slave 1 gave no answer: is it powered?")
        return None

    def _given(
        self, kind: Kind, pass_id: str, *, confirmed: bool, done: bool, at: float | None = None
    ) -> None:
        """What the bus refuses is an order of the lane all the same, of the instant it gave it."""
        at = self.site.now if at is None else at
        life, look = self._life, self._look
        order = Order(at, kind, pass_id, confirmed, done, life, look, self.timing)
        self.history.orders.append(order)

    def _too_late(self) -> bool:
        """The bus refuses a close whose look is too old: `not_after`."""
        return self.site.now > self._lane.sensors.read_at + self.timing.fresh_s

    # --- what can be done to the box -----------------------------------------------------------

    def send(self, event: ev.LaneEvent) -> None:
        """Whoever delivers orders drops one that was answered; an agent's comes as often as it may."""
        order_id, about = getattr(event, "order_id", ""), getattr(event, "pass_id", "")
        what = f"{event.kind} {event.hold_s:g}" if isinstance(event, ev.ModeOrdered) else about
        name = "" if isinstance(event, ev.ModeOrdered) else "AgentOpens "
        self.site.note("order", f"{order_id} {name}{what}")
        if about or order_id not in self._books.answered:
            self._queue.append(Queued(event))

    def waiting_visit(self) -> str:
        visit = self._lane.visit
        return visit.pass_id if visit is not None else ""

    def order_goes_wrong(self, trouble: Trouble) -> None:
        self._wrong.append(trouble)

    def line_is(self, trouble: Trouble, for_s: float) -> None:
        until = self.site.now + for_s
        late = trouble in (Trouble.LATENESS, Trouble.CROWD)
        self.site.note("late" if late else "silence")
        if late:
            self._late_until = self.site.now + min(for_s, LONGEST_LATENESS_S)
        else:
            self._silent_until = until

    def store_is(self, trouble: Trouble, for_s: float) -> None:
        if trouble is Trouble.SLOW_STORE:
            self.site.note("slow_store")
            self._slow_until = self.site.now + for_s
            return
        self.site.note("store")
        self._books.broken = True
        self.site.later(for_s, self._mend_store)

    def _mend_store(self) -> None:
        self._books.broken = False
        self.site.note("store_works")
        self._books.soon(self.site.now, None)

    def step_clock(self, by_s: float) -> None:
        self.site.note("clock", f"{by_s:.0f}")
        if self._sets_clock:
            self._clock_s += by_s

    def crash(self, down_s: float) -> None:
        """State and what waits are lost; the file is kept."""
        self._books.crash()
        self._down_until = self.site.now + down_s
        self.site.note("crash")
        self.site.later(down_s, self._start)
        self._stop()

    def reload(self) -> None:
        """A new runner with other times; a boom on its way down is watched to its end first."""
        if type(self._lane.state).__name__ == "Closing" or self.site.now < self._down_until:
            self.site.later(0.5, self.reload)
            return
        self.timing = self._reload_dice.choice(TIMINGS)
        self.site.note("reload")
        self._told_timing()
        self._stop()
        self._start()

    def _stop(self) -> None:
        self._queue.clear()
        self._lane = self._machine.start()
        self._life += 1

    def _start(self) -> None:
        if self.site.now < self._down_until - 1e-9:
            return
        self.site.note("start")
        self._next_poll, self._lost, self._look = self.site.now, False, -1
        self._last_event = self._heard_at = self.site.now
        mode = self._books.mode
        if mode is not None:
            self._queue.append(Queued(ev.ModeRestored(mode, self._left_s(mode))))
        self._queue.extend(Queued(ev.Resumed(visit)) for visit in self._books.open_visits())

    def _left_s(self, mode: Mode) -> float:
        """By the wall's clock, which may have been set: never more than it had."""
        if mode.ends_at is None:
            return 0.0
        wall = EPOCH + timedelta(seconds=self.site.now + self._clock_s)
        left_s = (mode.ends_at - wall).total_seconds()
        return min(left_s, (mode.ends_at - mode.since).total_seconds())


def decided(text: str) -> Decision:
    if text in ALLOWED or text in LORRIES:
        return Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    reason = Reason.BLOCK_LIST if text in REFUSED else Reason.UNKNOWN_PLATE
    return Decision(Verdict.DENY, reason)


_UNKNOWN = Inputs()
