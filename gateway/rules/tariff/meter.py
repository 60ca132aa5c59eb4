"""What a plan charges for time parked: one line for each step, band and period that was used."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from gateway.rules.clock import DAY_S
from gateway.rules.tariff.fee import Line, LineKind
from gateway.rules.tariff.shapes import (
    Band,
    Exceeded,
    Period,
    PeriodKind,
    Plan,
    Span,
    Step,
    Tariff,
    Units,
)


class Piece(NamedTuple):
    """Time parked, in local seconds; the end is not part of it."""

    start: int
    end: int


def length_s(pieces: Sequence[Piece]) -> int:
    return sum(end - start for start, end in pieces)


def charged(plan: Plan, tariff: Tariff, pieces: Sequence[Piece], entered: int) -> tuple[Line, ...]:
    """The lines of the fee for `pieces` of a stay that began at `entered`, by a tariff's plan."""
    free = plan.free
    if free.exceeded is Exceeded.BILLED and not free.again and length_s(pieces) <= free.length_s:
        return free_lines(LineKind.FREE, pieces, free.length_s, tariff.area)
    meter = _Meter(plan, tariff)
    numbered = _by_period(plan.period.kind, pieces, entered)
    return tuple(line for number, parts in numbered for line in meter.period(number, parts))


def free_lines(kind: LineKind, pieces: Sequence[Piece], figure: int, area: str) -> tuple[Line, ...]:
    return tuple(Line(kind, start, end, figure=figure, area=area) for start, end in pieces)


def _by_period(
    kind: PeriodKind, pieces: Sequence[Piece], entered: int
) -> Iterator[tuple[int, list[Piece]]]:
    """Periods count from 0 at the entry; those in which nothing was parked are left out."""
    origin = entered - entered % DAY_S if kind is PeriodKind.CALENDAR_DAY else entered
    for number, parts in groupby(_cut(pieces, origin, kind.length_s), lambda part: part[0]):
        yield number, [piece for _, piece in parts]


def _cut(pieces: Sequence[Piece], origin: int, length: int) -> Iterator[tuple[int, Piece]]:
    for piece in pieces:
        start = piece.start
        while start < piece.end:
            number = (start - origin) // length
            end = min(piece.end, origin + (number + 1) * length)
            yield number, Piece(start, end)
            start = end


class _Meter:
    """Runs through the pieces of one stay: how far its steps are, what is left of its free time."""

    def __init__(self, plan: Plan, tariff: Tariff) -> None:
        self._plan = plan
        self._calendar = tariff.calendar
        self._area = tariff.area
        self._elapsed_s = 0
        self._free_s = plan.free.length_s if plan.free.exceeded is Exceeded.KEPT else 0

    def period(self, number: int, pieces: Sequence[Piece]) -> list[Line]:
        plan, free = self._plan, self._plan.free
        if plan.period.steps_restart:
            self._elapsed_s = 0
        if free.again and free.exceeded is Exceeded.KEPT:
            self._free_s = free.length_s
        elif free.again and length_s(pieces) <= free.length_s:
            return list(free_lines(LineKind.FREE, pieces, free.length_s, self._area))
        lines = [line for piece in pieces for line in self._piece(piece)]
        return lines + _capped(lines, plan.period, number, self._area)

    def _piece(self, piece: Piece) -> Iterator[Line]:
        start = min(piece.end, piece.start + self._free_s)
        self._free_s -= start - piece.start
        if start > piece.start:
            free = (Piece(piece.start, start),)
            yield from free_lines(LineKind.FREE, free, self._plan.free.length_s, self._area)
        while start < piece.end:
            line = self._line(Piece(start, piece.end))
            yield line
            self._elapsed_s += line.end_s - start
            start = line.end_s

    def _line(self, rest: Piece) -> Line:
        """The line that begins where `rest` does, as far as one price holds."""
        step, begins_s = self._step()
        limit = min(rest.end, rest.start + step.until_s - self._elapsed_s)
        match step:
            case Span(price):
                due = price if self._elapsed_s == begins_s else 0
                spent = (rest.start, limit)
                return Line(LineKind.SPAN, *spent, due, figure=step.until_s, area=self._area)
            case Units():
                return self._units(step, Piece(rest.start, limit))

    def _step(self) -> tuple[Step, int]:
        """The step that holds now, and where it began."""
        begins_s = 0
        for step in self._plan.steps:
            if self._elapsed_s < step.until_s:
                return step, begins_s
            begins_s = step.until_s
        raise LookupError(f"plan {self._plan.name}: no step goes on after {begins_s // 60} min")

    def _units(self, step: Units, rest: Piece) -> Line:
        band = step.band_at(rest.start, self._calendar)
        end = step.band_end(band, rest.start, rest.end, self._calendar)
        if band.finishes:
            whole = -(-(end - rest.start) // band.unit_s)
            end = min(rest.end, rest.start + whole * band.unit_s)
        return _units_line(band, Piece(rest.start, end), self._plan.drop_s, self._area)


def _units_line(band: Band, piece: Piece, drop_s: int, area: str) -> Line:
    units, rest_s = divmod(piece.end - piece.start, band.unit_s)
    counts = rest_s > drop_s
    units += counts
    return Line(
        LineKind.UNITS,
        piece.start,
        piece.end,
        units * band.price_fen,
        units=units,
        price_fen=band.price_fen,
        unit_s=band.unit_s,
        band_start_s=band.start_s,
        band_end_s=band.end_s % DAY_S,
        dropped_s=0 if counts else rest_s,
        area=area,
    )


def _capped(lines: Sequence[Line], period: Period, number: int, area: str) -> list[Line]:
    """The line that takes off what is above the period's cap, if anything is."""
    if not period.caps_fen:
        return []
    cap_fen = period.caps_fen[min(number, len(period.caps_fen) - 1)]
    above_fen = sum(line.amount_fen for line in lines) - cap_fen
    if above_fen <= 0:
        return []
    unit_s = period.kind.length_s
    return [
        Line(
            LineKind.CAP,
            lines[0].start_s,
            lines[-1].end_s,
            -above_fen,
            unit_s=unit_s,
            figure=cap_fen,
            ref=period.kind,
            area=area,
        )
    ]
