"""From the order to open until the boom is down again. `close` alone lowers the boom."""

import math

from gateway.lane.events import (
    CloseBarrier,
    Command,
    OpenBarrier,
    RaiseAlarm,
    ReopenBarrier,
    StoreDecision,
    StorePass,
)
from gateway.lane.states import (
    Cleared,
    Clearing,
    Closing,
    Fault,
    Idle,
    Lane,
    Open,
    Opening,
    Passing,
    Raised,
    Step,
    Timing,
    at_rest,
)
from gateway.lane.types import (
    AlarmCode,
    Boom,
    Decision,
    Ending,
    Level,
    Now,
    Pass,
    Reason,
    Verdict,
    Visit,
)

FAULT_PAUSE_S = 30.0


def let_in(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Step:
    """Store why, then open."""
    opening = Opening(visit, now.mono + timing.motion_s)
    return lane.to(opening), (StoreDecision(visit, now.wall), OpenBarrier(visit.pass_id))


def opening(lane: Lane, state: Opening, now: Now, timing: Timing) -> Step:
    boom = lane.sensors.boom
    if lane.sensors.under_boom is Level.ON and boom is not Boom.DOWN:
        return passes(lane, state.visit, now, timing)
    if boom is Boom.UP:
        return lane.to(Open(state.visit, now.mono + timing.no_passage_s)), ()
    if now.mono < state.until:
        return lane, ()
    return _open_limit_missing(lane, state, now, timing)


def _open_limit_missing(lane: Lane, state: Opening, now: Now, timing: Timing) -> Step:
    match lane.sensors.boom:
        case Boom.DOWN if state.tries_left:
            again = Opening(state.visit, now.mono + timing.motion_s, state.tries_left - 1)
            return lane.to(again), (OpenBarrier(state.visit.pass_id),)
        case Boom.BETWEEN if state.tries_left:
            return lane.to(Opening(state.visit, now.mono + timing.motion_s, 0)), ()
        case Boom.UNKNOWN | Boom.UP:
            return lane.to(Open(state.visit, now.mono + timing.no_passage_s)), ()
        case _:
            failed = StorePass(Pass(state.visit, Ending.FAILED, now.wall))
            return _fault(lane, f"the boom did not open in {timing.motion_s:g} s", now, failed)


def open_(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.ON:
        return passes(lane, state.visit, now, timing)
    if now.mono < state.until:
        return lane, ()
    if lane.sensors.gone(now, timing) and lane.sensors.may_close(now, timing):
        return lane.to(Cleared()), (StorePass(Pass(state.visit, state.unproved, now.wall)),)
    if lane.sensors.inputs.arming_loop is Level.ON:
        waiting = Open(state.visit, now.mono + timing.loiter_s, state.unproved)
        return lane.to(waiting), (_loiters(state.visit),)
    return lane, ()


def _loiters(visit: Visit) -> RaiseAlarm:
    plate = visit.reading.text if visit.reading else "without a plate"
    return RaiseAlarm(AlarmCode.LOITERING, f"vehicle {plate} stands before the open boom")


def passes(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Step:
    return lane.to(Passing(visit, now.mono + timing.loop_stuck_s)), ()


def passing(lane: Lane, state: Passing, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.OFF:
        return lane.to(Clearing(state.visit, now.wall)), ()
    if now.mono >= state.until:
        seconds = f"the closing loop reads occupied for {timing.loop_stuck_s:g} s"
        stuck = RaiseAlarm(AlarmCode.LOOP_STUCK, seconds)
        return lane.to(Passing(state.visit, now.mono + timing.loop_stuck_s)), (stuck,)
    return lane, ()


def clearing(lane: Lane, state: Clearing, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.ON:
        return passes(lane, state.visit, now, timing)
    if lane.sensors.may_close(now, timing):
        passed = StorePass(Pass(state.visit, Ending.PASSED, state.left_at))
        return lane.to(Cleared()), (passed,)
    return lane, ()


def cleared(lane: Lane, now: Now, timing: Timing) -> Step:
    """A step of its own, so that no slow write lies between the look and the order."""
    if lane.sensors.under_boom is Level.ON:
        return _follower(lane, now, timing)
    if lane.sensors.may_close(now, timing):
        return close(lane, now, timing)
    return lane, ()


def close(lane: Lane, now: Now, timing: Timing) -> Step:
    """Lower the boom; callers have checked `may_close` at this very instant."""
    return lane.to(Closing(now.mono + timing.motion_s)), (CloseBarrier(),)


def closing(lane: Lane, state: Closing, now: Now, timing: Timing) -> Step:
    match lane.sensors.under_boom:
        case Level.ON:
            lane, records = _follower(lane, now, timing)
            return lane, (ReopenBarrier(), *records)
        case Level.UNKNOWN:
            blind = RaiseAlarm(AlarmCode.INPUTS_LOST, "the closing loop was lost while closing")
            return lane.to(Raised(now.mono + timing.no_passage_s)), (ReopenBarrier(), blind)
        case Level.OFF:
            return _boom_down(lane, state, now)


def _follower(lane: Lane, now: Now, timing: Timing) -> Step:
    """A second vehicle goes through on the first one's pass: it gets a record of its own."""
    visit = Visit(now.fresh_id, now.wall, Decision(Verdict.ALLOW, Reason.PRESENCE))
    alarm = RaiseAlarm(AlarmCode.PRESENCE, "a vehicle came under the boom before it was down")
    lane, _ = passes(lane, visit, now, timing)
    return lane, (StoreDecision(visit, now.wall), alarm)


def _boom_down(lane: Lane, state: Closing, now: Now) -> Step:
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    if now.mono < state.until:
        return lane, ()
    if lane.sensors.boom is Boom.UNKNOWN:
        return lane.to(Idle()), ()
    return _fault(lane, "the boom was told to close and did not reach its down limit", now)


def raised(lane: Lane, state: Raised, now: Now, timing: Timing) -> Step:
    """The caller looks after vehicles that arrive."""
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    clear = lane.sensors.gone(now, timing) and lane.sensors.may_close(now, timing)
    if now.mono >= state.until and clear:
        return close(lane, now, timing)
    return lane, ()


def _fault(lane: Lane, reason: str, now: Now, *records: Command) -> Step:
    alarm = RaiseAlarm(AlarmCode.BOOM_FAULT, reason)
    return lane.to(Fault(reason, now.mono + FAULT_PAUSE_S)), (*records, alarm)


def fault(lane: Lane, state: Fault, now: Now, timing: Timing) -> Step:
    """A boom that is down again, with nobody under it, may be asked again after a pause."""
    down = lane.sensors.boom in (Boom.DOWN, Boom.UNKNOWN)
    if down and now.mono >= state.until and lane.sensors.may_close(now, timing):
        return lane.to(Idle()), ()
    return lane, ()


def barrier_failed(lane: Lane, reason: str, now: Now, timing: Timing) -> Step:
    """The board did not confirm. Only the limits can tell whether the boom moves all the same."""
    alarm = RaiseAlarm(AlarmCode.BOOM_FAULT, reason)
    match lane.state:
        case Opening(visit=visit, until=until, tries_left=tries):
            look_again = Opening(visit, min(until, now.mono + timing.decide_s), tries)
            return lane.to(look_again), (alarm,)
        case Closing():
            return at_rest(lane, now, timing), (alarm,)
        case _:
            return lane, (alarm,)


def hand_raised(lane: Lane) -> Step:
    """Raised by hand: it stays up until somebody lowers it or a vehicle is let in."""
    alarm = RaiseAlarm(AlarmCode.UNEXPLAINED_RAISE, "the boom went up and nobody was let in")
    return lane.to(Raised(math.inf)), (alarm,)
