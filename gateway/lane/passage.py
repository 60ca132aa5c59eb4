"""From the order to open until the boom is down again. `close` alone lowers the boom."""

import math
from dataclasses import replace

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
        return to_passing(lane, state.visit, now, timing), ()
    if boom is Boom.UP:
        return lane.to(Open(state.visit, now.mono + timing.no_passage_s)), ()
    if now.mono < state.until or lane.sensors.under_boom is Level.UNKNOWN:
        return lane, ()
    return _open_limit_missing(lane, state, now, timing)


def _open_limit_missing(lane: Lane, state: Opening, now: Now, timing: Timing) -> Step:
    again = Opening(state.visit, now.mono + timing.motion_s, tries_left=0)
    match lane.sensors.boom:
        case Boom.DOWN if state.tries_left:
            return lane.to(again), (OpenBarrier(state.visit.pass_id),)
        case Boom.UNKNOWN if state.tries_left and not state.confirmed:
            return lane.to(again), (OpenBarrier(state.visit.pass_id),)
        case Boom.BETWEEN if state.tries_left:
            return lane.to(again), ()
        case Boom.UNKNOWN | Boom.UP:
            return lane.to(Open(state.visit, now.mono + timing.no_passage_s)), ()
        case _:
            failed = StorePass(Pass(state.visit, Ending.FAILED, now.wall))
            return _fault(lane, f"the boom did not open in {timing.motion_s:g} s", now, failed)


def open_(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.ON:
        return to_passing(lane, state.visit, now, timing), ()
    if lane.sensors.boom is Boom.DOWN:
        return _came_down(lane, state, now, timing)
    if now.mono < state.until:
        return lane, ()
    if lane.sensors.gone(timing) and lane.sensors.may_close(now, timing):
        return lane.to(Cleared()), (StorePass(Pass(state.visit, state.unproved, now.wall)),)
    if lane.sensors.inputs.arming_loop is Level.ON:
        waiting = Open(state.visit, now.mono + timing.loiter_s, state.unproved)
        return lane.to(waiting), (_loiters(state.visit),)
    return lane, ()


def _came_down(lane: Lane, state: Open, now: Now, timing: Timing) -> Step:
    """By its own controller, say. Whoever was let in and still waits is let in once more.

    After a restart nobody knows whether the one who was let in is the one who waits now.
    """
    ended = StorePass(Pass(state.visit, state.unproved, now.wall))
    if state.unproved is not Ending.TURNED_BACK or lane.sensors.gone(timing):
        return lane.to(Idle()), (ended,)
    if lane.sensors.inputs.arming_loop is Level.ON:
        again = Opening(state.visit, now.mono + timing.motion_s, tries_left=0)
        return lane.to(again), (OpenBarrier(state.visit.pass_id),)
    return lane, ()


def _loiters(visit: Visit) -> RaiseAlarm:
    plate = visit.reading.text if visit.reading else "without a plate"
    return RaiseAlarm(AlarmCode.LOITERING, f"vehicle {plate} stands before the open boom")


def to_passing(lane: Lane, visit: Visit, now: Now, timing: Timing) -> Lane:
    return lane.to(Passing(visit, now.mono + timing.loop_stuck_s, now.mono + timing.decide_s))


def passing(lane: Lane, state: Passing, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.OFF:
        return lane.to(Clearing(state.visit, now.wall)), ()
    low = lane.sensors.boom in (Boom.DOWN, Boom.BETWEEN)
    if low and lane.sensors.under_boom is Level.ON and now.mono >= state.reopen_at:
        again = replace(state, reopen_at=now.mono + timing.decide_s)
        return lane.to(again), (ReopenBarrier(),)
    if now.mono >= state.until:
        seconds = f"the closing loop reads occupied for {timing.loop_stuck_s:g} s"
        told = replace(state, until=now.mono + timing.loop_stuck_s)
        return lane.to(told), (RaiseAlarm(AlarmCode.LOOP_STUCK, seconds),)
    return lane, ()


def clearing(lane: Lane, state: Clearing, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.ON:
        return to_passing(lane, state.visit, now, timing), ()
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
    match lane.sensors.under_boom_now(now, timing):
        case Level.ON:
            lane, records = _follower(lane, now, timing)
            return lane, (ReopenBarrier(), *records)
        case Level.UNKNOWN:
            blind = RaiseAlarm(AlarmCode.INPUTS_LOST, "the closing loop was lost while closing")
            return lane.to(Raised(now.mono + timing.no_passage_s)), (ReopenBarrier(), blind)
        case Level.OFF:
            return _boom_down(lane, state, now, timing)


def _follower(lane: Lane, now: Now, timing: Timing) -> Step:
    """A second vehicle goes through on the first one's pass: it gets a record of its own."""
    visit = Visit(now.fresh_id, now.wall, Decision(Verdict.ALLOW, Reason.PRESENCE))
    alarm = RaiseAlarm(AlarmCode.PRESENCE, "a vehicle came under the boom before it was down")
    return to_passing(lane, visit, now, timing), (StoreDecision(visit, now.wall), alarm)


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
        lane, records = _follower(lane, now, timing)
        low = lane.sensors.boom is not Boom.UP
        return lane, (ReopenBarrier(), *records) if low else records
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), ()
    clear = lane.sensors.gone(timing) and lane.sensors.may_close(now, timing)
    if now.mono >= state.until and clear:
        return close(lane, now, timing)
    return lane, ()


def _fault(lane: Lane, reason: str, now: Now, *records: Command) -> Step:
    alarm = RaiseAlarm(AlarmCode.BOOM_FAULT, reason)
    return lane.to(Fault(reason, now.mono + FAULT_PAUSE_S)), (*records, alarm)


def fault(lane: Lane, state: Fault, now: Now, timing: Timing) -> Step:
    """After a pause, and with nobody under the boom, the lane tries again."""
    if now.mono >= state.until and lane.sensors.may_close(now, timing):
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


def hand_raised(lane: Lane) -> Step:
    """Raised by hand: it stays up until somebody lowers it or a vehicle is let in."""
    alarm = RaiseAlarm(AlarmCode.UNEXPLAINED_RAISE, "the boom went up and nobody was let in")
    return lane.to(Raised(math.inf)), (alarm,)
