"""`lanegate sessions pay`, `close` and the others, as typed, through a daemon's door."""

import json

import pytest

from gateway.control import NO_PARKING
from gateway.rules.sessions import Closing
from tests.commands.carpark import (
    CARD,
    LOST,
    MISREAD,
    OWES,
    PAYS,
    TWICE,
    at_work,
    ident,
    run,
    told,
    written,
)
from tests.storing import rows

WHY = ("--reason", "a test", "--by", "wang")


@pytest.fixture
def path(tmp_path):
    return written(tmp_path)


@pytest.fixture
def door(path):
    with at_work(path.parent):
        yield path


def session(path, number):
    return told(path, "sessions", "show", ident(number))["session"]


def test_a_payment_counts_for_the_stay_that_goes_on(door):
    done = run(door, "sessions", "pay", TWICE, "12.50", "--means", "alipay", "--by", "王伟")
    assert done.exit_code == 0, done.output
    (money,) = told(door, "sessions", "show", TWICE)["money"]
    assert (money["kind"], money["amount_fen"], money["by"]) == ("payment", 1250, "alipay (王伟)")
    assert f"lanegate sessions refund {ident(13)} 12.50" in done.output


def test_a_debt_is_settled_in_parts_and_not_beyond(door):
    assert run(door, "sessions", "settle", OWES, "10").exit_code == 0
    done = run(door, "sessions", "settle", OWES, "3.01")
    assert (done.exit_code, "still owes 3.00 yuan, not 3.01" in done.output) == (1, True)
    assert run(door, "sessions", "pay", OWES, "3").exit_code == 0
    assert session(door, 4)["settled_fen"] == 1300


def test_who_is_inside_has_no_debt_to_settle(door):
    done = run(door, "sessions", "settle", LOST, "1")
    assert (done.exit_code, "use lanegate sessions pay" in done.output) == (1, True)


def test_no_more_is_given_back_than_came(door):
    words = ("sessions", "refund", PAYS)
    assert run(door, *words, "10.01", *WHY, "--yes").exit_code == 1
    assert run(door, *words, "4", *WHY, "--yes").exit_code == 0
    done = run(door, *words, "6.01", *WHY, "--yes")
    assert (done.exit_code, "brought 6.00 yuan, not 6.01" in done.output) == (1, True)


def test_a_credit_is_granted_and_taken_back_by_the_id_that_is_shown(door):
    done = told(door, "sessions", "credit", LOST, "minutes:60", *WHY)
    (credit,) = told(door, "sessions", "show", LOST)["credits"]
    assert (credit["kind"], credit["figure"], credit["reason"]) == ("minutes", 60, "a test (wang)")
    assert credit["credit_id"] == done["id"]
    assert done["back"].endswith(f"lanegate sessions revoke {credit['credit_id']}")
    assert run(door, "sessions", "revoke", credit["credit_id"]).exit_code == 0
    done = run(door, "sessions", "revoke", credit["credit_id"])
    assert (done.exit_code, "was revoked at" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("amount:5.00", ("amount", 500, None, None)),
        ("percent:50", ("percent", 50, None, None)),
        ("until:2026-03-02T12:00", ("until", 0, "2026-03-02T04:00:00.000Z", None)),
        ("class:new_energy", ("class", 0, None, "new_energy")),
        ("all", ("all", 0, None, None)),
    ],
)
def test_credits_of_every_kind_are_typed_as_for_tariffs(door, typed, kept):
    assert run(door, "sessions", "credit", LOST, typed, *WHY).exit_code == 0
    (credit,) = told(door, "sessions", "show", LOST)["credits"]
    assert tuple(credit[name] for name in ("kind", "figure", "until", "vehicle")) == kept


def test_a_credit_that_is_used_or_none_is_not_revoked(door):
    done = run(door, "sessions", "revoke", ident(101))
    assert (done.exit_code, f"was used by session {ident(1)}" in done.output) == (1, True)
    assert "there is no credit" in run(door, "sessions", "revoke", ident(999)).output


def test_a_stay_that_is_over_gets_no_credit(door):
    done = run(door, "sessions", "credit", PAYS, "all", *WHY)
    assert (done.exit_code, "used on leaving, or never" in done.output) == (1, True)


def test_a_charging_order_is_noted_once(door):
    times = ("--began", "2026-03-02T09:00", "--ended", "2026-03-02T10:00", "--kwh", "12.345")
    for _ in range(2):
        done = run(door, "sessions", "charge", LOST, "pile-7", *times, "--credit", "amount:3")
        assert done.exit_code == 0, done.output
    found = told(door, "sessions", "show", LOST)
    assert [(one["charge"], one["wh"]) for one in found["charges"]] == [("pile-7", 12_345)]
    assert [one["figure"] for one in found["credits"]] == [300]


def test_a_plate_is_corrected_and_back_without_being_asked(door):
    assert run(door, "sessions", "correct", LOST, "京N88808", *WHY).exit_code == 0
    row = session(door, 5)
    assert (row["plate"], row["plate_type"], row["plate_colour"]) == ("京N88808", "civil", "blue")
    assert [note["was"] for note in row["notes"]] == [LOST]
    assert run(door, "sessions", "correct", ident(5), LOST, *WHY).exit_code == 0
    assert session(door, 5)["plate"] == LOST


def test_who_cannot_be_parted_again_is_asked_first(door):
    words = ("sessions", "correct", LOST, CARD, *WHY)
    done = run(door, *words, typed="n\n")
    assert done.exit_code == 1
    assert f"becomes one stay with stay {ident(3)} of {CARD}" in done.output
    assert session(door, 5)["plate"] == LOST
    assert run(door, *words, typed="y\n").exit_code == 0
    assert session(door, 5)["closing"] == str(Closing.MERGED)


@pytest.mark.parametrize(
    "words",
    [("close", TWICE), ("merge", MISREAD, LOST), ("refund", PAYS, "1")],
)
def test_what_cannot_be_undone_asks_and_programs_must_say_yes(door, words):
    before = rows(door.parent / "data" / "lanegate.db", "select count(*) from outbox")
    assert run(door, "sessions", *words, *WHY, typed="n\n").exit_code == 1
    done = run(door, "sessions", *words, *WHY, "--json")
    assert (done.exit_code, "add --yes" in done.output) == (2, True)
    assert rows(door.parent / "data" / "lanegate.db", "select count(*) from outbox") == before
    assert run(door, "sessions", *words, *WHY, typed="y\n").exit_code == 0


def test_a_stay_is_ended_by_hand_once(door):
    words = ("sessions", "close", ident(13), *WHY, "--yes")
    assert run(door, *words).exit_code == 0
    assert session(door, 13)["closing"] == str(Closing.BY_HAND)
    done = run(door, *words)
    assert (done.exit_code, "is over already" in done.output) == (1, True)


def test_two_stays_that_both_came_and_left_are_two(door):
    done = run(door, "sessions", "merge", PAYS, OWES, *WHY, "--yes")
    assert (done.exit_code, "they are two stays" in done.output) == (1, True)
    done = run(door, "sessions", "merge", PAYS, ident(1), *WHY, "--yes")
    assert (done.exit_code, "is meant twice" in done.output) == (1, True)


@pytest.mark.parametrize("words", [("settle", OWES, "13"), ("close", LOST, *WHY, "--yes")])
def test_the_same_order_again_is_carried_out_once_and_answered_as_done(door, words):
    database = door.parent / "data" / "lanegate.db"
    first = run(door, "sessions", *words, "--id", ident(777))
    before = rows(database, "select count(*) from outbox")
    again = run(door, "sessions", *words, "--id", ident(777))
    assert [one.exit_code for one in (first, again)] == [0, 0]
    assert again.output == f"Order {ident(777)} was carried out before.\n"
    assert rows(database, "select count(*) from outbox") == before


def test_what_the_daemon_does_not_do_ends_with_1_and_its_sentence(path):
    with at_work(path.parent, parking=False):
        done = run(path, "sessions", "pay", LOST, "5")
        plain = run(path, "sessions", "pay", LOST, "5", "--json")
    assert (done.exit_code, done.output) == (1, f"{NO_PARKING}\n")
    assert (plain.exit_code, json.loads(plain.output)["answer"]) == (1, NO_PARKING)


def test_without_a_daemon_it_says_how_to_try_again(path):
    done = run(path, "sessions", "pay", LOST, "5", "--id", ident(777))
    assert done.exit_code == 1
    assert "no daemon answers" in done.output
    assert f"--id {ident(777)} is carried out once at most" in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("pay", LOST, "0"), "0 yuan are none"),
        (("pay", LOST, "1.005"), "'1.005' is no amount in yuan"),
        (("pay", LOST, "5", "--id", "7"), "field 'id' is not an id of 32 hex digits"),
        (("credit", LOST, "luck:7", *WHY), "'luck:7' is no credit"),
        (("credit", LOST, "percent:0", *WHY), "field 'figure'"),
        (("close", LOST), "Missing option '--reason'"),
        (("close", LOST, "--reason", " "), "field 'reason' is not a text"),
        (("correct", LOST, "京A", *WHY), "'京A' is no whole plate"),
        (("charge", LOST, "a b", "--began", "2026-03-02T09:00", "--ended", "2026-03-02T10:00",
          "--kwh", "1"), "field 'order'"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_a_sentence(door, words, sentence):
    done = run(door, "sessions", *words)
    assert done.exit_code == 2
    assert sentence in done.output
