"""`lanegate export`, as typed: whole, in order, harmless to a spreadsheet, and no burden."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner

from gateway.commands.export import export
from gateway.commands.spreadsheet import harmless
from gateway.lane.reports import AlarmCode, Case, Cause, Raise
from gateway.lane.types import Direction, Ending, Inputs, Pass
from gateway.ledger import day_of
from gateway.store import exporting
from tests.storing import NOON, a_visit, played

ENTRY = Direction.ENTRY


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def run(path, *words):
    return CliRunner().invoke(export, ["--db", str(path), *[str(word) for word in words]])


async def some(store):
    for number in range(4):
        visit = a_visit(f"p{number}", at=NOON + timedelta(hours=number))
        await store.end("lane-1", ENTRY, Pass(visit, Ending.PASSED, visit.arrived_at))
    await store.raised("lane-1", Raise("r1", NOON, Cause.MANUAL, "=1+1", "p1"))
    await store.opened_case("lane-1", Case("c1", NOON, "no plate", a_visit("p1"), Inputs()))
    await store.alarm("lane-1", AlarmCode.NO_PLATE, "@SUM(A1)", NOON)
    await store.publish_ledger(day_of(NOON), NOON)


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_passes_come_oldest_first_with_their_columns_in_order(path):
    played(path, some)
    done = run(path)
    assert done.exit_code == 0, done.output
    assert [row["pass_id"] for row in lines(done.stdout)] == ["p0", "p1", "p2", "p3"]
    assert done.stdout.splitlines()[0] == ",".join(exporting.BOOKS["passes"].columns)
    first = lines(done.stdout)[0]
    assert first["arrived_at"] == "2026-03-01T20:00:00.000+08:00"
    assert json.loads(first["evidence"]) == ["ab12", "cd34"]
    assert first["decided_at"] == ""


def test_a_span_has_its_first_instant_and_not_its_last(path):
    played(path, some)
    span = ("--since", "2026-03-01T13:00:00+00:00", "--until", "2026-03-01T15:00:00+00:00")
    assert [row["pass_id"] for row in lines(run(path, *span).stdout)] == ["p1", "p2"]


@pytest.mark.parametrize("kind", list(exporting.BOOKS))
def test_every_kind_says_the_same_in_each_format(path, kind):
    played(path, some)
    as_json = json.loads(run(path, "--kind", kind, "--format", "json").stdout)
    as_lines = run(path, "--kind", kind, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in as_lines] == as_json
    assert len(lines(run(path, "--kind", kind).stdout)) == len(as_json)
    assert all(tuple(row) == exporting.BOOKS[kind].columns for row in as_json)
    assert as_json or kind in ("modes", "sessions", "money", "credits", "traces")


def test_a_ledger_whose_figures_were_let_go_still_has_its_day(path):
    played(path, some)
    with sqlite3.connect(path) as db:
        db.execute("update ledgers set body = ''")
    (row,) = json.loads(run(path, "--kind", "ledgers", "--format", "json").stdout)
    assert (row["day"], row["lanes"]) == ("2026-03-01", None)


def test_nothing_is_an_empty_list(path):
    played(path, some)
    done = run(path, "--since", "2030-01-01T00:00:00+00:00", "--format", "json")
    assert json.loads(done.stdout) == []


def test_times_are_in_the_zone_that_was_asked_for(path):
    played(path, some)
    done = run(path, "--zone", "UTC", "--format", "jsonl")
    assert json.loads(done.stdout.splitlines()[0])["arrived_at"] == "2026-03-01T12:00:00.000+00:00"
    assert run(path, "--zone", "Mars/Olympus").exit_code == 2


def test_excel_gets_its_mark_and_only_csv_has_it(path):
    played(path, some)
    done = run(path, "--excel")
    assert done.stdout_bytes.startswith(b"\xef\xbb\xbfpass_id,")
    assert "京A12345".encode() in done.stdout_bytes
    assert run(path, "--excel", "--format", "json").exit_code == 2


# --- formulas ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "−"]
)
@pytest.mark.parametrize("before", ["", " ", "\u200b", "\ufeff", "\u3000", "\x00"])
def test_no_cell_can_begin_a_formula(sign, before):
    text = f"{before}{sign}cmd|' /C calc'!A0"
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "京A12345", "a=b", "1-2", "[]", "'quoted'", " "])
def test_what_is_harmless_stays_as_it_is(text):
    assert harmless(text) == text


def test_numbers_are_no_text():
    assert [harmless(value) for value in (-1, 0.5, None)] == ["-1", "0.5", ""]


def test_formulas_from_a_box_are_made_harmless(path):
    played(path, some)
    assert lines(run(path, "--kind", "raises").stdout)[0]["reason"] == "'=1+1"
    assert lines(run(path, "--kind", "alarms").stdout)[0]["detail"] == "'@SUM(A1)"
    (alarm,) = json.loads(run(path, "--kind", "alarms", "--format", "json").stdout)
    assert alarm["detail"] == "@SUM(A1)"


# --- files -------------------------------------------------------------------------------


def test_a_file_appears_whole_and_for_its_owner_only(path, tmp_path):
    played(path, some)
    out = tmp_path / "passes.csv"
    out.write_text("of yesterday")
    done = run(path, "--output", out)
    assert (done.exit_code, done.stdout) == (0, "")
    assert len(lines(out.read_text("utf-8"))) == 4
    assert out.stat().st_mode & 0o077 == 0


def test_what_fails_leaves_the_old_file_and_no_other(path, tmp_path):
    played(path, some)
    out = tmp_path / "out" / "passes.csv"
    out.parent.mkdir()
    out.write_text("of yesterday")
    with sqlite3.connect(path) as db:
        db.execute("update passes set candidates = 'no json' where pass_id = 'p3'")
    done = run(path, "--output", out)
    assert (done.exit_code, "row 4 of passes is not as it was written" in done.output) == (1, True)
    assert [file.read_text() for file in out.parent.iterdir()] == ["of yesterday"]


def test_what_cannot_be_read_or_written_is_a_sentence(path, tmp_path):
    done = run(path)
    assert (done.exit_code, "there is no such file" in done.output) == (1, True)
    played(path, some)
    done = run(path, "--output", tmp_path / "none" / "passes.csv")
    assert done.exit_code == 1
    assert "cannot be written: No such file or directory" in done.output


def test_a_reader_that_has_had_enough_is_no_error_to_see(path):
    async def much(store):
        for _ in range(100):
            await store.alarm("lane-1", AlarmCode.NO_PLATE, "p" * 4000, NOON)

    played(path, much)
    command = f"{sys.executable} -m gateway export --kind alarms --db {path} | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a", "")


def test_the_daemon_can_empty_its_file_of_changes_in_the_middle(path, monkeypatch):
    monkeypatch.setattr(exporting, "PAGE_ROWS", 2)

    async def story(store):
        await some(store)
        found = exporting.read_book(path, "passes", exporting.Span())
        first = next(found)
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        busy = await store._do(lambda db: db.execute("pragma wal_checkpoint(truncate)").fetchone())
        await store._do(lambda db: db.execute("delete from passes where pass_id = 'p3'"))
        await store.end("lane-1", ENTRY, Pass(a_visit("p9"), Ending.PASSED, NOON))
        return first, busy, [row["pass_id"] for row in found]

    first, busy, rest = played(path, story)
    assert (first["pass_id"], busy[0]) == ("p0", 0)
    assert rest == ["p1", "p2", "p9"]
