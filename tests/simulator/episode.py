"""Level one: the pure lane in a simulated box, event by event, without one real second."""

import random
from dataclasses import replace
from functools import partial

from gateway.lane import events as ev
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.sensors import Timing
from gateway.lane.types import Inputs
from tests.simulator.camera import Camera
from tests.simulator.habits import driver
from tests.simulator.paper_runner import REAL, Machine, PaperRunner
from tests.simulator.sensors import Fitting
from tests.simulator.site import Site
from tests.simulator.troubles import Troubles
from tests.simulator.truth import History
from tests.simulator.weather import WEATHERS, Schedule, Trouble, Weather, weather_of

POLL_S = 0.05
LOST_PERIOD_S = 1.0
REST_S = 120.0
LATENESS_S, LONGEST_LATENESS_S = 0.11, 3.0
# Every fourth episode of a weather is played again with the wall's clock left alone.
TWIN_EACH = 4
QUICK = Timing(
    no_passage_s=6, between_s=4, loiter_s=8, loop_stuck_s=8, case_s=3, regate_s=4, clear_large_s=2
)
TIMINGS = QUICK, replace(QUICK, motions_per_min=5), replace(QUICK, open_when_lost=True), Timing()


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
        weather = weather or weather_of(seed)
        dice = random.Random(f"{seed}/box")
        fitting = Fitting(limits=dice.random() < 0.85, beam=dice.random() < 0.5)
        timing = dice.choices(TIMINGS, (4, 2, 2, 2))[0]
        travel_s = dice.choice((0.9, 1.5, 3.0))
        self.history = History(
            seed, calm=weather.is_calm, has_limits=fitting.limits, travel_s=travel_s
        )
        site_dice = random.Random(f"{seed}/site")
        self.site = Site(self.history, fitting, travel_s=travel_s, dice=site_dice)
        self.camera = Camera(random.Random(f"{seed}/camera"))
        self._runner = PaperRunner(machine, self.site, timing, self._advance)
        self._sets_clock = sets_clock
        self._plain = partial(Episode, seed, machine, weather=weather, sets_clock=False)
        self._habits = Schedule(weather.habits, weather.mean_arrival_s, f"{seed}/habits")
        self._weather = Schedule(weather.troubles, weather.mean_gap_s, f"{seed}/weather")
        self._troubles = Troubles(self, f"{seed}/troubles")
        self._dice = random.Random(f"{seed}/drivers")
        self._reload_dice = random.Random(f"{seed}/reload")
        self._silent_until = self._late_until = self._down_until = 0.0
        self._next_poll = self._heard_at = 0.0
        self._lost = False
        self._tell_timing()

    def _tell_timing(self) -> None:
        self.history.timings.append((self.site.now, self._runner.timing))

    # --- time --------------------------------------------------------------------------------

    def run(self, steps: int) -> History:
        if self._sets_clock and self.history.seed // len(WEATHERS) % TWIN_EACH == 0:
            self.history.twin = lambda: self._plain().run(steps)
        self._start()
        while self.history.steps < steps:
            self._round()
        self._come_to_rest()
        self.history.end = self.site.now
        return self.history

    def _round(self) -> None:
        self._advance(POLL_S)
        if self._is_down():
            return
        self._runner.tick_if_due()
        while self._runner.queue and not self._is_down():
            if self.site.now < self._late_until:
                self._advance(LATENESS_S)
            if self._runner.queue:
                self._runner.hear()

    def _is_down(self) -> bool:
        return self.site.now < self._down_until

    def _come_to_rest(self) -> None:
        """Nobody comes any more, what is broken heals, the office ends what it ordered."""
        self._habits = self._weather = Schedule({}, 1.0, "rest")
        self._runner.wrong.clear()
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
            self._runner.put(ev.PlateSeen(reading))

    def _poll(self, now: float) -> None:
        """As `gateway.polling` does: what was heard last counts for a while, then it is lost."""
        look = self.site.look(answered=now >= self._silent_until)
        self.history.looks.append(look)
        self.history.heard.append(float("inf"))
        number = len(self.history.looks) - 1
        if look.inputs is not None:
            self._heard_at, self._lost = now, False
            self._runner.put(ev.InputsSeen(look.inputs, now), number)
        elif now - self._heard_at > self._runner.timing.fresh_s:
            self._runner.put(ev.InputsSeen(_UNKNOWN, now), number)
            if not self._lost:
                self._runner.put(ev.Noticed(AlarmCode.INPUTS_LOST, "no answer"))
            self._lost = True
        self._next_poll = now + (LOST_PERIOD_S if self._lost else POLL_S)

    # --- what can be done to the box -----------------------------------------------------------

    def send(self, event: ev.LaneEvent) -> None:
        """Whoever delivers orders drops one that was answered; an agent's may come again.

        A gateway that is down hears nothing.
        """
        if self._is_down():
            return
        order_id, about = getattr(event, "order_id", ""), getattr(event, "pass_id", "")
        what = f"{event.kind} {event.hold_s:g}" if isinstance(event, ev.ModeOrdered) else about
        name = "" if isinstance(event, ev.ModeOrdered) else "AgentOpens "
        self.site.note("order", f"{order_id} {name}{what}")
        if about or order_id not in self._runner.books.answered:
            self._runner.put(event)

    def waiting_visit(self) -> str:
        visit = self._runner.lane.visit
        return visit.pass_id if visit is not None else ""

    def order_goes_wrong(self, trouble: Trouble) -> None:
        self._runner.wrong.append(trouble)

    def line_is(self, trouble: Trouble, for_s: float) -> None:
        late = trouble in (Trouble.LATENESS, Trouble.CROWD)
        self.site.note("late" if late else "silence")
        if late:
            self._late_until = self.site.now + min(for_s, LONGEST_LATENESS_S)
        else:
            self._silent_until = self.site.now + for_s

    def store_is(self, trouble: Trouble, for_s: float) -> None:
        if trouble is Trouble.SLOW_STORE:
            self.site.note("slow_store")
            self._runner.slow_until = self.site.now + for_s
            return
        self.site.note("store")
        self._runner.books.broken = True
        self.site.later(for_s, self._mend_store)

    def _mend_store(self) -> None:
        self._runner.books.broken = False
        self.site.note("store_works")
        self._runner.books.soon(self.site.now, None)

    def step_clock(self, by_s: float) -> None:
        self.site.note("clock", f"{by_s:.0f}")
        if self._sets_clock:
            self._runner.clock_s += by_s

    def crash(self, down_s: float) -> None:
        self._runner.books.crash()
        self._down_until = self.site.now + down_s
        self.site.note("crash")
        self.site.later(down_s, self._start)
        self._runner.stop()

    def reload(self) -> None:
        """A new runner with other times; a boom on its way down is watched to its end first."""
        if type(self._runner.lane.state).__name__ == "Closing" or self._is_down():
            self.site.later(0.5, self.reload)
            return
        self._runner.timing = self._reload_dice.choice(TIMINGS)
        self.site.note("reload")
        self._tell_timing()
        self._runner.stop()
        self._start()

    def _start(self) -> None:
        if self.site.now < self._down_until - 1e-9:
            return
        self.site.note("start")
        self._next_poll, self._lost = self.site.now, False
        self._heard_at = self.site.now
        self._runner.start()


_UNKNOWN = Inputs()
