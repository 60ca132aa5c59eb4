"""One lane of the whole box: its site, its board, its records."""

import random
from collections.abc import Callable
from typing import Any, Protocol

from drivers.twins.board import Board
from gateway.lane import events as ev
from gateway.lane.types import Inputs, Level
from tests.simulator.camera import Camera
from tests.simulator.episode import QUICK
from tests.simulator.habits import driver
from tests.simulator.sensors import NAMES, Fitting
from tests.simulator.site import Site
from tests.simulator.troubles import Troubles
from tests.simulator.truth import History
from tests.simulator.weather import Schedule, Trouble, Weather
from tests.simulator.whole.line import WRITE, Fault, Line
from tests.simulator.whole.parts import Parts, loop_time
from tests.simulator.whole.watched import LaneRecord

OPEN, CLOSE = 0, 1
CHANNELS = len(NAMES)
WRONG = {
    Trouble.UNCONFIRMED: (Fault.LOST, Fault.BROKEN, Fault.WRONG_SLAVE, Fault.LATE, Fault.OLD),
    Trouble.LOST_ORDER: (Fault.REFUSED,),
    Trouble.DEAD_OUTPUT: (Fault.LOST,),
}


class Gateway(Protocol):
    """What a lane's troubles need of the box around it."""

    seed: int
    line: Line
    clock_s: float
    crowd_until: float

    def fill_disk(self, *, full: bool) -> None: ...
    def crash_soon(self, down_s: float) -> None: ...


class WholeLane:
    """One lane's site, board and records: a `troubles.Box`."""

    def __init__(self, box: Gateway, slave: int, seed: str, weather: Weather) -> None:
        self._box = box
        self.name = f"lane-{slave}"
        self.history = History(box.seed, calm=weather.is_calm, reopens_s=0.4, busy_s=3.0)
        self.record = LaneRecord(self.history, QUICK)
        dice = random.Random(f"{seed}/box")
        fitting = Fitting(limits=True, beam=dice.random() < 0.5)
        self.site = Site(self.history, fitting, travel_s=1.5, dice=random.Random(f"{seed}/site"))
        self.history.travel_s, self.history.slave = 1.5, slave
        self.history.timings.append((0.0, QUICK))
        self.camera = Camera(random.Random(f"{seed}/camera"))
        # Some controllers want a contact that is held for long: then a close has to wait for it.
        self.history.pulse_s = dice.choice((0.5, 0.5, 4.0))
        self.board = Board(slave, channels=CHANNELS, clock=loop_time)
        self.runner: Any = None
        self._habits = Schedule(weather.habits, weather.mean_arrival_s, f"{seed}/habits")
        self._weather = Schedule(weather.troubles, weather.mean_gap_s, f"{seed}/weather")
        self._troubles = Troubles(self, f"{seed}/troubles")
        self._dice = random.Random(f"{seed}/drivers")
        self._held = False
        self._contacts = (False, False)

    def step(self) -> None:
        """20 ms of the site; the board's contacts move the arm, the site sets its inputs."""
        self._obey()
        self.site.step(loop_time() - self.site.now)
        now = self.site.now
        if (habit := self._habits.due(now)) is not None:
            self.site.admit(driver(habit, self._dice))
        if (trouble := self._weather.due(now)) is not None:
            self.site.note("trouble", trouble)
            self._troubles.strike(trouble)
        for reading in self.camera.look(self.site.street, now):
            self.history.readings.setdefault(reading.text, []).append((now, reading.sure))
            self.send(ev.PlateSeen(reading))
        self._show()

    def _obey(self) -> None:
        relays = self.board.relays()
        contacts = relays[OPEN], relays[CLOSE]
        if contacts != self._contacts:
            self._contacts = contacts
            self.history.contacts.append((loop_time(), *contacts))
        if contacts[OPEN]:
            self.site.told_to_open()
        elif contacts[CLOSE] and not self._held:
            self.site.told_to_close()
        self._held = contacts[CLOSE]

    def _show(self) -> None:
        inputs = self.site.look().inputs
        assert inputs is not None, "a site always answers; a line may not"
        levels = [getattr(inputs, name) for name in NAMES]
        # A contact is open or closed; it cannot say that it does not know.
        shown = Inputs(*(Level.OFF if one is Level.UNKNOWN else one for one in levels))
        self.board.inputs[:] = [one is Level.ON for one in levels]
        if not self.history.shown or self.history.shown[-1][1] != shown:
            self.history.shown.append((loop_time(), shown))

    # --- what can be done to the box -----------------------------------------------------------

    def send(self, event: ev.LaneEvent) -> None:
        order_id = getattr(event, "order_id", "")
        if order_id:
            about = getattr(event, "pass_id", "") or getattr(event, "kind", "")
            what = "AgentOpens " if isinstance(event, ev.AgentOpens) else ""
            self.site.note("order", f"{order_id} {what}{about}")
        if self.runner is not None:
            self.runner.inbox.put(event)

    def waiting_visit(self) -> str:
        visit = self.runner.lane.visit if self.runner is not None else None
        return visit.pass_id if visit is not None else ""

    def order_goes_wrong(self, trouble: Trouble) -> None:
        self._box.line.faults.append((WRITE, self._dice.choice(WRONG[trouble])))

    def line_is(self, trouble: Trouble, for_s: float) -> None:
        line, slave = self._box.line, self.board.slave
        match trouble:
            case Trouble.SILENCE:
                self.site.note("silence")
                line.dead_until[slave] = loop_time() + for_s
            case Trouble.GAP:
                self.site.note("silence")
                line.faults.append((0, self._dice.choice(tuple(Fault))))
            case Trouble.CROWD:
                self.site.note("late")
                self._box.crowd_until = loop_time() + for_s
            case _:
                self.site.note("late")
                line.share = 0.15
                self.site.later(for_s, self._line_is_good)

    def _line_is_good(self) -> None:
        self._box.line.share = 0.0

    def store_is(self, trouble: Trouble, for_s: float) -> None:
        self.site.note("store")
        self._box.fill_disk(full=True)
        self.site.later(for_s, self._mend_store)

    def _mend_store(self) -> None:
        self.site.note("store_works")
        self._box.fill_disk(full=False)

    def step_clock(self, by_s: float) -> None:
        self.site.note("clock", f"{by_s:.0f}")
        self._box.clock_s += by_s

    def crash(self, down_s: float) -> None:
        self._box.crash_soon(down_s)

    def reload(self) -> None:
        """In this box a reload is a stop in good order, and a start."""
        self._box.crash_soon(0.5)


def relay_settings(parts: Parts, lane: WholeLane) -> object:
    settings: Callable[..., object] = parts.relay.Settings
    return settings(
        driver="modbus_relay", bus="line", slave=lane.board.slave, outputs=8,
        timed_pulse_base=0x0200, quantum_ms=100, open_output=OPEN + 1, close_output=CLOSE + 1,
        pulse_ms=round(lane.history.pulse_s * 1000),
    )  # fmt: skip


def input_settings(parts: Parts, slave: int, site: Site) -> object:
    fitting = site.contacts.fitting
    wired = {
        name: {"channel": channel, "active": "closed"}
        for channel, name in enumerate(NAMES, start=1)
        if fitting.has(name)
    }
    settings: Callable[..., object] = parts.inputs.Settings
    return settings(
        driver="modbus_inputs", bus="line", slave=slave, first_input=0, inputs=CHANNELS, **wired
    )
