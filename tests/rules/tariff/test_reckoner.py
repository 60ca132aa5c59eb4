"""The engine agrees with a reckoner that shares nothing with it but the YAML."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
import yaml

from gateway.rules.tariff import Charging, Stay, Visit, quote
from gateway.rules.tariff.stay import AmountOff, AsClass, FreeUntil, MinutesOff, PercentOff, Waived
from tests.rules.tariff.fixtures import FILES, TARIFFS, at, tariff
from tests.rules.tariff.reckoner import CoveredWalk, DailyWalk, Walk, after_credits, plan_of

DAYS = [at(f"{day} 00:00") for day in ("2026-01-01", "2026-12-30", "2028-02-27", "2026-02-12")]
STAYS_EACH = 5_050
"""For each kind of stay; see the last test."""

WHO = {
    "day-night": ["car", "large"],
    "new-energy": ["car", "new_energy"],
    "new-energy-daily": ["car", "new_energy"],
    "per-time": ["car", "large", "new_energy"],
    "night-rental": ["car", "holder"],
}
KINDS = [
    (path.stem, who) for path in FILES if path.is_file() for who in WHO.get(path.stem, ["car"])
]


def written(name):
    return yaml.safe_load((TARIFFS / f"{name}.yaml").read_text("utf-8"))


def walked(text, plan, entered, ticks=1):
    return Walk(text, plan, entered.replace(tzinfo=None), ticks)


def entries(dice):
    """Mostly anywhere in the year, often just before a midnight, a month's end or a holiday."""
    start = dice.choice(DAYS) + timedelta(days=dice.randrange(3 if dice.random() < 0.5 else 300))
    return start + timedelta(minutes=dice.randrange(1440))


def lengths(dice):
    return dice.choice([dice.randrange(1, 300), dice.randrange(1, 1600), dice.randrange(1, 5000)])


def agree(walk, minutes, dice, ask, stays):
    """Ticks `minutes` and asks the engine on both sides of each change, and here and there."""
    wanted = {dice.randrange(minutes) for _ in range(40)}
    before, asked = 0, 0
    for minute in range(minutes):
        walk.tick()
        if walk.fee != before or minute in wanted:
            first, last = minute * 60 + 1, (minute + 1) * 60
            for second in {minute * 60, first, dice.randint(first, last), last}:
                expected = before if second == minute * 60 else walk.fee
                assert ask(second) == expected, f"after {timedelta(seconds=second)}"
                asked += 1
        before = walk.fee
    return stays + asked


@pytest.mark.parametrize(("name", "who"), KINDS)
def test_every_tariff_that_ships_agrees_minute_by_minute(name, who):
    dice, stays, text, lot = Random(f"{name} {who}"), 0, written(name), tariff(name)
    vehicle, rights = (
        ("car", frozenset({"night_rental"})) if who == "holder" else (who, frozenset())
    )
    while stays < STAYS_EACH:
        entered, minutes = entries(dice), lengths(dice)
        walk = walked(text, plan_of(text, vehicle, rights), entered)
        stay = Stay("main", vehicle, entered, rights)
        if "daily_free" in walk.plan:
            walk, stay = daily(walk, stay, dice)
        elif dice.random() < 0.3:
            walk, stay = covered(walk, stay, dice)

        def ask(second, stay=stay):
            return quote(lot, stay, stay.entered + timedelta(seconds=second)).total_fen

        stays = agree(walk, minutes, dice, ask, stays)


def daily(walk, stay, dice):
    """The same stay with some charging, on a day whose free time may be used up."""
    begin = dice.randrange(120)
    end = begin + dice.randrange(200)
    charging = Charging(*(stay.entered + timedelta(minutes=minute) for minute in (begin, end)))
    used_up = dice.random() < 0.3
    days = frozenset({stay.entered.date()} if used_up else ())
    more = Stay(stay.area, stay.vehicle, stay.entered, charging=(charging,), quota_used=days)
    return DailyWalk(walk, used_up, (begin, end)), more


def covered(walk, stay, dice):
    """The same stay of somebody whose right covers up to three parts of it."""
    begins = [dice.randrange(dice.choice([60, 2000])) for _ in range(dice.randint(1, 3))]
    spans = [(begin, begin + dice.randrange(1, 900)) for begin in begins]
    minute = timedelta(minutes=1)
    waived = (Waived(stay.entered + a * minute, stay.entered + b * minute) for a, b in spans)
    return CoveredWalk(walk, spans), replace(stay, waived=tuple(waived))


@pytest.mark.parametrize("name", ["free-else-from-start", "stepped", "per-duration", "day-night"])
def test_stays_that_begin_at_any_second_agree_second_by_second(name):
    dice, text = Random(name), written(name)
    for _ in range(3):
        entered = entries(dice) + timedelta(seconds=dice.randrange(60))
        walk = walked(text, plan_of(text, "car"), entered, ticks=60)
        stay = Stay("main", "car", entered)
        for second in range(1, dice.randrange(10_000, 100_000)):
            walk.tick()
            if second % 613 == 0 or dice.random() < 0.01:
                at = stay.entered + timedelta(seconds=second)
                assert quote(tariff(name), stay, at).total_fen == walk.fee, at


@pytest.mark.parametrize("name", sorted({name for name, _ in KINDS}))
def test_credits_take_off_the_same_minute_by_minute(name):
    dice, text = Random(f"credits {name}"), written(name)
    vehicle, *others = [who for who in WHO.get(name, ["car"]) if who != "holder"]
    for _ in range(6):
        entered, length = entries(dice), dice.randrange(60, 2000)
        fees = [by_minute(text, who, entered, length) for who in (vehicle, *others)]
        stay = Stay("main", vehicle, entered)
        for _ in range(60):
            minutes = dice.randrange(length + 1)
            off, given = credits_of(dice, entered)
            also = dice.randrange(len(fees)) if others else 0
            given += tuple(AsClass(f"e{who}", who) for who in others[:also])
            left = entered + timedelta(minutes=minutes)
            due_fen = after_credits(fees[: also + 1], minutes, off)
            assert quote(tariff(name), stay, left, (), given).due_fen == due_fen, (left, given)


def by_minute(text, vehicle, entered, length):
    """The fee of a stay of so many minutes."""
    walk = walked(text, plan_of(text, vehicle), entered)
    walk = DailyWalk(walk, used_up=False) if "daily_free" in walk.plan else walk
    fees = [0]
    for _ in range(length):
        walk.tick()
        fees.append(walk.fee)
    return fees


def credits_of(dice, entered):
    """What they take off, and the credits, some of them for nothing and in any order."""
    off = {
        "until": dice.choice([0, dice.randrange(600)]),
        "minutes": dice.choice([0, dice.randrange(300)]),
        "percent": dice.choice([0, dice.randrange(101)]),
        "fen": dice.choice([0, dice.randrange(2000)]),
    }
    given = [
        FreeUntil("d", entered + timedelta(minutes=off["until"])),
        MinutesOff("c", off["minutes"]),
        PercentOff("b", off["percent"]),
        AmountOff("a", off["fen"]),
    ]
    dice.shuffle(given)
    return off, tuple(given)


def test_ways_through_to_an_inner_area_agree():
    dice, stays = Random("nested"), 0
    while stays < STAYS_EACH:
        stays += nested_stay(dice)


def nested_stay(dice):
    """Out, in, out again; asks at each exit after the visit. Each area is walked for itself."""
    entered = entries(dice)
    way_in, inside, way_out = dice.randrange(40), dice.randrange(1, 3000), dice.randrange(1, 90)
    outer, inner = written("nested/outer"), written("nested/inner")
    first = walked(outer, outer["plans"][0], entered)
    visit = walked(inner, inner["plans"][0], entered + timedelta(minutes=way_in))
    for _ in range(way_in):
        first.away() if way_in <= 15 else first.tick()
    for _ in range(inside):
        first.away()
        visit.tick()
    gone_in, came_out = (entered + timedelta(minutes=m) for m in (way_in, way_in + inside))
    stay = Stay("outer", "car", entered, visits=(Visit("inner", gone_in, came_out),))
    passed_fen = first.fee
    for minute in range(1, way_out + 1):
        first.tick()
        outside_fen = passed_fen if minute <= 15 else first.fee
        for second in (minute * 60 - 59, minute * 60):
            told = quote(tariff("nested"), stay, came_out + timedelta(seconds=second)).total_fen
            assert told == outside_fen + visit.fee
    return way_out * 2


def test_more_than_100_000_stays_were_asked():
    assert len(KINDS) * STAYS_EACH > 100_000
    assert {name for name, _ in KINDS} == {path.stem for path in FILES if path.is_file()}
