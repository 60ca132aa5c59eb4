"""Every tariff that ships, one second before each of its edges, at it and one second after."""

from datetime import timedelta

import pytest

from gateway.rules.tariff import Stay, quote
from tests.rules.tariff.edges import EDGES
from tests.rules.tariff.fixtures import FILES, at, tariff

KINDS = {"step", "midnight", "month-end", "leap-day", "year-end"}
SECOND = timedelta(seconds=1)


def stay_of(which, entered):
    name, _, who = which.partition(" ")
    if name == "nested":
        return name, Stay(who, "car", at(entered))
    if who == "holder":
        return name, Stay("main", "car", at(entered), rights=frozenset({"night_rental"}))
    return name, Stay("main", who or "car", at(entered))


def rows(which):
    for line in EDGES[which].strip().splitlines():
        entered, *edges = (part.strip() for part in line.split("|"))
        for edge in edges:
            kind, when, before, after = edge.split()
            when = when if "T" in when else f"{entered[:10]}T{when}"
            yield entered, kind, when, round(float(before) * 100), round(float(after) * 100)


@pytest.mark.parametrize("which", EDGES)
def test_each_edge_is_where_it_is_by_hand_to_the_second(which):
    for entered, _, when, before_fen, after_fen in rows(which):
        name, stay = stay_of(which, entered)
        moments = (at(when) - SECOND, at(when), at(when) + SECOND)
        told = [quote(tariff(name), stay, moment).total_fen for moment in moments]
        assert told == [before_fen, before_fen, after_fen], (entered, when)


@pytest.mark.parametrize("which", EDGES)
def test_no_kind_of_edge_is_left_out(which):
    name, stay = stay_of(which, "2026-03-02 10:00")
    plan = tariff(name).in_force(stay.area, stay.entered).plan_for(stay.vehicle, stay.rights)
    capped = {"cap"} if plan.period.caps_fen else set()
    assert {kind for _, kind, *_ in rows(which)} == KINDS | capped


def test_every_plan_that_ships_is_in_the_table():
    asked = set()
    for which in EDGES:
        name, stay = stay_of(which, "2026-03-02 10:00")
        chosen = tariff(name).in_force(stay.area, stay.entered)
        asked.add((name, stay.area, chosen.plan_for(stay.vehicle, stay.rights).name))
    shipped = {
        (path.stem, one.area, plan.name)
        for path in FILES
        for one in tariff(path.stem).tariffs
        for plan in one.plans
    }
    assert asked == shipped
