"""Which time of a stay nobody pays for, told from what each kind of right means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from tests.week.office import (
    EARLY_MIN,
    ENDS_S,
    GROUP_SPACES,
    LATE_MIN,
    NO_SHOW_MIN,
    Office,
    expires,
    succeeds,
)
from tests.week.people import Kind, reserved_from_s
from tests.week.truth import MONDAY, Stay

Spans = list[tuple[datetime, datetime]]
Times = Mapping[str, tuple[datetime, datetime | None]]
"""When each session began and ended, by the box's own times, which were looked at before."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """`mates`: every stay that the box knows, in any order."""

    office: Office
    days: int
    times: Times
    mates: Sequence[Stay]

    def charged(self, stay: Stay, came: datetime, until: datetime) -> Spans:
        """What is left to be charged."""
        whole: Spans = [(came, until)]
        match stay.car.kind:
            case Kind.STAFF:
                return []
            case Kind.MONTH_CARD:
                return _card(stay, came, until, self.office)
            case Kind.SHARED:
                return _night(came, until)
            case Kind.RESERVED:
                booked = _came_as_booked(stay, self.days, self.times, self.mates)
                return [] if booked else whole
            case Kind.GROUP:
                since = _space_since(stay, self.times, self.mates)
                return _before(since, came, until)
            case _:
                return whole


def _card(stay: Stay, came: datetime, until: datetime, office: Office) -> Spans:
    assert stay.exit is not None
    renewed = office.renewed.get(stay.car.plate, float("inf"))
    if not expires(stay.car) or renewed < stay.exit.arrived_s:
        return []
    ends = MONDAY + timedelta(seconds=ENDS_S)
    return [(max(came, ends), until)] if until > ends else []


def _night(came: datetime, until: datetime) -> Spans:
    """From 18:00 to 9:00 nothing; a little before and a little after neither."""
    midnight = came.astimezone(MONDAY.tzinfo).replace(hour=0, minute=0, second=0, microsecond=0)
    found: Spans = []
    for day in range(-1, 9):
        nine = midnight + timedelta(days=day, hours=9)
        begin, end = max(came, nine), min(until, nine + timedelta(hours=9))
        if begin >= end:
            continue
        early = begin == came and end - begin <= timedelta(minutes=EARLY_MIN)
        late = end == until and end - begin <= timedelta(minutes=LATE_MIN)
        within = begin == came and end == until
        if within or not (early or late):
            found.append((begin, end))
    return found


def _came_as_booked(stay: Stay, days: int, times: Times, mates: Sequence[Stay]) -> bool:
    """Not too early, before it was given away, and for the first time."""
    begins = MONDAY + timedelta(seconds=reserved_from_s(stay.car, days))

    def fits(one: Stay) -> bool:
        came = times[one.session_id][0]
        early, late = timedelta(minutes=EARLY_MIN), timedelta(minutes=NO_SHOW_MIN)
        return begins - early <= came <= begins + late

    first = next((one for one in mates if one.car is stay.car and fits(one)), None)
    return stay is first


def _before(since: datetime | None, came: datetime, until: datetime) -> Spans:
    end = until if since is None else min(since, until)
    return [(came, end)] if end > came else []


def _space_since(stay: Stay, times: Times, mates: Sequence[Stay]) -> datetime | None:
    """Who comes first has a space till it leaves; then who waits longest, if the right says so."""
    far = MONDAY + timedelta(days=99)
    mine = [one for one in mates if one.car.group == stay.car.group and one.session_id in times]
    come = [(times[one.session_id][0], 1, one) for one in mine]
    leave = [(times[one.session_id][1] or far, 0, one) for one in mine]
    have: dict[int, datetime] = {}
    inside: list[Stay] = []
    waiting: list[Stay] = []
    for at, comes, one in sorted(come + leave, key=itemgetter(0, 1)):
        if comes and len(inside) < GROUP_SPACES:
            inside.append(one)
            have[id(one)] = at
        elif comes:
            waiting.append(one)
        elif one in waiting:
            waiting.remove(one)
        elif one in inside:
            inside.remove(one)
            if succeeds(stay.car.group) and waiting:
                inside.append(waiting.pop(0))
                have[id(inside[-1])] = at
    return have.get(id(stay))
