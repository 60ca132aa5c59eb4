"""The vehicle behind the one that passes: whose plate it has, and whether it may come too."""

from dataclasses import replace

from gateway.lane.events import (
    Command,
    Decide,
    Decided,
    LaneEvent,
    PlateSeen,
    RaiseAlarm,
    StoreDecision,
    TakePhoto,
)
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.sensors import Timing
from gateway.lane.states import Cleared, Clearing, Closing, Follower, Lane, Passing
from gateway.lane.types import Decision, Level, Now, PlateReading, Reason, Verdict, Visit

_UNDECIDED = Decision(Verdict.DENY, Reason.UNDECIDED)
Behind = Passing | Clearing | Cleared | Closing


def heard(
    lane: Lane, state: Behind, event: LaneEvent, now: Now, timing: Timing
) -> tuple[Behind, tuple[Command, ...]]:
    """The state with what is known of the follower now. Nothing is stored of it yet."""
    match event:
        case PlateSeen(reading) if _is_another(lane, reading, now):
            return _read(lane, state, reading, now, timing)
        case Decided():
            return _answered(state, event), ()
        case _:
            return state, ()


def _is_another(lane: Lane, reading: PlateReading, now: Now) -> bool:
    """On the arming loop, and no plate that the vehicle in front may have."""
    if lane.sensors.inputs.arming_loop is not Level.ON or not lane.counts(reading, now):
        return False
    visit = lane.visit
    if visit is None:
        return True
    own = visit.reading.text if visit.reading else ""
    return reading.text not in {own, *(candidate.text for candidate in visit.candidates)}


def _read(
    lane: Lane, state: Behind, reading: PlateReading, now: Now, timing: Timing
) -> tuple[Behind, tuple[Command, ...]]:
    ballot = state.next.ballot.cast(reading)
    winner = ballot.winner(timing.agree_frames, timing.agree_char)
    known = state.next.visit
    if winner is None or (known and known.reading and known.reading.text == winner.text):
        return replace(state, next=replace(state.next, ballot=ballot)), ()
    visit = Visit(now.fresh_id, now.wall, _UNDECIDED, winner, ballot.top())
    photos = () if lane.visit is None else (TakePhoto(lane.visit.pass_id),)
    return replace(state, next=Follower(visit, ballot)), (Decide(visit.pass_id, winner), *photos)


def _answered(state: Behind, event: Decided) -> Behind:
    visit = state.next.visit
    if visit is None or visit.reading is None:
        return state
    if (visit.pass_id, visit.reading.text) != (event.pass_id, event.plate):
        return state
    decided = replace(visit, decision=event.decision, terms=event.terms)
    return replace(state, next=replace(state.next, visit=decided))


def to_be_let_in(lane: Lane, follower: Follower) -> Visit | None:
    """The visit behind, where it waits for the boom and may have it by the mode of now."""
    visit = _allowed_now(lane, follower)
    waits = lane.sensors.inputs.arming_loop is Level.ON
    return visit if waits and lane.mode.kind is not ModeKind.MANUAL else None


def _allowed_now(lane: Lane, follower: Follower) -> Visit | None:
    visit = follower.visit
    if visit is None or visit.decision == _UNDECIDED:
        return None
    decision = lane.authority.permitted(visit.decision)
    return replace(visit, decision=decision) if decision.verdict is Verdict.ALLOW else None


def coming(lane: Lane, follower: Follower, now: Now) -> tuple[Visit, tuple[Command, ...]]:
    """The visit of whoever is under the boom behind the one that was let in, and its record."""
    if (allowed := _allowed_now(lane, follower)) is not None:
        return allowed, (StoreDecision(allowed, now.wall),)
    because = lane.authority.passing_by()
    visit = _without_leave(follower, now) if because is None else _allowed(follower, because, now)
    stored = StoreDecision(visit, now.wall)
    if because is not None:
        return visit, (stored,)
    return visit, (stored, _alarm(visit), TakePhoto(visit.pass_id))


def _allowed(follower: Follower, because: Decision, now: Now) -> Visit:
    known = follower.visit or Visit(now.fresh_id, now.wall, because)
    return replace(known, decision=because)


def _without_leave(follower: Follower, now: Now) -> Visit:
    """Presence keeps the boom up whoever it is; that is no leave to pass without paying."""
    if follower.visit is None:
        return Visit(now.fresh_id, now.wall, Decision(Verdict.ALLOW, Reason.PRESENCE))
    return replace(follower.visit, decision=Decision(Verdict.DENY, Reason.UNPAID_FOLLOW))


def _alarm(visit: Visit) -> RaiseAlarm:
    if visit.reading is None:
        words = "a vehicle came under the boom before it was down"
        return RaiseAlarm(AlarmCode.PRESENCE, words)
    words = f"{visit.reading.text} follows through the open boom without leave"
    return RaiseAlarm(AlarmCode.TAILGATE, words)
