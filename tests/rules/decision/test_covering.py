"""What of a stay the rights of a vehicle cover, in which area, and what is left to be paid."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.lane.types import Reason, Verdict
from gateway.rules.decision import NoEntry
from gateway.rules.rights import RightKind, Tolerance, Why
from gateway.rules.sessions import Vehicle
from gateway.rules.tariff import TariffSet
from tests.rules.decision.cases import (
    INNER,
    NIGHT,
    NOON,
    PLATE,
    Case,
    a_right,
    a_session,
    at,
    gone,
    inner,
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


# --- rights ------------------------------------------------------------------------------


def test_a_right_that_covers_the_stay_is_named():
    judged = gone(a_right(), after=timedelta(days=3)).judged
    assert (judged.decision.reason, judged.terms.right_id) == (Reason.RIGHT, "card")
    assert (judged.fee.total_fen, judged.fee.due_fen) == (0, 0)


def test_who_came_with_an_expired_card_and_renewed_it_leaves_by_it():
    expired, renewed = a_right(valid=span(at(1), at(17))), a_right(version=2)
    assert said(gone(expired, after=HOURS_2)) == (DENY, "pay")
    assert gone(expired, after=HOURS_2).judged.answer.why is Why.EXPIRED
    case = gone(renewed, after=HOURS_2)
    assert (said(case), case.judged.terms.right_id) == ((ALLOW, "right"), "card")


def test_who_is_covered_needs_no_tariff():
    case = replace(gone(a_right(), after=HOURS_2), tariffs=TariffSet(()))
    assert said(case) == (ALLOW, "right")
    stranger = case.knowing(rights=()).judged
    assert stranger.decision.reason is Reason.NO_TARIFF
    assert "main" in stranger.terms.why


def test_overstay_is_charged_from_the_end_of_the_window():
    night = a_right(windows=(NIGHT,))
    stay = a_session(at(17, 18))
    assert said(gone(night, after=timedelta(hours=15), session=stay)) == (ALLOW, "right")
    late = gone(night, after=timedelta(hours=16), session=stay)
    assert (said(late), due(late)) == ((DENY, "pay"), 200)
    assert late.judged.terms.right_id == "card"
    assert late.judged.answer.why is Why.COVERED


def test_leaving_late_is_forgiven_within_the_tolerance():
    night = a_right(windows=(NIGHT,), tolerance=Tolerance(late_s=7200))
    case = gone(night, after=timedelta(hours=17), session=a_session(at(17, 18)))
    assert said(case) == (ALLOW, "right")
    assert due(case.when(at(18, 11, 0, 1))) == 500


def test_a_right_never_makes_a_stay_dearer_though_it_cuts_a_unit_in_two():
    gap = a_right(right_id="gap", valid=span(at(17, 12, 31), at(17, 12, 32)))
    more = a_right(right_id="more", valid=span(at(17, 12, 33), at(17, 12, 34)))
    for rights in ((), (gap,), (more,), (gap, more)):
        assert due(gone(*rights, after=minutes(60))) == 200


def test_what_one_right_alone_saves_another_one_does_not_take_away():
    """Covered at its beginning, it pays two units; a second cover in the middle makes three."""
    early = a_right(right_id="early", valid=span(at(17, 12), at(17, 13)))
    middle = a_right(right_id="middle", valid=span(at(17, 13, 10), at(17, 13, 20)))
    alone = due(gone(early, after=HOURS_2))
    assert alone == 200
    assert due(gone(early, middle, after=HOURS_2)) == alone


def test_what_was_paid_before_a_right_was_given_keeps_its_grace():
    """It would have been paid for nothing then, and such a payment settles nothing."""
    then = NOON + HOURS_2
    given = a_right(valid=span(NOON, then))
    case = gone(after=HOURS_2).knowing(payments=paid(400, then)).when(then + minutes(15))
    assert said(case) == said(case.knowing(rights=(given,))) == (ALLOW, "paid")
    inside = a_session(inner=(inner(then),))
    case = case.knowing(inside=(inside,))
    assert said(case) == said(case.knowing(rights=(given,))) == (ALLOW, "paid")


def test_several_rights_cover_together_and_the_longest_is_named():
    first = a_right(right_id="a", valid=span(at(1), at(17, 13)))
    second = a_right(right_id="b", valid=span(at(17, 13), at(30)))
    judged = gone(first, second, after=timedelta(hours=3)).judged
    assert (judged.decision.reason, judged.terms.right_id) == (Reason.RIGHT, "b")


def test_of_two_that_cover_alike_the_one_it_came_by_is_named_and_then_by_kind():
    card, staff = a_right(), a_right(right_id="z", kind=RightKind.STAFF)
    assert gone(card, staff, after=HOURS_2).judged.terms.right_id == "z"
    came_by = a_session(right_id="card")
    assert gone(card, staff, after=HOURS_2, session=came_by).judged.terms.right_id == "card"


def test_a_space_that_is_free_later_covers_from_then_on():
    shared = a_right(spaces=1, succession=True)
    case = gone(shared, after=HOURS_2)
    assert due(case) == 400
    then = span(NOON + minutes(60), NOON).start
    assert due(case.knowing(since={"card": then})) == 200
    assert said(case.knowing(since={"card": then - 3600})) == (ALLOW, "right")


def test_a_reservation_covers_the_stay_that_began_by_it_and_no_other():
    booked = a_right(kind=RightKind.RESERVATION, uses=1, no_show_s=1800)
    assert said(gone(booked, after=HOURS_2)) == (DENY, "pay")
    by_it = a_session(right_id="card")
    assert said(gone(booked, after=HOURS_2, session=by_it)) == (ALLOW, "right")


def test_an_unpaid_right_and_one_for_another_class_or_area_cover_nothing():
    for right in (
        a_right(paid=False),
        a_right(classes=frozenset({"large"})),
        a_right(areas=frozenset({"inner"})),
    ):
        assert due(gone(right, after=HOURS_2)) == 400


def test_a_right_with_a_plan_waives_nothing_and_is_charged_by_that_plan():
    lent = a_right(plan="lent")
    case = gone(lent, after=HOURS_2)
    assert (due(case), case.judged.fee.plan) == (20, "staff lent")
    assert case.judged.terms.right_id == "card"
    assert due(gone(replace(lent, plan="other"), after=HOURS_2)) == 400


@pytest.mark.parametrize(
    ("began", "ended", "fen"),
    [
        (at(1), at(17, 13), 20),
        (at(17, 13), at(30), 20),
        (at(17, 12, 30), at(17, 13), 400),
        (at(1), at(16), 400),
    ],
)
def test_a_plan_is_for_who_held_it_at_the_entry_or_holds_it_now(began, ended, fen):
    assert due(gone(a_right(plan="lent", valid=span(began, ended)), after=HOURS_2)) == fen


def test_a_plan_for_fewer_spaces_is_for_who_has_one():
    shared = gone(a_right(plan="lent", spaces=1), after=HOURS_2)
    assert due(shared) == 400
    assert due(shared.knowing(since={"card": 0})) == 20


# --- areas inside areas ------------------------------------------------------------------

VISIT = a_session(inner=(inner(at(17, 13), at(17, 15)),))


def test_a_way_out_into_the_area_around_costs_nothing_there():
    inside = a_session(inner=(inner(at(17, 13)),))
    case = gone(after=timedelta(hours=9), session=inside, **INNER)
    assert (said(case), case.judged.terms.session_id) == ((ALLOW, "free"), "s1")
    assert case.judged.fee is None


def test_who_comes_out_of_an_inner_area_and_was_never_seen_pays_at_the_last_gate():
    case = gone(after=HOURS_2, **INNER).knowing(inside=())
    assert said(case.wanting(no_entry=NoEntry.FLAT, no_entry_fen=900)) == (ALLOW, "free")


def test_a_right_for_one_area_covers_the_time_in_it_and_not_the_time_around():
    stranger = gone(after=timedelta(hours=4), session=VISIT)
    assert due(stranger) == 2 * 100 + 2 * 100 + 2 * 700
    inside, around = (a_right(areas=frozenset({area})) for area in ("inner", "main"))
    assert due(stranger.knowing(rights=(inside,))) == 400
    assert due(stranger.knowing(rights=(around,))) == 1400
    both = stranger.knowing(rights=(inside, replace(around, right_id="b")))
    assert said(both) == (ALLOW, "right")
