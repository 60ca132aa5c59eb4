"""Where a stay's time was spent, in local seconds: which area's plan counts which part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.rules.clock import local_s
from gateway.rules.tariff.meter import Piece
from gateway.rules.tariff.stay import Charging, Stay, Visit, Waived


class Inside(NamedTuple):
    """A visit to an inner area."""

    area: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """A stay on one clock, in order: where times contradict each other, the earlier one holds."""

    entered: int
    visits: tuple[Inside, ...]
    charging: tuple[Piece, ...]
    waived: tuple[Piece, ...] = ()

    def outside(self, until: int, pass_s: int) -> tuple[list[Piece], list[Piece]]:
        """What was parked outside the inner areas, and what was only passed through."""
        parked: list[Piece] = []
        passed: list[Piece] = []
        for start, end in self._between_visits(until):
            short = bool(self.visits) and end - start <= pass_s
            (passed if short else parked).append(Piece(start, min(end, until)))
        return parked, passed

    def inside(self, until: int) -> list[tuple[str, list[Piece]]]:
        return [
            (area, [Piece(start, until if end is None else min(end, until))])
            for area, start, end in self.visits
            if start < until
        ]

    def split(self, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
        """What of the pieces is charged, and what is waived."""
        charged: list[Piece] = []
        waived: list[Piece] = []
        for piece in pieces:
            reached = piece.start
            for start, end in self.waived:
                first, last = max(start, reached), min(end, piece.end)
                if first < last:
                    charged += _if_long(reached, first)
                    waived.append(Piece(first, last))
                    reached = last
            charged += _if_long(reached, piece.end)
        return charged, waived

    def _between_visits(self, until: int) -> list[Piece]:
        """Whole, even where `until` is earlier: a way through is short or long as it was driven."""
        starts = [self.entered, *(until if end is None else end for _, _, end in self.visits)]
        ends = [*(start for _, start, _ in self.visits), until]
        pairs = zip(starts, ends, strict=True)
        return [Piece(start, end) for start, end in pairs if start < min(end, until)]

    def charging_s(self, piece: Piece) -> int:
        """Seconds of `piece` spent charging; what overlaps counts once."""
        total, reached = 0, piece.start
        for start, end in self.charging:
            first, last = max(start, reached), min(end, piece.end)
            total += max(0, last - first)
            reached = max(reached, last)
        return total


def course_of(stay: Stay) -> Course:
    """Raises `ValueError` where a time has no zone."""
    entered = local_s(stay.entered)
    return Course(
        entered, _visits(stay.visits, entered), _charging(stay.charging), _waived(stay.waived)
    )


def _visits(visits: tuple[Visit, ...], entered: int) -> tuple[Inside, ...]:
    found, reached = [], entered
    for visit in visits:
        start = max(reached, local_s(visit.entered))
        end = None if visit.left is None else max(start, local_s(visit.left))
        found.append(Inside(visit.area, start, end))
        if end is None:
            break
        reached = end
    return tuple(found)


def _waived(waived: tuple[Waived, ...]) -> tuple[Piece, ...]:
    pieces = (Piece(local_s(one.began), local_s(one.ended)) for one in waived)
    return tuple(sorted(piece for piece in pieces if piece.start < piece.end))


def _if_long(start: int, end: int) -> list[Piece]:
    return [Piece(start, end)] if start < end else []


def _charging(charging: tuple[Charging, ...]) -> tuple[Piece, ...]:
    return tuple(sorted(Piece(local_s(one.began), local_s(one.ended)) for one in charging))
