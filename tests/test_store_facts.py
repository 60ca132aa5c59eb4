"""What a lane is told of a vehicle, and what a day's account says of all of them."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.lane.types import PlateColour, PlateType, Reason, Terms
from gateway.rules.clock import local_s
from gateway.rules.rights import Right, RightKind, Span, Use
from gateway.store.days import day_of
from gateway.sync import telling
from tests.storepark import NOON, X, Y, a_bill, at, parked

DAY = day_of(NOON)
BLUE = PlateType.CIVIL, PlateColour.BLUE
PLATES = ("京C00001", "京C00002", "京C00003")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


# --- facts -------------------------------------------------------------------------------


def test_who_may_be_meant_is_looked_up_only_where_nobody_is_inside_under_the_plate(path):
    async def story(park):
        near = await park.comes("京A12845", 0)
        await park.comes("京A12945", 0)
        before = (await park.facts("京AI2B45".replace("I", "1"), 1)).likely
        await park.comes("京A12B45", 2)
        return near, before, (await park.facts("京A12B45", 3)).likely

    near, before, after = parked(path, story)
    assert [one.session_id for one in before] == [near]
    assert after == ()


def test_places_are_counted_in_the_area_where_vehicles_are(path):
    async def story(park):
        await park.comes(X, 0)
        await park.comes("", 1)
        return [(await park.facts(Y, 2, places=places)).places_left for places in (10, 2, None)]

    assert parked(path, story) == [8, 0, None]


def test_free_time_of_a_day_that_an_earlier_stay_used_up_is_known(path):
    async def story(park):
        for begin, day in ((-1500, date(2026, 2, 28)), (0, date(2026, 3, 1))):
            stay = await park.comes(X, begin)
            terms = Terms(stay, bill=a_bill(0, days=(day,)))
            await park.leaves(X, begin + 30, terms=terms, reason=Reason.FREE)
        await park.comes(X, 60)
        return (await park.facts(X, 90)).quota_used

    assert parked(path, story) == {date(2026, 3, 1)}


def a_right(**more):
    span = Span(0, 10**12)
    return Right("card", 1, RightKind.MONTH_CARD, frozenset(PLATES), span, **more)


def test_entries_by_a_right_are_counted_but_not_those_that_were_merged(path):
    async def story(park):
        for minute, plate in enumerate(PLATES):
            await park.comes(plate, minute, terms=Terms("self", right_id="card"))
        first, second = [
            one.session_id for p in PLATES[:2] for one in (await park.facts(p, 9)).inside
        ]
        await park.told(telling.Merge, 10, second, first, "guard", "one")
        asked = (a_right(uses=5), replace(a_right(no_show_s=60), right_id="other"))
        return (await park.facts(X, 11, rights=asked)).uses

    assert parked(path, story) == {"card": Use(entries=2), "other": Use()}


@pytest.mark.parametrize("succession", [True, False])
def test_of_several_plates_the_first_to_come_have_the_spaces(path, succession):
    right = a_right(spaces=1, succession=succession)

    async def story(park):
        for minute, plate in enumerate(PLATES[:2]):
            await park.comes(plate, minute)
        taken = (await park.facts(PLATES[2], 5, rights=(right,))).uses["card"].spaces_taken
        own = (await park.facts(PLATES[0], 5, rights=(right,))).uses["card"].spaces_taken
        await park.leaves(PLATES[0], 60)
        await park.comes(PLATES[2], 70)
        facts = [await park.facts(plate, 90, rights=(right,)) for plate in PLATES]
        return taken, own, [one.since.get("card") for one in facts]

    taken, own, since = parked(path, story)
    second = local_s(at(60)) if succession else None
    third = None if succession else local_s(at(70))
    assert (taken, own) == (1, 1 if succession else 0)
    assert since == [None, second, third]


def test_a_space_is_free_for_a_vehicle_of_another_class_or_area(path):
    right = a_right(spaces=1, classes=frozenset({"van"}))

    async def story(park):
        await park.comes(PLATES[0], 0)
        return (await park.facts(PLATES[1], 5, rights=(right,))).uses["card"].spaces_taken

    assert parked(path, story) == 0


def test_a_plate_that_is_inside_already_takes_no_space_from_itself(path):
    async def story(park):
        await park.comes(PLATES[0], 0)
        asked = (a_right(spaces=1),)
        return [(await park.facts(p, 5, rights=asked)).uses["card"].spaces_taken for p in PLATES]

    assert parked(path, story) == [0, 1, 1]
