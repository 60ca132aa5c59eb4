"""What a decision goes by: who is there, what is known of it, and what the lane was told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.lane.types import Direction, PlateType, Verdict
from gateway.rules.clock import Calendar
from gateway.rules.rights import Right, Use
from gateway.rules.sessions import Session, Vehicle
from gateway.rules.tariff import Charging, Credit, Payment
from gateway.rules.tariff.shapes import EVERY_WEEK

FREE_KINDS = frozenset(
    {PlateType.POLICE, PlateType.ARMED_POLICE, PlateType.MILITARY, PlateType.EMERGENCY}
)


class Passback(StrEnum):
    """A vehicle that is inside already comes in, or one leaves that never came.

    SOFT: it may, and is linked; who leaves by a right needs no entry record. HARD: somebody looks
    at it first. Neither holds up who is on the allow list, or never pays.
    """

    SOFT = "soft"
    HARD = "hard"


class NoEntry(StrEnum):
    """What a vehicle pays of which nobody knows when it came: somebody asks, nothing, a sum."""

    CASE = "case"
    FREE = "free"
    FLAT = "flat"


class Deduction(StrEnum):
    """What the cloud said to a fee that it was to take.

    PAID: the money is among the payments, of the time that was judged. ACCEPTED: open, the money
    comes later. REFUSED: the driver pays. SILENT: nothing came in time.
    """

    PAID = "paid"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SILENT = "silent"


class Attested(StrEnum):
    """What is known from outside; UNKNOWN: not asked yet. SILENT: asked in vain."""

    PASSES = "passes"
    FAILS = "fails"
    UNKNOWN = "unknown"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator wants at one lane.

    `area` is what lies behind the lane, `within` the area before it where that is one, too.
    `owe_fen` may be owed for one exit and `owe_all_fen` together, while the cloud is away; 0:
    nothing. `attest` names what must be attested, empty for nothing; `attest_fails` is what
    becomes of a vehicle of which nobody answers.
    """

    direction: Direction
    area: str
    within: str = ""
    temporary: Verdict = Verdict.ALLOW
    passback: Passback = Passback.SOFT
    no_entry: NoEntry = NoEntry.CASE
    no_entry_fen: int = 0
    owe_fen: int = 0
    owe_all_fen: int = 0
    debtors: Verdict = Verdict.ALLOW
    attest: str = ""
    attest_fails: Verdict = Verdict.DENY
    free_kinds: frozenset[PlateType] = FREE_KINDS
    calendar: Calendar = EVERY_WEEK
    allow: frozenset[str] = frozenset()
    block: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Funds:
    """What frictionless payment may take for a plate; `locked`: nothing."""

    credit_fen: int
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the box knows of one vehicle.

    `inside` are sessions under its plate, the newest last, or the one whose ticket was shown;
    `likely` others that it may be, where there are none. Money is that of the newest session, or
    of this visit where there is none; `owed_fen` is from earlier stays. `uses` and `since` go by
    the id of a right: entries, and spaces that other plates have; and from when on the session has
    a space, in seconds of Shanghai. `places_left` is None where nobody counts.
    """

    inside: tuple[Session, ...] = ()
    likely: tuple[Session, ...] = ()
    rights: tuple[Right, ...] = ()
    uses: Mapping[str, Use] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    credits: tuple[Credit, ...] = ()
    charging: tuple[Charging, ...] = ()
    quota_used: frozenset[date] = frozenset()
    owed_fen: int = 0
    funds: Funds | None = None
    places_left: int | None = None
    attested: Attested = Attested.UNKNOWN
    deduction: Deduction | None = None
    online: bool = True

    @property
    def session(self) -> Session | None:
        return self.inside[-1] if self.inside else None


@dataclass(frozen=True, slots=True)
class Arriving:
    """A vehicle at the lane. `pass_id` is its visit's."""

    pass_id: str
    vehicle: Vehicle
    at: datetime
