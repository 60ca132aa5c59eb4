"""What the store says is kept is kept, and what it refuses leaves no trace."""

import asyncio
import contextlib
import itertools
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.lane.types import (
    AlarmCode,
    Decision,
    Direction,
    Ending,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.store import Store, StoreError, outbox, read_passes
from gateway.store.database import open_database, transaction
from gateway.store.schema import MIGRATIONS
from gateway.sync.protocol import Position, chain_over, genesis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CORNERS = ((0.0, 0.0), (9.5, 0.0), (9.5, 3.0), (0.0, 3.0))
READING = PlateReading(
    "京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.98761, 0.95, CORNERS, ("ab12", "cd34")
)
ALLOW = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
DENY = Decision(Verdict.DENY, Reason.UNKNOWN_PLATE)


def a_visit(name="p1", decision=ALLOW, reading=READING, at=NOON) -> Visit:
    return Visit(name, at, decision, reading)


def a_pass(visit=None, ending=Ending.PASSED) -> Pass:
    return Pass(visit or a_visit(), ending, NOON + timedelta(seconds=9))


def played(path, story, gateway="north"):
    """Run `story(store)` on a freshly opened store, and close it."""

    async def play():
        store = Store.open(path, gateway)
        try:
            return await story(store)
        finally:
            await store.close()

    return asyncio.run(play())


def rows(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "lanegate.db"


# --- what is kept ------------------------------------------------------------------------


def test_a_visit_is_decided_then_ended_in_one_row_and_two_records(path):
    async def story(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit(), NOON)
        await store.end("lane-1", Direction.ENTRY, a_pass())
        return await store.passes(), await store.unsent(0, 10), await store.counts()

    (row,), records, counts = played(path, story)
    assert row == {
        "pass_id": "p1",
        "lane": "lane-1",
        "direction": "entry",
        "plate": "京A12345",
        "plate_type": "civil",
        "plate_colour": "blue",
        "confidence": 0.98761,
        "min_char": 0.95,
        "evidence": ["ab12", "cd34"],
        "verdict": "allow",
        "reason": "allow_list",
        "arrived_at": "2026-03-01T12:00:00.000Z",
        "decided_at": "2026-03-01T12:00:00.000Z",
        "ended_at": "2026-03-01T12:00:09.000Z",
        "ending": "passed",
    }
    assert [(r.seq, r.kind, '"phase":"decided"' in r.body) for r in records] == [
        (1, "pass", True),
        (2, "pass", False),
    ]
    assert '"plate":{"colour":"blue","confidence":0.9876' in records[0].body
    assert counts == {"passes": 1, "under_way": 0, "alarms": 0, "records": 2, "unacked": 2}


def test_a_visit_that_was_never_decided_still_gets_its_record(path):
    async def story(store):
        undecided = Decision(Verdict.DENY, Reason.UNDECIDED)
        await store.end("lane-1", Direction.EXIT, a_pass(a_visit("p2", undecided, None)))
        return await store.passes(), await store.unsent(0, 10)

    (row,), records = played(path, story)
    assert (row["plate"], row["decided_at"], row["ending"]) == (None, None, "passed")
    assert len(records) == 1
    assert '"plate":null' in records[0].body


def test_the_same_news_again_is_no_news(path):
    async def story(store):
        for _ in range(2):
            await store.decide("lane-1", Direction.ENTRY, a_visit(), NOON)
        for _ in range(2):
            await store.end("lane-1", Direction.ENTRY, a_pass())
        await store.end("lane-1", Direction.ENTRY, a_pass(ending=Ending.TURNED_BACK))
        return await store.passes(), await store.unsent(0, 10)

    (row,), records = played(path, story)
    assert row["ending"] == "passed"
    assert len(records) == 2


def test_a_second_decision_for_a_visit_replaces_the_first_and_is_told(path):
    async def story(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit(decision=DENY), NOON)
        by_hand = a_visit(decision=Decision(Verdict.ALLOW, Reason.OPEN_BUTTON))
        await store.decide("lane-1", Direction.ENTRY, by_hand, NOON + timedelta(seconds=3))
        return await store.passes(), await store.unsent(0, 10)

    (row,), records = played(path, story)
    assert (row["reason"], row["decided_at"]) == ("open_button", "2026-03-01T12:00:03.000Z")
    assert len(records) == 2


def test_a_pass_that_has_ended_cannot_be_decided_again(path):
    async def story(store):
        await store.end("lane-1", Direction.ENTRY, a_pass())
        with pytest.raises(StoreError, match="p1 ended as passed"):
            await store.decide("lane-1", Direction.ENTRY, a_visit(), NOON)

    played(path, story)


def test_after_a_crash_the_visits_that_were_decided_come_back_as_they_were(path):
    async def before(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit("p1"), NOON)
        await store.decide("lane-1", Direction.ENTRY, a_visit("p2", reading=None), NOON)
        await store.decide("lane-1", Direction.ENTRY, a_visit("p3", DENY), NOON)
        await store.decide("lane-2", Direction.ENTRY, a_visit("p4"), NOON)
        await store.end("lane-1", Direction.ENTRY, a_pass(a_visit("p2", reading=None)))

    async def after(store):
        return await store.open_visits("lane-1")

    played(path, before)
    assert played(path, after) == (a_visit("p1"), a_visit("p3", DENY))


def test_alarms_are_kept_and_told_even_when_two_are_alike(path):
    async def story(store):
        for _ in range(2):
            await store.alarm("lane-1", AlarmCode.BOOM_FAULT, "no limit seen", NOON)
        return await store.counts(), await store.unsent(0, 10)

    counts, records = played(path, story)
    assert counts["alarms"] == 2
    assert len({record.body for record in records}) == 2


def test_times_are_stored_in_utc_and_a_time_without_zone_is_refused(path):
    async def story(store):
        shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
        await store.decide("lane-1", Direction.ENTRY, a_visit(at=shanghai), NOON)
        with pytest.raises(ValueError, match="no time zone"):
            await store.alarm("l", AlarmCode.NO_PLATE, "", NOON.replace(tzinfo=None))
        return await store.counts(), (await store.passes())[0]["arrived_at"]

    counts, arrived_at = played(path, story)
    assert arrived_at == "2026-03-01T12:00:00.000Z"
    assert counts["records"] == 1


def test_passes_are_read_beside_the_running_daemon_newest_first(path):
    async def story(store):
        for n in range(1203):
            visit = a_visit(f"p{n}", at=NOON + timedelta(seconds=n // 2))
            await store.decide("lane-1", Direction.ENTRY, visit, NOON)
        everything = [row["pass_id"] for row in read_passes(path)]
        latest = [row["pass_id"] for row in read_passes(path, limit=3)]
        late = list(read_passes(path, since=NOON + timedelta(seconds=600)))
        return everything, latest, len(late)

    everything, latest, late = played(path, story)
    assert everything == [f"p{n}" for n in reversed(range(1203))]
    assert latest == ["p1202", "p1201", "p1200"]
    assert late == 3
    assert [row["pass_id"] for row in read_passes(path, limit=1)] == ["p1202"]


# --- the outbox --------------------------------------------------------------------------


def test_the_outbox_is_one_chain_across_restarts(path):
    async def story(store):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        return await store.meta(), await store.unsent(0, 10)

    played(path, story)
    meta, records = played(path, story)
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert [record.seq for record in records] == [1, 2]
    assert [record.chain for record in records] == list(chains)
    assert meta.last == Position(2, chains[-1])


def test_a_number_is_never_used_again_even_when_all_rows_are_gone(path):
    async def story(store):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        return await store.meta()

    played(path, story)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("delete from outbox")
    assert played(path, story).last.seq == 2


def test_acknowledged_rows_stay_and_do_not_come_back_as_unacked(path):
    async def story(store):
        for _ in range(3):
            await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        chain = await store.chain_at(2)
        await store.acked(Position(2, chain))
        await store.acked(Position(1, await store.chain_at(1)))
        return await store.meta(), chain

    meta, chain = played(path, story)
    assert meta.acked == Position(2, chain)
    assert meta.unacked == 1
    assert rows(path, "select seq, acked_at is null from outbox") == [(1, 0), (2, 0), (3, 1)]


def test_a_new_epoch_takes_along_what_is_not_acknowledged_and_raises_an_alarm(path):
    async def story(store):
        for n in range(3):
            await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)
        before = await store.meta()
        await store.acked(Position(1, await store.chain_at(1)))
        meta = await store.mint_epoch("the cloud has another record", NOON)
        return before, meta, await store.unsent(0, 10)

    before, meta, records = played(path, story)
    assert meta.epoch != before.epoch
    assert (meta.acked, meta.unacked) == (genesis(meta.epoch), 3)
    assert [record.kind for record in records] == ["pass", "pass", "alarm"]
    assert '"code":"history_forked"' in records[2].body
    assert '"pass_id":"p1"' in records[0].body
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert [record.chain for record in records] == list(chains)
    assert (before.epoch, 1) in rows(path, "select epoch, seq from outbox")
    assert len(rows(path, "select * from outbox")) == 4


def test_a_box_with_a_new_name_starts_a_new_history_and_loses_nothing(path):
    async def one(store):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        return await store.meta()

    async def look(store):
        return await store.meta()

    first = played(path, one)
    second = played(path, look, gateway="south")
    assert second.gateway == "south"
    assert second.epoch != first.epoch
    assert second.unacked == 1


# --- what goes wrong ---------------------------------------------------------------------


def test_a_pass_without_its_outbox_record_is_not_kept(path):
    async def story(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit("p1"), NOON)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(
                "create trigger no_more before insert on outbox begin"
                " select raise(abort, 'the outbox is shut'); end"
            )
            with pytest.raises(StoreError, match="the outbox is shut"):
                await store.decide("lane-1", Direction.ENTRY, a_visit("p2"), NOON)
            other.execute("drop trigger no_more")
        before = await store.counts()
        await store.decide("lane-1", Direction.ENTRY, a_visit("p2"), NOON)
        return before, await store.counts()

    before, after = played(path, story)
    assert (before["passes"], before["records"]) == (1, 1)
    assert (after["passes"], after["records"]) == (2, 2)


async def decide_for_ever(store, numbers):
    for n in numbers:
        await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(path):
    async def story(store):
        pages = await store._do(lambda db: db.execute("pragma page_count").fetchone()[0])
        await store._do(lambda db: db.execute(f"pragma max_page_count = {pages}"))
        kept = itertools.count()
        with pytest.raises(StoreError, match=r"lanegate\.db: no space left .*free space"):
            await decide_for_ever(store, kept)
        full = await store.counts()
        await store._do(lambda db: db.execute("pragma max_page_count = 1000000"))
        await store.decide("lane-1", Direction.ENTRY, a_visit("later"), NOON)
        return next(kept) - 1, full

    kept, full = played(path, story)
    assert kept > 0
    assert (full["passes"], full["records"]) == (kept, kept)


def test_a_file_that_somebody_holds_locked_is_a_sentence(path):
    async def story(store):
        await store._do(lambda db: db.execute("pragma busy_timeout = 50"))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(StoreError, match="another program keeps it locked"):
                await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)

    played(path, story)


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 400, b"SQLite format 3\0" * 512]
)
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "bad.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"bad\.db: damaged.*put it aside"):
        Store.open(path, "north")
    assert path.read_bytes() == content


def test_damage_inside_the_file_is_found_at_the_start(path):
    async def story(store):
        for n in range(200):
            await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)

    played(path, story)
    with path.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\x5a" * 4096 * 6)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(path, "north")


def test_damage_that_only_a_check_sees_is_found_at_the_start(path):
    async def story(store):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)

    def rewrite(old, new):
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("pragma writable_schema = on")
            db.execute("update sqlite_master set sql = replace(sql, ?, ?)", (old, new))

    played(path, story)
    rewrite('"detail" TEXT NOT NULL', '"detail" TEXT')
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("update alarms set detail = null")
    rewrite('"detail" TEXT', '"detail" TEXT NOT NULL')
    with pytest.raises(StoreError, match=r"damaged.*NULL value in alarms"):
        Store.open(path, "north")


def test_commits_outlive_a_power_cut_and_writers_take_the_lock_first(path):
    async def story(store):
        async def says(pragma):
            return await store._do(lambda db: db.execute(f"pragma {pragma}").fetchone()[0])

        return await says("journal_mode"), await says("synchronous")

    assert played(path, story) == ("wal", 2)
    db = open_database(path, MIGRATIONS)
    with contextlib.closing(db), contextlib.closing(sqlite3.connect(path, timeout=0)) as other:
        with transaction(db), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")
        other.execute("begin immediate")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "state").write_text("a file stands in the way")
    with pytest.raises(StoreError, match="owner and rights"):
        Store.open(tmp_path / "state" / "lanegate.db", "north")


def test_a_missing_file_is_not_made_by_reading_it(tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        next(read_passes(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()


def test_a_closed_store_says_so(path):
    async def story():
        store = Store.open(path, "north")
        pending = asyncio.ensure_future(store.alarm("l", AlarmCode.NO_PLATE, "", NOON))
        await asyncio.sleep(0)
        await store.close()
        await store.close()
        await pending
        with pytest.raises(StoreError, match="closed"):
            await store.counts()

    asyncio.run(story())
    assert rows(path, "select count(*) from alarms") == [(1,)]


# --- forms of the file -------------------------------------------------------------------


def test_an_empty_file_becomes_a_store(path):
    path.parent.mkdir()
    path.touch()
    played(path, Store.counts)
    assert rows(path, "pragma user_version") == [(len(MIGRATIONS),)]


def test_a_new_store_is_closed_to_strangers_and_strict(path):
    played(path, Store.counts)
    assert path.stat().st_mode & 0o007 == 0
    strict = rows(path, "select name from pragma_table_list where schema = 'main' and strict")
    assert {name for (name,) in strict} == {"passes", "alarms", "outbox", "meta"}


def test_a_file_of_a_newer_program_is_refused_and_untouched(path):
    played(path, Store.counts)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma user_version = 99")
    with pytest.raises(StoreError, match=r"newer lanegate \(form 99, this program knows 1\)"):
        Store.open(path, "north")
    assert rows(path, "pragma user_version") == [(99,)]


def test_a_migration_that_fails_leaves_the_old_form(path):
    async def story(store):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)

    def half(db):
        db.execute("alter table alarms add column seen text")
        db.execute("insert into nothing values (1)")

    def whole(db):
        db.execute("alter table alarms add column seen text")

    played(path, story)
    with pytest.raises(StoreError, match="nothing"):
        open_database(path, (*MIGRATIONS, half))
    assert rows(path, "pragma user_version") == [(1,)]
    assert len(rows(path, "select * from alarms")[0]) == 5
    open_database(path, (*MIGRATIONS, whole)).close()
    assert rows(path, "pragma user_version") == [(2,)]
    assert len(rows(path, "select * from alarms")[0]) == 6


# --- a crash -----------------------------------------------------------------------------

COMMIT_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from tests.test_store import NOON, Direction, Store, a_visit

async def main():
    store = Store.open(Path(sys.argv[1]), "north")
    start = (await store.meta()).last.seq
    for n in range(start, start + 1_000_000):
        await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)
        print(n, flush=True)

asyncio.run(main())
"""


def test_kill_9_loses_no_commit_that_was_reported(path):
    reported = 0
    for after in (1, 40, 150):
        child = subprocess.Popen(
            [sys.executable, "-c", COMMIT_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
        )
        lines = iter(child.stdout.readline, "")
        for _ in range(after):
            reported = int(next(lines))
        child.send_signal(signal.SIGKILL)
        reported = max([reported, *(int(line) for line in lines if line.endswith("\n"))])
        child.wait()
        child.stdout.close()

        async def look(store):
            meta = await store.meta()
            return meta, await store.unsent(0, 10_000), await store.counts()

        meta, records, counts = played(path, look)
        assert counts["passes"] == counts["records"] == meta.last.seq >= reported + 1
        chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
        assert chains[-1] == meta.last.chain


def test_the_daemon_starts_without_the_migration_library(path):
    played(path, Store.counts)
    code = (
        "import sys; from pathlib import Path; from gateway.store import Store;"
        f"Store.open(Path({str(path)!r}), 'north'); print('sqlite_utils' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


FAIL_TO_WRITE_ONCE = """
import asyncio, resource, signal, sys
from pathlib import Path
from tests.test_store import NOON, Direction, Store, StoreError, a_visit

async def main():
    store = Store.open(Path(sys.argv[1]), "north")
    await store.decide("lane-1", Direction.ENTRY, a_visit("before"), NOON)
    first = store._db
    wal = Path(sys.argv[1] + "-wal").stat().st_size
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 100, resource.RLIM_INFINITY))
    try:
        await store.decide("lane-1", Direction.ENTRY, a_visit("during"), NOON)
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.decide("lane-1", Direction.ENTRY, a_visit("after"), NOON)
    print("a new connection:", store._db is not first)
    print(sorted(row["pass_id"] for row in await store.passes()))

asyncio.run(main())
"""


def test_after_a_failed_write_the_file_is_opened_anew_and_goes_on(path):
    command = [sys.executable, "-c", FAIL_TO_WRITE_ONCE, str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    sentence, again, passes = found.stdout.splitlines()
    assert "lanegate.db: disk I/O error; the disk may be failing" in sentence
    assert again == "a new connection: True"
    assert passes == "['after', 'before']"


def test_outbox_functions_refuse_a_file_without_meta():
    db = sqlite3.connect(":memory:")
    db.execute("create table meta (gateway, epoch, last_seq, last_chain, acked_seq, acked_chain)")
    with pytest.raises(sqlite3.DatabaseError, match="meta is empty"):
        outbox.meta(db)
