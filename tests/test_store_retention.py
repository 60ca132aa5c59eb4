"""What is kept for how long, that it is gone from every file then, and who may stand in the way."""

import contextlib
import random
import secrets
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from gateway.lane.reports import AlarmCode, Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import Candidate, Direction, Ending, Inputs, Pass
from gateway.ledger import day_of
from gateway.store import keeping, outbox, retention
from gateway.store.retention import DAY_S, HOUR_S, Keep
from gateway.store.schema import MIGRATIONS
from gateway.store.tables import insert
from gateway.store.wal import Wal
from gateway.sync.protocol import Position
from tests.storing import NOON, READING, a_pass, a_visit, played, rows

YEAR_S = 365 * DAY_S
ENTRY = Direction.ENTRY


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def plate(number):
    return f"京P{number:05d}"


def a_car(number, dice=None):
    """A visit with a plate and a picture of its own."""
    reading = replace(READING, text=plate(number), evidence=(f"{number:064x}",))
    at = NOON + timedelta(seconds=60 * number)
    visit = a_visit(f"{dice.getrandbits(128) if dice else number:032x}", reading=reading, at=at)
    return replace(visit, candidates=(Candidate(plate(number), 3, 0.95),))


def in_memory():
    """The tables alone, for stories of many years."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in MIGRATIONS:
        migration(Database(db))
    outbox.create_meta(db, "north")
    return db


def born(db, at_s):
    detail = {"alarm_id": None, "lane": "", "code": "", "detail": str(at_s), "raised_at": ""}
    insert(db, "alarms", detail | {"alarm_id": secrets.token_hex(8)})


async def traffic(store, numbers, dice):
    """Decided and ended out of step, with photos, as in a busy lane: rows grow where they stand."""
    await store._do(lambda db: db.execute("pragma synchronous = off"))
    under_way = []
    for number in numbers:
        visit = a_car(number, dice)
        await store.decide("lane-1", ENTRY, visit, visit.arrived_at)
        under_way.append(visit)
        if len(under_way) > 3:
            await _gone(store, under_way.pop(dice.randrange(4)))
    for visit in under_way:
        await _gone(store, visit)


async def _gone(store, visit):
    await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))
    await store.photo(visit.pass_id, f"{hash(visit.pass_id) & 0xFFFF:064x}")


async def ack_all(store):
    last = (await store.meta()).last
    await store.acked(Position(last.seq, await store.chain_at(last.seq)))


def numbers_in_files(path, numbers):
    """Plates whose bytes are still somewhere in the folder."""
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    return [number for number in numbers if plate(number).encode() in content]


def a_case(name, visit="p1"):
    return Case(name, NOON, "no plate could be read", a_visit(visit), Inputs())


# --- age ---------------------------------------------------------------------------------


def test_events_go_after_a_year_of_running_and_not_an_hour_earlier(path):
    async def story(store):
        await store.tend(0.0)
        await store.end("lane-1", ENTRY, a_pass(a_visit("old")))
        await store.raised("lane-1", Raise("r1", NOON, Cause.PASS, "allow_list", "old"))
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        await store.ordered("lane-1", "order-1", "done", NOON)
        await store.tend(HOUR_S)
        await store.end("lane-1", ENTRY, a_pass(a_visit("young")))
        await store.tend(YEAR_S - HOUR_S)
        before = await store.counts()
        await store.tend(HOUR_S)
        return before

    before = played(path, story)
    assert (before["passes"], before["alarms"]) == (2, 1)
    assert rows(path, "select pass_id from passes") == [("young",)]
    for book in ("raises", "alarms", "orders"):
        assert rows(path, f"select count(*) from {book}") == [(0,)]  # noqa: S608


@pytest.mark.parametrize("year", [1970, 2199])
def test_no_wall_clock_makes_anything_go_or_stay(path, year):
    at = datetime(year, 1, 1, tzinfo=UTC)

    async def story(store):
        await store.end("lane-1", ENTRY, Pass(a_visit("p1", at=at), Ending.PASSED, at))
        await store.tend(HOUR_S)
        await store.tend(YEAR_S - 1)
        early = await store.counts()
        await store.tend(1)
        return early["passes"], (await store.counts())["passes"]

    assert played(path, story) == (1, 0)


def test_the_age_of_what_is_kept_outlives_a_restart(path):
    async def first(store):
        await store.end("lane-1", ENTRY, a_pass())
        await store.tend(HOUR_S)
        await store.tend(YEAR_S / 2)

    async def second(store):
        await store.tend(YEAR_S / 2)
        return await store.counts()

    played(path, first)
    assert played(path, second)["passes"] == 0


def test_a_site_may_keep_events_for_less(path):
    async def story(store):
        await store.end("lane-1", ENTRY, a_pass())
        await store.tend(HOUR_S, events_s=30 * DAY_S)
        await store.tend(30 * DAY_S, events_s=30 * DAY_S)
        return await store.counts()

    assert played(path, story)["passes"] == 0


def test_a_visit_and_a_case_under_way_stay_until_they_are_over(path):
    async def story(store):
        await store.decide("lane-1", ENTRY, a_visit("open"), NOON)
        await store.opened_case("lane-1", a_case("open"))
        await store.opened_case("lane-1", a_case("shut"))
        await store.closed_case("lane-1", "shut", "let in", NOON)
        await store.tend(HOUR_S)
        await store.tend(2 * YEAR_S)
        between = await store.open_visits("lane-1"), await store.open_cases("lane-1")
        await store.end("lane-1", ENTRY, a_pass(a_visit("open")))
        await store.closed_case("lane-1", "open", "turned away", NOON)
        await store.tend(60)
        return between

    (visit,), (case,) = played(path, story)
    assert (visit.pass_id, case["case_id"]) == ("open", "open")
    assert rows(path, "select count(*) from passes") == [(0,)]
    assert rows(path, "select count(*) from cases") == [(0,)]


def test_the_mode_in_force_stays_for_each_lane(path):
    async def story(store):
        for lane, kind in (("lane-1", ModeKind.LOCK_DOWN), ("lane-2", ModeKind.FIRE)):
            await store.mode(lane, Mode(ModeKind.AUTOMATIC, NOON, "", ""), NOON)
            await store.mode(lane, Mode(kind, NOON, "guard", "a test"), NOON)
        await store.tend(HOUR_S)
        await store.tend(2 * YEAR_S)
        return [(await store.mode_of(lane)).kind for lane in ("lane-1", "lane-2")]

    assert played(path, story) == [ModeKind.LOCK_DOWN, ModeKind.FIRE]
    assert rows(path, "select count(*) from modes") == [(2,)]


def test_a_ledger_that_went_is_not_published_again(path):
    day = day_of(NOON)

    async def story(store):
        await store.raised("lane-1", Raise("r1", NOON, Cause.MANUAL, "by hand"))
        await store.publish_ledger(day, NOON)
        await store.tend(HOUR_S)
        await store.raised("lane-1", Raise("r2", NOON, Cause.MANUAL, "by hand"))
        await store.tend(YEAR_S)
        return await store.ledgers_due(day), await store.publish_ledger(day, NOON)

    assert played(path, story) == ((), False)
    assert rows(path, "select body from ledgers") == [("",)]


def test_a_new_row_is_never_taken_for_one_that_went(path):
    async def story(store):
        for number in range(5):
            await store.end("lane-1", ENTRY, a_pass(a_visit(f"old-{number}")))
        await store.tend(HOUR_S)
        await store.tend(YEAR_S)
        for number in range(3):
            await store.end("lane-1", ENTRY, a_pass(a_visit(f"new-{number}")))
        await store.tend(60)
        return await store.counts()

    assert played(path, story)["passes"] == 3


def test_many_go_in_slices(path):
    async def story(store):
        for number in range(7):
            await store.alarm("lane-1", AlarmCode.NO_PLATE, str(number), NOON)
        await store.tend(HOUR_S)
        return await store._write(
            lambda db: [retention.delete(db, "alarms", "rowid <= ?", (6,), 4) for _ in range(3)]
        )

    assert played(path, story) == [4, 2, 0]


def test_marks_do_not_pile_up(path):
    async def story(store):
        for _ in range(100):
            await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
            await store.tend(HOUR_S, events_s=10 * HOUR_S)
        outbox_marks = rows(path, "select count(*) from ages where book like 'outbox%'")
        await store.mint_epoch("a test")
        await store.tend(HOUR_S, events_s=10 * HOUR_S)
        return outbox_marks

    assert played(path, story)[0][0] <= 12
    assert rows(path, "select count(*) from ages where book = 'alarms'")[0][0] <= 12
    assert rows(path, "select count(distinct book) from ages where book like 'outbox%'") == [(1,)]


def test_what_a_person_deletes_makes_the_rest_no_younger(path):
    async def story(store):
        for number in range(6):
            await store.end("lane-1", ENTRY, a_pass(a_visit(f"p{number}")))
            if number % 2:
                await store.tend(100 * HOUR_S)
        await store._write(lambda db: retention.delete(db, "passes", "rowid > ?", (1,)))
        await store.tend(YEAR_S - 200 * HOUR_S)
        return await store.counts()

    assert played(path, story)["passes"] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(1, 4)),
            st.tuples(st.just("run"), st.floats(60, 40 * HOUR_S)),
            st.tuples(st.just("purge"), st.integers(1, 3)),
        ),
        max_size=60,
    )
)
def test_nothing_goes_too_early_or_much_too_late(story):
    """Rows may go from the young end too, when a person purges; numbers are used again then."""
    keep, ran_s, there = Keep(events_s=100 * HOUR_S), 0.0, []
    with contextlib.closing(in_memory()) as db:
        for what, amount in story:
            if what == "write":
                there += [ran_s] * amount
                for _ in range(amount):
                    born(db, ran_s)
            elif what == "purge":
                del there[-amount:]
                retention.delete(
                    db, "alarms", "rowid > (select max(rowid) - ? from alarms)", (amount,)
                )
            else:
                ran_s += amount
                keeping.ran(db, amount)
                while retention.let_go(db, keep, slice_=2):
                    pass
                left = [
                    float(row[0]) for row in db.execute("select detail from alarms order by rowid")
                ]
                young = [at_s for at_s in there if at_s > ran_s - keep.events_s]
                assert left[len(left) - len(young) :] == young
                # A mark is an hour apart, and comes with the first look after that.
                assert all(at_s > ran_s - keep.events_s - 42 * HOUR_S for at_s in left)
                there = left


def test_a_damaged_file_goes_when_what_is_in_it_would_have_gone(path):
    aside = [
        path.with_name(f"lanegate.db.damaged-{number}{end}")
        for number, end in ((1, ""), (1, "-wal"), (2, ""))
    ]

    async def story(store):
        there = []
        for file in (*aside[:2], path.with_name("lanegate.db.notes")):
            file.write_bytes(b"")
        for file, hours in (
            (None, 0),
            (aside[2], 10),
            (None, 89),
            (None, 1),
            (None, 10),
            (None, 0),
        ):
            if file:
                file.write_bytes(b"")
            await store.tend(hours * HOUR_S, events_s=100 * HOUR_S)
            there.append([one.exists() for one in aside])
        return there

    assert played(path, story)[1:] == [
        [True] * 3,
        [True] * 3,
        [False, False, True],
        *[[False] * 3] * 2,
    ]
    assert path.with_name("lanegate.db.notes").exists()
    assert rows(path, "select * from ages where book like 'file %'") == []


# --- records -----------------------------------------------------------------------------


def test_a_record_that_the_cloud_has_not_is_there_when_its_event_is_gone(path):
    async def story(store):
        await store.end("lane-1", ENTRY, a_pass())
        await store.tend(HOUR_S)
        await store.tend(3 * YEAR_S)
        return await store.counts()

    counts = played(path, story)
    assert (counts["passes"], counts["unacked"]) == (0, 1)


def test_where_there_is_no_cloud_records_go_some_days_after_their_events(path):
    async def story(store):
        await store.end("lane-1", ENTRY, a_pass(a_visit("old")))
        await store.tend(HOUR_S, sends=False)
        await store.tend(YEAR_S - 1, sends=False)
        await store.end("lane-1", ENTRY, a_pass(a_visit("young")))
        early = await store.counts()
        await store.tend(1, sends=False)
        await store.tend(72 * HOUR_S, sends=False)
        (record,) = await store.unsent(1, 10)
        return early["records"], record.seq, (await store.meta()).acked.seq

    assert played(path, story) == (2, 2, 1)


# --- what is gone is gone ----------------------------------------------------------------


def test_what_was_let_go_is_in_no_file(path):
    dice = random.Random(5)

    async def story(store):
        await traffic(store, range(200), dice)
        await ack_all(store)
        await store.tend(HOUR_S)
        await traffic(store, range(200, 220), dice)
        there = numbers_in_files(path, range(220))
        await store.tend(YEAR_S)
        return there, numbers_in_files(path, range(220))

    before, after = played(path, story)
    assert before == list(range(220))
    assert after == list(range(200, 220))


def test_what_a_crash_left_in_the_file_of_changes_goes_at_the_next_start(path, tmp_path):
    crashed = tmp_path / "after" / "lanegate.db"
    crashed.parent.mkdir()

    async def before(store):
        await store._write(lambda db: born(db, plate(7)))
        await store._write(lambda db: db.execute("delete from alarms"))
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{crashed}{suffix}")

    async def after(store):
        there = numbers_in_files(crashed, [7])
        await store.tend(60)
        return there, numbers_in_files(crashed, [7])

    played(path, before)
    assert played(crashed, after) == ([7], [])


def test_a_reader_delays_it_and_does_not_hold_anybody_up(path):
    async def story(store):
        await traffic(store, range(20), random.Random(1))
        await ack_all(store)
        await store.tend(HOUR_S)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("begin")
            reader.execute("select count(*) from passes").fetchone()
            await store.tend(YEAR_S)
            during = numbers_in_files(path, range(20))
        await store.tend(60)
        return during, numbers_in_files(path, range(20))

    during, after = played(path, story)
    assert during
    assert after == []


# --- the file of changes -----------------------------------------------------------------


def wal_size(path):
    return path.with_name(f"{path.name}-wal").stat().st_size


def test_a_reader_that_does_not_end_is_told_of_once_and_then_the_file_shrinks(path):
    async def story(store):
        store._wal = Wal(path, large_bytes=200_000)
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("begin")
            reader.execute("select count(*) from alarms").fetchone()
            for _ in range(3):
                for _ in range(100):
                    await store.alarm("lane-1", AlarmCode.NO_PLATE, "x" * 2000, NOON)
                await store.tend(60)
            large = wal_size(path)
        await store.tend(60)
        return large, wal_size(path)

    large, small = played(path, story)
    assert large > 1_000_000
    assert small == 0
    told = rows(path, "select detail from alarms where code = 'database_log_grows'")
    assert len(told) == 1
    assert "end it" in told[0][0]


def test_it_stays_small_while_nobody_reads(path):
    async def story(store):
        await store._do(lambda db: db.execute("pragma synchronous = off"))
        for number in range(300):
            await store.alarm("lane-1", AlarmCode.NO_PLATE, "x" * 40_000, NOON)
            if number % 50 == 0:
                await store.tend(60)
        return wal_size(path)

    assert played(path, story) < 10_000_000
    assert path.stat().st_size > 20_000_000


def test_deleting_overwrites_whatever_sqlite_was_built_with(path):
    async def story(store):
        return await store._do(lambda db: db.execute("pragma secure_delete").fetchone())

    assert played(path, story) == (1,)
