"""What the store says is kept is kept: passes, alarms and the outbox."""

import contextlib
import sqlite3
from datetime import timedelta, timezone

import pytest

from gateway.lane.reports import AlarmCode
from gateway.lane.types import Decision, Direction, Ending, Reason, Verdict
from gateway.store import StoreError, outbox, read_passes
from gateway.sync.protocol import Position, chain_over, genesis
from tests.storing import DENY, NOON, a_pass, a_visit, played, rows


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
        "candidates": [
            {"text": "京A12345", "frames": 3, "min_char": 0.95},
            {"text": "京A12845", "frames": 1, "min_char": 0.6123},
        ],
        "verdict": "allow",
        "reason": "allow_list",
        "arrived_at": "2026-03-01T12:00:00.000Z",
        "decided_at": "2026-03-01T12:00:00.000Z",
        "ended_at": "2026-03-01T12:00:09.000Z",
        "ending": "passed",
        "decided_by": "edge",
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
    assert rows(path, "select seq from outbox where acked_at is not null") == [(2,)]


def test_a_new_epoch_takes_along_every_record_that_is_kept_and_raises_an_alarm(path):
    async def story(store):
        for n in range(3):
            await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{n}"), NOON)
        before = await store.meta()
        await store.acked(Position(1, await store.chain_at(1)))
        meta = await store.mint_epoch("the cloud has another record")
        return before, meta, await store.unsent(0, 10)

    before, meta, records = played(path, story)
    assert meta.epoch != before.epoch
    assert (meta.acked, meta.unacked) == (genesis(meta.epoch), 4)
    assert [record.kind for record in records] == ["pass", "pass", "pass", "alarm"]
    assert '"code":"history_forked"' in records[3].body
    assert '"pass_id":"p0"' in records[0].body
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert [record.chain for record in records] == list(chains)
    assert before.epoch not in rows(path, "select epoch from outbox")
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


def test_outbox_functions_refuse_a_file_without_meta():
    db = sqlite3.connect(":memory:")
    db.execute("create table meta (gateway, epoch, last_seq, last_chain, acked_seq, acked_chain)")
    with pytest.raises(sqlite3.DatabaseError, match="meta is empty"):
        outbox.meta(db)
