"""Who may leave, and what it pays: the order of the questions, covered time, money, tickets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.lane.types import DecidedBy, Reason, Verdict
from gateway.rules.decision import Ask, Deduction, Funds, NoEntry, Passback
from gateway.rules.rights import Use
from gateway.rules.sessions import Vehicle
from gateway.rules.tariff.stay import AllOff, AmountOff
from tests.rules.decision.cases import (
    CAR,
    EXIT,
    NOON,
    PLATE,
    Case,
    a_right,
    a_session,
    at,
    gone,
    minutes,
    paid,
    said,
    span,
)

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY
LISTED = frozenset({PLATE})
HOURS_2 = timedelta(hours=2)
OTHER = Vehicle("京B99999", "civil", "blue", "car")


def due(case: Case) -> int:
    return case.judged.terms.due_fen


# --- the order ---------------------------------------------------------------------------


def test_each_question_goes_before_the_next_one():
    """Everything is in its way or in its favour, and then one thing after another is not."""
    case = gone(a_right(), after=HOURS_2, block=LISTED, allow=LISTED, owe_fen=400, owe_all_fen=400)
    case = case.of(kind="police").knowing(
        online=False, payments=paid(400, NOON + HOURS_2), credits=(AllOff("c"),)
    )
    told = [said(case)[1]]
    for wanted in ({"block": frozenset()}, {"allow": frozenset()}):
        case = case.wanting(**wanted)
        told.append(said(case)[1])
    case = case.of(kind="civil")
    told.append(said(case)[1])
    for known in ({"rights": ()}, {"payments": ()}, {"credits": ()}, {"online": True}):
        case = case.knowing(**known)
        told.append(said(case)[1])
    assert told == [
        "block_list", "allow_list", "free_vehicle", "right", "paid", "credit", "owing", "pay",
    ]  # fmt: skip
    assert said(case.when(NOON + minutes(30)))[1] == "free"


def test_the_free_half_hour_and_what_comes_after_it():
    assert said(gone(after=minutes(30))) == (ALLOW, "free")
    assert said(gone(after=minutes(31))) == (DENY, "pay")
    assert due(gone(after=minutes(31))) == 200


def test_what_an_exempt_vehicle_paid_all_the_same_is_paid_too_much():
    case = gone(after=HOURS_2, allow=LISTED)
    assert case.judged.fee is None
    fee = case.knowing(payments=paid(300, NOON)).judged.fee
    assert (fee.total_fen, fee.paid_fen, fee.overpaid_fen, fee.due_fen) == (0, 300, 300, 0)


# --- money -------------------------------------------------------------------------------


def test_paid_within_the_grace_and_after_it():
    case = gone(after=HOURS_2).knowing(payments=paid(400, NOON + HOURS_2))
    assert said(case.when(NOON + HOURS_2 + minutes(15))) == (ALLOW, "paid")
    late = case.when(NOON + HOURS_2 + minutes(16))
    assert (said(late), due(late)) == ((DENY, "pay"), 100)


def test_paid_too_little_by_a_fen_is_not_paid():
    case = gone(after=HOURS_2).knowing(payments=paid(399, NOON + HOURS_2))
    assert (said(case), due(case)) == ((DENY, "pay"), 1)


def test_a_payment_whose_clock_is_ahead_of_ours_is_not_charged_for_covered_time():
    ahead = paid(200, NOON + HOURS_2 + timedelta(seconds=40))
    early = a_right(valid=span(at(17, 13), at(30)))
    case = gone(early, after=HOURS_2).knowing(payments=ahead)
    assert (said(case), case.judged.fee.overpaid_fen) == ((ALLOW, "paid"), 0)


def test_credits_take_off_what_is_due():
    case = gone(after=HOURS_2).knowing(credits=(AmountOff("c1", 150),))
    assert due(case) == 250
    assert said(case.knowing(credits=(AmountOff("c1", 400),))) == (ALLOW, "credit")


@pytest.mark.parametrize(
    ("owe", "owe_all", "owed", "online", "reason"),
    [
        (400, 400, 0, False, "owing"),
        (399, 9999, 0, False, "pay"),
        (400, 399, 0, False, "pay"),
        (400, 500, 100, False, "owing"),
        (400, 499, 100, False, "pay"),
        (0, 0, 0, False, "pay"),
        (9999, 9999, 0, True, "pay"),
    ],
)
def test_what_may_be_owed_to_the_fen(owe, owe_all, owed, online, reason):
    case = gone(after=HOURS_2, owe_fen=owe, owe_all_fen=owe_all).knowing(
        owed_fen=owed, online=online
    )
    assert (said(case)[1], due(case)) == (reason, 400)


FUNDS = Funds(400)


@pytest.mark.parametrize(
    ("funds", "online", "deduction", "ask"),
    [
        (FUNDS, True, None, Ask.DEDUCT),
        (Funds(399), True, None, None),
        (Funds(9999, locked=True), True, None, None),
        (None, True, None, None),
        (FUNDS, False, None, None),
        (FUNDS, True, Deduction.REFUSED, None),
        (FUNDS, True, Deduction.SILENT, None),
    ],
)
def test_a_deduction_is_asked_for_once_where_it_can_be_had(funds, online, deduction, ask):
    case = gone(after=HOURS_2).knowing(funds=funds, online=online, deduction=deduction)
    assert (said(case), case.judged.ask) == ((DENY, "pay"), ask)


def test_what_the_cloud_says_to_a_deduction():
    case = gone(after=HOURS_2, owe_fen=400, owe_all_fen=400).knowing(funds=FUNDS)
    taken = case.knowing(deduction=Deduction.PAID, payments=paid(400, NOON + HOURS_2))
    accepted = case.knowing(deduction=Deduction.ACCEPTED)
    refused = case.knowing(deduction=Deduction.REFUSED)
    silent = case.knowing(deduction=Deduction.SILENT)
    found = [
        (*said(one), due(one), str(one.judged.decision.decided_by))
        for one in (taken, accepted, refused, silent)
    ]
    assert found == [
        (ALLOW, "deducted", 0, "cloud"),
        (ALLOW, "deducted", 400, "cloud"),
        (DENY, "pay", 400, "edge"),
        (ALLOW, "owing", 400, "edge_offline"),
    ]


def test_a_deduction_that_took_too_little_leaves_the_rest_to_be_paid():
    case = gone(after=HOURS_2).knowing(funds=FUNDS, deduction=Deduction.PAID)
    judged = case.knowing(payments=paid(300, NOON + HOURS_2)).judged
    assert (judged.decision.reason, judged.terms.due_fen, judged.ask) == (Reason.PAY, 100, None)


# --- nobody saw it come ------------------------------------------------------------------


def unseen(*rights, **policy) -> Case:
    return Case(replace(EXIT, **policy)).knowing(rights=rights)


def test_who_was_not_seen_to_come():
    found = [
        (*said(case), due(case), case.judged.terms.session_id)
        for case in (
            unseen(),
            unseen(no_entry=NoEntry.FREE),
            unseen(no_entry=NoEntry.FLAT, no_entry_fen=900),
            unseen(block=LISTED, no_entry=NoEntry.FREE),
        )
    ]
    assert found == [
        (DENY, "no_entry", 0, "p1"),
        (ALLOW, "no_entry", 0, "p1"),
        (DENY, "pay", 900, "p1"),
        (DENY, "block_list", 0, "p1"),
    ]


def test_a_flat_fee_is_paid_taken_or_owed_like_any_other():
    case = unseen(no_entry=NoEntry.FLAT, no_entry_fen=900, owe_fen=900, owe_all_fen=900)
    assert said(case.knowing(payments=paid(900, NOON))) == (ALLOW, "paid")
    assert case.knowing(funds=Funds(900)).judged.ask is Ask.DEDUCT
    assert said(case.knowing(online=False)) == (ALLOW, "owing")
    assert said(case.knowing(online=False, owed_fen=1)) == (DENY, "pay")


@pytest.mark.parametrize("no_entry", NoEntry)
def test_who_is_on_the_allow_list_or_never_pays_is_not_held_up(no_entry):
    for passback in Passback:
        case = unseen(no_entry=no_entry, no_entry_fen=900, passback=passback)
        assert said(case.wanting(allow=LISTED)) == (ALLOW, "allow_list")
        assert said(case.of(kind="emergency")) == (ALLOW, "free_vehicle")


@pytest.mark.parametrize("no_entry", NoEntry)
def test_a_right_leaves_without_an_entry_where_passback_is_soft(no_entry):
    case = unseen(a_right(), no_entry=no_entry, no_entry_fen=900)
    assert (said(case), case.judged.terms.right_id) == ((ALLOW, "right"), "card")
    assert said(case.wanting(passback=Passback.HARD)) == (DENY, "no_entry")


@pytest.mark.parametrize(
    ("changes", "use"),
    [
        ({"uses": 1}, Use(entries=1)),
        ({"spaces": 1}, Use(spaces_taken=1)),
        ({"plan": "lent"}, Use()),
        ({"valid": span(at(1), at(16))}, Use()),
    ],
)
def test_a_right_that_is_used_up_taken_or_over_lets_nobody_out(changes, use):
    case = unseen(a_right(**changes)).knowing(uses={"card": use})
    assert said(case) == (DENY, "no_entry")


def test_who_it_may_be_is_told_and_never_charged():
    others = (a_session(session_id="a"), a_session(session_id="b"))
    judged = unseen().knowing(likely=others).judged
    assert judged.terms.likely == ("a", "b")
    assert (judged.fee, judged.terms.due_fen) == (None, 0)


# --- tickets -----------------------------------------------------------------------------


def with_ticket_of(vehicle: Vehicle, **policy) -> Case:
    return gone(after=minutes(1), session=a_session(vehicle=vehicle), **policy)


@pytest.mark.parametrize("no_entry", NoEntry)
def test_nobody_leaves_on_the_ticket_of_another_plate(no_entry):
    case = with_ticket_of(OTHER, no_entry=no_entry)
    assert said(case) == (DENY, "no_entry")
    terms = case.judged.terms
    assert (terms.session_id, terms.likely, terms.due_fen) == ("p1", ("s1",), 0)


def test_a_ticket_is_good_for_a_plate_that_was_read_slightly_wrong_or_not_at_all():
    assert said(with_ticket_of(replace(CAR, plate="京A1Z345"))) == (ALLOW, "free")
    assert said(with_ticket_of(OTHER).of(plate="")) == (ALLOW, "free")
    assert said(with_ticket_of(replace(CAR, plate=""))) == (ALLOW, "free")


def test_the_lists_know_who_it_is_by_its_session_where_no_plate_was_read():
    listed = frozenset({OTHER.plate})
    assert said(with_ticket_of(OTHER, allow=listed).of(plate="")) == (ALLOW, "allow_list")
    assert said(with_ticket_of(OTHER, block=listed).of(plate="")) == (DENY, "block_list")
    assert said(with_ticket_of(OTHER, block=listed)) == (DENY, "block_list")
    similar = replace(CAR, plate="京A1Z345")
    allowed = frozenset({similar.plate})
    assert said(with_ticket_of(similar, allow=allowed)) == (ALLOW, "free")


def test_the_session_of_who_is_let_out_by_hand_is_known():
    judged = gone(after=HOURS_2).judged
    assert (judged.terms.session_id, judged.decision.decided_by) == ("s1", DecidedBy.EDGE)
