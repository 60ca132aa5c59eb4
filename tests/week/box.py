"""The real gateway's parts in virtual time: store, rights, rules, books and three lanes."""

import asyncio
import contextlib
import hashlib
import shutil
from pathlib import Path
from typing import Any

from gateway.books import TRY_AGAIN_S, Books
from gateway.config import Config, LaneConfig, load
from gateway.daily import publish_ledgers
from gateway.lane.events import FireSeen, JudgeAgain
from gateway.lane.machine import next_deadline
from gateway.lane.sensors import Timing
from gateway.lane.states import Idle
from gateway.lane.types import Now
from gateway.lanes import _is_of
from gateway.parking import Park
from gateway.parking.opening import open_park
from gateway.runner import LONGEST_WAIT_S, LaneRunner
from gateway.store import Store
from gateway.store.clock import BoxClock
from gateway.store.records import utc_text
from gateway.sync.protocol import Moment
from tests.storyteller.virtual_time import START_S
from tests.week.cloud import Cloud
from tests.week.site import SparePoller, loop_time
from tests.week.street import Gate
from tests.week.truth import Truth, now, wall

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LEDGER_S = 900.0
SLOW_S = 6.0
LANES = {"north": "entry", "east": "exit", "west": "exit"}
GATEWAY = "week-box"

_TOP = """
gateway: {gateway}
data: {data}
access: {{unknown: allow}}
parking:
  tariffs: {tariffs}
  pay_link: https://pay.example/t/{{ticket}}
  policy: {{owe_fen: 3000, owe_all_fen: 8000}}
buses:
  line:
    driver: simulated
    name: week
    baud: 19200
    lanes: [{{name: north, slave: 1}}, {{name: east, slave: 2}}, {{name: west, slave: 3}}]
lanes:
"""
_LANE = """
  - name: {name}
    direction: {direction}
    poll_ms: 500
    barrier: {{profile: barrier/waveshare-relay-d-8ch, bus: line, slave: {slave}, open_output: 1,
      close_output: 2}}
    inputs:
      profile: inputs/waveshare-relay-d-8ch
      bus: line
      slave: {slave}
      up_limit: {{channel: 1, active: closed}}
      down_limit: {{channel: 2, active: closed}}
      arming_loop: {{channel: 3, active: closed}}
      closing_loop: {{channel: 4, active: open}}
      open_button: {{channel: 7, active: closed}}
    timing: {{travel_s: 1.5, fresh_s: 1.5, decide_s: 4.0}}
"""


class WeekClock:
    """Ids that no two runs draw otherwise, and that look like real ones."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._asked = 0

    def __call__(self) -> Now:
        self._asked += 1
        drawn = hashlib.blake2b(f"{self._seed} {self._asked}".encode(), digest_size=16)
        return Now(loop_time(), now(), drawn.hexdigest())


class VirtualBoxClock(BoxClock):
    """The store's thread asks it, so it knows its loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.trusted = True
        self._loop = loop

    def now(self) -> Moment:
        at_s = self._loop.time()
        return Moment(utc_text(wall(at_s)), "week", "ok", int(at_s * 1000))


class WeekRunner(LaneRunner):
    """As the real one, but that an idle lane has no tick each second."""

    def _patience_s(self) -> float:
        if isinstance(self.lane.state, Idle) and next_deadline(self.lane) is None:
            return 3600.0
        return min(super()._patience_s(), LONGEST_WAIT_S)


class WeekBooks(Books):
    """As the real ones, but that they do not look each second whether something waits."""

    async def write_always(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while not await self.write_waiting():
                await asyncio.sleep(TRY_AGAIN_S)


class WeekPoller(SparePoller):
    runner: LaneRunner

    def idle(self) -> bool:
        return isinstance(self.runner.lane.state, Idle)


class Box:
    """Dies once a day and starts again from what is on the disk."""

    def __init__(self, folder: Path, seed: int, tariffs: Path, truth: Truth, cloud: Cloud) -> None:
        self.folder = folder
        self.truth = truth
        self.cloud = cloud
        self.clock = WeekClock(seed)
        self.lives = 0
        self._tariffs = tariffs
        self._tasks: list[asyncio.Task[Any]] = []
        self.gates = {
            lane.name: Gate(lane.name, lane.direction, truth, others=self._spread)
            for lane in self._config().lanes
        }
        self.store: Store
        self.park: Park
        self._parking: contextlib.AbstractAsyncContextManager[tuple[Park, str]]

    @property
    def database(self) -> Path:
        return self._home / "lanegate.db"

    @property
    def _home(self) -> Path:
        return self.folder / f"life-{self.lives}"

    @property
    def _file(self) -> Path:
        return self._home / "lanegate.yaml"

    def _config(self) -> Config:
        self._home.mkdir(exist_ok=True)
        text = _TOP.format(gateway=GATEWAY, data=self._home, tariffs=self._tariffs)
        for slave, (name, direction) in enumerate(LANES.items(), start=1):
            text += _LANE.format(name=name, direction=direction, slave=slave)
        self._file.write_text(text, encoding="utf-8")
        return load(self._file, ROOT / "config" / "profiles")

    async def start(self) -> None:
        config = self._config()
        self.store = Store.open(self.database, GATEWAY)
        self.store.clock = VirtualBoxClock(asyncio.get_running_loop())
        self._parking = open_park(config, self._file, self.store, self.clock)
        self.park, trouble = await self._parking.__aenter__()
        assert not trouble
        self.park.connect(self.cloud, self._changed, self.cloud.news.set)
        for lane in config.lanes:
            self._start_lane(config, lane)
        told = self.cloud.news.set
        self._begin(publish_ledgers(self.store, self.clock, committed=told, look_s=LEDGER_S))
        self.cloud.park, self.cloud.store = self.park, self.store
        self.cloud.news.set()

    def _start_lane(self, config: Config, lane: LaneConfig) -> None:
        gate = self.gates[lane.name]
        books = WeekBooks(
            self.store, lane.name, lane.direction, committed=self.cloud.news.set,
            wall=lambda: self.clock().wall, place=self.park.place_of(lane),
        )  # fmt: skip
        gate.runner = WeekRunner(
            books, gate.site, access=config.access_list(lane), clock=self.clock,
            timing=Timing(**lane.timing.model_dump()), outside=gate, judge=self.park.judge_of(lane),
        )  # fmt: skip
        for work in (gate.runner.run(), books.write_always(), self._poller(gate, lane).run()):
            self._begin(work)

    def _poller(self, gate: Gate, lane: LaneConfig) -> WeekPoller:
        runner = gate.runner
        assert runner is not None
        poller = WeekPoller(
            lane.name, gate.site, runner.inbox, period_s=0.5, fresh_s=lane.timing.fresh_s
        )
        poller.site, poller.runner = gate.site, runner
        return poller

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.truth.wrong(f"the gateway stopped: {type(error).__name__}: {error}")

    def _changed(self, changed: Any) -> None:
        for gate in self.gates.values():
            if gate.visit is not None and gate.inbox is not None and _is_of(gate.visit, changed):
                gate.inbox.put(JudgeAgain(gate.visit.pass_id))

    def _spread(self, lane: str, reset: bool) -> None:  # noqa: FBT001
        for gate in self.gates.values():
            if gate.name != lane and gate.inbox is not None:
                gate.inbox.put(FireSeen(reset))

    async def kill(self, down_s: float) -> None:
        """All at once, as by SIGKILL; what was committed is all that the next life has."""
        self.truth.kills.append(loop_time())
        self.cloud.park = self.cloud.store = None
        for gate in self.gates.values():
            gate.runner = None
            crossing = gate.crossing
            if crossing is not None and loop_time() - (crossing.off_s or loop_time()) < SLOW_S:
                crossing.clouded = True
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._drop()
        await asyncio.sleep(down_s)
        await self.start()

    async def _drop(self) -> None:
        """Leaves the files as they are on the disk, and goes on with a copy of them."""
        old, old_home, rights = self.store, self._home, self.park.parts.rights
        old._closed = rights._closed = True
        for thread in (old._thread, rights._writer, rights._reader):
            await asyncio.get_running_loop().run_in_executor(thread, int)
        self.lives += 1
        shutil.copytree(old_home, self._home, ignore=shutil.ignore_patterns("*-shm"))
        old._closed = rights._closed = False
        await old.close()
        await self._parking.__aexit__(None, None, None)
        shutil.rmtree(old_home)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.close()
        await self._parking.__aexit__(None, None, None)


def seconds(at_s: float) -> float:
    """Of the loop, for seconds of the week."""
    return START_S + at_s
