"""Who may come in: the order of the questions, and each answer that a policy may give."""

from dataclasses import replace

import pytest

from gateway.lane.types import DecidedBy, Direction, Reason, Verdict
from gateway.rules.decision import Ask, Attested, Passback
from gateway.rules.rights import RightKind, Tolerance, Use, Why
from tests.rules.decision.cases import (
    HOUR,
    INNER,
    NIGHT,
    NOON,
    PLATE,
    a_right,
    a_session,
    at,
    coming,
    inner,
    said,
    span,
)

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY
LISTED = frozenset({PLATE})
DEBT = {"owed_fen": 100}


def test_a_stranger_is_a_visitor_who_pays():
    judged = coming().judged
    assert (judged.decision.verdict, judged.decision.reason) == (ALLOW, Reason.TEMPORARY)
    assert (judged.terms.session_id, judged.terms.linked, judged.terms.vehicle) == ("p1", "", "car")
    assert judged.decision.decided_by is DecidedBy.EDGE


def test_each_question_goes_before_the_next_one():
    """Everything is wrong with it at first, and then one thing after another is put right."""
    case = coming(temporary=DENY, debtors=DENY, passback=Passback.HARD, attest="code")
    case = case.wanting(block=LISTED, allow=LISTED).of(kind="police")
    case = case.knowing(
        inside=(a_session(),), attested=Attested.FAILS, places_left=0, rights=(a_right(),), **DEBT
    )
    told = [said(case)[1]]
    for wanted in ({"block": frozenset()}, {"allow": frozenset()}):
        case = case.wanting(**wanted)
        told.append(said(case)[1])
    case = case.of(kind="civil")
    told.append(said(case)[1])
    for known in ({"inside": ()}, {"attested": Attested.PASSES}, {"rights": ()}, {"owed_fen": 0}):
        case = case.knowing(**known)
        told.append(said(case)[1])
    case = case.wanting(temporary=ALLOW)
    told.append(said(case)[1])
    told.append(said(case.knowing(places_left=1))[1])
    assert told == [
        "block_list", "allow_list", "free_vehicle", "already_inside", "not_attested", "right",
        "owes", "unknown_plate", "full", "temporary",
    ]  # fmt: skip


@pytest.mark.parametrize("listed", ["police", "armed_police", "military", "emergency"])
def test_vehicles_that_never_pay_come_in(listed):
    case = coming(temporary=DENY).of(kind=listed)
    assert said(case) == (ALLOW, "free_vehicle")
    assert said(case.wanting(free_kinds=frozenset())) == (DENY, "unknown_plate")


def test_a_right_covers_where_nobody_else_may_come():
    judged = coming(a_right(), temporary=DENY).judged
    assert (judged.decision.reason, judged.terms.right_id) == (Reason.RIGHT, "card")
    assert judged.terms.days_left is None


def test_a_card_that_runs_out_soon_is_told():
    assert coming(a_right(valid=span(at(1), at(20)))).judged.terms.days_left == 2


def test_a_debtor_with_a_month_card_comes_in_by_it():
    assert said(coming(a_right(), debtors=DENY).knowing(**DEBT)) == (ALLOW, "right")
    assert said(coming(debtors=DENY).knowing(**DEBT)) == (DENY, "owes")
    assert said(coming().knowing(**DEBT)) == (ALLOW, "temporary")


def test_full_is_full_for_visitors_only():
    assert said(coming().knowing(places_left=0)) == (DENY, "full")
    assert said(coming().knowing(places_left=1)) == (ALLOW, "temporary")
    assert said(coming(a_right()).knowing(places_left=0)) == (ALLOW, "right")


def test_an_expired_card_makes_a_visitor_and_says_why():
    judged = coming(a_right(valid=span(at(1), at(17)))).judged
    assert (judged.decision.reason, judged.terms.right_id) == (Reason.TEMPORARY, "")
    assert judged.answer.why is Why.EXPIRED


def test_a_late_renewal_is_waited_for():
    late = a_right(valid=span(at(1), at(17)), tolerance=Tolerance(renewal_s=12 * HOUR + 1))
    assert said(coming(late)) == (ALLOW, "right")


@pytest.mark.parametrize(
    ("when", "use", "reason"),
    [
        (at(17, 11, 44), Use(), "temporary"),
        (at(17, 11, 45), Use(), "right"),
        (at(17, 12, 30), Use(), "right"),
        (at(17, 12, 30, 1), Use(), "temporary"),
        (at(17, 13), Use(entries=1), "temporary"),
    ],
)
def test_a_reservation_early_late_not_come_to_and_used_twice(when, use, reason):
    booked = a_right(
        kind=RightKind.RESERVATION,
        valid=span(at(17, 12), at(17, 18)),
        tolerance=Tolerance(early_s=900),
        no_show_s=1800,
        uses=1,
    )
    assert said(coming(booked, when=when).knowing(uses={"card": use}))[1] == reason


def test_the_first_to_come_have_the_spaces():
    shared = a_right(spaces=2)
    assert said(coming(shared).knowing(uses={"card": Use(spaces_taken=1)}))[1] == "right"
    assert said(coming(shared).knowing(uses={"card": Use(spaces_taken=2)}))[1] == "temporary"


def test_a_one_time_right_is_used_up_by_whoever_comes_a_second_time():
    ghost = a_session(at(16), right_id="card")
    case = coming(a_right(uses=1)).knowing(inside=(ghost,), uses={"card": Use(1, 1)})
    assert said(case) == (ALLOW, "temporary")


def test_passback_soft_links_the_sessions_and_hard_calls_somebody():
    case = coming().knowing(inside=(a_session(at(16)),))
    judged = case.judged
    assert (judged.terms.session_id, judged.terms.linked) == ("p1", "s1")
    assert said(case) == (ALLOW, "temporary")
    assert said(case.wanting(passback=Passback.HARD)) == (DENY, "already_inside")
    assert case.wanting(passback=Passback.HARD).judged.terms.linked == "s1"


# --- areas inside areas ------------------------------------------------------------------


def test_further_in_a_vehicle_goes_on_with_its_session():
    case = coming(passback=Passback.HARD, **INNER).knowing(inside=(a_session(at(17)),))
    judged = case.judged
    assert judged.decision.verdict is ALLOW
    assert (judged.terms.session_id, judged.terms.linked) == ("s1", "")


def test_who_was_not_seen_to_come_out_of_the_inner_area_is_inside_it_already():
    there = a_session(at(17), inner=(inner(at(17, 1)),))
    case = coming(**INNER).knowing(inside=(there,))
    assert (case.judged.terms.session_id, case.judged.terms.linked) == ("s1", "s1")
    assert said(case.wanting(passback=Passback.HARD)) == (DENY, "already_inside")
    back = replace(there, inner=(inner(at(17, 1), at(17, 2)),))
    assert case.knowing(inside=(back,)).judged.terms.linked == ""


def test_a_right_of_one_entry_and_one_space_leads_through_every_gate_to_its_place():
    """Though another plate waits for the space, and the one entry was made."""
    booked = a_right(uses=1, spaces=1, no_show_s=60, kind=RightKind.RESERVATION)
    by_it = a_session(at(17), right_id="card")
    case = coming(booked, temporary=DENY, **INNER).knowing(inside=(by_it,))
    case = case.knowing(uses={"card": Use(1, 1)}, since={"card": 0})
    assert said(case) == (ALLOW, "right")
    assert said(case.knowing(since={})) == (DENY, "unknown_plate")
    assert said(case.knowing(inside=(a_session(at(17)),))) == (DENY, "unknown_plate")
    assert said(case.wanting(area="main", within="")) == (DENY, "unknown_plate")


def test_a_right_for_another_area_does_not_cover():
    case = coming(a_right(areas=frozenset({"main"})), temporary=DENY, **INNER)
    assert said(case) == (DENY, "unknown_plate")
    assert case.judged.answer.why is Why.OTHER_AREA


# --- attestation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attested", "online", "fails", "reason", "ask", "by"),
    [
        ("passes", True, DENY, "temporary", None, "edge"),
        ("passes", False, DENY, "temporary", None, "edge_offline"),
        ("fails", True, ALLOW, "not_attested", None, "cloud"),
        ("fails", True, DENY, "not_attested", None, "cloud"),
        ("fails", False, ALLOW, "not_attested", None, "edge_offline"),
        ("unknown", True, ALLOW, "not_attested", Ask.ATTEST, "edge"),
        ("unknown", True, DENY, "not_attested", Ask.ATTEST, "edge"),
        ("unknown", False, ALLOW, "temporary", None, "edge_offline"),
        ("unknown", False, DENY, "not_attested", None, "edge_offline"),
        ("silent", True, ALLOW, "temporary", None, "edge_offline"),
        ("silent", True, DENY, "not_attested", None, "edge_offline"),
    ],
)
def test_what_must_be_attested(*, attested, online, fails, reason, ask, by):
    case = coming(attest="health_code", attest_fails=fails)
    judged = case.knowing(attested=Attested(attested), online=online).judged
    found = (str(judged.decision.reason), judged.ask, str(judged.decision.decided_by))
    assert found == (reason, ask, by)


def test_who_is_on_the_lists_or_never_pays_is_not_asked_about():
    case = coming(attest="code", attest_fails=DENY)
    assert case.wanting(allow=LISTED).judged.ask is None
    assert case.of(kind="emergency").judged.ask is None
    assert case.wanting(block=LISTED).judged.ask is None
    assert coming().judged.ask is None


def test_windows_are_judged_at_the_entry():
    assert said(coming(a_right(windows=(NIGHT,)), when=NOON))[1] == "temporary"
    assert said(coming(a_right(windows=(NIGHT,)), when=at(17, 18)))[1] == "right"


def test_what_is_decided_while_the_cloud_is_away_says_so():
    assert coming().knowing(online=False).judged.decision.decided_by is DecidedBy.EDGE_OFFLINE


def test_a_plate_that_is_blocked_among_the_rights_passes_neither_in_nor_out_while_it_lasts():
    card = a_right()
    block = a_right(right_id="theft", kind=RightKind.BLOCKED, plates=frozenset({PLATE}))
    rights = {"rights": (card, block)}
    assert said(coming().knowing(**rights)) == (DENY, "block_list")
    inside = coming().wanting(direction=Direction.EXIT).knowing(inside=(a_session(at(17, 8)),))
    assert said(inside.knowing(**rights)) == (DENY, "block_list")
    over = replace(block, valid=span(at(1), at(17, 11)))
    elsewhere = replace(block, areas=frozenset({"roof"}))
    for harmless in (over, elsewhere):
        told = coming().knowing(rights=(card, harmless)).judged
        assert (told.decision.verdict, told.terms.right_id) == (ALLOW, "card")
        assert said(coming().knowing(rights=(harmless,))) == (ALLOW, "temporary")
    assert said(inside.knowing(rights=(replace(over, plan="lent"),)))[1] == "pay"
