"""Who was here with a vehicle: by the definition, second by second, and by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.rules.trace import PASS, SESSION, Bounds, Presence, Span, trace, window

ZERO = datetime(2026, 11, 23, tzinfo=UTC)
LAST = 30
X = "京A12345"
PLATES = (X, "京B22222", "沪C33333", "")


def at(second):
    return ZERO + timedelta(seconds=second)


def second_of(when):
    return int((when - ZERO).total_seconds())


def here(ref, plate=X, came=0, left=0, proof=SESSION):
    times = [None if one is None else at(one) for one in (came, left)]
    return Presence(ref, plate, ("main",), *times, proof)


def bounds(since=0, until=LAST, now=LAST, most=500):
    return Bounds(at(since), at(until), at(now), most)


@st.composite
def presences(draw):
    """Sessions, also open ones and ones that nobody saw come, and passes."""
    count = draw(st.integers(0, 7))
    return [draw(a_presence(str(number))) for number in range(count)]


@st.composite
def a_presence(draw, ref):
    plate = draw(st.sampled_from(PLATES))
    came, left = sorted(draw(st.tuples(*[st.integers(0, LAST)] * 2)))
    match draw(st.sampled_from(("closed", "open", "unseen", "pass"))):
        case "closed":
            return here(ref, plate, came, left)
        case "open":
            return here(ref, plate, came, None)
        case "unseen":
            return here(ref, plate, None, left)
        case _:
            return here(ref, plate, left, left, PASS)


some_bounds = st.tuples(st.integers(0, LAST), st.integers(0, LAST), st.integers(LAST, LAST + 5))


def there(presence, second, now):
    """Whether it was here in that second; the definition, to the letter."""
    came = presence.left if presence.came is None else presence.came
    left = presence.left or at(now)
    return came <= at(second) <= left


def by_definition(found, around, limits):
    """For each pair its seconds: widened, and truly together."""
    since, until, now = limits
    clock = range(-20, LAST + 40)
    sessions = [one for one in found if one.proof == SESSION and one.plate]
    told = [
        one
        for one in found
        if one.proof == SESSION
        or not any(s.plate == one.plate and there(s, second_of(one.came), now) for s in sessions)
    ]
    pairs = {}
    for mine in (one for one in told if one.plate == X):
        own = [t for t in clock if since <= t <= until and there(mine, t, now)]
        near = {t + shift for t in own for shift in range(-around, around + 1)}
        for other in (one for one in told if one.plate != X):
            met = [t for t in clock if t in near and there(other, t, now)]
            both = [t for t in own if there(other, t, now)]
            if met:
                together = max(both) - min(both) if both else 0
                pairs[other.ref, mine.ref] = (min(met), max(met), together)
    return pairs


@given(presences(), st.integers(0, 8), some_bounds)
@example([here("0", came=3, left=5), here("1", "京B22222", 9, 12)], 4, (0, LAST, LAST))
@example([here("0", came=3, left=5), here("1", "京B22222", 9, 12)], 3, (0, LAST, LAST))
@example([here("0", came=0, left=20), here("1", came=7, left=7, proof=PASS)], 0, (0, LAST, LAST))
def test_it_finds_what_the_definition_says_second_by_second(found, around, limits):
    traced = trace(found, X, timedelta(seconds=around), bounds(*limits))
    told = {
        (one.presence.ref, one.met): (
            second_of(one.overlap.begin),
            second_of(one.overlap.end),
            one.together_s,
        )
        for one in traced.contacts
    }
    assert told == by_definition(found, around, limits)
    assert len(told) == len(traced.contacts) == traced.found
    assert not traced.cut


@given(presences(), st.integers(0, 8), st.integers(0, 5))
def test_a_limit_keeps_those_that_were_together_longest_and_says_that_it_cut(found, around, most):
    whole = trace(found, X, timedelta(seconds=around), bounds())
    some = trace(found, X, timedelta(seconds=around), bounds(most=most))
    assert some.contacts == whole.contacts[:most]
    assert some.cut == (len(whole.contacts) > most)
    assert (some.own, some.found) == (whole.own, whole.found)
    ranks = [(one.together_s, one.overlap.seconds) for one in whole.contacts]
    assert ranks == sorted(ranks, reverse=True)


@given(presences(), st.integers(0, 8), some_bounds, st.randoms(use_true_random=False))
def test_the_order_in_which_presences_come_does_not_matter(found, around, limits, dice):
    mixed = dice.sample(found, len(found))
    span = timedelta(seconds=around)
    assert trace(mixed, X, span, bounds(*limits)) == trace(found, X, span, bounds(*limits))


@given(presences(), st.integers(0, 8), some_bounds)
def test_nobody_outside_the_windows_is_needed(found, around, limits):
    """What a store has to look through: the windows of the plate's own presences."""
    span, within = timedelta(seconds=around), bounds(*limits)
    mine = [one for one in found if one.plate == X]
    spans = list(window(mine, span, within))
    near = [one for one in found if any(one.span(within.now) & there for there in spans)]
    others = [one for one in near if one.plate != X]
    assert (
        trace([*mine, *others], X, span, within).contacts == trace(found, X, span, within).contacts
    )


def test_a_car_that_left_before_is_met_only_by_widening():
    mine, other = here("m", came=100, left=200), here("o", "京B22222", 10, 40)
    close = trace([mine, other], X, timedelta(seconds=59), bounds(until=300, now=300))
    wide = trace([mine, other], X, timedelta(seconds=60), bounds(until=300, now=300))
    assert close.contacts == ()
    (contact,) = wide.contacts
    assert (contact.overlap, contact.together_s) == (Span(at(40), at(40)), 0)


def test_nobody_meets_in_the_future():
    """A car that is still inside has been so until now, whatever the width."""
    found = [here("m", came=0, left=None), here("o", "京B22222", 5, None)]
    (contact,) = trace(found, X, timedelta(hours=2), bounds(until=20, now=20)).contacts
    assert contact.overlap == Span(at(5), at(20))
    assert contact.together_s == 15


def test_vehicles_without_a_plate_are_each_its_own():
    found = [
        here("m", came=0, left=20),
        here("a", "", 0, 20),
        replace(here("b", "", 7, 7, PASS), where=()),
    ]
    traced = trace(found, X, timedelta(0), bounds())
    assert [one.presence.ref for one in traced.contacts] == ["a", "b"]
    assert trace(found, "", timedelta(0), bounds()).own[0].ref == "a"
