"""What goes in and out of the books of sessions, besides the rules' own words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What lies behind a lane; `within` is the area before it, empty for the street.

    `let_out_free`: whoever a person lets out owes nothing.
    """

    area: str
    within: str = ""
    let_out_free: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What an order changed: a lane where one of these stands may have to judge it again."""

    sessions: tuple[str, ...] = ()
    plates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """So many vehicles of a class are in an area now."""

    area: str
    vehicle: str
    inside: int
