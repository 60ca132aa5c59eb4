"""Who may not pass: rights of the kind `blocked`, which grant nothing. Pure."""

from collections.abc import Iterable

from gateway.rules.clock import Calendar
from gateway.rules.rights.coverage import covers
from gateway.rules.rights.judging import Arrival
from gateway.rules.rights.right import Right, RightKind


def blocks(right: Right, calendar: Calendar, arrival: Arrival) -> bool:
    """Whether it stands in the way here and now; what was paid or used does not matter."""
    here = not right.areas or arrival.area in right.areas
    meant = not right.classes or arrival.vehicle in right.classes
    is_block = right.kind is RightKind.BLOCKED
    return is_block and here and meant and covers(right, calendar, arrival.at)


def blocked(rights: Iterable[Right], calendar: Calendar, arrival: Arrival) -> frozenset[str]:
    """The plates."""
    found = (right.plates for right in rights if blocks(right, calendar, arrival))
    return frozenset().union(*found)


def granting(rights: Iterable[Right]) -> tuple[Right, ...]:
    return tuple(right for right in rights if right.kind is not RightKind.BLOCKED)
