"""What the store lets go, when there is no room, and how a new epoch begins beside the lanes."""

import asyncio
import contextlib
import itertools
import json
import sqlite3

import pytest

from gateway.lane.reports import AlarmCode
from gateway.lane.types import Direction
from gateway.store import Store, StoreFullError, keeping, moving, outbox
from gateway.store.clock import BoxClock
from gateway.store.keeping import KEEP_ACKED_S, BoxAlarm
from gateway.sync.protocol import Moment, Position, chain_over, genesis
from tests.storing import NOON, a_visit, played, rows, undo_fourth_form

HOUR_S = 3600.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


async def alarms(store, count):
    for _ in range(count):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)


async def ack(store, seq):
    await store.acked(Position(seq, await store.chain_at(seq)))


def numbers(path):
    return [row[0] for row in rows(path, "select seq from outbox order by seq")]


def whole(records, meta):
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    return [record.chain for record in records] == list(chains) and chains[-1] == meta.last.chain


# --- retention ---------------------------------------------------------------------------


def test_acknowledged_records_stay_for_72_hours_of_work_and_then_go(path):
    async def story(store):
        await alarms(store, 4)
        await ack(store, 2)
        await store.tend(KEEP_ACKED_S - 1.0)
        await ack(store, 3)
        before = numbers(path)
        await store.tend(1.0)
        between = numbers(path)
        await store.tend(KEEP_ACKED_S)
        return before, between, await store.chain_at(3), await store.chain_at(2)

    before, between, kept, gone = played(path, story)
    assert (before, between, numbers(path)) == ([1, 2, 3, 4], [3, 4], [4])
    assert kept is not None
    assert gone is None


def test_what_is_not_acknowledged_is_never_let_go(path):
    async def story(store):
        await alarms(store, 3)
        await store.tend(1e9)
        return await store.meta()

    assert played(path, story).unacked == 3
    assert numbers(path) == [1, 2, 3]


def test_the_wall_clock_lets_nothing_go(path):
    async def story(store):
        await alarms(store, 2)
        await ack(store, 2)
        await store._do(lambda db: db.execute("update outbox set acked_at = '1970-01-01'"))
        await store.tend(60.0)

    played(path, story)
    assert numbers(path) == [1, 2]


def test_a_thousand_old_records_go_in_slices(path):
    async def story(store):
        await alarms(store, 3)
        await ack(store, 3)
        await store.tend(KEEP_ACKED_S * 2)
        await alarms(store, 1)
        return await store.unsent(3, 10)

    (record,) = played(path, story)
    assert record.seq == 4
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        outbox.keep_time(db, BoxClock().now)
        for _ in range(7):
            outbox.append(db, "alarm", "{}")
        outbox.mark_acked(db, Position(11, outbox.chain_at(db, 11)), "")
        keeping.ran(db, 1e9)
        assert [keeping.prune(db, slice_=3) for _ in range(4)] == [3, 3, 2, 0]


def test_one_mark_stands_for_all_that_an_acknowledgement_covers_and_none_goes_before_its_time(path):
    async def story(store):
        await alarms(store, 9)
        await ack(store, 7)
        await store.tend(HOUR_S)
        await ack(store, 8)

    played(path, story)
    assert rows(path, "select seq from outbox where acked_at is not null") == [(7,), (8,)]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        outbox.keep_time(db, BoxClock().now)
        assert keeping.prune(db, HOUR_S + 1.0) == 0
        assert [keeping.prune(db, HOUR_S, slice_=4) for _ in range(3)] == [4, 3, 0]
        assert outbox.upkeep(db).kept.seq == 7
        assert outbox.chain_at(db, 7) is not None
        assert keeping.prune(db, 0.0) == 1


def test_records_that_are_missing_do_not_stop_what_is_let_go_behind_them(path):
    async def story(store):
        await alarms(store, 9)
        await ack(store, 8)

    played(path, story)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        outbox.keep_time(db, BoxClock().now)
        db.execute("delete from outbox where seq between 1 and 5")
        assert [keeping.prune(db, 0.0, slice_=2) for _ in range(3)] == [2, 1, 0]


# --- no room -----------------------------------------------------------------------------


async def limit_here(store):
    pages = await store._do(lambda db: db.execute("pragma page_count").fetchone()[0])
    await store._do(lambda db: db.execute(f"pragma max_page_count = {pages}"))


async def until_full(store, first=0):
    for n in itertools.count(first):
        try:
            await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)
        except StoreFullError:
            return n
    return None


def test_at_the_limit_acknowledged_records_go_before_a_pass_is_refused(path):
    async def story(store):
        await alarms(store, 200)
        await ack(store, 150)
        await limit_here(store)
        return await until_full(store), await store.meta()

    written, meta = played(path, story)
    assert written > 10
    assert min(numbers(path)) == 151
    assert meta.unacked == 50 + written


def test_then_telemetry_and_diagnostics_go_and_leave_tombstones(path):
    async def story(store):
        for kind in ("diagnostic", "telemetry", "case", "telemetry"):
            body = json.dumps({"kind": kind, "fill": "x" * 30_000})
            await store._write(lambda db, kind=kind, body=body: outbox.append(db, kind, body))
        await limit_here(store)
        written = await until_full(store)
        meta = await store.meta()
        return written, meta, await store.unsent(0, 10_000)

    written, meta, records = played(path, story)
    assert written > 10
    assert [r.kind for r in records[:4]] == ["tombstone", "tombstone", "case", "tombstone"]
    assert '"code":"no_room"' in records[0].body
    assert whole(records, meta)
    assert rows(path, "select count(*) from quarantine") == [(0,)]


def test_a_loss_finds_room_where_nothing_else_does(path):
    async def story():
        store = Store.open(path, "north", quota_mb=1)
        try:
            written = await until_full(store)
            await store.lose(17, "no room in memory while the disk was full")
            told = (await store.unsent(0, 100_000))[-2:]
            assert await until_full(store, 1_000_000) < 1_000_000 + written / 10
            return written, told
        finally:
            await store.close()

    written, (loss, alarm) = asyncio.run(story())
    assert written > 100
    assert (loss.kind, json.loads(loss.body)["records"]) == ("loss", 17)
    assert '"code":"records_lost"' in alarm.body
    assert path.stat().st_size <= 1024 * 1024


# --- a new epoch -------------------------------------------------------------------------


def test_lanes_write_while_a_new_epoch_takes_over_a_long_history(path):
    async def story(store):
        await alarms(store, 2 * moving.SLICE + 50)
        minting = asyncio.ensure_future(store.mint_epoch("a test"))
        between = 0
        while not minting.done():
            await alarms(store, 1)
            between += 1
        meta = await minting
        return between, await store.meta(), await store.unsent(0, 10_000), meta

    between, meta, records, minted = played(path, story)
    assert between >= 2
    assert meta.epoch == minted.epoch
    assert len(records) == 2 * moving.SLICE + 50 + between + 1
    assert whole(records, meta)
    assert rows(path, "select count(distinct epoch) from outbox") == [(1,)]


def test_a_crash_in_the_middle_of_a_new_epoch_loses_nothing_and_the_next_start_goes_on(path):
    async def first(store):
        await alarms(store, 3 * moving.SLICE)
        await store._write(lambda db: moving.begin(db, "north", "a test"))
        assert await store._write(moving.step) is None
        await alarms(store, 5)

    async def second(store):
        assert len({row[0] for row in rows(path, "select epoch from outbox")}) == 2
        meta = await store.finish_epoch()
        return meta, await store.unsent(0, 10_000), await store.finish_epoch()

    played(path, first)
    meta, records, again = played(path, second)
    assert meta == again
    assert len(records) == 3 * moving.SLICE + 5 + 1
    assert whole(records, meta)
    assert "history_forked" in records[-1].body


def test_nothing_is_let_go_while_records_move(path):
    async def story(store):
        await alarms(store, moving.SLICE + 20)
        await ack(store, moving.SLICE + 20)
        await store._write(lambda db: moving.begin(db, "north", "a test"))
        await store._write(moving.step)
        await store.tend(KEEP_ACKED_S * 2)
        await store.finish_epoch()
        return await store.counts()

    assert played(path, story)["records"] == moving.SLICE + 20 + 1
    assert rows(path, "select count(*) from losses") == [(0,)]


def test_a_file_of_the_third_form_goes_on_in_a_new_epoch_with_all_its_records(path):
    async def before(store):
        await alarms(store, 5)
        await ack(store, 2)
        return await store.meta()

    async def after(store):
        return await store.meta(), await store.unsent(0, 100)

    old = played(path, before)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        undo_fourth_form(db)
        db.execute("pragma user_version = 3")
    meta, records = played(path, after)
    assert meta.epoch != old.epoch
    assert [record.seq for record in records] == [1, 2, 3, 4, 5]
    assert whole(records, meta)


# --- clocks and alarms of the box --------------------------------------------------------


def test_records_carry_the_boot_and_what_is_known_of_the_clock(path):
    async def story(store):
        for trusted in (None, True, False):
            store.clock.trusted = trusted
            await alarms(store, 1)
        await store.alarm_of_box(BoxAlarm.CLONED, "a twin", NOON)
        return await store.unsent(0, 10)

    records = played(path, story)
    moments = [Moment(**json.loads(record.moment)) for record in records]
    assert [moment.clock for moment in moments] == ["unknown", "ok", "untrusted", "untrusted"]
    assert len({moment.boot for moment in moments}) == 1
    assert [m.mono_ms for m in moments] == sorted(m.mono_ms for m in moments)
    assert '"code":"cloned_identity"' in records[3].body


def test_a_kernel_that_names_no_boot_makes_each_start_one(tmp_path):
    clocks = [BoxClock(tmp_path / "none") for _ in range(2)]
    assert clocks[0].now().boot == clocks[0].now().boot != clocks[1].now().boot
