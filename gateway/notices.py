"""What the lane's doings mean to the driver before it: a pure function to a `Notice`."""

from gateway.lane.events import Command, OpenCase
from gateway.lane.reports import ModeKind
from gateway.lane.states import (
    Cleared,
    Clearing,
    Closing,
    Deciding,
    Fault,
    Follower,
    Lane,
    Open,
    Opening,
    Passing,
    Reading,
    Waiting,
)
from gateway.lane.types import Direction, Reason, Terms, Verdict, Visit
from gateway.texts import Notice, NoticeKind

_BY_MODE = {
    ModeKind.MANUAL: NoticeKind.ATTENDED,
    ModeKind.HOLD_OPEN: NoticeKind.HOLD_OPEN,
    ModeKind.LOCK_DOWN: NoticeKind.CLOSED,
}
_FOR_EVERYBODY = (ModeKind.FIRE, ModeKind.MANUAL, ModeKind.HOLD_OPEN)


def notice_of(
    before: Lane, after: Lane, commands: tuple[Command, ...], direction: Direction
) -> Notice | None:
    """What is new to the driver after one step, if anything is."""
    standing = standing_notice(after, direction)
    if standing != standing_notice(before, direction):
        return standing
    called = any(isinstance(command, OpenCase) for command in commands)
    if called and after.mode.kind not in _FOR_EVERYBODY:
        return Notice(NoticeKind.AGENT_CALLED)
    return None


def standing_notice(lane: Lane, direction: Direction) -> Notice:
    """What the lane says as it is; equal for as long as nothing changes for the driver."""
    if lane.mode.kind in _FOR_EVERYBODY:
        return resting_notice(lane, direction)
    match lane.state:
        case Reading():
            return Notice(NoticeKind.WAIT)
        case Deciding(visit=visit, asked=asked):
            return _deciding(visit, asked)
        case Waiting(visit=visit):
            return _refused(visit)
        case Opening(visit=visit) | Open(visit=visit):
            return _let_in(visit, direction)
        case Passing(visit=visit, next=follower) | Clearing(visit=visit, next=follower):
            return _behind(follower) or _let_in(visit, direction)
        case Cleared(next=follower) | Closing(next=follower):
            return _behind(follower) or resting_notice(lane, direction)
        case Fault():
            return Notice(NoticeKind.FAULT)
        case _:
            return resting_notice(lane, direction)


def resting_notice(lane: Lane, direction: Direction) -> Notice:
    """What the lane says with nobody before it."""
    entry = direction is Direction.ENTRY
    if lane.mode.kind is ModeKind.FIRE:
        return Notice(NoticeKind.FIRE_ENTRY if entry else NoticeKind.FIRE_EXIT)
    idle = NoticeKind.IDLE_ENTRY if entry else NoticeKind.IDLE_EXIT
    return Notice(_BY_MODE.get(lane.mode.kind, idle))


def _deciding(visit: Visit, asked: str) -> Notice:
    """Who is judged again still reads what came of it before, and can still pay."""
    if visit.decision.reason is not Reason.UNDECIDED:
        return _refused(visit)
    if visit.reading is not None and visit.reading.text == asked:
        return Notice(NoticeKind.PLATE_READ, asked)
    return Notice(NoticeKind.WAIT)


def _refused(visit: Visit) -> Notice:
    plate, terms = _plate(visit), visit.terms or Terms()
    match visit.decision.reason:
        case Reason.PAY:
            kind = NoticeKind.FEE_DUE if plate else NoticeKind.PAY_HERE
            return Notice(kind, plate, fee_fen=terms.due_fen, code=terms.ticket)
        case Reason.NO_PLATE:
            return Notice(NoticeKind.NO_PLATE)
        case reason:
            return Notice(NoticeKind.REFUSED, plate, reason)


def _let_in(visit: Visit, direction: Direction) -> Notice:
    if visit.decision.verdict is Verdict.DENY:
        return _refused(visit)
    plate, reason, terms = _plate(visit), visit.decision.reason, visit.terms or Terms()
    if direction is Direction.EXIT:
        return Notice(NoticeKind.GOODBYE, plate, reason, fee_fen=terms.due_fen)
    if reason is Reason.RIGHT and terms.days_left is not None:
        return Notice(NoticeKind.DAYS_LEFT, plate, days_left=terms.days_left)
    return Notice(NoticeKind.WELCOME, plate, reason)


def _behind(follower: Follower) -> Notice | None:
    """Told as soon as it is read: its own turn comes when the boom is down again."""
    return Notice(NoticeKind.SECOND_CAR) if follower.visit is not None else None


def _plate(visit: Visit) -> str:
    return visit.reading.text if visit.reading else ""
