"""What a lane's books lose when the store fails: nothing that can be kept, and never silently."""

import asyncio
import contextlib
import json
import sqlite3
from datetime import timedelta

import pytest

from gateway import books as books_module
from gateway.books import Books
from gateway.lane.events import StoreDecision, StoreMode
from gateway.lane.reports import AlarmCode, Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import Direction, Inputs, Now
from gateway.store import Store, StoreError, StoreFullError, read_cases
from gateway.worth import Worth
from tests.storing import NOON, a_pass, a_visit, rows

LANE = "lane-1"
HOLD = Mode(ModeKind.HOLD_OPEN, NOON, "guard", "convoy", NOON + timedelta(minutes=10))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


@contextlib.contextmanager
def failing(path, table="outbox"):
    """Nothing can be written meanwhile."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            f"create trigger shut before insert on {table} begin select raise(abort, 'shut'); end"
        )
        try:
            yield
        finally:
            db.execute("drop trigger shut")


def a_raise(number=1, pass_id=""):
    return Raise(f"r{number}", NOON, Cause.UNEXPLAINED, "nobody was let in", pass_id)


def a_case(name="c1"):
    return Case(name, NOON, "no plate could be read", a_visit(), Inputs())


def moment(seconds=0):
    return Now(float(seconds), NOON + timedelta(seconds=seconds), "0" * 32)


def played(path, story, **more):
    async def play():
        store = Store.open(path, "north")
        try:
            more.setdefault("wall", lambda: NOON)
            return await story(Books(store, LANE, Direction.ENTRY, **more))
        finally:
            await store.close()

    return asyncio.run(play())


def told(path):
    """Kind and id of each record, in order."""
    found = []
    for kind, body in rows(path, "select kind, body from outbox order by seq"):
        fields = json.loads(body)
        names = {
            "pass": "pass_id",
            "raise": "raise_id",
            "case": "case_id",
            "alarm": "detail",
            "loss": "reason",
        }
        found.append((kind, fields[names.get(kind, "lane")]))
    return found


# --- at once -----------------------------------------------------------------------------


def test_a_mode_is_durable_when_the_call_returns(path):
    committed = []

    async def story(books):
        await books.mode(StoreMode(HOLD))
        return rows(path, "select kind, at from modes")

    in_the_file = played(path, story, committed=lambda: committed.append(1))
    assert in_the_file == [("hold_open", "2026-03-01T12:00:00.000Z")]
    assert committed == [1]


def test_a_mode_and_a_decision_that_cannot_be_stored_are_refused_and_wait_for_nobody(path):
    async def story(books):
        with failing(path):
            with pytest.raises(StoreError, match="shut"):
                await books.mode(StoreMode(HOLD))
            with pytest.raises(StoreError, match="shut"):
                await books.decided(StoreDecision(a_visit(), NOON))
        return await books.write_waiting()

    assert played(path, story) is True
    assert told(path) == []


def test_who_asks_is_told_what_the_store_says_and_when_it_is_well_again(path, caplog):
    heard = []

    async def story(books):
        with failing(path):
            for number in range(2):
                books.risen(a_raise(number))
                assert not await books.write_waiting()
        assert await books.write_waiting()

    played(path, story, failed=heard.append)
    assert [str(error)[-40:] for error in heard[:2]] == [str(heard[0])[-40:]] * 2
    assert isinstance(heard[0], StoreError)
    assert heard[2:] == [None, None]
    assert caplog.text.count("records wait in memory") == 1


def test_a_full_disk_is_told_as_such(path):
    heard = []

    async def story(books):
        pages = await books.store._do(lambda db: db.execute("pragma page_count").fetchone()[0])
        await books.store._do(lambda db: db.execute(f"pragma max_page_count = {pages}"))
        for number in range(500):
            books.risen(a_raise(number))
        return await books.write_waiting()

    assert played(path, story, failed=heard.append) is False
    assert isinstance(heard[-1], StoreFullError)


# --- what waits --------------------------------------------------------------------------


async def fill(books):
    """One of each, in the order in which they happened; none can be written."""
    books.alarm(AlarmCode.BOOM_FAULT, "the boom did not open", moment())
    books.risen(a_raise())
    books.photo("r1", "ee01")
    books.opened(a_case())
    books.photo("c1", "ee02")
    books.closed("c1", "the vehicle left", NOON)
    await books.ended(a_pass())


WRITTEN = [
    ("pass", "p1"),
    ("raise", "r1"),
    ("raise", "r1"),
    ("case", "c1"),
    ("case", "c1"),
    ("case", "c1"),
    ("alarm", "the boom did not open"),
]


def test_all_that_waited_is_written_in_order_when_the_store_works_again(path):
    kept = []

    def keep(names, worth=Worth.PASS):
        kept.append((*names, worth))

    async def story(books):
        with failing(path):
            await fill(books)
            assert not await books.write_waiting()
        assert told(path) == []
        assert await books.write_waiting()
        assert await books.write_waiting()

    played(path, story, keep=keep)
    assert told(path) == WRITTEN
    assert kept == [
        ("ab12", "cd34", Worth.PASS),
        ("ee01", Worth.CASE),
        ("ab12", "cd34", Worth.CASE),
        ("ee02", Worth.CASE),
    ]
    (case,) = read_cases(path, ended=True)
    assert (case["evidence"][-1], case["outcome"]) == ("ee02", "the vehicle left")


def test_the_task_writes_by_itself_what_waits(path, monkeypatch):
    monkeypatch.setattr(books_module, "TRY_AGAIN_S", 0.02)

    async def story(books):
        task = asyncio.create_task(books.write_always())
        with failing(path):
            await fill(books)
            await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            while told(path) != WRITTEN:
                await asyncio.sleep(0.02)
        task.cancel()

    played(path, story)


def test_several_writers_at_once_write_each_once(path):
    async def story(books):
        books.unwritten.append(a_pass())
        books.risen(a_raise())
        books.alarm(AlarmCode.NO_PLATE, "a vehicle waits", moment())
        await asyncio.gather(*(books.write_waiting() for _ in range(4)), books.write_passes())

    played(path, story)
    assert told(path) == [("pass", "p1"), ("raise", "r1"), ("alarm", "a vehicle waits")]


def test_a_photo_of_nobody_knows_what_is_logged_and_dropped_and_holds_nothing_up(path, caplog):
    async def story(books):
        books.photo("nobody", "ee01")
        books.risen(a_raise())
        assert await books.write_waiting()

    played(path, story)
    assert told(path) == [("raise", "r1")]
    assert "nobody is not known" in caplog.text


def test_cases_that_an_earlier_run_left_open_are_closed_with_a_reason(path):
    async def story(books):
        books.opened(a_case("c1"))
        await books.write_waiting()
        books.opened(a_case("c2"))
        await books.close_left_cases("the gateway was restarted", NOON)
        await books.write_waiting()
        return await books.store.open_cases(LANE)

    assert played(path, story) == ()
    outcomes = {case["outcome"] for case in read_cases(path, ended=True)}
    assert outcomes == {"the gateway was restarted"}


# --- room --------------------------------------------------------------------------------


def test_photos_make_room_for_words_and_what_finds_none_is_counted_in_an_alarm(path, monkeypatch):
    monkeypatch.setattr(books_module, "MOST_PAPERS", 3)

    async def story(books):
        with failing(path):
            books.risen(a_raise(1))
            books.photo("r1", "ee01")
            books.photo("r1", "ee02")
            books.photo("r1", "ee03")
            for number in (2, 3, 4, 5):
                books.risen(a_raise(number))
            assert not await books.write_waiting()
            assert len(books.papers) == 3
        assert await books.write_waiting()
        assert await books.write_waiting()

    played(path, story)
    assert told(path) == [
        ("raise", "r1"),
        ("raise", "r2"),
        ("raise", "r3"),
        ("loss", "no room in memory while the store failed"),
        ("alarm", "2 records are lost: no room in memory while the store failed"),
    ]
    assert rows(path, "select code from alarms") == [("records_lost",)]


def test_the_paper_that_is_being_written_is_never_the_one_that_makes_room(path, monkeypatch):
    monkeypatch.setattr(books_module, "MOST_PAPERS", 2)

    async def story(books):
        books.risen(a_raise(1))
        await books.write_waiting()
        books.photo("r1", "ee01")
        books.risen(a_raise(2))
        writing = asyncio.create_task(books.write_waiting())
        await asyncio.sleep(0)
        books.risen(a_raise(3))
        await writing
        await books.write_waiting()

    played(path, story)
    assert [name for _, name in told(path)][:3] == ["r1", "r1", "r2"]
    assert rows(path, "select evidence from raises order by rowid") == [('["ee01"]',), ("[]",)]
    assert rows(path, "select code from alarms") == [("records_lost",)]


@pytest.mark.parametrize("bound", ["MOST_PASSES", "MOST_ALARMS"])
def test_passes_and_alarms_are_bounded_too_and_the_first_ones_are_kept(path, monkeypatch, bound):
    monkeypatch.setattr(books_module, bound, 2)

    async def story(books):
        with failing(path):
            for number in range(4):
                await books.ended(a_pass(a_visit(f"p{number}")))
                books.alarm(AlarmCode.NO_PLATE, f"a{number}", moment(number))
            waiting = len(books.unwritten), len(books.alarms)
        assert await books.write_waiting()
        return waiting

    waiting = played(path, story)
    assert waiting == ((2, 4) if bound == "MOST_PASSES" else (4, 2))
    records = told(path)
    passes, alarms = [name for kind, name in records if kind == "pass"], records[waiting[0] :]
    assert passes == [f"p{number}" for number in range(waiting[0])]
    assert [name for _, name in alarms[: waiting[1]]] == [f"a{n}" for n in range(waiting[1])]
    assert alarms[waiting[1] + 1][1].startswith("2 records are lost")
