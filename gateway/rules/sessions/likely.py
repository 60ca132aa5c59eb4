"""Who inside a plate may be that is not inside: readers mix up the same few characters.

The confusions are those of the plates' own type face, as seen in the field.
"""

from collections.abc import Iterable

from gateway.rules.sessions.session import Session, Vehicle

ALIKE = ("8BR", "0DQ", "17I", "2Z", "5S")
MOST = 3
_ALIKE = {sign: group for group in ALIKE for sign in group}


def alike(one: str, other: str) -> bool:
    """Whether the texts differ in one character, by another of its group."""
    if len(one) != len(other):
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(pairs) == 1 and pairs[0][1] in _ALIKE.get(pairs[0][0], "")


def likely(vehicle: Vehicle, inside: Iterable[Session]) -> tuple[Session, ...]:
    """Sessions that may be this vehicle's, the newest first: for a person to choose from.

    Never charged by themselves: two neighbours' cars may differ in one character.
    """
    found = [
        session
        for session in inside
        if session.inside
        and alike(session.vehicle.plate, vehicle.plate)
        and session.vehicle.kind == vehicle.kind
        and session.vehicle.colour == vehicle.colour
    ]
    ranked = sorted(found, key=_rank, reverse=True)
    return tuple(ranked[:MOST])


def neighbours(plate: str) -> frozenset[str]:
    """All texts that are `alike`: few enough to be looked up one by one."""
    return frozenset(
        plate[:place] + other + plate[place + 1 :]
        for place, sign in enumerate(plate)
        for other in _ALIKE.get(sign, "")
        if other != sign
    )


def _rank(session: Session) -> tuple[float, str]:
    entered_at = session.entered_at
    return (entered_at.timestamp() if entered_at else 0.0, session.session_id)
