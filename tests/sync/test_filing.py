"""What a receiver makes of the records: passes, events for the parking system, alarms."""

import json

import pytest

from gateway.store import outbox
from gateway.sync import messages, moments
from gateway.sync.broker import Arrived
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.filing import Seen, event_kind
from gateway.sync.ledger import Starts, heard_from
from gateway.sync.protocol import Hello, Moment, canonical, genesis, up
from tests.sync.paper import GW, PaperGateway, PaperReceiver, heal

NOW = Moment("2026-03-01T12:00:00.000Z", "b0" * 16, "ok", 1_000_000)


def a_pass(name="p1", plate="京A12345", **more) -> str:
    body = {
        "pass_id": name,
        "plate": {"text": plate},
        "verdict": "allow",
        "ending": "passed",
        "ended_at": "2026-03-01T12:00:00.000Z",
    }
    return canonical(body | more)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_receiver(request):
    """Makes receivers with an empty database of either kind."""
    opened = []

    def new() -> PaperReceiver:
        if request.param == "sqlite":
            return PaperReceiver()
        opened.append(open_postgresql(request.getfixturevalue("postgres").new_database()))
        return PaperReceiver(opened[-1])

    yield new
    for db in opened:
        db.close()


def received(new_receiver, *bodies, later_s=0.0) -> PaperReceiver:
    gateway, receiver = PaperGateway(), new_receiver()
    for body in bodies:
        outbox.append(gateway.db, "pass", body, json.loads(body)["pass_id"])
    gateway.now += later_s
    heal(gateway, receiver)
    return receiver


def events(receiver):
    sql = "select kind, pass_id, plate, was, historical from event order by event_id"
    return receiver.db.execute(sql).fetchall()


def test_a_pass_is_an_event_when_it_is_proved_and_not_before(new_receiver):
    decided = a_pass(ending=None, ended_at=None)
    assert events(received(new_receiver, decided)) == []
    assert events(received(new_receiver, decided, a_pass())) == [
        ("passed", "p1", "京A12345", None, 0)
    ]


def test_a_vehicle_that_was_let_in_and_did_not_come_is_cancelled(new_receiver):
    receiver = received(
        new_receiver, a_pass(ending="turned_back"), a_pass("p2", verdict="deny", ending="left")
    )
    assert events(receiver) == [("cancelled", "p1", "京A12345", None, 0)]


def test_another_plate_for_a_pass_that_was_told_is_a_correction_and_comes_after_it(new_receiver):
    receiver = received(new_receiver, a_pass(), a_pass(evidence=["ab"]), a_pass(plate="京A12845"))
    assert events(receiver) == [
        ("passed", "p1", "京A12345", None, 0),
        ("corrected", "p1", "京A12845", "京A12345", 0),
    ]
    assert receiver.db.execute("select plate from pass").fetchall() == [("京A12845",)]


def test_what_comes_late_is_history_by_the_box_own_clock(new_receiver):
    assert events(received(new_receiver, a_pass(), later_s=61.0))[0][4] == 1
    assert events(received(new_receiver, a_pass(), later_s=59.0))[0][4] == 0


@pytest.mark.parametrize(
    ("when", "sent", "age_s"),
    [
        (NOW, NOW, 0.0),
        (NOW, None, None),
        (Moment("1970-01-01T00:00:00.000Z", "b0" * 16, "untrusted", 990_000), NOW, 10.0),
        (Moment("2026-03-01T11:00:00.000Z", "b1" * 16, "ok", 5), NOW, 3600.0),
        (Moment("yesterday", "b1" * 16, "ok", 5), NOW, None),
    ],
)
def test_the_age_of_a_record_is_told_by_the_boot_it_was_made_in(when, sent, age_s):
    assert moments.age_s(when, sent) == age_s


def test_a_box_whose_clock_stands_at_1970_gets_true_times_from_the_receivers_clock():
    when = Moment("1970-01-01T00:00:07.000Z", "b0" * 16, "untrusted", 7_000)
    offset_ms = moments.ms_of("2026-03-01T12:00:00.000Z")
    assert moments.happened_at(when, offset_ms) == "2026-03-01T12:00:07.000Z"
    assert moments.happened_at(when, None) == when.at
    assert moments.happened_at(when, 10**18) == when.at


def test_a_record_of_a_newer_major_form_is_put_aside_whole_and_holds_nothing_up(new_receiver):
    gateway, receiver = PaperGateway(), new_receiver()
    gateway.commit()
    gateway.commit()
    row = outbox.records_after(gateway.db, 0, 1)[0]
    crc = outbox.crc_of(9, row.kind, row.body, row.moment)
    gateway.db.execute("update outbox set schema = 9, crc = ? where seq = 1", (crc,))
    gateway._follow(gateway.desk._fork("the test changed a record", 1e9))
    heal(gateway, receiver)
    assert receiver.passes() == 1
    assert receiver.summary()["gaps"] == 0
    aside = receiver.db.execute("select seq, code, line from quarantine").fetchall()
    assert [(seq, code) for seq, code, _ in aside] == [(1, "newer_schema")]
    assert b"pass-1" in aside[0][2]


def test_two_boxes_that_take_turns_under_one_name_raise_an_alarm(new_receiver):
    receiver = new_receiver()
    start = genesis("e1")
    for inst in ("a", "b", "a", "b", "b"):
        receiver.now += 10.0
        hello = Hello(GW, inst, "e1", start, 1)
        receiver.hear(up(GW, "hello"), messages.encode(hello))
    assert receiver.counted["cloned"] == 1
    assert receiver.db.execute("select code from alarm").fetchall() == [("cloned_identity",)]


def test_a_program_that_was_started_anew_is_no_twin():
    starts, mono = Starts(), 0.0
    for inst in ("a", "a", "b", "b", "c", "d", "e", "f"):
        mono += 5.0
        starts, twins = heard_from(starts, inst, mono)
        assert not twins
    starts, twins = heard_from(starts, "a", mono + 5.0)
    assert not twins
    assert len(starts.heard) <= 4


def test_an_event_is_told_for_what_changed_and_for_nothing_else():
    ended = Seen("A", "passed", "allow")
    assert event_kind(ended, ended) is None
    assert event_kind(None, ended._replace(ending="interrupted")) == "cancelled"
    assert event_kind(None, ended._replace(ending=None)) is None
    assert event_kind(ended, ended._replace(plate=None)) == "corrected"


def test_a_busy_receiver_asks_for_patience_but_not_with_every_message(new_receiver):
    gateway, receiver = PaperGateway(), new_receiver()
    gateway.commit()
    gateway.send()
    batch = Arrived(*gateway.link.sent[-1], 1)
    for _ in range(5):
        receiver.session.deal_with(batch, waiting=500)
    assert receiver.counted["slow"] == 1
    receiver.now += 6.0
    receiver.session.deal_with(batch, waiting=500)
    receiver.session.deal_with(batch, waiting=3)
    assert receiver.counted["slow"] == 2
