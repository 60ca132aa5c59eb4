"""A whole stay's fee before anything is taken off: each area by its own tariff, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.rules.clock import DAY_S, date_of
from gateway.rules.tariff.course import Course, course_of
from gateway.rules.tariff.fee import Line, LineKind
from gateway.rules.tariff.meter import Piece, charged, free_lines, length_s
from gateway.rules.tariff.shapes import DailyFree, Plan, Tariff, TariffSet
from gateway.rules.tariff.stay import Stay

WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Reckoned:
    lines: tuple[Line, ...]
    quota_days: tuple[date, ...]

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)


class Reckoner:
    """Reckons one stay up to any time, by the tariffs in force when it began.

    Raises `NoTariffError` where an area has none, `ValueError` for a time without a zone.
    """

    def __init__(self, tariffs: TariffSet, stay: Stay) -> None:
        self._tariffs = tariffs
        self._stay = stay
        self._course: Course = course_of(stay)
        self.tariff: Tariff = tariffs.in_force(stay.area, stay.entered)
        self.entered: int = self._course.entered
        self._known: dict[tuple[int, str], Reckoned] = {}

    def up_to(self, until: int, vehicle: str = "") -> Reckoned:
        """Local seconds; `vehicle`: as if it were of this class."""
        asked = (until, vehicle or self._stay.vehicle)
        if asked not in self._known:
            self._known[asked] = self._least(*asked)
        return self._known[asked]

    def _least(self, until: int, as_vehicle: str) -> Reckoned:
        """A right never makes a fee higher, though it may cut one unit in two."""
        reckoned = self._reckoned(self._course, until, as_vehicle)
        if not self._course.waived:
            return reckoned
        without = self._reckoned(replace(self._course, waived=()), until, as_vehicle)
        return min(reckoned, without, key=lambda one: one.total_fen)

    def _reckoned(self, course: Course, until: int, as_vehicle: str) -> Reckoned:
        pieces, passed = course.outside(until, self.tariff.pass_s)
        bill = _Bill(self._stay, course, as_vehicle)
        bill.lines += free_lines(LineKind.WAY_THROUGH, passed, self.tariff.pass_s, self.tariff.area)
        bill.add(self.tariff, pieces, self.entered if not course.waived else None)
        for area, pieces in course.inside(until):
            bill.add(self._tariffs.in_force(area, self._stay.entered), pieces)
        # A stay that is covered from end to end has nothing to reckon, and no lines.
        lines = (*bill.waived, *bill.lines) if bill.lines else ()
        return Reckoned(lines, tuple(bill.quota_days))


class _Bill:
    """Collects the lines of one stay; a day's free time is granted once in it."""

    def __init__(self, stay: Stay, course: Course, vehicle: str) -> None:
        self._stay = stay
        self._course = course
        self._vehicle = vehicle
        self.lines: list[Line] = []
        self.waived: list[Line] = []
        self.quota_days: list[date] = []

    def add(self, tariff: Tariff, pieces: Sequence[Piece], entered: int | None = None) -> None:
        """Periods begin at `entered`; None: with the first time that is charged."""
        left, waived = self._course.split(pieces)
        self.waived += free_lines(LineKind.WAIVED, waived, 0, tariff.area)
        if not left:
            return
        plan = tariff.plan_for(self._vehicle, self._stay.rights)
        began = left[0].start if entered is None else entered
        self.lines += self._of_plan(plan, tariff, left, began)

    def _of_plan(
        self, plan: Plan, tariff: Tariff, pieces: Sequence[Piece], entered: int
    ) -> tuple[Line, ...]:
        if plan.daily is None:
            return charged(plan, tariff, pieces, entered)
        allowed_s = self._allowed_s(plan.daily, pieces, entered)
        if length_s(pieces) <= allowed_s:
            return free_lines(LineKind.DAILY_FREE, pieces, allowed_s, tariff.area)
        return _at_percent(charged(plan, tariff, pieces, entered), plan.daily.percent)

    def _allowed_s(self, daily: DailyFree, pieces: Sequence[Piece], entered: int) -> int:
        """What is left of the free time of the day of the entry; this stay then uses it up."""
        day = date_of(entered // DAY_S)
        if day in self._stay.quota_used or day in self.quota_days:
            return 0
        if length_s(pieces) >= daily.unused_below_s:
            self.quota_days.append(day)
        charging_s = sum(map(self._course.charging_s, pieces))
        return daily.length_s + min(charging_s, daily.charging_s)


def _at_percent(lines: tuple[Line, ...], percent: int) -> tuple[Line, ...]:
    """A fraction of a fen is the driver's."""
    whole_fen = sum(line.amount_fen for line in lines)
    off_fen = whole_fen - whole_fen * percent // WHOLE_PERCENT
    if off_fen == 0:
        return lines
    start, end = lines[0].start_s, lines[-1].end_s
    return (
        *lines,
        Line(LineKind.PERCENT, start, end, -off_fen, figure=percent, area=lines[0].area),
    )
