"""A damaged file is put aside untouched, and what can be read of it goes on."""

import asyncio
import contextlib
import json
import sqlite3
from datetime import timedelta

import pytest

from gateway.lane.reports import Mode, ModeKind
from gateway.lane.types import Direction
from gateway.store import Store, StoreDamagedError, StoreError, salvage
from gateway.store.clock import BoxClock
from gateway.sync.protocol import chain_over, genesis
from tests.storing import NOON, a_pass, a_visit, played, rows

PASSES = 300


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def filled(path, count=PASSES):
    async def story(store):
        for n in range(count):
            visit = a_visit(f"p{n}")
            await store.decide("lane-1", Direction.ENTRY, visit, NOON)
            if n % 2:
                await store.end("lane-1", Direction.ENTRY, a_pass(visit))
        return await store.meta()

    return played(path, story)


def damage(path, *pages):
    with path.open("r+b") as file:
        for page in pages:
            file.seek(4096 * page)
            file.write(b"\x5a" * 4096)


def pages_of(path, table):
    with contextlib.closing(sqlite3.connect(path)) as db:
        try:
            sql = "select pageno from dbstat where name = ? and pagetype = 'leaf' order by pageno"
            return [row[0] - 1 for row in db.execute(sql, (table,))]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite cannot tell which page is whose (no dbstat)")


def mended(path, look=lambda store: store.unsent(0, 100_000)):
    async def story():
        store = Store.open_or_mend(path, "north")
        try:
            return await store.meta(), await store.counts(), await look(store)
        finally:
            await store.close()

    return asyncio.run(story())


def losses(records):
    return [json.loads(r.body)["records"] for r in records if r.kind == "loss"]


def test_a_file_that_is_whole_is_opened_as_ever(path):
    before = filled(path, 5)
    meta, _, _ = mended(path)
    assert meta == before
    assert list(path.parent.glob("*damaged*")) == []


def test_damaged_pages_cost_what_is_on_them_and_the_loss_is_counted(path):
    before = filled(path)
    leaves = pages_of(path, "outbox")
    damage(path, *leaves[5:8])
    bytes_before = path.read_bytes()
    with pytest.raises(StoreDamagedError):
        Store.open(path, "north")
    meta, counts, records = mended(path)
    kept = [record for record in records if record.kind == "pass"]
    assert len(kept) > before.last.seq * 0.8
    assert losses(records) == [before.last.seq - len(kept)]
    assert meta.epoch != before.epoch
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert [record.chain for record in records] == list(chains)
    assert counts["passes"] == PASSES
    (aside,) = path.parent.glob("*.damaged-1")
    assert aside.read_bytes() == bytes_before


def test_passes_on_damaged_pages_are_gone_but_their_records_go_on(path):
    filled(path)
    damage(path, *pages_of(path, "passes")[2:4])
    _, counts, records = mended(path)
    assert PASSES * 0.5 < counts["passes"] < PASSES
    assert len({json.loads(r.body)["pass_id"] for r in records if r.kind == "pass"}) == PASSES
    assert losses(records) == []


def test_a_changed_byte_in_a_record_is_found_and_the_record_not_taken_for_true(path):
    before = filled(path, 30)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("update outbox set body = replace(body, 'p7', 'p8') where seq = 11")
    salvage.mend(path, "north", BoxClock())
    _, _, records = mended(path)
    assert losses(records) == [1]
    assert len([r for r in records if r.kind == "pass"]) == before.last.seq - 1


def changed_by_hand(path, sql):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma writable_schema = on")
        db.execute(sql)


def test_text_with_a_broken_byte_costs_its_record_and_not_the_uplink(path):
    before = filled(path, 30)
    broken = "cast(cast(body as blob) || x'ff' as text)"
    changed_by_hand(path, f"update outbox set body = {broken} where seq = 11")  # noqa: S608
    assert len(played(path, lambda store: store.unsent(0, 100))) == 10
    salvage.mend(path, "north", BoxClock())
    _, _, records = mended(path)
    assert losses(records) == [1]
    assert len([r for r in records if r.kind == "pass"]) == before.last.seq - 1


OTHER_NAME = """update sqlite_master set sql = replace(sql, '"last_seq"', '"last_sep"')"""
NO_TEXT = """update sqlite_master set sql = cast(
    cast(replace(sql, '"answer" TEXT', '"answer" T') as blob) || x'ff' as text)
    where name = 'orders'"""
OTHER_INDEX = """update sqlite_master set sql = replace(sql, '"arrived_at"', '"reason"')
    where type = 'index'"""


@pytest.mark.parametrize("sql", [OTHER_NAME, NO_TEXT, OTHER_INDEX])
def test_damage_in_what_the_tables_are_is_found_and_the_lane_starts(path, sql):
    before = filled(path, 20)
    changed_by_hand(path, sql)
    with pytest.raises(StoreDamagedError):
        Store.open(path, "north")
    meta, _, _ = mended(path)
    assert meta.epoch != before.epoch


def test_a_history_without_an_end_is_a_loss_that_nobody_can_count(path):
    filled(path, 5)
    strict, lax = '"last_seq" INTEGER NOT NULL', '"last_seq" INTEGER'
    rewrite = "update sqlite_master set sql = replace(sql, '{}', '{}')"
    changed_by_hand(path, rewrite.format(strict, lax))
    changed_by_hand(path, "update meta set last_seq = null")
    changed_by_hand(path, rewrite.format(lax, strict))
    _, counts, records = mended(path)
    assert counts["passes"] == 5
    assert losses(records) == [0]


def renumber_last_row(path, page, number):
    """On a page of a table. Behind its length, a row begins with its number."""
    with path.open("r+b") as file:
        file.seek(4096 * page)
        content = file.read(4096)
        rows_here = int.from_bytes(content[3:5])
        at = int.from_bytes(content[6 + 2 * rows_here :][:2])
        at += 1 if content[at] < 128 else 2  # a length takes one byte or two
        assert content[at] < 128
        file.seek(4096 * page + at)
        file.write(bytes([number]))


def test_rows_in_a_wrong_order_do_not_send_the_reader_round_in_circles(path):
    filled(path)
    renumber_last_row(path, pages_of(path, "passes")[2], 0)
    _, counts, records = mended(path)
    assert PASSES * 0.9 < counts["passes"] < PASSES
    assert losses(records) == []


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 400])
def test_a_file_that_is_no_database_at_all_does_not_keep_the_lane_from_starting(path, content):
    path.write_bytes(content)
    _, counts, records = mended(path)
    assert counts["passes"] == 0
    if content:
        assert losses(records) == [0]
        assert "nothing in it tells how many" in records[-1].body + records[-2].body


def test_an_open_visit_goes_on_after_the_file_was_mended(path):
    filled(path, 9)
    salvage.mend(path, "north", BoxClock())
    _, _, visits = mended(path, lambda store: store.open_visits("lane-1"))
    assert [visit.pass_id for visit in visits] == ["p0", "p2", "p4", "p6", "p8"]


def test_a_crash_while_mending_leaves_the_damaged_file_or_the_mended_one(path):
    filled(path, 20)
    salvage.mend(path, "north", BoxClock())
    good = path.read_bytes()
    (aside,) = path.parent.glob("*.damaged-1")
    # As it is after the mended file was made and before it took its place.
    path.rename(path.with_name("lanegate.db.mended"))
    path.write_bytes(aside.read_bytes())
    path.with_name("lanegate.db-wal").write_bytes(b"a log of the damaged file")
    meta, counts, _ = mended(path)
    assert counts["passes"] == 20
    assert len(list(path.parent.glob("*.damaged-2*"))) == 2
    assert meta.last.seq >= 30
    assert len(good) > 0


def test_mending_without_room_is_a_sentence_and_harms_nothing(path):
    filled(path, 5)
    before = path.read_bytes()
    path.with_name("lanegate.db.mending").mkdir()
    with pytest.raises(StoreError, match=r"lanegate\.db"):
        salvage.mend(path, "north", BoxClock())
    assert path.read_bytes() == before


def test_the_new_history_names_the_one_it_came_from(path):
    before = filled(path, 5)
    salvage.mend(path, "north", BoxClock())
    assert rows(path, "select parent, parent_kept from upkeep") == [(before.epoch, 0)]


def test_damage_that_is_met_at_work_is_mended_at_the_next_start(path):
    filled(path, 3)

    async def met(store):
        def damaged(_shelf):
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

        with pytest.raises(StoreDamagedError):
            await store.serve(damaged)

    played(path, met)
    _, counts, records = mended(path)
    assert counts["passes"] == 3
    assert "loss" not in {record.kind for record in records}
    assert path.with_name("lanegate.db.damaged-1").exists()
    mended(path)
    assert not path.with_name("lanegate.db.damaged-2").exists()


@pytest.mark.parametrize("column", ["arrived_at", "candidates", "verdict", "evidence"])
def test_a_visit_that_was_damaged_does_not_keep_its_lane_from_starting(path, column):
    filled(path, 3)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        sql = f"update passes set {column} = 'z\ufffd' where pass_id = 'p0'"  # noqa: S608
        db.execute(sql)
    found = mended(path, lambda store: store.open_visits("lane-1"))[2]
    assert {visit.pass_id for visit in found} - {"p0"} == {"p2"}


def test_a_mode_that_was_damaged_is_none(path):
    mode = Mode(ModeKind.HOLD_OPEN, NOON, "guard", "peak", NOON + timedelta(hours=1))
    played(path, lambda store: store.mode("lane-1", mode, NOON))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("update modes set kind = 'hold_opem'")
    assert mended(path, lambda store: store.mode_of("lane-1"))[2] is None
