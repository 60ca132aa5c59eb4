"""A whole box: two lanes on one line, from the contacts of their boards to the file on disk."""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from drivers.modbus.opening import Opening
from drivers.twins.board import Board
from gateway.books import Books
from gateway.lane import events as ev
from gateway.lane.types import Direction, Inputs, Level, Now, Verdict
from gateway.ports import Bus, DeviceError
from gateway.rules.access import AccessList
from gateway.store import Store
from tests.simulator.camera import Camera
from tests.simulator.episode import EPOCH, QUICK
from tests.simulator.habits import ALLOWED, LORRIES, REFUSED, driver
from tests.simulator.sensors import NAMES, Fitting
from tests.simulator.site import Site
from tests.simulator.troubles import Troubles
from tests.simulator.truth import History
from tests.simulator.weather import Schedule, Trouble, Weather
from tests.simulator.whole.line import BAUD, CHAR_S, WRITE, Fault, Line, VirtualPort
from tests.simulator.whole.parts import Parts, loop_time, poller_in_loop_time
from tests.simulator.whole.watched import (
    LaneRecord,
    WatchedBarrier,
    WatchedInputs,
    WatchedStore,
    watched_runner,
)

STEP_S = 0.02
POLL_S = 0.05
PULSE_MS = 500
OPEN, CLOSE = 0, 1
SLAVES = (1, 2)
NOBODY, CROWD, CROWD_PAUSE_S = 9, 5, 1.7
ACCESS = AccessList(
    frozenset((*ALLOWED, *LORRIES)), frozenset(REFUSED), Verdict.DENY
)
WRONG = {
    Trouble.UNCONFIRMED: (Fault.LOST, Fault.BROKEN, Fault.WRONG_SLAVE, Fault.LATE, Fault.OLD),
    Trouble.LOST_ORDER: (Fault.REFUSED,),
    Trouble.DEAD_OUTPUT: (Fault.LOST,),
}
CHANNELS = len(NAMES)


class WholeLane:
    """One lane's site, board and records: a `troubles.Box`."""

    def __init__(self, box: "WholeBox", slave: int, seed: str, weather: Weather) -> None:
        self._box = box
        self.name = f"lane-{slave}"
        self.history = History(box.seed, calm=not weather.troubles, reopens_s=0.4, busy_s=3.0)
        self.record = LaneRecord(self.history, QUICK)
        dice = random.Random(f"{seed}/box")
        fitting = Fitting(limits=True, beam=dice.random() < 0.5)
        self.site = Site(self.history, fitting, travel_s=1.5, dice=random.Random(f"{seed}/site"))
        self.history.travel_s, self.history.slave = 1.5, slave
        self.history.timings.append((0.0, QUICK))
        self.camera = Camera(random.Random(f"{seed}/camera"))
        self.board = Board(slave, channels=CHANNELS, clock=loop_time)
        self.runner: object | None = None
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

    def rest(self) -> None:
        self._habits = self._weather = Schedule({}, 1.0, "rest")

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


class WholeBox:
    """Everything outlives a crash but the gateway itself: sites, boards, line, file."""

    def __init__(self, folder: Path, seed: int, parts: Parts, weather: Weather) -> None:
        self.seed = seed
        self.parts = parts
        self.line = Line(random.Random(f"{seed}/line"))
        self.clock_s = 0.0
        self.crowd_until = 0.0
        self._bus: Bus | None = None
        self._crowd: set[asyncio.Task[None]] = set()
        self._ids = 0
        self._path = folder / f"{seed}.db"
        self.lanes = [WholeLane(self, slave, f"{seed}/{slave}", weather) for slave in SLAVES]
        self.line.boards = [lane.board for lane in self.lanes]
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = contextlib.AsyncExitStack()
        self._down_s = 0.0

    @classmethod
    async def play(
        cls, folder: Path, seed: int, parts: Parts, weather: Weather, seconds: float
    ) -> list[History]:
        """Made inside the loop, whose time its parts ask."""
        return await cls(folder, seed, parts, weather).run(seconds)

    async def run(self, seconds: float) -> list[History]:
        await self._start()
        until = loop_time() + seconds
        while loop_time() < until:
            for lane in self.lanes:
                lane.step()
            if self._down_s:
                await self._crash()
            self._crowd_line()
            await asyncio.sleep(STEP_S)
            self._check()
        await self._stop()
        for lane in self.lanes:
            lane.history.end = loop_time()
            lane.history.sent = self.line.sent
        return [lane.history for lane in self.lanes]

    def now(self) -> Now:
        self._ids += 1
        mono = loop_time()
        return Now(mono, EPOCH + timedelta(seconds=mono + self.clock_s), f"{self._ids:032x}")

    def crash_soon(self, down_s: float) -> None:
        self._down_s = max(self._down_s, down_s)

    def fill_disk(self, *, full: bool) -> None:
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.execute("drop trigger if exists full")
            if full:
                words = "select raise(fail, 'the disk is full')"
                db.execute(f"create trigger full before insert on outbox begin {words}; end")

    async def _start(self) -> None:
        self._store = Store.open(self._path, "box-1")
        bus = await self._stack.enter_async_context(self.parts.bus.taking_turns(self._wire()))
        self._bus = bus
        for lane in self.lanes:
            self._tasks += await self._started(lane, {"line": bus})
            lane.site.note("start")

    def _wire(self) -> object:
        async def opened() -> VirtualPort:
            return VirtualPort(self.line)

        pace = self.parts.wire.Pace(baud=BAUD, char_s=CHAR_S, timeout_s=0.06, quiet_s=0.1)
        return self.parts.wire.RtuWire("line", Opening("line", opened, (1.0,)), pace)

    async def _started(self, lane: WholeLane, buses: dict[str, object]) -> list[asyncio.Task[None]]:
        parts, record = self.parts, lane.record
        relay = parts.relay.connect(relay_settings(parts, lane.board.slave), buses)
        inputs = parts.inputs.connect(input_settings(parts, lane.board.slave, lane.site), buses)
        barrier = WatchedBarrier(
            await self._stack.enter_async_context(relay), record, self.line, lane.board
        )
        reader = WatchedInputs(await self._stack.enter_async_context(inputs), lane.site)
        store = WatchedStore(self._store, lane.history)
        books = Books(store, lane.name, Direction.ENTRY, wall=lambda: self.now().wall)
        record.life, record.look = record.life + 1, -1
        runner = watched_runner(parts.runner, record)(
            books, barrier, access=ACCESS, timing=QUICK, clock=self.now, eyes=record, outside=record
        )
        lane.runner = runner
        poller = poller_in_loop_time(parts.polling)(
            lane.name, reader, runner.inbox, period_s=POLL_S, fresh_s=QUICK.fresh_s
        )
        return [
            asyncio.create_task(work)
            for work in (runner.run(), books.write_always(), poller.run())
        ]

    def _crowd_line(self) -> None:
        """Another device of the box writes to a board that is not there: orders, like ours."""
        if loop_time() < self.crowd_until and not self._crowd:
            for _ in range(CROWD):
                write = asyncio.create_task(self._crowding())
                self._crowd.add(write)
                write.add_done_callback(self._crowd.discard)

    async def _crowding(self) -> None:
        assert self._bus is not None, "the crowd comes after the start"
        with contextlib.suppress(DeviceError):
            await self._bus.write_register(NOBODY, 0, 1)
        await asyncio.sleep(CROWD_PAUSE_S)

    async def _crash(self) -> None:
        for lane in self.lanes:
            lane.site.note("crash")
        down_s, self._down_s = self._down_s, 0.0
        await self._stop()
        until = loop_time() + down_s
        while loop_time() < until:
            for lane in self.lanes:
                lane.step()
            await asyncio.sleep(STEP_S)
        self._down_s = 0.0
        await self._start()

    async def _stop(self) -> None:
        for lane in self.lanes:
            lane.runner = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._stack.aclose()
        await self._store.close()

    def _check(self) -> None:
        """An error in the gateway's own code ends the episode."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error


def relay_settings(parts: Parts, slave: int) -> object:
    settings: Callable[..., object] = parts.relay.Settings
    return settings(
        driver="modbus_relay", bus="line", slave=slave, outputs=8, timed_pulse_base=0x0200,
        quantum_ms=100, open_output=OPEN + 1, close_output=CLOSE + 1, pulse_ms=PULSE_MS,
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

