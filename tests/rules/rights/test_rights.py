"""Rights on their own: windows, tolerances, shared spaces, and what is left to be charged."""

from datetime import datetime
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.clock import DAY_S, SHANGHAI, Calendar, DayKind, date_of, local_s
from gateway.rules.rights import (
    Answer,
    Arrival,
    Inside,
    Judge,
    Right,
    RightKind,
    Span,
    Tolerance,
    Use,
    Why,
    Window,
    charged,
    covered,
    covered_since,
)
from gateway.rules.rights.spans import joined, within, without
from gateway.rules.rights.words import answer_words
from gateway.rules.tariff.words import Language

HOUR = 3600
WORKDAYS = frozenset({DayKind.WORKDAY})
NIGHT = Window(18 * HOUR, 9 * HOUR, kinds=WORKDAYS)
REST = Window(kinds=frozenset({DayKind.WEEKEND, DayKind.HOLIDAY}))
FIRST_OF_OCTOBER = local_s(datetime(2026, 10, 1, tzinfo=SHANGHAI)) // DAY_S
NATIONAL_DAY = Calendar(holidays=frozenset({FIRST_OF_OCTOBER}))


def at(day, hour=0, minute=0, month=11):
    return local_s(datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI))


def a_right(**changes):
    standard = {
        "right_id": "r1",
        "version": 1,
        "kind": RightKind.SHARED_SPACE,
        "plates": frozenset({"京A12345"}),
        "valid": Span(at(1), at(30)),
    }
    return Right(**standard | changes)


# --- spans -------------------------------------------------------------------------------

SECONDS = st.integers(0, 40)
SPANS = st.lists(st.tuples(SECONDS, SECONDS).map(lambda pair: Span(*pair)), max_size=6)


def seconds(spans):
    return {second for span in spans for second in range(span.start, span.end)}


@given(SPANS)
def test_joined_spans_cover_the_same_seconds_in_order_and_apart(spans):
    found = joined(spans)
    assert seconds(found) == seconds(spans)
    assert all(one.end < two.start for one, two in pairwise(found))


@given(SPANS, SECONDS, SECONDS)
def test_what_is_within_and_what_is_left_make_the_whole(spans, start, end):
    whole = Span(start, end)
    inside, rest = within(spans, whole), without(whole, spans)
    assert seconds(inside) == seconds(spans) & seconds([whole])
    assert seconds(rest) == seconds([whole]) - seconds(spans)


# --- windows -----------------------------------------------------------------------------


def brute(right, calendar, second):
    """Whether a second is covered, by looking at each window of the day and the day before."""
    if second not in right.valid:
        return False
    for window in right.windows:
        for day in (second // DAY_S, second // DAY_S - 1):
            start = day * DAY_S + window.start_s
            holds = date_of(day).weekday() in window.weekdays and calendar.kind(day) in window.kinds
            if holds and start <= second < start + window.length_s:
                return True
    return not right.windows


HOURS = st.integers(0, 23).map(lambda hour: hour * HOUR)
KINDS = st.frozensets(st.sampled_from(DayKind), min_size=1)
WINDOWS = st.builds(Window, HOURS, HOURS, st.frozensets(st.integers(0, 6)), KINDS)
CALENDARS = st.builds(
    Calendar,
    st.frozensets(st.integers(20760, 20790), max_size=4),
    st.frozensets(st.integers(20760, 20790), max_size=4),
)


@given(st.lists(WINDOWS, max_size=3), CALENDARS, st.integers(0, 200), st.integers(0, 100))
def test_windows_cover_what_their_days_say(windows, calendar, start, hours):
    right = a_right(windows=tuple(windows), valid=Span(at(3, 5), at(9, 17)))
    limits = Span(at(1) + start * HOUR, at(1) + (start + hours) * HOUR)
    found = covered(right, calendar, limits)
    for second in range(limits.start, limits.end, HOUR // 2):
        assert any(second in span for span in found) == brute(right, calendar, second)


def test_a_night_window_and_the_weekend_are_one_stretch_from_friday_evening_on():
    right = a_right(windows=(NIGHT, REST))
    friday, monday = at(20, 18), at(23)
    assert covered(right, Calendar(), Span(at(20, 12), at(22, 20))) == (Span(friday, at(22, 20)),)
    # Sunday's window ends at midnight; Monday's night begins in the evening.
    assert covered(right, Calendar(), Span(at(22, 12), at(23, 12))) == (Span(at(22, 12), monday),)


def test_a_holiday_on_a_workday_is_a_day_of_rest():
    right = a_right(windows=(REST,), valid=Span(at(1, month=9), at(30)))
    thursday = Span(at(1, 8, month=10), at(1, 20, month=10))
    assert covered(right, NATIONAL_DAY, thursday) == (thursday,)
    assert covered(right, Calendar(), thursday) == ()


# --- what is charged ---------------------------------------------------------------------


def test_what_is_stayed_after_the_window_is_charged_from_its_end():
    right = a_right(windows=(NIGHT,), tolerance=Tolerance(late_s=900))
    stay = Span(at(17, 19), at(18, 9, 16))
    assert charged([right], Calendar(), stay) == (Span(at(18, 9), at(18, 9, 16)),)


@pytest.mark.parametrize(
    ("came", "left"), [((17, 45), (8,)), ((18,), (9, 15)), ((17, 45), (9, 15))]
)
def test_within_the_tolerances_nothing_is_charged(came, left):
    right = a_right(windows=(NIGHT,), tolerance=Tolerance(early_s=900, late_s=900))
    assert charged([right], Calendar(), Span(at(17, *came), at(18, *left))) == ()


def test_tolerance_is_for_the_ends_of_a_stay_and_not_for_the_day_in_between():
    right = a_right(windows=(NIGHT,), tolerance=Tolerance(early_s=86_400, late_s=86_400))
    stay = Span(at(17, 19), at(19, 8))
    assert charged([right], Calendar(), stay) == (Span(at(18, 9), at(18, 18)),)


def test_who_came_with_an_expired_card_and_renewed_it_leaves_for_nothing():
    stay = Span(at(29, 22), at(30, 8))
    old, renewed = (
        a_right(valid=Span(at(1), at(30))),
        a_right(valid=Span(at(1), at(30) + 9 * DAY_S)),
    )
    assert charged([old], Calendar(), stay) == (Span(at(30), at(30, 8)),)
    assert charged([renewed], Calendar(), stay) == ()


def test_two_rights_cover_together():
    nights, days = a_right(windows=(NIGHT,)), a_right(windows=(Window(9 * HOUR, 18 * HOUR),))
    assert charged([nights, days], Calendar(), Span(at(17, 3), at(20, 3))) == ()


def test_whoever_came_after_the_window_was_over_is_not_forgiven():
    right = a_right(windows=(NIGHT,), tolerance=Tolerance(late_s=900))
    stay = Span(at(17, 9, 1), at(17, 9, 5))
    assert charged([right], Calendar(), stay) == (stay,)


# --- shared spaces -----------------------------------------------------------------------


def test_the_first_to_come_have_the_spaces():
    stays = [Inside("a", 0), Inside("b", 5), Inside("c", 9)]
    assert covered_since(stays, 2, succession=False) == {"a": 0, "b": 5}


def test_by_succession_the_one_that_waits_longest_is_covered_when_a_space_is_free():
    stays = [Inside("a", 0, 20), Inside("b", 5, 12), Inside("c", 9), Inside("d", 10)]
    assert covered_since(stays, 1, succession=True) == {"a": 0, "c": 20}


def test_without_succession_the_space_waits_for_the_next_that_comes():
    stays = [Inside("a", 0, 20), Inside("b", 5), Inside("c", 25)]
    assert covered_since(stays, 1, succession=False) == {"a": 0, "c": 25}


def test_who_leaves_in_the_second_in_which_another_comes_has_left():
    assert covered_since([Inside("a", 0, 7), Inside("b", 7)], 1, succession=False) == {
        "a": 0,
        "b": 7,
    }


STAYS = st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 20)), max_size=8)


@given(STAYS, st.integers(0, 3), st.booleans())
def test_never_are_more_covered_than_there_are_spaces_and_none_is_idle_by_succession(
    drawn, spaces, succession
):
    stays = [
        Inside(str(name), entered, None if length is None else entered + length)
        for name, (entered, length) in enumerate(drawn)
    ]
    since = covered_since(stays, spaces, succession=succession)
    for second in range(60):
        inside = [s for s in stays if s.entered <= second and (s.left is None or second < s.left)]
        have = [s for s in inside if since.get(s.session_id, 99) <= second]
        assert len(have) <= spaces
        if succession:
            assert len(have) == min(spaces, len(inside))


# --- who may come ------------------------------------------------------------------------

NOON = Arrival(at(17, 12), "main", "car")
TOMORROW, OVER = Span(at(18), at(20)), Span(at(1), at(17, 12))


def why(arrival=NOON, use=Use(), **changes):  # noqa: B008 -- frozen
    return Judge(Calendar(), {"r1": use}).answer(a_right(**changes), arrival).why


@pytest.mark.parametrize(
    ("changes", "use", "expected"),
    [
        ({}, Use(), Why.COVERED),
        ({"valid": TOMORROW}, Use(), Why.NOT_YET),
        ({"valid": TOMORROW, "tolerance": Tolerance(early_s=DAY_S)}, Use(), Why.COVERED),
        ({"valid": OVER}, Use(), Why.EXPIRED),
        ({"valid": OVER, "tolerance": Tolerance(renewal_s=1)}, Use(), Why.COVERED),
        ({"windows": (NIGHT,)}, Use(), Why.OUTSIDE_WINDOW),
        ({"windows": (NIGHT,), "tolerance": Tolerance(early_s=6 * HOUR)}, Use(), Why.COVERED),
        ({"paid": False}, Use(), Why.UNPAID),
        ({"areas": frozenset({"roof"})}, Use(), Why.OTHER_AREA),
        ({"classes": frozenset({"lorry"})}, Use(), Why.OTHER_CLASS),
        ({"uses": 1}, Use(entries=1), Why.USED_UP),
        ({"spaces": 2}, Use(spaces_taken=1), Why.COVERED),
        ({"spaces": 2}, Use(spaces_taken=2), Why.SPACES_TAKEN),
        ({"valid": Span(at(17, 11), at(18)), "no_show_s": 1800}, Use(), Why.RELEASED),
        ({"valid": Span(at(17, 11), at(18)), "no_show_s": 3600}, Use(), Why.COVERED),
        ({"valid": Span(at(17, 11), at(18)), "no_show_s": 1800}, Use(entries=1), Why.COVERED),
    ],
)  # fmt: skip
def test_a_right_says_why_not(changes, use, expected):
    assert why(use=use, **changes) is expected


def test_the_first_kind_that_covers_is_the_one_that_a_vehicle_passes_by():
    staff = a_right(kind=RightKind.STAFF, right_id="staff")
    card = a_right(kind=RightKind.MONTH_CARD, right_id="card")
    late = a_right(kind=RightKind.STAFF, right_id="late", valid=Span(at(1), at(2)))
    best = Judge(Calendar()).best
    assert best([card, staff, late], NOON).right is staff
    assert best([card, late], NOON).right is card
    assert best([late], NOON).why is Why.EXPIRED
    assert best([], NOON) is None


@pytest.mark.parametrize(("day", "left"), [(24, None), (25, 5), (29, 1), (30, 0)])
def test_a_card_that_runs_out_soon_says_how_many_days_are_left(day, left):
    right = a_right(valid=Span(at(1), at(30) + HOUR))
    arrival = Arrival(at(day), "main", "car")
    assert Judge(Calendar()).answer(right, arrival).days_left == left


# --- rights that name a plan -------------------------------------------------------------


def test_a_right_with_a_plan_lets_in_and_waives_nothing():
    by_plan, card = a_right(plan="night_rental"), a_right(right_id="card")
    stay = Span(at(17, 3), at(17, 9))
    assert Judge(Calendar()).answer(by_plan, NOON).why is Why.COVERED
    assert charged([by_plan], Calendar(), stay) == (stay,)
    assert charged([by_plan, card], Calendar(), stay) == ()


# --- in words ----------------------------------------------------------------------------


def test_every_answer_has_words_in_both_languages():
    right = a_right(spaces=2, uses=3, no_show_s=3600, plan="p", classes=frozenset({"car"}))
    for language, why_not in product(Language, Why):
        words = answer_words(Answer(right, why_not, days_left=3), at(17), language)
        assert "{" not in words
        assert "r1: " in words
    for language, kind in product(Language, RightKind):
        assert answer_words(Answer(a_right(kind=kind), Why.COVERED), at(17), language)


def test_a_right_that_covers_says_on_what_condition():
    right = a_right(spaces=2, plan="night", valid=Span(at(1), at(20)))
    said = answer_words(Answer(right, Why.COVERED, days_left=3), at(17), Language.ENGLISH)
    assert said.endswith("covers, while one of its 2 spaces is free, charged by the plan night, 3"
                         " days left")  # fmt: skip
    late = answer_words(Answer(right, Why.COVERED, days_left=0), at(20), Language.ENGLISH)
    assert late.endswith("expired, but may still be renewed")


def test_the_answers_are_ranked_the_nearest_to_covering_first():
    paid = a_right(right_id="paid", valid=TOMORROW)
    unpaid = a_right(right_id="unpaid", paid=False)
    good = a_right(right_id="good")
    ranked = Judge(Calendar()).ranked([paid, good, unpaid], NOON)
    assert [one.right.right_id for one in ranked] == ["good", "unpaid", "paid"]
