"""From the order to open until the boom is down again. `close` alone lowers the boom."""

from dataclasses import replace
from typing import TypeVar

from gateway.lane import follow
from gateway.lane.events import (
    CloseBarrier,
    Command,
    OpenBarrier,
    RaiseAlarm,
    ReopenBarrier,
    StoreDecision,
    StorePass,
)
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.sensors import Timing
from gateway.lane.states import (
    Cleared,
    Clearing,
    Closing,
    Fault,
    Follower,
    Idle,
    Lane,
    Open,
    Opening,
    Passing,
    Raised,
    Step,
    Waiting,
    WrongWay,
    at_rest,
)
from gateway.lane.types import Boom, Ending, Level, Now, Pass, Visit
from gateway.lane.voting import Ballot

FAULT_PAUSE_S = 30.0
_Raising = TypeVar("_Raising", Opening, Open)


def let_in(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Step:
    """Store why, then open; a boom that is held up needs no order."""
    blocked = lane.sensors.under_boom is Level.ON
    opening = Opening(visit, now.mono + timing.motion_s, blocked=blocked)
    held = lane.authority.opens and lane.sensors.boom is Boom.UP
    orders = () if held else (OpenBarrier(visit.pass_id),)
    return lane.to(opening), (StoreDecision(visit, now.wall), *orders)


def opening(lane: Lane, state: Opening, now: Now, timing: Timing) -> Step:
    boom = lane.sensors.boom
    lane, state = _unblocked(lane, state)
    if lane.sensors.under_boom is Level.ON and boom is not Boom.DOWN and not state.blocked:
        return to_passing(lane, state.visit, now, timing), ()
    if boom is Boom.UP:
        until = now.mono + timing.no_passage_s
        return lane.to(Open(state.visit, until, blocked=state.blocked)), ()
    if now.mono < state.until or lane.sensors.under_boom is Level.UNKNOWN:
        return lane, ()
    return _open_limit_missing(lane, state, now, timing)


def _unblocked(lane: Lane, state: _Raising) -> tuple[Lane, _Raising]:
    """Whoever stood under the boom before has left."""
    if state.blocked and lane.sensors.under_boom is Level.OFF:
        state = replace(state, blocked=False)
        return lane.to(state), state
    return lane, state


def _open_limit_missing(lane: Lane, state: Opening, now: Now, timing: Timing) -> Step:
    again = replace(state, until=now.mono + timing.motion_s, tries_left=0, confirmed=True)
    if lane.mode.kind is ModeKind.MANUAL and lane.sensors.boom is Boom.DOWN:
        return _left_to_the_key(lane, state.visit, now, timing)
    match lane.sensors.boom:
        case Boom.DOWN if state.tries_left:
            return lane.to(again), (OpenBarrier(state.visit.pass_id),)
        case Boom.UNKNOWN if state.tries_left and not state.confirmed:
            return lane.to(again), (OpenBarrier(state.visit.pass_id),)
        case Boom.BETWEEN if state.tries_left:
            return lane.to(again), ()
        case Boom.UNKNOWN | Boom.UP:
            until = now.mono + timing.no_passage_s
            return lane.to(Open(state.visit, until, blocked=state.blocked)), ()
        case _:
            failed = StorePass(Pass(state.visit, Ending.FAILED, now.wall))
            return _fault(lane, f"the boom did not open in {timing.motion_s:g} s", now, failed)


def _left_to_the_key(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Step:
    """Whoever was let in waits again: nothing is ordered while somebody has the boom."""
    return lane.to(Waiting(visit, now.mono + timing.case_s, Ballot())), ()


def open_(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    lane, state = _unblocked(lane, state)
    if lane.sensors.under_boom is Level.ON and not state.blocked:
        return _under_open_boom(lane, state, now, timing)
    if lane.sensors.boom is Boom.DOWN:
        return _came_down(lane, state, now, timing)
    if now.mono < state.until:
        return lane, ()
    if lane.sensors.gone(timing) and lane.sensors.clear(now, timing, timing.clear_s):
        return lane.to(Cleared()), (StorePass(Pass(state.visit, state.unproved, now.wall)),)
    if lane.sensors.inputs.arming_loop is Level.ON:
        return lane.to(replace(state, until=now.mono + timing.no_passage_s)), ()
    return lane, ()


def _under_open_boom(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    """Whoever was let in, or, where it left the arming loop long ago, somebody else."""
    if lane.sensors.came_over(timing):
        return to_passing(lane, state.visit, now, timing), ()
    ended = StorePass(Pass(state.visit, state.unproved, now.wall))
    return lane.to(WrongWay()), (ended,)


def _came_down(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    """By its own controller, say. Whoever was let in and still waits is let in once more.

    After a restart nobody knows whether the one who was let in is the one who waits now.
    """
    ended = StorePass(Pass(state.visit, state.unproved, now.wall))
    if state.unproved is not Ending.TURNED_BACK or lane.sensors.gone(timing):
        return lane.to(Idle()), (ended,)
    if lane.mode.kind is ModeKind.MANUAL:
        return _left_to_the_key(lane, state.visit, now, timing)
    if lane.sensors.inputs.arming_loop is Level.ON:
        again = Opening(state.visit, now.mono + timing.motion_s, 0, blocked=state.blocked)
        return lane.to(again), (OpenBarrier(state.visit.pass_id),)
    return lane, ()


def to_passing(
    lane: Lane, visit: Visit, now: Now, timing: Timing, behind: Follower | None = None
) -> Lane:
    return lane.to(Passing(visit, now.mono + timing.loop_stuck_s, behind or Follower()))


def passing(lane: Lane, state: Passing, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.OFF:
        return lane.to(Clearing(state.visit, now.wall, state.next)), ()
    if _on_somebody(lane, now):
        return lane, (ReopenBarrier(),)
    if now.mono >= state.until:
        told = replace(state, until=now.mono + timing.loop_stuck_s)
        return lane.to(told), (_stuck(lane, timing),)
    return lane, ()


def _on_somebody(lane: Lane, now: Now) -> bool:
    """A vehicle is under a boom that is not up, and the last order to open is some time ago."""
    low = lane.sensors.boom in (Boom.DOWN, Boom.BETWEEN)
    return low and lane.sensors.under_boom is Level.ON and now.mono >= lane.watch.reopen_at


def _stuck(lane: Lane, timing: Timing) -> RaiseAlarm:
    if lane.sensors.under_boom is Level.UNKNOWN:
        words = f"the closing loop could not be read for {timing.loop_stuck_s:g} s"
        return RaiseAlarm(AlarmCode.INPUTS_LOST, words)
    words = f"the closing loop reads occupied for {timing.loop_stuck_s:g} s"
    return RaiseAlarm(AlarmCode.LOOP_STUCK, words)


def clearing(lane: Lane, state: Clearing, now: Now, timing: Timing) -> Step:
    """A gap on the loop is a trailer's, unless the next vehicle was read already."""
    passed = StorePass(Pass(state.visit, Ending.PASSED, state.left_at))
    if lane.sensors.under_boom is Level.ON:
        if state.next.visit is None or timing.clear_for(state.visit) > timing.clear_s:
            return to_passing(lane, state.visit, now, timing, state.next), ()
        visit, records = follow.coming(lane, state.next, now)
        lane = _remember(lane, state.visit, now, timing)
        return to_passing(lane, visit, now, timing), (passed, *records)
    if not lane.sensors.clear(now, timing, timing.clear_for(state.visit)):
        return lane, ()
    lane = _remember(lane, state.visit, now, timing)
    if (behind := follow.to_be_let_in(lane, state.next)) is not None:
        lane, orders = let_in(lane, behind, now, timing)
        return lane, (passed, *orders)
    return lane.to(Cleared(state.next)), (passed,)


def _remember(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Lane:
    kept = tuple(one for one in lane.recent if now.mono < one[1])
    text = visit.reading.text if visit.reading else ""
    return replace(lane, recent=(*kept, (text, now.mono + timing.regate_s)))


def cleared(lane: Lane, state: Cleared, now: Now, timing: Timing) -> Step:
    """A step of its own, so that no slow write lies between the look and the order."""
    if lane.sensors.under_boom is Level.ON:
        return follower(lane, state.next, now, timing)
    if lane.may_close(now, timing):
        return close(lane, state.next, now, timing)
    if lane.authority.withholds_close and lane.sensors.boom is not Boom.DOWN:
        return lane.to(Raised(now.mono + timing.no_passage_s)), ()
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    return lane, ()


def close(lane: Lane, behind: Follower, now: Now, timing: Timing) -> Step:
    """Lower the boom; callers have checked `may_close` at this very instant."""
    return lane.to(Closing(now.mono + timing.motion_s, behind)), (CloseBarrier(),)


def closing(lane: Lane, state: Closing, now: Now, timing: Timing) -> Step:
    match lane.sensors.presence_now(now, timing):
        case Level.ON if lane.sensors.under_boom is Level.ON:
            lane, records = follower(lane, state.next, now, timing)
            return lane, (ReopenBarrier(), *records)
        case Level.ON:
            beam = RaiseAlarm(AlarmCode.PRESENCE, "the beam was interrupted while closing")
            return lane.to(Raised(now.mono + timing.motion_s)), (ReopenBarrier(), beam)
        case Level.OFF:
            return _boom_down(lane, state, now, timing)
        case _:
            blind = RaiseAlarm(AlarmCode.INPUTS_LOST, "the closing loop was lost while closing")
            return lane.to(Raised(now.mono + timing.no_passage_s)), (ReopenBarrier(), blind)


def follower(lane: Lane, behind: Follower, now: Now, timing: Timing) -> Step:
    """Somebody is under the boom before it is down: the next vehicle, or one from inside."""
    if not lane.sensors.came_over(timing):
        return lane.to(WrongWay()), ()
    visit, records = follow.coming(lane, behind, now)
    return to_passing(lane, visit, now, timing), records


def going_wrong(lane: Lane, now: Now) -> Step:
    """The boom waits for it as for any other vehicle; it gets no record of a pass."""
    if lane.sensors.under_boom is Level.OFF:
        return lane.to(Cleared()), ()
    return lane, (ReopenBarrier(),) if _on_somebody(lane, now) else ()


def _boom_down(lane: Lane, state: Closing, now: Now, timing: Timing) -> Step:
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    if now.mono < state.until:
        return lane, ()
    if lane.sensors.boom is Boom.UNKNOWN:
        return lane.to(Idle()), ()
    stuck = "the boom was told to close and did not reach its down limit"
    return at_rest(lane, now, timing), (RaiseAlarm(AlarmCode.BOOM_FAULT, stuck),)


def raised(lane: Lane, state: Raised, now: Now, timing: Timing) -> Step:
    """Nobody was let in. Whoever comes over the arming loop is seen to by the caller."""
    if lane.sensors.under_boom is Level.ON:
        lane, records = follower(lane, Follower(), now, timing)
        told = now.mono < lane.watch.reopen_at or lane.sensors.boom is Boom.UP
        return lane, records if told else (ReopenBarrier(), *records)
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    if now.mono >= state.until and lane.sensors.gone(timing) and lane.may_close(now, timing):
        return lane.to(Cleared()), ()
    return lane, ()


def _fault(lane: Lane, reason: str, now: Now, *records: Command) -> Step:
    alarm = RaiseAlarm(AlarmCode.BOOM_FAULT, reason)
    return lane.to(Fault(reason, now.mono + FAULT_PAUSE_S)), (*records, alarm)


def fault(lane: Lane, state: Fault, now: Now, timing: Timing) -> Step:
    """After a pause, and with nobody under the boom, the lane tries again."""
    if now.mono >= state.until and lane.sensors.clear(now, timing, timing.clear_s):
        return at_rest(lane, now, timing), ()
    return lane, ()


def barrier_failed(lane: Lane, reason: str, now: Now, timing: Timing) -> Step:
    """The board did not confirm. Only the limits can tell whether the boom moves all the same."""
    alarm = RaiseAlarm(AlarmCode.BOOM_FAULT, reason)
    match lane.state:
        case Opening() as state:
            soon = min(state.until, now.mono + timing.decide_s)
            return lane.to(replace(state, until=soon, confirmed=False)), (alarm,)
        case Closing() if lane.sensors.boom is not Boom.DOWN:
            return lane.to(Raised(now.mono + timing.motion_s)), (alarm,)
        case _:
            return lane, (alarm,)
