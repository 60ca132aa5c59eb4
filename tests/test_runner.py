"""One lane with a real store and a barrier that writes down what it was told."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.app import clock
from gateway.books import Books
from gateway.inbox import Inbox
from gateway.lane.events import (
    BarrierFailed,
    InputsSeen,
    Noticed,
    PlateSeen,
)
from gateway.lane.reports import AlarmCode
from gateway.lane.sensors import Timing
from gateway.lane.types import (
    Decision,
    Direction,
    Ending,
    Inputs,
    Level,
    Pass,
    Reason,
    Verdict,
    Visit,
)
from gateway.ports import DeviceError
from gateway.rules.access import AccessList
from gateway.runner import LaneRunner
from gateway.store import Store, StoreError
from tests.lane.playing import QUIET, a_reading

ON, OFF = Level.ON, Level.OFF
OPEN_TO_ALL = AccessList(frozenset(), frozenset(), Verdict.ALLOW)
QUICK = Timing(arm_s=0.0, clear_s=0.1, fresh_s=0.5)


class PaperBarrier:
    """Writes down each order, and what the store held at that moment."""

    def __init__(self, database, *, works=True):
        self.told = []
        self._database = database
        self._works = works

    async def open(self):
        self._write("open")

    async def close(self, *, not_after):
        assert clock().mono <= not_after
        self._write("close")

    def _write(self, order):
        db = sqlite3.connect(self._database)
        stored = [row[0] for row in db.execute("select ending from passes")]
        db.close()
        self.told.append((order, stored))
        if not self._works:
            raise DeviceError("no answer")


@asynccontextmanager
async def a_lane(folder, *, works=True, access=OPEN_TO_ALL, timing=QUICK):
    store = Store.open(folder / "lanegate.db", "box-1")
    barrier = PaperBarrier(folder / "lanegate.db", works=works)
    books = Books(store, "entry-1", Direction.ENTRY)
    runner = LaneRunner(books, barrier, access=access, timing=timing, clock=clock)
    try:
        yield runner, barrier, store
    finally:
        await store.close()


async def work_off(runner):
    while len(runner.inbox):
        await runner.handle(await runner.inbox.get())


async def see(runner, seconds=0.0, **levels):
    end = clock().mono + seconds
    inputs = Inputs(**{name: levels.get(name, getattr(QUIET, name)) for name in Inputs.__slots__})
    while True:
        await runner.handle(InputsSeen(inputs, clock().mono))
        await work_off(runner)
        if clock().mono >= end:
            return
        await asyncio.sleep(0.02)


async def a_car_is_let_in(runner):
    await see(runner)
    await see(runner, 0.05, arming_loop=ON)
    for _ in range(2):
        await runner.handle(PlateSeen(a_reading()))
    await work_off(runner)


def test_the_reason_is_in_the_database_before_the_boom_is_told_and_the_pass_before_it_closes(
    tmp_path,
):
    async def story():
        async with a_lane(tmp_path) as (runner, barrier, store):
            await a_car_is_let_in(runner)
            up = {"up_limit": ON, "down_limit": OFF}
            await see(runner, arming_loop=ON, **up)
            await see(runner, closing_loop=ON, **up)
            await see(runner, 0.3, **up)
            return barrier.told, await store.passes()

    told, rows = asyncio.run(story())
    assert told == [("open", [None]), ("close", ["passed"])]
    assert [row["plate"] for row in rows] == ["京A12345"]


def test_a_board_that_does_not_answer_is_told_to_the_lane(tmp_path):
    async def story():
        async with a_lane(tmp_path, works=False) as (runner, _, _store):
            await see(runner)
            await see(runner, 0.05, arming_loop=ON)
            for _ in range(2):
                await runner.handle(PlateSeen(a_reading()))
            await work_off(runner)
            return runner.lane.state

    state = asyncio.run(story())
    assert (type(state).__name__, state.confirmed) == ("Opening", False)


def test_nothing_opens_when_the_reason_cannot_be_stored_and_the_lane_comes_back(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, barrier, store):
            db = sqlite3.connect(tmp_path / "lanegate.db")
            db.execute(
                "create trigger full before insert on passes begin select raise(fail, 'full'); end"
            )
            await a_car_is_let_in(runner)
            refused = list(barrier.told)
            db.execute("drop trigger full")
            for _ in range(2):
                await runner.handle(PlateSeen(a_reading()))
            await work_off(runner)
            return refused, barrier.told, store

    refused, told, _ = asyncio.run(story())
    assert refused == []
    assert told == [("open", [None])]


def test_a_record_that_cannot_be_written_waits_and_is_written_later(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, _, store):
            await see(runner)
            await see(runner, 0.05, arming_loop=ON)
            db = sqlite3.connect(tmp_path / "lanegate.db")
            db.execute(
                "create trigger full before insert on passes begin select raise(fail, 'full'); end"
            )
            await see(runner, 0.3)
            waiting = await store.passes()
            db.execute("drop trigger full")
            runner.stop()
            await runner.run()
            return waiting, await store.passes()

    waiting, written = asyncio.run(story())
    assert waiting == ()
    assert [row["ending"] for row in written] == ["left"]


def test_a_visit_that_a_crash_cut_off_is_closed_as_interrupted(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, barrier, store):
            visit = Visit(
                "a" * 32, datetime.now(UTC), Decision(Verdict.ALLOW, Reason.ALLOW_LIST), a_reading()
            )
            await store.decide("entry-1", Direction.ENTRY, visit, datetime.now(UTC))
            working = asyncio.create_task(runner.run())
            runner.inbox.put(InputsSeen(QUIET, clock().mono))
            while not (await store.passes())[0]["ending"]:
                await asyncio.sleep(0.01)
            runner.stop()
            await working
            return barrier.told, await store.passes()

    told, rows = asyncio.run(story())
    assert told == []
    assert [row["ending"] for row in rows] == ["interrupted"]


def test_a_full_inbox_forgets_plates_and_says_that_the_inputs_are_unknown():
    inbox = Inbox(room=10)
    for second in range(30):
        inbox.put(PlateSeen(a_reading()))
        inbox.put(InputsSeen(QUIET, float(second)))
    inbox.put(BarrierFailed("no answer"))

    async def drained():
        return [await inbox.get() for _ in range(len(inbox))]

    events = asyncio.run(drained())
    assert len(events) <= 10
    assert any(event == InputsSeen(Inputs(), float("-inf")) for event in events)
    assert BarrierFailed("no answer") in events


def test_store_errors_name_the_file(tmp_path):
    (tmp_path / "lanegate.db").write_bytes(b"this is no database at all, it is a text" * 100)
    with pytest.raises(StoreError, match=r"lanegate\.db"):
        Store.open(tmp_path / "lanegate.db", "box-1")


def test_the_order_to_open_never_goes_out_after_a_decision_that_was_not_stored(tmp_path):
    """Also where the store takes so long to fail that the boom's time to rise is over."""

    async def story():
        slow = Timing(arm_s=0.0, clear_s=0.1, fresh_s=0.5, travel_s=0.01, travel_margin_s=0.0)
        async with a_lane(tmp_path, timing=slow) as (runner, barrier, _):
            db = sqlite3.connect(tmp_path / "lanegate.db")
            db.execute(
                "create trigger full before insert on passes begin select raise(fail, 'full'); end"
            )
            await see(runner)
            await see(runner, 0.05, arming_loop=ON)
            for _ in range(2):
                await runner.handle(PlateSeen(a_reading()))
            for _ in range(5):
                runner.inbox.put(InputsSeen(replace(QUIET, arming_loop=ON), clock().mono))
                await asyncio.sleep(0.02)
            await work_off(runner)
            return barrier.told

    assert asyncio.run(story()) == []


def test_an_alarm_does_not_hold_the_lane_up_and_is_written_by_its_task(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, _, store):
            await runner.handle(Noticed(AlarmCode.VISION_LOST, "no picture"))
            before = (await store.counts())["alarms"]
            runner.stop()
            await runner.run()
            return before, (await store.counts())["alarms"]

    assert asyncio.run(story()) == (0, 1)


def test_a_boom_on_its_way_down_is_watched_to_its_end_before_the_lane_stops(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, barrier, _):
            await a_car_is_let_in(runner)
            up = {"up_limit": ON, "down_limit": OFF}
            await see(runner, arming_loop=ON, **up)
            await see(runner, closing_loop=ON, **up)
            await see(runner, 0.3, **up)
            stopping = asyncio.create_task(runner.run())
            runner.stop()
            await asyncio.sleep(0.05)
            under = replace(QUIET, closing_loop=ON, up_limit=OFF, down_limit=OFF)
            runner.inbox.put(InputsSeen(under, clock().mono))
            await stopping
            return [order for order, _ in barrier.told]

    assert asyncio.run(story()) == ["open", "close", "open"]


def test_two_writers_at_once_write_each_alarm_and_each_pass_once(tmp_path):
    async def story():
        async with a_lane(tmp_path) as (runner, _, store):
            books = runner._books
            visit = Visit("a" * 32, clock().wall, Decision(Verdict.DENY, Reason.NO_PLATE))
            books.unwritten.append(Pass(visit, Ending.LEFT, clock().wall))
            books.alarm(AlarmCode.NO_PLATE, "a vehicle waits", clock())
            await asyncio.gather(
                books.write_waiting(),
                books.write_passes(),
                books.write_waiting(),
                books.write_passes(),
            )
            counts = await store.counts()
            return counts["alarms"], counts["passes"]

    assert asyncio.run(story()) == (1, 1)
