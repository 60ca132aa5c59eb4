"""What the store refuses leaves no trace, and no crash takes what it reported."""

import asyncio
import contextlib
import itertools
import signal
import sqlite3
import subprocess
import sys

import pytest

from gateway.lane.reports import AlarmCode
from gateway.lane.types import Direction, Ending, Pass
from gateway.store import Store, StoreError, StoreFullError, read_passes
from gateway.store.database import open_database, transaction
from gateway.store.schema import MIGRATIONS
from gateway.sync.protocol import chain_over, genesis
from tests.storing import CAR_PARK, NOON, a_visit, played, rows, undo_fourth_form


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "lanegate.db"


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
        with pytest.raises(StoreFullError, match=r"lanegate\.db: no space left .*free space"):
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
    books = {"passes", "alarms", "raises", "cases", "modes", "orders", "ledgers", "ages", "purges"}
    assert {name for (name,) in strict} == {
        *books,
        "outbox",
        "meta",
        "upkeep",
        "quarantine",
        "losses",
        *CAR_PARK,
    }


def test_a_file_of_a_newer_program_is_refused_and_untouched(path):
    played(path, Store.counts)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma user_version = 99")
    with pytest.raises(StoreError, match=r"newer lanegate \(form 99, this program knows \d\)"):
        Store.open(path, "north")
    assert rows(path, "pragma user_version") == [(99,)]


def test_a_file_of_the_first_form_is_read_as_it_is_and_its_visits_go_on(path):
    async def begun(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit("p1"), NOON)

    async def resumed(store):
        (visit,) = await store.open_visits("lane-1")
        await store.end("lane-1", Direction.ENTRY, Pass(visit, Ending.INTERRUPTED, NOON))
        return visit

    played(path, begun)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        undo_fourth_form(db)
        for table in ("raises", "cases", "modes", "orders", "ledgers"):
            db.execute(f"drop table {table}")
        db.execute("drop index passes_proved")
        db.execute("alter table passes drop column photos")
        db.execute("alter table passes drop column candidates")
        db.execute("pragma user_version = 1")
    (before,) = read_passes(path)
    assert (before["pass_id"], before["candidates"]) == ("p1", [])
    assert played(path, resumed).candidates == ()
    (after,) = read_passes(path)
    assert (after["ending"], after["candidates"]) == ("interrupted", [])


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
    assert rows(path, "pragma user_version") == [(len(MIGRATIONS),)]
    assert len(rows(path, "select * from alarms")[0]) == 5
    open_database(path, (*MIGRATIONS, whole)).close()
    assert rows(path, "pragma user_version") == [(len(MIGRATIONS) + 1,)]
    assert len(rows(path, "select * from alarms")[0]) == 6


# --- a crash -----------------------------------------------------------------------------

COMMIT_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from gateway.lane.types import Direction
from gateway.store import Store
from tests.storing import CAR_PARK, NOON, a_visit

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
from gateway.lane.types import Direction
from gateway.store import Store, StoreError
from tests.storing import CAR_PARK, NOON, a_visit

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
