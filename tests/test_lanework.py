"""Lanes that crash, start again and are reloaded: real devices' drivers on a line made of paper."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import yaml

from gateway import lanework
from gateway.app import clock
from gateway.config import LaneConfig, load
from gateway.evidence import Evidence
from gateway.health import Health
from gateway.lane.types import Verdict
from gateway.lanes import Lanes
from gateway.lanework import LaneWork, Shared, supervised
from gateway.ports import DeviceError
from gateway.rules.access import AccessList
from gateway.store import Store
from tests.system.box import a_lane

PROFILES = Path(__file__).parents[1] / "config" / "profiles"
NOBODY = AccessList(frozenset(), frozenset(), Verdict.DENY)
CLOSED, OPEN = True, False
QUIET = (OPEN, CLOSED, OPEN, CLOSED, OPEN, OPEN, OPEN, OPEN)
TCP = {"driver": "modbus_tcp", "host": "127.0.0.1", "port": 9}


class PaperLine:
    """A bus whose inputs answer with `word`, or raise it."""

    def __init__(self, word=QUIET):
        self.word = word
        self.asked = 0

    async def read_discrete_inputs(self, slave, first, count, *, turn):
        self.asked += 1
        if isinstance(self.word, Exception):
            raise self.word
        return self.word


class Broken(Exception):
    """What a helper of these tests fails with."""


def failing(times):
    """A start that raises so many times, and then ends."""
    left = iter(range(times))

    async def start():
        if next(left, None) is not None:
            raise Broken

    return start


def pauses_of(times):
    async def story():
        pauses = []

        async def pause(seconds):
            pauses.append(seconds)

        await supervised("helper", failing(times), pause)
        return pauses

    return asyncio.run(story())


def test_what_fails_is_started_again_after_pauses_that_double_up_to_half_a_minute():
    assert pauses_of(7) == [1, 2, 4, 8, 16, 30, 30]


def test_the_pause_is_short_again_after_a_good_run(monkeypatch):
    monkeypatch.setattr(lanework, "GOOD_RUN_S", 0.0)
    assert pauses_of(4) == [1, 1, 1, 1]


def test_what_ends_well_is_not_started_again():
    assert pauses_of(0) == []


def a_document(folder, lanes=1, **more):
    names = [f"lane-{number}" for number in range(1, lanes + 1)]
    return {
        "gateway": "test-box",
        "data": str(folder / "data"),
        "buses": {"line-1": TCP},
        "lanes": [a_lane(name, slave, None) for slave, name in enumerate(names, 1)],
    } | more


def written(folder, document):
    path = folder / "lanegate.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def lane(tmp_path) -> LaneConfig:
    return load(written(tmp_path, a_document(tmp_path)), PROFILES).lanes[0]


@asynccontextmanager
async def what_lanes_share(folder, line):
    store = Store.open(folder / "data" / "lanegate.db", "test-box")
    evidence = Evidence(folder / "data" / "evidence", 100)
    try:
        yield Shared(store, evidence, {"line-1": line}, Health(), clock, lambda: None)
    finally:
        await store.close()
        await evidence.close()


async def until(done):
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.01)


def test_a_lane_that_crashes_before_its_first_poll_does_not_hold_ready_back(tmp_path, lane):
    async def story():
        async with what_lanes_share(tmp_path, PaperLine(Broken("a bug"))) as shared:
            work = LaneWork(lane, NOBODY, shared)
            task = asyncio.create_task(work.run())
            await until(shared.health.all_polled.is_set)
            lost = shared.health.lanes[lane.name].inputs_lost
            work.stop()
            await task
            return lost

    assert "error stopped the lane" in asyncio.run(story())


def test_a_lane_that_waits_for_its_next_start_is_alive_for_the_watchdog(
    tmp_path, lane, monkeypatch
):
    monkeypatch.setattr(lanework, "BEAT_S", 0.02)
    monkeypatch.setattr(lanework, "SHORTEST_PAUSE_S", 60.0)

    async def story():
        async with what_lanes_share(tmp_path, PaperLine(Broken("a bug"))) as shared:
            work = LaneWork(lane, NOBODY, shared)
            task = asyncio.create_task(work.run())
            await until(shared.health.all_polled.is_set)
            before = shared.health.lanes[lane.name].progress
            await until(lambda: shared.health.lanes[lane.name].progress > before + 5)
            work.stop()
            async with asyncio.timeout(10):
                await task

    asyncio.run(story())


def test_an_alarm_that_could_not_be_written_outlives_the_crash_of_its_lane(
    tmp_path, lane, monkeypatch
):
    monkeypatch.setattr(lanework, "SHORTEST_PAUSE_S", 0.05)
    line = PaperLine(DeviceError("the board is silent"))

    async def story():
        async with what_lanes_share(tmp_path, line) as shared:
            db = sqlite3.connect(tmp_path / "data" / "lanegate.db")
            full = "create trigger full before insert on alarms"
            db.execute(f"{full} begin select raise(fail, 'full'); end")
            work = LaneWork(lane, NOBODY, shared)
            task = asyncio.create_task(work.run())
            await until(lambda: shared.health.storage_failed)
            line.word = Broken("a bug")
            await until(lambda: "error" in shared.health.lanes[lane.name].inputs_lost)
            line.word = QUIET
            db.execute("drop trigger full")
            await until(lambda: db.execute("select 1 from alarms").fetchall())
            work.stop()
            await task
            return db.execute("select code, detail from alarms").fetchall()

    assert asyncio.run(story()) == [("inputs_lost", "the board is silent")]


def test_a_new_access_list_counts_in_the_running_lane_and_after_its_crash(tmp_path, lane):
    line = PaperLine()

    async def story():
        async with what_lanes_share(tmp_path, line) as shared:
            work = LaneWork(lane, NOBODY, shared)
            task = asyncio.create_task(work.run())
            await until(lambda: line.asked)
            anybody = AccessList(frozenset(), frozenset(), Verdict.ALLOW)
            running = work._runner
            work.admit(anybody)
            now = running.access
            line.word = Broken("a bug")
            await until(lambda: "error" in shared.health.lanes[lane.name].inputs_lost)
            line.word = QUIET
            await until(lambda: work._runner is not running)
            then = work._runner.access
            work.stop()
            await task
            return now == then == anybody

    assert asyncio.run(story())


def reloaded(folder, *documents):
    """Start with the first document, reload the others; what the state said after each."""

    async def story():
        said = []
        async with (
            what_lanes_share(folder, PaperLine()) as shared,
            AsyncExitStack() as buses,
            asyncio.TaskGroup() as tasks,
        ):
            shared.buses.clear()
            lanes = Lanes(shared, tasks, buses)
            await lanes.start(load(written(folder, documents[0])))
            before = dict(lanes._works)
            for document in documents[1:]:
                await lanes.reload(written(folder, document))
                same = [name for name in lanes._works if lanes._works[name] == before.get(name)]
                said.append((shared.health.configuration, same, sorted(shared.buses)))
            await lanes.stop()
        return said

    return asyncio.run(story())


REFUSED = "refused; the last good one goes on"


def test_a_new_bus_that_cannot_be_opened_refuses_the_reload_and_changes_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    simulated = {"driver": "simulated", "journal": str(tmp_path / "file" / "journal")}
    first = a_document(tmp_path, lanes=2)
    buses = {"line-1": TCP, "good": TCP | {"port": 10}, "none": simulated}
    second = a_document(tmp_path, lanes=1, buses=buses)
    third = a_document(tmp_path, lanes=2, buses=buses | {"none": TCP | {"port": 11}})
    assert reloaded(tmp_path, first, second, third) == [
        (REFUSED, ["lane-1", "lane-2"], ["line-1"]),
        ("ok", ["lane-1", "lane-2"], ["good", "line-1", "none"]),
    ]
    assert "Traceback" not in caplog.text


def test_a_bus_is_compared_with_the_settings_it_was_opened_with(tmp_path):
    """Also one that a reload added; and a bus that was away for a while was never closed."""
    first = a_document(tmp_path)
    added = first | {"buses": {"line-1": TCP, "line-2": TCP | {"port": 10}}}
    changed = first | {"buses": {"line-1": TCP, "line-2": TCP | {"port": 11}}}
    said = reloaded(tmp_path, first, added, changed, added, first, changed)
    assert [configuration for configuration, _, _ in said] == [
        "ok",
        "ok; restart for buses.line-2",
        "ok",
        "ok",
        "ok; restart for buses.line-2",
    ]


def test_a_reload_of_the_access_lists_alone_restarts_no_lane(tmp_path):
    first = a_document(tmp_path, lanes=2)
    listed = first | {"access": {"allow": ["京A12345"]}}
    lanes = yaml.safe_load(yaml.safe_dump(listed["lanes"]))
    lanes[0]["unknown_plates"] = "allow"
    assert [
        same for _, same, _ in reloaded(tmp_path, first, listed, listed | {"lanes": lanes})
    ] == [
        ["lane-1", "lane-2"],
        ["lane-2"],
    ]
