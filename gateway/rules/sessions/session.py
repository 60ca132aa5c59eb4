"""A vehicle's stay in the car park, from a proved entry to a proved exit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Closing(StrEnum):
    """How a session ended.

    EXIT was seen to leave. SUPERSEDED came in again and had not been seen to leave; MERGED was
    the same stay as another session, under another plate; BY_HAND was ended by a person.
    """

    EXIT = "exit"
    SUPERSEDED = "superseded"
    MERGED = "merged"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """`plate` is empty for one that has none; `kind` and `colour` are those of the plate.

    `vehicle` is its class, by which tariffs and rights tell vehicles apart.
    """

    plate: str
    kind: str
    colour: str
    vehicle: str


@dataclass(frozen=True, slots=True)
class Inner:
    """Time in an area inside the one that was entered; `left_at` is None while it lasts."""

    area: str
    entered_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """`entered_at` is None for a vehicle that left and had not been seen to come.

    `session_id` is the id of the pass that began it. `entry_pass` and `exit_pass` are the passes
    that prove it; `linked` is the session that this one goes on from, or that it was merged
    into. `right_id` is the right that it came by, `inner` where it was inside.
    """

    session_id: str
    vehicle: Vehicle
    area: str
    entered_at: datetime | None
    entry_pass: str = ""
    left_at: datetime | None = None
    exit_pass: str = ""
    closing: Closing | None = None
    linked: str = ""
    right_id: str = ""
    inner: tuple[Inner, ...] = ()

    @property
    def inside(self) -> bool:
        return self.closing is None

    @property
    def innermost(self) -> str:
        """The area that it is in now."""
        last = self.inner[-1] if self.inner else None
        return last.area if last is not None and last.left_at is None else self.area
