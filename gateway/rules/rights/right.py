"""A right to park, as data: whose, where, when, and for how many at a time."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.rules.clock import DAY_S, WEEK_DAYS, DayKind
from gateway.rules.rights.spans import Span

EVERY_WEEKDAY = frozenset(range(WEEK_DAYS))
EVERY_KIND = frozenset(DayKind)


class RightKind(StrEnum):
    """The first that covers a vehicle is the one that it passes by.

    BLOCKED is the opposite of a right: while it is valid, its plates may not pass.
    """

    STAFF = "staff"
    FLEET = "fleet"
    MONTH_CARD = "month_card"
    RENTAL = "rental"
    RESERVATION = "reservation"
    SHARED_SPACE = "shared_space"
    VISITOR = "visitor"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day, on days that are both of `weekdays` (Monday 0) and of `kinds`.

    `end_s` at or before `start_s` is on the next morning; the window belongs to its first day.
    """

    start_s: int = 0
    end_s: int = DAY_S
    weekdays: frozenset[int] = EVERY_WEEKDAY
    kinds: frozenset[DayKind] = EVERY_KIND

    @property
    def length_s(self) -> int:
        return self.end_s - self.start_s + (DAY_S if self.end_s <= self.start_s else 0)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is forgiven, in seconds: coming early, leaving late, and a renewal that is late."""

    early_s: int = 0
    late_s: int = 0
    renewal_s: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """No windows: at all times. No areas or classes: all of them.

    `spaces`: so many of the plates are covered at a time, None: all. `succession`: when one of
    them leaves, the one that waits longest is covered from then on. `uses`: so many entries, None:
    any number. `no_show_s`: so long after its beginning it is released if nobody came, 0: never.

    `plan`: such a right waives no time. Its holder pays by the tariff's plan whose `right:` is
    this word; empty: what the right covers costs nothing.
    """

    right_id: str
    version: int
    kind: RightKind
    plates: frozenset[str]
    valid: Span
    windows: tuple[Window, ...] = ()
    tolerance: Tolerance = Tolerance()
    spaces: int | None = None
    succession: bool = False
    areas: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    uses: int | None = None
    no_show_s: int = 0
    paid: bool = True
    plan: str = ""
