"""Looks for vehicles that stay longer than they should, and tells of each once."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.parking.park import Park
from gateway.rules.clock import SHANGHAI, Calendar, local_s
from gateway.rules.rights import Right, covers
from gateway.rules.sessions import Session
from gateway.store import StoreError

log = logging.getLogger(__name__)

LOOK_S = 60.0


async def watch_overstays(park: Park, trusted: Callable[[], bool]) -> None:
    """Until cancelled. With a clock that is wrong nobody is told of."""
    while True:
        await asyncio.sleep(LOOK_S)
        if trusted():
            try:
                await tell_overstays(park, park.parts.clock().wall)
            except StoreError as error:
                log.warning("parking: overstays are looked for again in a minute: %s", error)


async def tell_overstays(park: Park, now: datetime) -> int:
    """How many were told of. Raises `StoreError`."""
    assert park.config.parking is not None  # noqa: S101 -- there is a park
    since = now - timedelta(hours=park.config.parking.overstay_h)
    told = 0
    for session in await park.parts.store.overstaying(since):
        right = await park.parts.rights.right(session.right_id) if session.right_id else None
        words = why(session, right, park.calendar, since, now)
        if words and await park.parts.store.overstayed(session.session_id, words, now):
            told += 1
    if told:
        park.parts.committed()
    return told


def why(
    session: Session, right: Right | None, calendar: Calendar, since: datetime, now: datetime
) -> str:
    """A sentence; empty where the vehicle may stay."""
    if session.entered_at is None:
        return ""
    who = session.vehicle.plate or f"a vehicle without a plate (session {session.session_id})"
    came = f"{session.entered_at.astimezone(SHANGHAI):%m-%d %H:%M}"
    if right is not None and _ended(right, calendar, local_s(session.entered_at), local_s(now)):
        return (
            f"{who} is inside since {came} and its right {right.right_id} covers it no longer: from"
            " there on it is charged; call its holder"
        )
    if session.entered_at < since and right is None:
        hours = (now - session.entered_at) // timedelta(hours=1)
        return f"{who} is inside since {came}, {hours} h: look whether it is still there"
    return ""


def _ended(right: Right, calendar: Calendar, entered: int, now: int) -> bool:
    """It covered the coming, and covers neither now nor when the tolerance for leaving began."""
    late = max(entered, now - right.tolerance.late_s)
    return covers(right, calendar, entered) and not any(
        covers(right, calendar, at) for at in (now, late)
    )
