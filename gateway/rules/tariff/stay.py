"""What a fee is reckoned from: a stay, what was paid, what was granted. All times are aware."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Time in an area inside the one that was entered; `left` is None while it lasts."""

    area: str
    entered: datetime
    left: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charging:
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Waived:
    """Time that a right covers, and that is not charged."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """One vehicle from its entry on. `visits` in order of time, none in another.

    What is `waived` counts for nothing: neither as time parked, nor for free minutes. Periods
    then begin with the first time that is charged. Where that costs more than the same stay with
    nothing waived, nothing is.

    `quota_used`: days (of Shanghai) on which earlier stays used up the vehicle's daily free time.
    """

    area: str
    vehicle: str
    entered: datetime
    rights: frozenset[str] = frozenset()
    visits: tuple[Visit, ...] = ()
    charging: tuple[Charging, ...] = ()
    waived: tuple[Waived, ...] = ()
    quota_used: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Payment:
    amount_fen: int
    at: datetime

    def __post_init__(self) -> None:
        if self.amount_fen <= 0:
            raise ValueError(f"a payment of {self.amount_fen} fen is none; a refund is an event")


@dataclass(frozen=True, slots=True)
class AsClass:
    """Charged by the plan of another class, where that is less."""

    credit_id: str
    vehicle: str


@dataclass(frozen=True, slots=True)
class FreeUntil:
    """What has come together until then is not charged; of several, the latest counts."""

    credit_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MinutesOff:
    """Charged as if the exit had been so much earlier; several add up."""

    credit_id: str
    minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 0:
            raise ValueError(f"credit {self.credit_id}: {self.minutes} minutes are less than none")


@dataclass(frozen=True, slots=True)
class PercentOff:
    """Of what is left; a fraction of a fen stays to be paid."""

    credit_id: str
    percent: int

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:  # noqa: PLR2004 -- the whole
            raise ValueError(f"credit {self.credit_id}: {self.percent} % is not 0 to 100 %")


@dataclass(frozen=True, slots=True)
class AmountOff:
    credit_id: str
    amount_fen: int

    def __post_init__(self) -> None:
        if self.amount_fen < 0:
            raise ValueError(f"credit {self.credit_id}: {self.amount_fen} fen are less than none")


@dataclass(frozen=True, slots=True)
class AllOff:
    credit_id: str


Credit = AsClass | FreeUntil | MinutesOff | PercentOff | AmountOff | AllOff
