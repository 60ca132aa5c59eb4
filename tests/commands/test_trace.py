"""`lanegate trace`: what is found in the books, and that no question goes unrecorded."""

import asyncio
import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gateway.commands.trace import trace
from gateway.erasure import Erasure, Wish
from gateway.lane.types import Direction, Ending, Pass, PlateColour, PlateType, Reason
from gateway.store import Store, StoreError
from gateway.store.tracing import Inquiry, traced
from gateway.sync.telling import Correct, Merge
from tests.commands.carpark import (
    CARD,
    LOST,
    MISREAD,
    OWES,
    PAYS,
    TWICE,
    at_work,
    came,
    clock,
    configured,
    ident,
    left,
    reading_of,
    written,
)
from tests.storing import a_visit, rows

WHY = ("--purpose", "police, 2026/117", "--by", "王伟")
DAY = ("--from", "2026-03-02T00:00", "--to", "2026-03-03T00:00")
NOW = clock("23:00")


def run(path, *words):
    return CliRunner().invoke(trace, [str(path), *(str(word) for word in words)])


def told(path, plate, *words):
    done = run(path, "--plate", plate, *DAY, *WHY, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def asked(path, plate, *, around="00:00", since="00:00", until="23:00", most=500):
    width = clock(around) - clock("00:00")
    inquiry = Inquiry(plate, width, clock(since), clock(until), most, "王伟", "police, 2026/117")
    return traced(path.parent / "data" / "lanegate.db", inquiry, NOW)


def met(found):
    return [(one.presence.plate, one.met, one.together_s // 60) for one in found.contacts]


def notes(path):
    return rows(path.parent / "data" / "lanegate.db", "select * from traces")


def records(path):
    sql = "select body from outbox where kind = 'trace'"
    return [json.loads(body) for (body,) in rows(path.parent / "data" / "lanegate.db", sql)]


@pytest.fixture
def path(tmp_path):
    return written(tmp_path)


# --- what is found -----------------------------------------------------------------------


def test_each_stay_that_meets_one_of_the_plates_own_is_found(path):
    found = asked(path, TWICE)
    first, second = ident(2), ident(13)
    assert [one.ref for one in found.own] == [first, second]
    assert met(found) == [
        (CARD, second, 719), (LOST, second, 719), ("", second, 679),
        (CARD, first, 170), (LOST, first, 150), (PAYS, first, 140), (OWES, first, 130),
        (MISREAD, second, 0),
    ]  # fmt: skip


def test_time_outside_the_question_does_not_count(path):
    assert met(asked(path, TWICE, since="00:00", until="08:15")) == [
        (PAYS, ident(2), 9), (CARD, ident(2), 4),
    ]  # fmt: skip
    assert asked(path, TWICE, since="00:00", until="08:00").own == ()


def test_who_left_before_is_found_by_widening(path):
    found = asked(path, MISREAD, around="01:04")
    assert {plate for plate, *_ in met(found)} == {TWICE, CARD, LOST, OWES, ""}
    found = asked(path, MISREAD, around="01:05")
    assert PAYS in {plate for plate, *_ in met(found)}


def corrected(path, *orders):
    async def play():
        store = Store.open(path.parent / "data" / "lanegate.db", "north")
        for order in orders:
            await store.told(order)
        await store.close()

    asyncio.run(play())


def test_one_that_became_another_one_is_not_told_twice(path):
    into_card = Merge(ident(501), ident(13), ident(3), "wang", "one car")
    corrected(path, Merge(ident(500), ident(14), ident(5), "wang", "one car"), into_card)
    found = asked(path, PAYS, around="02:00")
    assert sorted(plate for plate, *_ in met(found)) == ["", CARD, OWES, LOST, TWICE]


def test_one_whose_plate_was_corrected_is_told_by_the_right_one_alone(path):
    """Also where a pass still bears the plate as it was read."""
    kind = PlateType.CIVIL, PlateColour.BLUE
    corrected(path, Correct(ident(500), ident(1), "京A12346", *kind, "wang", "misread"))
    plates = [plate for plate, *_ in met(asked(path, OWES, around="03:00"))]
    assert plates.count("京A12346") == 1
    assert PAYS not in plates
    assert asked(path, PAYS).own == ()


async def only_passes(store):
    """A box without a car park; one vehicle was sent away."""
    for number, plate, at, ending in (
        (1, PAYS, "08:00", Ending.PASSED),
        (2, OWES, "08:50", Ending.PASSED),
        (3, CARD, "09:30", Ending.TURNED_BACK),
        (4, PAYS, "10:00", Ending.PASSED),
        (5, LOST, "23:30", Ending.PASSED),
    ):
        visit = a_visit(ident(number), reading=reading_of(plate), at=clock(at))
        await store.end("entry-1", Direction.ENTRY, Pass(visit, ending, clock(at)))


def test_a_box_without_sessions_has_moments(tmp_path):
    path = written(tmp_path, only_passes)
    found = asked(path, PAYS, around="01:00")
    assert [(one.proof, one.where, one.came) for one in found.own] == [
        ("pass", ("entry-1",), clock("08:00")), ("pass", ("entry-1",), clock("10:00")),
    ]  # fmt: skip
    assert met(found) == [(OWES, ident(1), 0), (CARD, ident(4), 0)]
    assert [one.presence.ending for one in found.contacts] == ["passed", "turned_back"]


async def sent_away_and_inside(store):
    """Passes that sessions tell of, one at the wrong lane in between, and one before."""
    visit = a_visit(ident(1), reading=reading_of(OWES), at=clock("07:00"))
    away = Pass(visit, Ending.TURNED_BACK, clock("07:01"))
    await store.end("entry-1", Direction.ENTRY, away)
    await came(store, 2, OWES, "08:00")
    visit = a_visit(ident(3), reading=reading_of(OWES), at=clock("08:30"))
    await store.end("exit-1", Direction.EXIT, Pass(visit, Ending.LEFT, clock("08:31")))
    await left(store, 4, OWES, "09:00", reason=Reason.FREE)
    await came(store, 5, PAYS, "07:00")


def test_passes_that_a_session_tells_of_are_not_told_again(tmp_path):
    found = asked(written(tmp_path, sent_away_and_inside), PAYS, around="01:00")
    assert [(one.presence.ref, one.presence.proof) for one in found.contacts] == [
        (ident(2), "session"), (ident(1), "pass"),
    ]  # fmt: skip


def test_a_plate_that_was_not_here_meets_nobody(path):
    done = run(path, "--plate", "京Z00000", *DAY, *WHY)
    assert (done.exit_code, "was not here then" in done.output) == (0, True)
    assert [row["found"] for row in records(path)] == [0]


# --- it is put on record -----------------------------------------------------------------


def test_the_question_is_a_row_and_a_record_and_names_nobody_that_was_found(path):
    told(path, PAYS, "--around", "90m", "--limit", "3")
    (body,) = records(path)
    names = ("by", "purpose", "plate", "around_s", "found", "told")
    assert [body[name] for name in names] == ["王伟", "police, 2026/117", PAYS, 5400, 7, 3]
    assert (body["since"], body["until"]) == (
        "2026-03-01T16:00:00.000Z",
        "2026-03-02T16:00:00.000Z",
    )
    (row,) = notes(path)
    assert set(row) == set(body.values())
    assert OWES not in json.dumps(body, ensure_ascii=False)


def test_it_works_beside_a_daemon(path):
    with at_work(path.parent):
        assert told(path, PAYS)["found"] == 4
    assert len(records(path)) == 1


def test_what_cannot_be_put_on_record_is_not_answered(path):
    database = path.parent / "data" / "lanegate.db"
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute(
            "create trigger no_notes before insert on traces begin select raise(abort, 'no'); end"
        )
        db.commit()
    done = run(path, "--plate", PAYS, *DAY, *WHY)
    assert done.exit_code == 1
    assert "not answered" in done.output
    assert OWES not in done.output
    assert (notes(path), records(path)) == ([], [])
    with pytest.raises(StoreError):
        asked(path, PAYS)


def test_a_purge_of_the_plate_finds_the_question(path):
    told(path, PAYS)
    run(path, "--plate", OWES, *DAY, "--purpose", f"met {PAYS}?", "--by", "王伟")
    erasure = Erasure(path.parent / "data")
    findings = erasure.do(Wish(PAYS, unsent=True), "wang", "a request")
    assert findings.traces == ()
    assert {row[4] for row in notes(path)} == {"(deleted)", OWES}
    assert [body["plate"] for body in records(path)] == []


# --- as typed ----------------------------------------------------------------------------


def test_json_tells_times_of_shanghai_and_what_each_contact_met(path):
    found = told(path, PAYS)
    assert [one["ref"] for one in found["own"]] == [ident(1)]
    one = found["contacts"][0]
    assert (one["plate"], one["where"], one["ending"]) == (TWICE, ["main"], "superseded")
    assert one["from"] == "2026-03-02T08:05:09+08:00"
    assert one["overlap"] == {
        "from": "2026-03-02T08:05:09+08:00", "to": "2026-03-02T10:25:09+08:00", "seconds": 8400,
    }  # fmt: skip
    assert (one["met"], one["together_s"], found["cut"]) == (ident(1), 8400, False)


def test_what_is_left_out_is_said(path):
    done = run(path, "--plate", PAYS, *DAY, *WHY, "--limit", "1")
    assert "4 were found; 3 that were together for a shorter time are left out" in done.output
    assert told(path, PAYS, "--limit", "1")["cut"]


def test_without_times_it_is_the_last_week(tmp_path):
    async def yesterday(store):
        at = datetime.now(UTC) - timedelta(days=1)
        for number, plate in enumerate((PAYS, OWES)):
            visit = a_visit(ident(number), reading=reading_of(plate), at=at)
            await store.end("entry-1", Direction.ENTRY, Pass(visit, Ending.PASSED, at))

    path = written(tmp_path, yesterday)
    done = run(path, "--plate", PAYS, *WHY, "--json")
    assert [one["plate"] for one in json.loads(done.output)["contacts"]] == [OWES]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Missing option '--purpose'"),
        (("--purpose", "long enough"), "Missing option '--by'"),
        (("--purpose", "why", "--by", "wang"), "write 5 to 200 characters"),
        (("--purpose", "  a   b ", "--by", "wang"), "write 5 to 200 characters"),
        (("--purpose", "x" * 201, "--by", "wang"), "write 5 to 200 characters"),
        (("--purpose", "long enough", "--by", " "), "write 2 to 200 characters"),
        ((*WHY, "--around", "25h"), "25h is too long: at most 24h"),
        ((*WHY, "--around", "soon"), "'soon' is no length of time"),
        ((*WHY, "--limit", "501"), "501 is not in the range 1<=x<=500"),
        ((*WHY, "--to", "2026-03-09T00:01"), "at most 7 days before"),
        ((*WHY, "--to", "2026-03-01T23:59"), "at most 7 days before"),
        ((*WHY, "--plate", "12"), "'12' is no whole plate"),
    ],
)
def test_what_is_typed_wrong_is_a_sentence_and_asks_nothing(path, words, sentence):
    done = run(path, "--plate", PAYS, "--from", "2026-03-02T00:00", *words)
    assert (done.exit_code, sentence in done.output) == (2, True), done.output
    assert notes(path) == []


def test_a_box_that_never_ran_is_a_sentence(tmp_path):
    done = run(configured(tmp_path), "--plate", PAYS, *DAY, *WHY)
    assert done.exit_code == 1
    assert "there is no such file" in done.output
