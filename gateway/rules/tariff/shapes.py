"""What a tariff is made of. Money in fen, lengths in seconds; see docs/tariffs.md for the words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.rules.clock import DAY_S, Calendar, DayKind

EVERY_DAY = frozenset(DayKind)
EVERY_WEEK = Calendar()
OPEN_END_S = 10**12
"""Longer than any stay: where a last step ends, and a period that is never over."""


class Exceeded(StrEnum):
    """What becomes of the free minutes of a stay that is longer than they are."""

    BILLED = "billed"
    KEPT = "kept"


class PeriodKind(StrEnum):
    """What a cap holds for: the stay, each 24 h since the entry, or each calendar day."""

    STAY = "stay"
    ROLLING = "24h"
    CALENDAR_DAY = "day"

    @property
    def length_s(self) -> int:
        return OPEN_END_S if self is PeriodKind.STAY else DAY_S


@dataclass(frozen=True, slots=True)
class Free:
    """`again`: each period has its own free minutes."""

    length_s: int = 0
    exceeded: Exceeded = Exceeded.BILLED
    again: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A price for each unit begun, from one time of the day to another, on some kinds of day.

    `end_s` at or before `start_s` is on the next morning; each instant counts by its own day.
    Where the band ends inside a unit, the unit is cut there, or `finishes` at its own price.
    """

    price_fen: int
    unit_s: int
    start_s: int = 0
    end_s: int = DAY_S
    days: frozenset[DayKind] = EVERY_DAY
    finishes: bool = False

    def holds(self, second: int, kind: DayKind) -> bool:
        if kind not in self.days:
            return False
        if self.start_s < self.end_s:
            return self.start_s <= second < self.end_s
        return second >= self.start_s or second < self.end_s


@dataclass(frozen=True, slots=True)
class Span:
    """A step that costs its price once, however much of it is used."""

    price_fen: int
    until_s: int = OPEN_END_S


@dataclass(frozen=True, slots=True)
class Units:
    """A step that costs a price for each unit begun. Of bands that overlap the first one holds."""

    bands: tuple[Band, ...]
    until_s: int = OPEN_END_S

    def band_at(self, at: int, calendar: Calendar) -> Band:
        kind, second = calendar.kind(at // DAY_S), at % DAY_S
        for band in self.bands:
            if band.holds(second, kind):
                return band
        raise LookupError(f"no band has a price for {second // 60 // 60:02}:{second // 60 % 60:02}")

    def band_end(self, band: Band, at: int, limit: int, calendar: Calendar) -> int:
        """When another band takes over from the one that holds at `at`; `limit` at the latest."""
        if len(self.bands) == 1:
            return limit
        for edge in self._edges(at, limit):
            if self.band_at(edge, calendar) is not band:
                return edge
        return limit

    def _edges(self, at: int, limit: int) -> Iterator[int]:
        starts = (band.start_s for band in self.bands)
        ends = (band.end_s for band in self.bands)
        seconds = sorted({0, *starts, *ends} - {DAY_S})
        midnight = at - at % DAY_S
        while midnight < limit:
            yield from (midnight + second for second in seconds if at < midnight + second < limit)
            midnight += DAY_S


Step = Span | Units


@dataclass(frozen=True, slots=True)
class Period:
    """`caps_fen`: of the first period, the second ...; the last one holds for all that follow.

    `steps_restart`: a new period begins with the first step again.
    """

    kind: PeriodKind = PeriodKind.STAY
    caps_fen: tuple[int, ...] = ()
    steps_restart: bool = True


@dataclass(frozen=True, slots=True)
class DailyFree:
    """One free time a calendar day, and more for what was spent charging.

    A stay that is longer is billed from its entry at `percent`; one under `unused_below_s`
    leaves the day's free time to another stay.
    """

    length_s: int
    charging_s: int = 0
    unused_below_s: int = 0
    percent: int = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What some classes of vehicle pay; no `classes`: all of them. Steps go by time parked.

    `right`: only for who holds it. `drop_s`: of a unit, so much or less costs nothing.
    """

    name: str
    steps: tuple[Step, ...]
    classes: frozenset[str] = frozenset()
    right: str = ""
    free: Free = Free()
    period: Period = Period()
    drop_s: int = 0
    daily: DailyFree | None = None

    def fits(self, vehicle: str, rights: frozenset[str]) -> bool:
        return (not self.classes or vehicle in self.classes) and (
            not self.right or self.right in rights
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of an area's tariff, for stays that begin at `effective` or later.

    `grace_s`: to the exit after paying. `pass_s`: a way through to another area is free if it
    takes no longer.
    """

    area: str
    version: str
    effective: datetime
    plans: tuple[Plan, ...]
    calendar: Calendar = EVERY_WEEK
    grace_s: int = 0
    pass_s: int = 0

    def plan_for(self, vehicle: str, rights: frozenset[str]) -> Plan:
        """The first plan that fits. Raises `NoTariffError`."""
        for plan in self.plans:
            if plan.fits(vehicle, rights):
                return plan
        known = sorted({name for plan in self.plans for name in plan.classes})
        raise NoTariffError(
            f"tariff {self.area} {self.version} has no plan for the class {vehicle!r}; it knows"
            f" {', '.join(known)}; name the class in a plan, or add a plan without classes:"
        )


@dataclass(frozen=True, slots=True)
class TariffSet:
    """Every version of the tariff of every area of a car park."""

    tariffs: tuple[Tariff, ...]

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(sorted({tariff.area for tariff in self.tariffs}))

    def in_force(self, area: str, at: datetime) -> Tariff:
        """The newest version that is effective. Raises `NoTariffError`."""
        found = [one for one in self.tariffs if one.area == area and one.effective <= at]
        if not found:
            raise NoTariffError(
                f"area {area!r} has no tariff in force at {at:%Y-%m-%d %H:%M}; add one whose"
                f" effective: is not later; areas with tariffs: {', '.join(self.areas) or 'none'}"
            )
        return max(found, key=lambda tariff: tariff.effective)


class NoTariffError(LookupError):
    """No fee can be reckoned: an area has no tariff then, or none for a class."""
