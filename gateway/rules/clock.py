"""Time as rules count it: whole seconds on the clock of Shanghai, and what kind of day it is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Fixed: China has had one offset and no summer time since 1992."""

DAY_S = 86_400
WEEK_DAYS = 7
FIRST_OF_WEEKEND = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=SHANGHAI)
_EPOCH_DATE = date(1970, 1, 1)
_SECOND = timedelta(seconds=1)


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The holiday table, in days since 1970-01-01; `workdays` are weekend days that are worked."""

    holidays: frozenset[int] = frozenset()
    workdays: frozenset[int] = frozenset()

    def kind(self, day: int) -> DayKind:
        if day in self.holidays:
            return DayKind.HOLIDAY
        if day in self.workdays or not on_weekend(day):
            return DayKind.WORKDAY
        return DayKind.WEEKEND


def on_weekend(day: int) -> bool:
    return date_of(day).weekday() >= FIRST_OF_WEEKEND


def local_s(at: datetime) -> int:
    """Seconds since 1970-01-01 00:00 in Shanghai; fractions of a second are dropped.

    Raises `ValueError` where the time has no zone.
    """
    if at.utcoffset() is None:
        raise ValueError(f"the time {at} has no zone: a fee is not reckoned from it; add +08:00")
    return (at - _EPOCH) // _SECOND


def datetime_of(local: int) -> datetime:
    return _EPOCH + timedelta(seconds=local)


def day_number(day: date) -> int:
    return (day - _EPOCH_DATE).days


def date_of(day: int) -> date:
    return _EPOCH_DATE + timedelta(days=day)
