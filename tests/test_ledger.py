"""What balances, and what does not: the sums of a day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lane.reports import Cause, ModeKind
from gateway.ledger import (
    LISTED,
    Facts,
    ModeSpan,
    PassProved,
    RaiseMade,
    as_fields,
    bounds,
    day_of,
    ledgers,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def a_raise(cause=Cause.PASS, reason="allow_list", *, let_in=True, name="r1"):
    return RaiseMade(name, "lane-1", NOON, cause, reason, let_in)


def a_car(begin=0, end=10, *, reason="allow_list", raised=False, name="p1", lane="lane-1"):
    return PassProved(name, lane, at(begin), at(end), reason, raised)


def the_lane(raises=(), passes=(), modes=(), before=None):
    (lane,) = ledgers(Facts(raises, passes, modes, {} if before is None else {"lane-1": before}))
    return lane


def missing(passes, modes=(), before=None):
    return [one.pass_id for one in the_lane((), passes, modes, before).without_raise]


def test_a_day_begins_at_midnight_in_shanghai():
    start, end = bounds(date(2026, 3, 1))
    assert start == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert end - start == timedelta(days=1)
    assert day_of(start) == date(2026, 3, 1)
    assert day_of(end) == date(2026, 3, 2)


def test_a_day_without_raises_and_passes_has_no_ledgers_and_balances():
    assert ledgers(Facts((), ())) == ()
    assert as_fields(date(2026, 3, 1), ())["balanced"] is True


@pytest.mark.parametrize(
    ("risen", "explained"),
    [
        (a_raise(), True),
        (a_raise(let_in=False), False),
        (a_raise(Cause.MANUAL, "open_button"), True),
        (a_raise(Cause.MANUAL, ""), False),
        (a_raise(Cause.HOLD, "convoy", let_in=False), True),
        (a_raise(Cause.FIRE, "the fire contact", let_in=False), True),
        (a_raise(Cause.SAFETY, "presence_while_closing", let_in=False), True),
        (a_raise(Cause.UNEXPLAINED, "nobody was let in", let_in=True), False),
    ],
)
def test_each_cause_has_its_own_proof(risen, explained):
    lane = the_lane([risen])
    assert lane.balance == (0 if explained else 1)
    assert lane.balanced is explained
    assert lane.without_record == (() if explained else (risen,))
    assert lane.causes[risen.cause] == 1


def test_a_pass_with_its_raise_is_proved_and_nothing_more():
    lane = the_lane([a_raise()], [a_car(raised=True)])
    assert (lane.proved, lane.under_open_boom, lane.balanced) == (1, 0, True)


def test_a_pass_with_no_raise_at_all_does_not_balance():
    lane = the_lane((), [a_car()])
    assert (lane.balance, lane.balanced) == (0, False)


@pytest.mark.parametrize(
    "reason",
    ["presence_while_closing", "unpaid_follow", "hold_open", "manual", "fire", "inputs_lost"],
)
def test_some_reasons_say_that_the_boom_was_up(reason):
    lane = the_lane((), [a_car(reason=reason)])
    assert (lane.under_open_boom, lane.balanced) == (1, True)


def test_a_follower_that_came_before_the_boom_can_be_down_needs_no_raise():
    first = a_car(raised=True)
    assert missing([first, a_car(20, 30, name="near")]) == []
    assert missing([first, a_car(21, 30, name="far")]) == ["far"]
    assert missing([a_car(20, 30, name="near"), first]) == []


def test_a_follower_of_a_follower_needs_none_either():
    cars = [a_car(raised=True), a_car(15, 25, name="p2"), a_car(30, 40, name="p3")]
    assert missing(cars) == []


def test_a_vehicle_in_another_lane_holds_no_boom_up():
    cars = [a_car(raised=True, lane="lane-2"), a_car(5, 15)]
    _, lane = sorted(ledgers(Facts((), cars)), key=lambda one: one.lane, reverse=True)
    assert [one.pass_id for one in lane.without_raise] == ["p1"]


def test_the_last_vehicle_of_the_day_before_counts():
    assert missing([a_car()], before=at(-8)) == []
    assert missing([a_car()], before=at(-11)) == ["p1"]


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        (ModeKind.FIRE, True),
        (ModeKind.MANUAL, True),
        (ModeKind.HOLD_OPEN, True),
        (ModeKind.LOCK_DOWN, False),
        (ModeKind.AUTOMATIC, False),
    ],
)
def test_some_modes_hold_the_boom_up(kind, holds):
    span = ModeSpan("lane-1", kind, at(-60), at(60))
    assert missing([a_car()], [span]) == ([] if holds else ["p1"])
    assert missing([a_car()], [span._replace(lane="lane-2")]) == ["p1"]


def test_a_mode_holds_the_boom_from_its_beginning_to_shortly_after_its_end():
    def span(since, until):
        return [ModeSpan("lane-1", ModeKind.HOLD_OPEN, at(since), at(until))]

    assert missing([a_car(0, 10)], span(10, 60)) == []
    assert missing([a_car(0, 10)], span(11, 60)) == ["p1"]
    assert missing([a_car(0, 10)], span(-60, -10)) == []
    assert missing([a_car(0, 10)], span(-60, -11)) == ["p1"]


def test_what_is_published_is_bounded_but_counts_all():
    raises = [a_raise(Cause.UNEXPLAINED, name=f"r{n}") for n in range(LISTED + 5)]
    cars = [a_car(n * 100, n * 100 + 10, name=f"p{n}") for n in range(LISTED + 5)]
    fields = as_fields(date(2026, 3, 1), ledgers(Facts(raises, cars)))
    lane = fields["lanes"]["lane-1"]
    assert fields["balance"] == lane["balance"] == lane["raises"]["unexplained"] == LISTED + 5
    assert lane["passes"] == {
        "proved": LISTED + 5,
        "under_open_boom": 0,
        "without_raise": LISTED + 5,
    }
    assert len(lane["raises_without_record"]) == len(lane["passes_without_raise"]) == LISTED


RAISES = st.lists(st.builds(a_raise, st.sampled_from(Cause), st.text(max_size=2)))
CARS = st.lists(
    st.builds(
        lambda begin, length, raised, lane: a_car(begin, begin + length, raised=raised, lane=lane),
        st.integers(0, 500),
        st.integers(1, 60),
        st.booleans(),
        st.sampled_from(("lane-1", "lane-2")),
    )
)


@given(RAISES, CARS)
def test_every_raise_and_every_pass_is_in_one_place_only(raises, cars):
    lanes = ledgers(Facts(raises, cars))
    assert sum(lane.raises for lane in lanes) == len(raises)
    assert sum(lane.proved for lane in lanes) == len(cars)
    for lane in lanes:
        assert lane.balance == len(lane.without_record) >= lane.causes[Cause.UNEXPLAINED]
        alone = sum(not one.raised for one in cars if one.lane == lane.lane)
        assert lane.under_open_boom + len(lane.without_raise) == alone
    assert lanes == ledgers(Facts(raises, sorted(cars, key=lambda one: one.ended_at)))
