"""Tariffs, stays, payments and credits, drawn at random as an operator could have written them."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import strategies as st

from gateway.rules.clock import SHANGHAI
from gateway.rules.tariff import Charging, Payment, Stay, TariffSet, Visit
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    FreeUntil,
    MinutesOff,
    PercentOff,
    Waived,
)
from gateway.tariffs.build import build
from gateway.tariffs.models import TariffText

DAY_KINDS = ("workday", "weekend", "holiday")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)

UNITS = (10, 15, 30, 60, 120)


def a_price(dice):
    return dice.choice([0, 50, 100, 150, 200, 500, 1000])


def day_bands(dice, days):
    """Bands that cover a day, one after the other round the clock."""
    starts = sorted(dice.sample(range(48), dice.randint(1, 3)))
    ends = [*starts[1:], starts[0]]
    return [a_band(dice, begin, end, days) for begin, end in zip(starts, ends, strict=True)]


def a_band(dice, begin, end, days):
    band = {"from": clock(begin), "to": clock(end), "days": days, "price_fen": a_price(dice)}
    if dice.random() < 0.6:
        band |= {"unit_min": dice.choice(UNITS), "finishes_unit": dice.random() < 0.5}
    return band


def clock(half_hours):
    return f"{half_hours // 2:02}:{half_hours % 2 * 30:02}"


def a_price_list(dice):
    match dice.choice(["flat", "units", "every day", "by kind of day"]):
        case "flat":
            return {"price_fen": a_price(dice)}
        case "units":
            return {"price_fen": a_price(dice), "unit_min": dice.choice(UNITS)}
        case "every day":
            return {"bands": day_bands(dice, list(DAY_KINDS))}
        case _:
            workdays, others = day_bands(dice, ["workday"]), day_bands(dice, ["weekend", "holiday"])
            return {"bands": workdays + others}


PRICE_LISTS = [a_price_list(Random(number)) for number in range(600)]
"""Drawn beforehand: drawing each price by Hypothesis is slow and finds no more."""


CAPS = ([], [], [500], [2000], [3000, 500], [500, 1000], [1000, 2000, 3000], [2000, 0, 1000])


@st.composite
def plans(draw, **fixed):
    ends = sorted(draw(st.sets(st.integers(1, 100), max_size=3)))
    untils = [*({"until_min": end * 15} for end in ends), {}]
    plan = {
        "name": "generated",
        "free": {
            "minutes": draw(st.sampled_from([0, 10, 15, 30, 45, 90, 180])),
            "once_exceeded": draw(st.sampled_from(["billed", "kept"])),
            "again": draw(st.booleans()),
        },
        "steps": [until | draw(st.sampled_from(PRICE_LISTS)) for until in untils],
        "drop_remainder_min": draw(st.sampled_from([0, 0, 5])),
        "per": draw(st.sampled_from(["stay", "24h", "day"])),
        "cap_fen": draw(st.sampled_from(CAPS)),
        "steps_restart": draw(st.booleans()),
    }
    return plan | fixed


@st.composite
def daily_free(draw):
    return {
        "minutes": draw(st.sampled_from([30, 60, 120])),
        "charging_min": draw(st.sampled_from([0, 60, 120])),
        "unused_below_min": draw(st.sampled_from([0, 30])),
        "then_percent": draw(st.integers(0, 100)),
    }


@st.composite
def written(draw):
    """A tariff as its YAML says it: cars, new-energy cars with free time each day, large ones."""
    vehicle = draw(st.sampled_from(["car", "new_energy"]))
    daily = {"daily_free": draw(daily_free())} if vehicle == "new_energy" else {}
    return HEAD | {
        "grace_min": draw(st.sampled_from([0, 15, 30])),
        "pass_through_min": draw(st.sampled_from([0, 15])),
        "plans": [draw(plans(classes=[vehicle], **daily)), *CHEAP["plans"]],
    }


HEAD = {
    "area": "main",
    "version": "1",
    "effective": "2020-01-01",
    "holidays": [{"from": "2026-01-01", "to": "2026-01-03"}],
    "workdays": ["2026-01-04"],
}
CHEAP = HEAD | {
    "area": "inner",
    "plans": [
        {
            "name": "cheap",
            "free": {"minutes": 20},
            "steps": [{"unit_min": 60, "price_fen": 100}],
            "per": "day",
            "cap_fen": 700,
        }
    ],
}


def built(*texts):
    return TariffSet(tuple(build(TariffText.model_validate(text))[0] for text in texts))


tariffs = written().map(lambda text: built(text, CHEAP))
seconds = st.one_of(st.integers(0, 4 * 3600), st.integers(0, 5 * 86_400))
moments = st.integers(0, 20 * 86_400).map(lambda s: NEW_YEAR + timedelta(seconds=s))


@st.composite
def stays(draw, lot):
    """Mostly of the class that the generated plan is for."""
    (vehicle,) = lot.tariffs[0].plans[0].classes
    entered = draw(moments)
    reached, visits = entered, []
    for _ in range(draw(st.integers(0, 2))):
        gone_in = reached + timedelta(seconds=draw(seconds) // 4)
        reached = gone_in + timedelta(seconds=draw(seconds) // 2)
        visits.append(Visit("inner", gone_in, reached))
    begins = entered + timedelta(seconds=draw(st.integers(-3600, 7200)))
    charging = Charging(begins, begins + timedelta(seconds=draw(seconds)))
    return Stay(
        area="main",
        vehicle=vehicle,
        entered=entered,
        visits=tuple(visits),
        charging=(charging,) if draw(st.booleans()) else (),
        waived=covered(entered, draw(st.sampled_from(SPANS))),
        quota_used=draw(st.sampled_from([frozenset(), frozenset({entered.date()})])),
    )


def some_spans(dice):
    """Times that a right covers, in seconds from the entry; some overlap, some begin before it."""
    reach, longest = dice.choice([(7200, 3600), (172_800, 40_000)])
    begins = [dice.randint(-3600, reach) for _ in range(dice.randint(1, 3))]
    return [(begin, begin + dice.randint(0, longest)) for begin in begins]


SPANS = [[]] * 400 + [some_spans(Random(number)) for number in range(200)]
"""Mostly none."""


def covered(entered, spans):
    ends = ((timedelta(seconds=begin), timedelta(seconds=end)) for begin, end in spans)
    return tuple(Waived(entered + begin, entered + end) for begin, end in ends)


@st.composite
def granted(draw):
    """Credits of all kinds, some of them sent twice."""
    kinds = st.one_of(
        st.builds(AsClass, ids, st.sampled_from(["large", "new_energy", "car"])),
        st.builds(FreeUntil, ids, moments),
        st.builds(MinutesOff, ids, st.integers(0, 600)),
        st.builds(PercentOff, ids, st.integers(0, 100)),
        st.builds(AmountOff, ids, st.integers(0, 3000)),
        st.builds(AllOff, ids),
    )
    return tuple(draw(st.lists(kinds, max_size=4)))


ids = st.sampled_from(["a", "b", "c", "d", "e"])
payments = st.lists(st.builds(Payment, st.integers(1, 3000), moments), max_size=3).map(tuple)
