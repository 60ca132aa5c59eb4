"""What a person has deleted is gone from every file, and what must stay is named."""

import asyncio
import contextlib
import fcntl
import json
import os
import random
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gateway.commands.purge import purge
from gateway.erasure import Erasure, Wish
from gateway.lane.reports import AlarmCode, Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import Candidate, Direction, Ending, Inputs, Pass
from gateway.ledger import as_fields
from gateway.rights import RightsBook, RightText
from gateway.store import read_ledger, read_passes
from gateway.store.days import day_of
from gateway.sync.protocol import Position, chain_over, genesis
from tests.storing import NOON, READING, a_visit, played, rows

X = "京X99999"
ENTRY = Direction.ENTRY
WHY = "a request of 2026-11-20"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def picture(number):
    return f"{number:064x}"


def visit_of(text, number, guesses=()):
    reading = replace(READING, text=text, evidence=(picture(number),)) if text else None
    at = NOON + timedelta(seconds=60 * number)
    visit = a_visit(f"{number:032x}", reading=reading, at=at)
    candidates = tuple(Candidate(one, 3, 0.9) for one in (text, *guesses) if one)
    return replace(visit, candidates=candidates)


async def passed(store, visit):
    await store.decide("lane-1", ENTRY, visit, visit.arrived_at)
    await store.raised(
        "lane-1", Raise(f"r{visit.pass_id}", visit.arrived_at, Cause.PASS, "", visit.pass_id)
    )
    await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))


async def ack_all(store):
    last = (await store.meta()).last
    await store.acked(Position(last.seq, await store.chain_at(last.seq)))


def keep_picture(path, name):
    file = path.parent / "evidence" / name[:2] / f"{name}.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"jpeg")
    return file


def in_files(path, text=X):
    files = (file for file in path.parent.rglob("*") if file.is_file())
    return [file.name for file in files if text.encode() in file.read_bytes()]


async def everywhere(store):
    """X in every place that a plate can get to, and Y beside it."""
    await passed(store, visit_of(X, 1))
    await store.photo(f"{1:032x}", picture(101))
    await store.photo(f"r{1:032x}", picture(102))
    await passed(store, visit_of("京Y11111", 2, guesses=(X,)))
    await passed(store, visit_of(None, 3, guesses=(X,)))
    await passed(store, visit_of("京Y11111", 4))
    doubted = visit_of(None, 5, guesses=(X,))
    case = Case("c1", NOON, f"the plate may be {X}", doubted, Inputs())
    await store.opened_case("lane-1", case)
    await store.closed_case("lane-1", "c1", f"{X} let in", NOON)
    await store.alarm("lane-1", AlarmCode.DOUBTFUL_PLATE, f"in doubt: {X}", NOON)
    await store.mode("lane-1", Mode(ModeKind.LOCK_DOWN, NOON, "guard", f"look for {X}"), NOON)
    await store.ordered("lane-1", "o1", f"done for {X}", NOON)
    await store.publish_ledger(day_of(NOON), NOON)
    await ack_all(store)


# --- a plate -----------------------------------------------------------------------------


def test_a_plate_is_deleted_wherever_it_stands_and_found_in_no_file_afterwards(path):
    played(path, everywhere)
    mine, other = keep_picture(path, picture(1)), keep_picture(path, picture(2))
    photos = [keep_picture(path, picture(number)) for number in (101, 102)]
    aside = path.with_name("lanegate.db.damaged-1")
    aside.write_bytes(f"...{X}...".encode())
    assert in_files(path)
    found = Erasure(path.parent).do(Wish(X), "clerk", WHY)
    assert (found.unsent, found.under_way, found.traces) == (0, 0, ())
    assert in_files(path) == []
    assert other.exists()
    assert not [file for file in (mine, aside, *photos) if file.exists()]


def test_other_plates_stay_and_a_pass_stays_without_its_plate(path):
    played(path, everywhere)
    ledger = as_fields(day_of(NOON), read_ledger(path, day_of(NOON)))
    Erasure(path.parent).do(Wish(X), "clerk", WHY)
    shown = {row["pass_id"][-1]: row for row in read_passes(path)}
    assert [shown[name]["plate"] for name in "1234"] == [None, "京Y11111", None, "京Y11111"]
    assert shown["1"]["evidence"] == []
    assert shown["2"]["evidence"] == [picture(2)]
    assert as_fields(day_of(NOON), read_ledger(path, day_of(NOON))) == ledger


def test_the_history_stays_whole_with_tombstones_in_it(path):
    played(path, everywhere)
    Erasure(path.parent).do(Wish(X), "clerk", WHY)

    async def story(store):
        return await store.meta(), await store.unsent(0, 1000)

    meta, records = played(path, story)
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert [record.chain for record in records] == list(chains)
    assert chains[-1] == meta.last.chain
    assert sum('"code":"purged"' in record.body for record in records) >= 8


def test_the_deletion_is_an_event_that_names_no_plate(path):
    played(path, everywhere)
    Erasure(path.parent).do(Wish(X), "clerk", f"{WHY} about {X}")

    async def story(store):
        return (await store.unsent((await store.meta()).acked.seq, 10))[-1]

    record = played(path, story)
    body = json.loads(record.body)
    assert (record.kind, body["by"], body["what"]) == ("purge", "clerk", "plate")
    assert body["reason"] == f"{WHY} about (deleted)"
    assert body["passes"] == [f"{1:032x}", f"{3:032x}"]
    assert body["counts"]["passes"] == 2
    assert rows(path, "select by, what from purges") == [("clerk", "plate")]


def test_what_the_cloud_has_not_got_stays_unless_it_is_meant(path):
    async def story(store):
        await passed(store, visit_of(X, 1))

    played(path, story)
    found = Erasure(path.parent).do(Wish(X), "clerk", WHY)
    assert found.unsent == 2
    assert found.traces == (path,)
    assert in_files(path) == ["lanegate.db"]
    found = Erasure(path.parent).do(Wish(X, unsent=True), "clerk", WHY)
    assert (found.unsent, found.counts["unsent_records"], in_files(path)) == (0, 2, [])


def test_who_stands_in_the_lane_now_is_not_deleted(path):
    async def story(store):
        visit = visit_of(X, 1)
        await store.decide("lane-1", ENTRY, visit, NOON)
        await store.opened_case("lane-1", Case("c1", NOON, "waits", visit, Inputs()))
        await ack_all(store)

    played(path, story)
    found = Erasure(path.parent).do(Wish(X), "clerk", WHY)
    assert found.under_way == 2
    assert rows(path, "select plate from passes union all select plate from cases") == [(X,), (X,)]

    async def goes_on(store):
        await store.end("lane-1", ENTRY, Pass(visit_of(X, 1), Ending.PASSED, NOON))
        return (await store.unsent(0, 1))[0].kind

    assert played(path, goes_on) == "pass"


def test_old_copies_in_half_used_pages_go_too(path):
    """SQLite leaves them where it moved a row to another page."""
    dice = random.Random(1)

    async def story(store):
        await store._do(lambda db: db.execute("pragma synchronous = off"))
        under_way = []
        for number in range(600):
            text = X if number % 20 == 7 else f"京A{dice.randrange(10**5):05d}"
            visit = replace(visit_of(text, number), pass_id=f"{dice.getrandbits(128):032x}")
            await store.decide("lane-1", ENTRY, visit, visit.arrived_at)
            under_way.append(visit)
            if len(under_way) > 3:
                visit = under_way.pop(dice.randrange(4))
                await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))
                for _ in range(2):
                    await store.photo(visit.pass_id, f"{dice.getrandbits(256):064x}")
        for visit in under_way:
            await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))
        await ack_all(store)
        await store.tend(3600.0)

    played(path, story)
    marks = rows(path, "select * from ages order by book")
    found = Erasure(path.parent).do(Wish(X), "clerk", WHY)
    assert (found.counts["passes"], found.traces, in_files(path)) == (30, (), [])
    assert rows(path, "select * from ages order by book") == marks


def test_a_daemon_at_work_goes_on_and_so_does_the_purge(path):
    async def story(store):
        await everywhere(store)
        with (path.parent / "lanegate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = Erasure(path.parent).do(Wish(X), "clerk", WHY)
        await passed(store, visit_of("京Y22222", 9))
        return found, await store.counts()

    found, counts = played(path, story)
    assert found.traces == ()
    assert counts["passes"] == 5
    assert in_files(path) == []


def test_lanes_write_all_the_while(path):
    async def story(store):
        await everywhere(store)
        purging = asyncio.ensure_future(
            asyncio.to_thread(Erasure(path.parent).do, Wish(X), "clerk", WHY)
        )
        written = 0
        while not purging.done() or written < 20:
            visit = visit_of("京Y22222", 100 + written)
            await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))
            written += 1
        return written, await purging, await store.counts()

    written, found, counts = played(path, story)
    assert counts["passes"] == 4 + written
    assert (found.traces, in_files(path)) == ((), [])


def test_a_reader_that_keeps_old_bytes_is_told(path):
    played(path, everywhere)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from passes").fetchone()
        found = Erasure(path.parent, patience_s=0.1).do(Wish(X), "clerk", WHY)
        assert found.traces
    assert Erasure(path.parent).do(Wish(X), "clerk", WHY).traces == ()
    assert in_files(path) == []


# --- age and pictures --------------------------------------------------------------------


def test_all_before_a_time_goes_but_not_what_is_under_way_or_not_sent(path):
    old, young = NOON, NOON + timedelta(days=40)

    async def story(store):
        await everywhere(store)
        await store.decide("lane-1", ENTRY, visit_of("京Y33333", 6), old)
        late = visit_of("京Y44444", 7)
        await store.end("lane-1", ENTRY, Pass(late, Ending.PASSED, young))

    played(path, story)
    files = [keep_picture(path, picture(number)) for number in (1, 2)]
    os.utime(files[0], (old.timestamp(), old.timestamp()))
    wish = Wish(before=NOON + timedelta(days=30))
    looked = Erasure(path.parent).look(wish)
    done = Erasure(path.parent).do(wish, "clerk", WHY)
    assert looked == done
    assert (done.counts["pictures"], done.counts["records"]) == (1, 0)
    assert rows(path, "select plate from passes order by rowid") == [("京Y33333",), ("京Y44444",)]
    for book in ("raises", "cases", "alarms", "orders"):
        assert rows(path, f"select count(*) from {book}") == [(0,)]  # noqa: S608
    assert rows(path, "select kind from modes") == [("lock_down",)]
    assert [file.exists() for file in files] == [False, True]

    async def unsent(store):
        return (await store.meta()).unacked

    assert played(path, unsent) == 3


def test_records_that_the_cloud_has_go_by_the_day_they_were_acknowledged(path):
    played(path, everywhere)
    acked = rows(path, "select acked_seq from meta")[0][0]
    late = Wish(before=datetime.now(UTC) + timedelta(days=1))
    done = Erasure(path.parent).do(late, "clerk", WHY)
    assert done.counts["records"] == acked
    assert rows(path, "select min(outbox.seq), kept_seq from outbox, upkeep") == [
        (acked + 1, acked)
    ]
    assert in_files(path) == ["lanegate.db"], "the mode in force names it"


def test_pictures_alone_leave_the_rows_as_they_are(path):
    played(path, everywhere)
    files = [keep_picture(path, picture(number)) for number in (1, 2)]
    before = list(read_passes(path))
    done = Erasure(path.parent).do(Wish(pictures=True), "clerk", WHY)
    assert done.counts == {"pictures": 2}
    assert not [file for file in files if file.exists()]
    assert list(read_passes(path)) == before


# --- the command -------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(purge, [str(word) for word in words])


def test_without_yes_nothing_is_deleted(path):
    played(path, everywhere)
    done = run("--data", path.parent, "--plate", "京x·99999")
    assert done.exit_code == 0, done.output
    assert "would be deleted" in done.output
    assert "2  passes lose their plate" in done.output
    assert "the cloud's to delete" in done.output
    assert in_files(path)


def test_with_yes_and_a_reason_it_is_done_and_told_in_json(path):
    played(path, everywhere)
    words = ("--data", path.parent, "--plate", X, "--yes")
    assert run(*words).exit_code == 2
    done = run(*words, "--reason", WHY, "--json")
    told = json.loads(done.output)
    assert (done.exit_code, told["done"], told["traces"]) == (0, True, [])
    assert X not in done.output
    assert in_files(path) == []


def test_a_plate_that_has_a_right_is_told_and_the_rights_stay_as_they_are(path):
    played(path, everywhere)
    asyncio.run(_with_a_right(path.parent / "rights.db"))
    done = run("--data", path.parent, "--plate", X, "--yes", "--reason", WHY)
    assert done.exit_code == 0, done.output
    assert "The plate stands in the rights, too: take it out there." in done.output
    other = run("--data", path.parent, "--plate", "京Q77777", "--yes", "--reason", WHY)
    assert "the rights" not in other.output


async def _with_a_right(path):
    fields = {
        "id": "r1",
        "version": 1,
        "kind": "staff",
        "plates": [X],
        "valid": {"from": "2026-01-01"},
    }
    book = RightsBook.open(path)
    await book.replace([RightText.model_validate(fields)], 1)
    await book.close()


def test_where_something_stays_it_ends_with_3(path):
    async def story(store):
        await passed(store, visit_of(X, 1))

    played(path, story)
    done = run("--data", path.parent, "--plate", X, "--yes", "--reason", WHY)
    assert done.exit_code == 3
    assert "2 records stay until the cloud has them" in done.output


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--plate", "京"),
        ("--plate", "%_%_%_%"),
        ("--plate", X, "--pictures"),
        ("--older-than", "1d"),
        ("--older-than", "-3d"),
        ("--pictures", "--unsent"),
    ],
)
def test_what_is_not_clear_is_not_begun(path, words):
    played(path, everywhere)
    assert run("--data", path.parent, *words).exit_code == 2


def test_age_and_pictures_are_told_with_their_limit(path):
    played(path, everywhere)
    done = run("--data", path.parent, "--older-than", "30d", "--pictures")
    assert (done.exit_code, "nothing" in done.output) == (0, True)
    done = run("--data", path.parent, "--older-than", "2", "--yes", "--reason", WHY)
    assert done.exit_code == 0, done.output
    assert "by this box's clock, deleted:" in done.output
    assert rows(path, "select count(*) from passes") == [(0,)]


def test_a_folder_without_a_database_is_told(tmp_path):
    done = run("--data", tmp_path, "--pictures")
    assert done.exit_code == 1
    assert "there is no such file" in done.output
