"""Whether a vehicle may come by a right, and why not. Pure; times in seconds of Shanghai."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.rules.clock import DAY_S, Calendar
from gateway.rules.rights.coverage import covers
from gateway.rules.rights.right import Right, RightKind

WARN_DAYS = 6
_RANK = {kind: rank for rank, kind in enumerate(RightKind)}


class Why(StrEnum):
    """What a right says to a vehicle that comes; the last that stand in its way, first."""

    COVERED = "covered"
    SPACES_TAKEN = "spaces_taken"
    OUTSIDE_WINDOW = "outside_window"
    RELEASED = "released"
    USED_UP = "used_up"
    UNPAID = "unpaid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    OTHER_AREA = "other_area"
    OTHER_CLASS = "other_class"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A vehicle at an entry."""

    at: int
    area: str
    vehicle: str


@dataclass(frozen=True, slots=True)
class Use:
    """What was made of a right so far: vehicles inside that have one of its spaces, and entries."""

    spaces_taken: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`days_left`: only where they are fewer than `WARN_DAYS`."""

    right: Right
    why: Why
    days_left: int | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    calendar: Calendar
    uses: Mapping[str, Use] = field(default_factory=dict)

    def best(self, rights: Iterable[Right], arrival: Arrival) -> Answer | None:
        """The answer of the first right by kind that covers, else of the one that is nearest to it.

        None where there is no right at all.
        """
        return next(iter(self.ranked(rights, arrival)), None)

    def ranked(self, rights: Iterable[Right], arrival: Arrival) -> list[Answer]:
        """What each right answers, the best first."""
        return sorted((self.answer(right, arrival) for right in rights), key=_nearness)

    def answer(self, right: Right, arrival: Arrival) -> Answer:
        why = self._why(right, arrival)
        left_s = right.valid.end - arrival.at
        warns = why is Why.COVERED and left_s < WARN_DAYS * DAY_S
        return Answer(right, why, max(0, left_s // DAY_S) if warns else None)

    def _why(self, right: Right, arrival: Arrival) -> Why:
        use = self.uses.get(right.right_id, Use())
        at, tolerance = arrival.at, right.tolerance
        began, released = right.valid.start, right.valid.start + right.no_show_s
        obstacles = {
            Why.OTHER_CLASS: bool(right.classes) and arrival.vehicle not in right.classes,
            Why.OTHER_AREA: bool(right.areas) and arrival.area not in right.areas,
            Why.EXPIRED: at >= right.valid.end + tolerance.renewal_s,
            Why.NOT_YET: at < began - tolerance.early_s,
            Why.UNPAID: not right.paid,
            Why.USED_UP: right.uses is not None and use.entries >= right.uses,
            Why.RELEASED: bool(right.no_show_s) and not use.entries and at > released,
            Why.OUTSIDE_WINDOW: not covers(right, self.calendar, at),
            Why.SPACES_TAKEN: right.spaces is not None and use.spaces_taken >= right.spaces,
        }
        return next((why for why, stands in obstacles.items() if stands), Why.COVERED)


def _nearness(answer: Answer) -> tuple[int, int, str]:
    return list(Why).index(answer.why), _RANK[answer.right.kind], answer.right.right_id
