"""What credits take off a fee.

In this order: another class, free until a time, minutes, percent, amounts, all. Within a kind
they go by their ids; an id counts once.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gateway.rules.clock import local_s
from gateway.rules.tariff.fee import Line, LineKind
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    Credit,
    FreeUntil,
    MinutesOff,
    PercentOff,
)

FeeAt = Callable[[int, str], int]
"""Fen up to a time in local seconds, as a class; "" is the vehicle's own."""

ORDER = (AsClass, FreeUntil, MinutesOff, PercentOff, AmountOff, AllOff)


class Asked(NamedTuple):
    entered: int
    until: int


def in_order(granted: Iterable[Credit]) -> list[Credit]:
    """Each id once, in the order in which they are taken."""
    ranked = sorted(granted, key=lambda credit: (ORDER.index(type(credit)), credit.credit_id))
    first: dict[str, Credit] = {}
    for credit in ranked:
        first.setdefault(credit.credit_id, credit)
    return list(first.values())


def discounts(granted: Iterable[Credit], fee_at: FeeAt, asked: Asked) -> tuple[Line, ...]:
    """A line for each credit that takes something off; never more than the fee together."""
    ordered = in_order(granted)
    if not ordered:
        return ()
    taking = _Taking(ordered, fee_at, asked)
    lines = (taking.line(credit) for credit in ordered)
    return tuple(line for line in lines if line.amount_fen < 0)


class _Taking:
    """The credits of time change up to when is charged; the others change what is left."""

    def __init__(self, ordered: Sequence[Credit], fee_at: FeeAt, asked: Asked) -> None:
        self._classes = {one.vehicle for one in ordered if isinstance(one, AsClass)}
        self._fee_at = fee_at
        self._asked = asked
        self._until = asked.until
        self._waived_fen = 0
        self._left_fen = fee_at(asked.until, "")

    def line(self, credit: Credit) -> Line:
        kind, figure, ref, left_fen = self._after(credit)
        off_fen = self._left_fen - left_fen
        self._left_fen = left_fen
        start, end = self._asked
        return Line(kind, start, end, -off_fen, figure=figure, ref=f"{credit.credit_id}{ref}")

    def _after(self, credit: Credit) -> tuple[LineKind, int, str, int]:
        """Kind and figure of the line, and what is left after it."""
        left = self._left_fen
        match credit:
            case AsClass(_, vehicle):
                lower = min(left, self._fee_at(self._until, vehicle))
                return LineKind.AS_CLASS, 0, f" ({vehicle})", lower
            case FreeUntil(_, at):
                return LineKind.FREE_UNTIL, local_s(at), "", self._free_until(local_s(at))
            case MinutesOff(_, minutes):
                return LineKind.MINUTES_OFF, minutes, "", self._earlier(minutes)
            case PercentOff(_, percent):
                return LineKind.PERCENT_OFF, percent, "", left - left * percent // 100
            case AmountOff(_, amount_fen):
                return LineKind.AMOUNT_OFF, amount_fen, "", max(0, left - amount_fen)
            case AllOff():
                return LineKind.ALL_OFF, 0, "", 0

    def _free_until(self, at: int) -> int:
        # No later than asked: a credit until 2099 would be reckoned day by day.
        waived_fen = self._cheapest(min(at, self._asked.until))
        self._waived_fen = max(self._waived_fen, waived_fen)
        return self._timed_fen()

    def _earlier(self, minutes: int) -> int:
        self._until -= minutes * 60
        return self._timed_fen()

    def _timed_fen(self) -> int:
        return max(0, self._cheapest(self._until) - self._waived_fen)

    def _cheapest(self, until: int) -> int:
        return min(self._fee_at(until, vehicle) for vehicle in ("", *sorted(self._classes)))
