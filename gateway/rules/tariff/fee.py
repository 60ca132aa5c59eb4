"""What a fee is: lines that add up to it, what is taken off, what was paid, what is due."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.rules.clock import datetime_of


class LineKind(StrEnum):
    WAY_THROUGH = "way_through"
    WAIVED = "waived"
    FREE = "free"
    DAILY_FREE = "daily_free"
    SPAN = "span"
    UNITS = "units"
    CAP = "cap"
    PERCENT = "percent"
    AS_CLASS = "as_class"
    FREE_UNTIL = "free_until"
    MINUTES_OFF = "minutes_off"
    PERCENT_OFF = "percent_off"
    AMOUNT_OFF = "amount_off"
    ALL_OFF = "all_off"


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the reckoning; times in seconds since 1970-01-01 00:00 in Shanghai.

    `amount_fen` is negative where something is taken off. UNITS: `units` times `price_fen`, one
    for each `unit_s` begun between `band_start_s` and `band_end_s` of the day (equal: all day);
    the last `dropped_s` cost nothing. `figure` is the free seconds, the cap in fen, the percent,
    the minutes; `ref` the credit's id or the other class.
    """

    kind: LineKind
    start_s: int
    end_s: int
    amount_fen: int = 0
    units: int = 0
    price_fen: int = 0
    unit_s: int = 0
    band_start_s: int = 0
    band_end_s: int = 0
    dropped_s: int = 0
    figure: int = 0
    ref: str = ""
    area: str = ""

    @property
    def start(self) -> datetime:
        return datetime_of(self.start_s)

    @property
    def end(self) -> datetime:
        return datetime_of(self.end_s)


@dataclass(frozen=True, slots=True)
class Fee:
    """A stay's fee as of `until`. fee = discounts + paid + due - overpaid, to the fen.

    `until` is the time of the payment while its grace lasts, which ends after `grace_until`.
    `quota_days`: days whose free time this stay uses up. `discounts` name each credit that
    took something off; only those are used up when the vehicle leaves.
    """

    tariff: str
    plan: str
    vehicle: str
    entered: datetime
    until: datetime
    lines: tuple[Line, ...]
    discounts: tuple[Line, ...] = ()
    paid_fen: int = 0
    grace_until: datetime | None = None
    quota_days: tuple[date, ...] = ()

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def discounted_fen(self) -> int:
        return -sum(line.amount_fen for line in self.discounts)

    @property
    def due_fen(self) -> int:
        return max(0, self._open_fen)

    @property
    def overpaid_fen(self) -> int:
        return max(0, -self._open_fen)

    @property
    def _open_fen(self) -> int:
        return self.total_fen - self.discounted_fen - self.paid_fen
