"""What a proved pass makes of the sessions. Each function returns the sessions to write."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.rules.sessions.session import Closing, Inner, Session, Vehicle


@dataclass(frozen=True, slots=True)
class Proved:
    """A vehicle that went through a lane. `within`: the area around this one, if there is one."""

    pass_id: str
    vehicle: Vehicle
    area: str
    at: datetime
    right_id: str = ""
    within: str = ""


def entered(inside: Iterable[Session], proved: Proved) -> tuple[Session, ...]:
    """A session begins. One of the same plate that is still open was never seen to leave.

    Whoever comes from the area around this one goes on with its session.
    """
    before = _newest_first(inside)
    if proved.within and before and before[0].area == proved.within:
        return (_deeper(before[0], proved),)
    ended = [_superseded(session, proved.at) for session in before]
    linked = ended[0].session_id if ended else ""
    new = Session(
        proved.pass_id,
        proved.vehicle,
        proved.area,
        proved.at,
        entry_pass=proved.pass_id,
        linked=linked,
        right_id=proved.right_id,
    )
    return (*ended, new)


def _deeper(session: Session, proved: Proved) -> Session:
    inner = Inner(proved.area, proved.at)
    return replace(session, inner=(*_come_out(session, proved.at), inner))


def _come_out(session: Session, at: datetime) -> tuple[Inner, ...]:
    """All that was inside is over by then, at the latest."""
    return tuple(replace(one, left_at=one.left_at or at) for one in session.inner)


def left(inside: Iterable[Session], proved: Proved) -> tuple[Session, ...]:
    """A session ends: the newest. Without one, the exit itself is kept as a session.

    Whoever only comes out into the area around this one stays in the car park: its exit is yet
    to come.
    """
    inside = tuple(inside)
    if proved.within and not inside:
        return ()
    unseen = Session(proved.pass_id, proved.vehicle, proved.area, None)
    newest, *older = _newest_first(inside) or [unseen]
    newest = replace(newest, inner=_come_out(newest, proved.at))
    if proved.within and newest.area == proved.within:
        return (newest,)
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
