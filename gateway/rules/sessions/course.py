"""What a proved pass makes of the sessions. Each function returns the sessions to write."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.rules.sessions.session import Closing, Session, Vehicle


@dataclass(frozen=True, slots=True)
class Proved:
    """A vehicle that went through a lane. `session_id` is for a session that is new."""

    session_id: str
    pass_id: str
    vehicle: Vehicle
    area: str
    at: datetime


def entered(inside: Iterable[Session], proved: Proved) -> tuple[Session, ...]:
    """A session begins. One of the same plate that is still open was never seen to leave."""
    before = _newest_first(inside)
    ended = [_superseded(session, proved.at) for session in before]
    linked = ended[0].session_id if ended else ""
    new = Session(
        proved.session_id,
        proved.vehicle,
        proved.area,
        proved.at,
        entry_pass=proved.pass_id,
        linked=linked,
    )
    return (*ended, new)


def left(inside: Iterable[Session], proved: Proved) -> tuple[Session, ...]:
    """A session ends: the newest. Without one, the exit itself is kept as a session."""
    unseen = Session(proved.session_id, proved.vehicle, proved.area, None)
    newest, *older = _newest_first(inside) or [unseen]
    gone = replace(newest, left_at=proved.at, exit_pass=proved.pass_id, closing=Closing.EXIT)
    return (gone, *(_superseded(session, proved.at) for session in older))


def merged(one: Session, other: Session, plate: Vehicle) -> tuple[Session, ...]:
    """Two sessions turn out to be one stay of the vehicle `plate`: it began with the earlier."""
    first, second = sorted((one, other), key=_entry)
    kept = replace(first, vehicle=plate)
    return (
        kept,
        replace(second, left_at=None, closing=Closing.MERGED, linked=kept.session_id),
    )


def corrected(session: Session, vehicle: Vehicle, inside: Iterable[Session]) -> tuple[Session, ...]:
    """The plate was read wrong. Whoever is inside under the right one is the same vehicle."""
    same = [other for other in inside if other.session_id != session.session_id]
    if not same or not session.inside:
        return (replace(session, vehicle=vehicle),)
    return merged(session, _newest_first(same)[0], vehicle)


def _superseded(session: Session, at: datetime) -> Session:
    return replace(session, left_at=at, closing=Closing.SUPERSEDED)


def _entry(session: Session) -> tuple[float, str]:
    entered_at = session.entered_at
    return (entered_at.timestamp() if entered_at else float("-inf"), session.session_id)


def _newest_first(inside: Iterable[Session]) -> list[Session]:
    return sorted(inside, key=_entry, reverse=True)
