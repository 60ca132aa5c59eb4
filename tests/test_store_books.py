"""Raises, cases, modes, orders, photos and the daily ledger: kept once, told once."""

import contextlib
import json
import sqlite3
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from gateway.lane.reports import Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import Decision, Direction, Ending, Inputs, Level, Pass, Reason, Verdict
from gateway.store import StoreError, read_cases, read_ledger, read_passes
from tests.storing import NOON, a_pass, a_visit, played, rows, undo_fourth_form

DOCS = Path(__file__).parents[1] / "docs"
DAY = date(2026, 3, 1)
SHUT = (
    "create trigger shut before insert on outbox begin select raise(abort, 'the outbox is shut');"
    " end"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "lanegate.db"


def a_raise(name="r1", cause=Cause.PASS, visit="p1", at=NOON, reason="allow_list"):
    return Raise(name, at, cause, reason, visit)


def a_case(name="c1", at=NOON, why="no plate could be read"):
    inputs = Inputs(arming_loop=Level.ON, closing_loop=Level.OFF)
    return Case(name, at, why, a_visit("p1", Decision(Verdict.DENY, Reason.UNDECIDED)), inputs)


def later(seconds):
    return NOON + timedelta(seconds=seconds)


def bodies(records):
    return [(record.kind, json.loads(record.body)) for record in records]


# --- raises, cases, photos ---------------------------------------------------------------


def test_a_raise_is_kept_once_with_one_record(path):
    async def story(store):
        for _ in range(2):
            await store.raised("lane-1", a_raise())
        await store.raised("lane-1", a_raise("r2", Cause.UNEXPLAINED, "", reason="nobody let in"))
        return await store.unsent(0, 10)

    first, second = bodies(played(path, story))
    assert first == (
        "raise",
        {
            "raise_id": "r1",
            "lane": "lane-1",
            "at": "2026-03-01T12:00:00.000Z",
            "cause": "pass",
            "reason": "allow_list",
            "pass_id": "p1",
            "evidence": [],
        },
    )
    assert (second[1]["raise_id"], second[1]["pass_id"]) == ("r2", None)
    assert rows(path, "select raise_id, pass_id from raises") == [("r1", "p1"), ("r2", "")]


def test_a_case_tells_what_somebody_far_away_needs_to_help(path):
    async def story(store):
        for _ in range(2):
            await store.opened_case("lane-1", a_case())
        return await store.unsent(0, 10)

    ((kind, body),) = bodies(played(path, story))
    assert (kind, body["phase"], body["case_id"], body["pass_id"]) == ("case", "opened", "c1", "p1")
    assert (body["why"], body["plate"]) == ("no plate could be read", "京A12345")
    assert [one["text"] for one in body["candidates"]] == ["京A12345", "京A12845"]
    assert body["evidence"] == ["ab12", "cd34"]
    assert (body["arrived_at"], body["opened_at"]) == ("2026-03-01T12:00:00.000Z",) * 2
    assert (body["closed_at"], body["outcome"]) == (None, None)
    assert body["inputs"]["arming_loop"] == "on"
    assert body["inputs"]["fire"] == "not_fitted"
    assert set(body["inputs"]) == set(Inputs.__slots__)


def test_a_case_is_open_until_it_is_closed_and_its_first_end_stands(path):
    async def story(store):
        for n in range(3):
            await store.opened_case("lane-1", a_case(f"c{n}", later(n)))
        await store.opened_case("lane-2", a_case("other"))
        await store.closed_case("lane-1", "c1", "let in by an agent", later(30))
        await store.closed_case("lane-1", "c1", "the vehicle left", later(40))
        return await store.open_cases("lane-1"), await store.unsent(4, 10)

    cases, told = played(path, story)
    assert [case["case_id"] for case in cases] == ["c2", "c0"]
    ((_, body),) = bodies(told)
    assert (body["phase"], body["outcome"]) == ("closed", "let in by an agent")
    assert body["closed_at"] == "2026-03-01T12:00:30.000Z"
    assert [case["case_id"] for case in read_cases(path)] == ["c2", "other", "c0"]
    everything = list(read_cases(path, "lane-1", ended=True))
    assert [(case["case_id"], case["outcome"]) for case in everything] == [
        ("c2", None),
        ("c1", "let in by an agent"),
        ("c0", None),
    ]


def test_the_end_of_a_case_that_nobody_knows_is_logged_and_dropped(path, caplog):
    async def story(store):
        await store.closed_case("lane-1", "c9", "the vehicle left", NOON)
        return await store.unsent(0, 10)

    assert played(path, story) == ()
    assert "lane-1: case c9 is not known" in caplog.text


def test_a_photo_goes_to_its_raise_its_case_or_its_pass_and_is_told_again(path):
    async def story(store):
        await store.raised("lane-1", a_raise())
        await store.opened_case("lane-1", a_case())
        await store.decide("lane-1", Direction.ENTRY, a_visit(), NOON)
        seen = [await store.photo(subject, "ee01") for subject in ("r1", "c1", "p1", "nobody")]
        return seen, await store.unsent(3, 10)

    seen, told = played(path, story)
    assert seen == [True, True, True, False]
    assert [(kind, body["evidence"]) for kind, body in bodies(told)] == [
        ("raise", ["ee01"]),
        ("case", ["ab12", "cd34", "ee01"]),
        ("pass", ["ab12", "cd34", "ee01"]),
    ]
    assert bodies(told)[2][1]["phase"] == "decided"


def test_the_same_photo_again_is_no_news(path):
    async def story(store):
        await store.raised("lane-1", a_raise())
        return [await store.photo("r1", "ee01") for _ in range(2)], await store.unsent(1, 10)

    seen, told = played(path, story)
    assert seen == [True, True]
    assert len(told) == 1


def test_a_pass_keeps_its_photo_when_its_end_is_written_and_gives_back_the_reading_it_had(path):
    async def story(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit(), NOON)
        await store.photo("p1", "ee01")
        (visit,) = await store.open_visits("lane-1")
        await store.end("lane-1", Direction.ENTRY, a_pass(visit))
        await store.end("lane-1", Direction.ENTRY, a_pass(visit))
        await store.photo("p1", "ee02")
        return visit, await store.passes(), await store.unsent(2, 10)

    visit, (row,), told = played(path, story)
    assert visit == a_visit()
    assert row["evidence"] == ["ab12", "cd34", "ee01", "ee02"]
    assert "photos" not in row
    assert [(body["phase"], body["evidence"][2:]) for _, body in bodies(told)] == [
        ("ended", ["ee01"]),
        ("ended", ["ee01", "ee02"]),
    ]


def test_nothing_is_kept_whose_record_cannot_be_written(path):
    async def story(store):
        await store.raised("lane-1", a_raise())
        await store.opened_case("lane-1", a_case())
        hold = Mode(ModeKind.HOLD_OPEN, NOON, "guard", "convoy", later(60))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(SHUT)
            for call in (
                store.raised("lane-1", a_raise("r2")),
                store.opened_case("lane-1", a_case("c2")),
                store.closed_case("lane-1", "c1", "left", NOON),
                store.mode("lane-1", hold, NOON),
                store.photo("r1", "ee01"),
                store.publish_ledger(DAY, NOON),
            ):
                with pytest.raises(StoreError, match="the outbox is shut"):
                    await call
        return await store.mode_of("lane-1"), await store.open_cases("lane-1")

    mode, cases = played(path, story)
    assert mode is None
    assert [case["case_id"] for case in cases] == ["c1"]
    assert rows(path, "select raise_id, evidence from raises") == [("r1", "[]")]
    assert rows(path, "select count(*) from ledgers") == [(0,)]


# --- modes and orders --------------------------------------------------------------------


def test_the_mode_in_force_comes_back_after_a_restart_as_it_was(path):
    hold = Mode(ModeKind.HOLD_OPEN, later(0.123456), "guard", "convoy", later(600))
    fire = Mode(ModeKind.FIRE, later(5), "lane", "the fire contact")

    async def before(store):
        for mode in (hold, hold, fire):
            await store.mode("lane-1", mode, later(6))
        await store.mode("lane-2", hold, later(6))
        return await store.unsent(0, 10)

    async def after(store):
        return [await store.mode_of(lane) for lane in ("lane-1", "lane-2", "lane-3")]

    told = bodies(played(path, before))
    assert [(body["lane"], body["kind"]) for _, body in told] == [
        ("lane-1", "hold_open"),
        ("lane-1", "fire"),
        ("lane-2", "hold_open"),
    ]
    assert told[0] == (
        "mode",
        {
            "lane": "lane-1",
            "kind": "hold_open",
            "since": "2026-03-01T12:00:00.123Z",
            "by": "guard",
            "reason": "convoy",
            "ends_at": "2026-03-01T12:10:00.000Z",
            "at": "2026-03-01T12:00:06.000Z",
        },
    )
    first, second, none = played(path, after)
    assert (first, none) == (fire, None)
    assert (second.kind, second.ends_at) == (ModeKind.HOLD_OPEN, later(600))


def test_an_order_is_carried_out_once_also_after_a_restart_and_at_another_lane(path):
    async def before(store):
        first = await store.ordered("lane-1", "o1", "received", NOON)
        await store.answered("o1", "done")
        return first

    async def after(store):
        again = [await store.ordered(lane, "o1", "received", NOON) for lane in ("lane-1", "lane-2")]
        return again, await store.answer_of("o1"), await store.answer_of("o2")

    assert played(path, before) is True
    assert played(path, after) == ([False, False], "done", None)


# --- the ledger --------------------------------------------------------------------------


async def a_car(store, name, at, *, raised=True, ending=Ending.PASSED, lane="lane-1"):
    """Let in and risen at `at`, gone ten seconds later."""
    visit = a_visit(name, at=at)
    await store.decide(lane, Direction.ENTRY, visit, at)
    if raised:
        await store.raised(lane, a_raise(f"raise-{name}", visit=name, at=at))
    record = Pass(visit, ending, at + timedelta(seconds=10))
    await store.end(lane, Direction.ENTRY, record)


def test_the_ledger_of_a_day_is_made_of_what_is_stored_and_of_that_day_only(path):
    midnight = NOON.replace(hour=16)

    async def story(store):
        await a_car(store, "p1", NOON)
        await a_car(store, "p2", later(60), ending=Ending.TURNED_BACK)
        await a_car(store, "p3", later(120), raised=False)
        await a_car(store, "p4", midnight, lane="lane-2")
        await store.raised("lane-1", a_raise("ghost", visit="never stored", at=later(200)))
        await store.raised("lane-1", a_raise("denied", visit="p5", at=later(210)))
        denied = a_visit("p5", Decision(Verdict.DENY, Reason.BLOCK_LIST))
        await store.end("lane-1", Direction.ENTRY, Pass(denied, Ending.LEFT, later(220)))

    played(path, story)
    (lane,) = read_ledger(path, DAY)
    assert (lane.lane, lane.raises, lane.explained, lane.balance) == ("lane-1", 4, 2, 2)
    assert (lane.proved, lane.under_open_boom) == (2, 0)
    assert [one.raise_id for one in lane.without_record] == ["ghost", "denied"]
    assert [one.pass_id for one in lane.without_raise] == ["p3"]
    (next_day,) = read_ledger(path, DAY + timedelta(days=1))
    assert (next_day.lane, next_day.balanced, next_day.proved) == ("lane-2", True, 1)
    assert read_ledger(path, DAY + timedelta(days=2)) == ()


def test_cars_under_a_held_boom_need_no_raise_until_the_hold_is_over(path):
    hold = Mode(ModeKind.HOLD_OPEN, NOON, "guard", "convoy", later(900))
    fire = Mode(ModeKind.FIRE, later(100), "lane", "the fire contact")
    rules = Mode(ModeKind.AUTOMATIC, NOON.replace(year=1), "", "")

    async def story(store):
        await store.mode("lane-1", hold, NOON)
        await store.raised("lane-1", a_raise(cause=Cause.HOLD, visit="", reason="convoy"))
        await a_car(store, "held", later(40), raised=False)
        await store.mode("lane-1", fire, later(100))
        await store.mode("lane-1", hold, later(200))
        await a_car(store, "after the fire", later(300), raised=False)
        await store.mode("lane-1", rules, later(900))
        await a_car(store, "too late", later(990), raised=False)
        await a_car(store, "elsewhere", later(40), raised=False, lane="lane-2")

    played(path, story)
    first, second = read_ledger(path, DAY)
    assert (first.proved, first.under_open_boom) == (3, 2)
    assert [one.pass_id for one in first.without_raise] == ["too late"]
    assert [one.pass_id for one in second.without_raise] == ["elsewhere"]


def test_a_follower_over_midnight_is_known_by_the_vehicle_before_it(path):
    midnight = NOON.replace(hour=16)

    async def story(store):
        await a_car(store, "p1", midnight - timedelta(seconds=15))
        await a_car(store, "p2", midnight - timedelta(seconds=2), raised=False)

    played(path, story)
    (lane,) = read_ledger(path, DAY + timedelta(days=1))
    assert (lane.proved, lane.under_open_boom, lane.balanced) == (1, 1, True)


def test_every_day_since_the_first_raise_is_due_until_it_is_published_once(path):
    async def story(store):
        nothing = await store.ledgers_due(DAY)
        await a_car(store, "old", NOON - timedelta(days=9), raised=False)
        await store.raised("lane-1", a_raise())
        due = await store.ledgers_due(DAY + timedelta(days=2))
        published = [await store.publish_ledger(DAY, NOON) for _ in range(2)]
        left = await store.ledgers_due(DAY + timedelta(days=2))
        return nothing, due, published, left, await store.unsent(3, 10)

    nothing, due, published, left, told = played(path, story)
    assert nothing == ()
    assert due == (DAY, DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert published == [True, False]
    assert left == due[1:]
    ((kind, body),) = bodies(told)
    assert (kind, body["day"], body["zone"]) == ("ledger", "2026-03-01", "Asia/Shanghai")
    assert (body["balance"], body["balanced"]) == (1, False)
    assert body["lanes"]["lane-1"]["raises"] == {
        "all": 1,
        "pass": 1,
        "manual": 0,
        "hold": 0,
        "fire": 0,
        "safety": 0,
        "unexplained": 0,
    }
    assert body["lanes"]["lane-1"]["raises_without_record"] == [
        {
            "raise_id": "r1",
            "at": "2026-03-01T12:00:00.000Z",
            "cause": "pass",
            "reason": "allow_list",
        }
    ]


def test_a_clock_that_was_never_set_makes_no_ledgers_of_half_a_century(path):
    async def story(store):
        await store.raised("lane-1", a_raise("r0", at=NOON.replace(year=1970)))
        return (
            await store.ledgers_due(date(2026, 1, 3)),
            await store.ledgers_due(date(2030, 1, 1)),
            await store.ledgers_due(date(1999, 1, 1)),
        )

    first, much, none = played(path, story)
    assert first == (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3))
    assert len(much) == 400
    assert none == ()


@pytest.mark.parametrize(
    "word", [*Reason, *Ending, *Cause, *ModeKind, "raise", "case", "mode", "ledger", "alarm"]
)
def test_each_word_of_the_records_is_explained_to_integrators(word):
    assert f"`{word}`" in (DOCS / "mqtt.md").read_text("utf-8")


# --- files of an older form --------------------------------------------------------------


def make_second_form(path):
    """As the file was before raises, cases, modes, orders and ledgers."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        undo_fourth_form(db)
        for table in ("raises", "cases", "modes", "orders", "ledgers"):
            db.execute(f"drop table {table}")
        db.execute("drop index passes_proved")
        db.execute("alter table passes drop column photos")
        db.execute("pragma user_version = 2")


def test_a_file_of_the_second_form_goes_on_with_all_that_it_had(path):
    async def begun(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit("p1"), NOON)
        return await store.meta()

    async def goes_on(store):
        before = await store.meta()
        (visit,) = await store.open_visits("lane-1")
        await store.raised("lane-1", a_raise())
        await store.end("lane-1", Direction.ENTRY, a_pass(visit))
        assert await store.photo("p1", "ee01")
        return before, await store.meta()

    old = played(path, begun)
    make_second_form(path)
    for read in (lambda: list(read_cases(path)), lambda: read_ledger(path, DAY)):
        with pytest.raises(StoreError, match=r"older lanegate \(form 2.*start the daemon once"):
            read()
    assert [row["evidence"] for row in read_passes(path)] == [["ab12", "cd34"]]
    before, after = played(path, goes_on)
    assert (before.gateway, before.last.seq) == (old.gateway, old.last.seq)
    assert before.epoch != old.epoch
    assert after.last.seq == 4
    (row,) = read_passes(path)
    assert (row["ending"], row["evidence"]) == ("passed", ["ab12", "cd34", "ee01"])
    (lane,) = read_ledger(path, DAY)
    assert lane.balanced


def test_passes_from_before_the_first_raise_are_not_asked_for_theirs(path):
    async def story(store):
        await a_car(store, "old", NOON - timedelta(hours=1), raised=False)
        await a_car(store, "new", NOON)

    played(path, story)
    (lane,) = read_ledger(path, DAY)
    assert (lane.proved, lane.balanced) == (1, True)


def test_times_of_the_books_are_in_utc(path):
    async def story(store):
        with pytest.raises(ValueError, match="no time zone"):
            await store.raised("lane-1", a_raise(at=NOON.replace(tzinfo=None)))
        await store.raised("lane-1", a_raise(at=NOON.astimezone(UTC)))

    played(path, story)
    assert rows(path, "select at from raises") == [("2026-03-01T12:00:00.000Z",)]
