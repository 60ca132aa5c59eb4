"""A whole box: two lanes on one line, from the contacts of their boards to the file on disk."""

import asyncio
import contextlib
import random
import sqlite3
from datetime import timedelta
from pathlib import Path

from drivers.modbus.opening import Opening
from gateway.books import Books
from gateway.lane.types import Direction, Now, Verdict
from gateway.ports import Bus, DeviceError
from gateway.rules.access import AccessList
from gateway.store import Store
from tests.simulator.episode import QUICK
from tests.simulator.habits import ALLOWED, LORRIES, REFUSED
from tests.simulator.paper_runner import EPOCH
from tests.simulator.truth import History
from tests.simulator.weather import Weather
from tests.simulator.whole.lane import WholeLane, input_settings, relay_settings
from tests.simulator.whole.line import BAUD, CHAR_S, Line, VirtualPort
from tests.simulator.whole.parts import Parts, loop_time, poller_in_loop_time
from tests.simulator.whole.watched import (
    WatchedBarrier,
    WatchedInputs,
    WatchedStore,
    watched_runner,
)

STEP_S = 0.02
POLL_S = 0.05
SLAVES = (1, 2)
NOBODY, CROWD, CROWD_PAUSE_S = 9, 5, 1.7
ACCESS = AccessList(frozenset((*ALLOWED, *LORRIES)), frozenset(REFUSED), Verdict.DENY)


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
        relay = parts.relay.connect(relay_settings(parts, lane), buses)
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
            asyncio.create_task(work) for work in (runner.run(), books.write_always(), poller.run())
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
