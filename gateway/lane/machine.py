"""The lane state machine: `step(lane, event, now, timing) -> (lane, commands)`.

    Starting ─▶ Idle ─▶ Armed ─▶ Reading ─▶ Deciding ─▶ Opening ─▶ Open ─▶ Passing ─▶ Clearing
                 ▲                  │          │  ▲        │         │                   │
                 │               no plate    deny │      no open   turned back        proved
                 │                  ▼          ▼  │      limit       │                   │
                 │◀── drove off ── Waiting ───────┘        ▼         ▼                   │
                 └────────────────────────── Closing ◀── Fault  ◀────┴───────────────────┘

The boom comes down in one place (`passage.close`), only on absence under it that is fresh and
unbroken; unknown is presence. Who is let in is stored before the order to open goes out. Each
visit ends in exactly one `StorePass`.
"""

from dataclasses import replace
from typing import assert_never

from gateway.lane import arrival, passage
from gateway.lane.events import (
    BarrierFailed,
    InputsSeen,
    LaneEvent,
    Noticed,
    OpenBarrier,
    RaiseAlarm,
    Resumed,
    StoreFailed,
    StorePass,
)
from gateway.lane.states import (
    Armed,
    Cleared,
    Clearing,
    Closing,
    Deciding,
    Fault,
    Idle,
    Lane,
    Open,
    Opening,
    Passing,
    Raised,
    Reading,
    Resuming,
    Sensors,
    Starting,
    Step,
    Timing,
    Waiting,
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
from gateway.lane.voting import Ballot


def step(lane: Lane, event: LaneEvent, now: Now, timing: Timing) -> Step:
    """Advance the lane by one event. Total: defined for every state and event."""
    before = lane.sensors
    match event:
        case InputsSeen(inputs, read_at):
            lane = replace(lane, sensors=before.seen(inputs, read_at, timing))
        case BarrierFailed(reason):
            return passage.barrier_failed(lane, reason, now, timing)
        case StoreFailed(reason):
            return _store_failed(lane, reason, now, timing)
        case Resumed(visit):
            return _resumed(lane, visit, now)
        case Noticed(code, detail):
            return lane, (RaiseAlarm(code, detail),)
        case _:
            pass
    if _pressed(before, lane.sensors) and not _under_falling_boom(lane):
        return _button(lane, now, timing)
    return _by_state(lane, before, event, now, timing)


def next_deadline(lane: Lane) -> float | None:
    """Monotonic seconds at which a `Tick` is due if nothing else happens."""
    return getattr(lane.state, "until", None)


def _by_state(lane: Lane, before: Sensors, event: LaneEvent, now: Now, timing: Timing) -> Step:
    match lane.state:
        case Starting():
            return arrival.starting(lane, now, timing)
        case Resuming() as state:
            return arrival.resuming(lane, state, now, timing)
        case Idle():
            return arrival.idle(lane, before.under_boom)
        case Armed():
            return arrival.armed(lane, now, timing)
        case Reading() | Deciding() | Waiting() as state:
            return _not_let_in(lane, state, event, now, timing)
        case _:
            return _let_in(lane, now, timing)


def _not_let_in(
    lane: Lane, state: Reading | Deciding | Waiting, event: LaneEvent, now: Now, timing: Timing
) -> Step:
    if ended := arrival.before_opening(lane, state, now, timing):
        return ended
    match state:
        case Reading():
            return arrival.reading(lane, state, event, now, timing)
        case Deciding():
            return arrival.deciding(lane, state, event, now, timing)
        case Waiting():
            return arrival.waiting(lane, state, event, now, timing)


def _let_in(lane: Lane, now: Now, timing: Timing) -> Step:
    match lane.state:
        case Opening() as state:
            return passage.opening(lane, state, now, timing)
        case Open() as state:
            return passage.open_(lane, state, now, timing)
        case Passing() as state:
            return passage.passing(lane, state, now, timing)
        case Clearing() as state:
            return passage.clearing(lane, state, now, timing)
        case Cleared():
            return passage.cleared(lane, now, timing)
        case Closing() as state:
            return passage.closing(lane, state, now, timing)
        case Raised() as state:
            return _raised(lane, state, now, timing)
        case Fault() as state:
            return passage.fault(lane, state, now, timing)
        case Starting() | Resuming() | Idle() | Armed() | Reading() | Deciding() | Waiting():
            return lane, ()
        case _ as unreachable:
            assert_never(unreachable)


def _raised(lane: Lane, state: Raised, now: Now, timing: Timing) -> Step:
    if lane.sensors.arrived(timing):
        return arrival.armed(lane, now, timing)
    return passage.raised(lane, state, now, timing)


def _pressed(before: Sensors, after: Sensors) -> bool:
    """A button that reads pressed at start-up is stuck, not pressed."""
    return before.inputs.open_button is Level.OFF and after.inputs.open_button is Level.ON


def _under_falling_boom(lane: Lane) -> bool:
    """What reopens at once by itself needs no button, and no reason that is stored first."""
    match lane.state:
        case Closing():
            return lane.sensors.under_boom is not Level.OFF
        case Raised():
            return lane.sensors.under_boom is Level.ON and lane.sensors.boom is not Boom.UP
        case _:
            return False


def _button(lane: Lane, now: Now, timing: Timing) -> Step:
    """The guard's button opens from any state; a vehicle already let in gets more time."""
    decision = Decision(Verdict.ALLOW, Reason.OPEN_BUTTON)
    until = now.mono + timing.no_passage_s
    match lane.state:
        case Opening(visit=visit) | Passing(visit=visit):
            return lane, (OpenBarrier(visit.pass_id),)
        case Open(visit=visit, unproved=ending):
            return lane.to(Open(visit, until, ending)), (OpenBarrier(visit.pass_id),)
        case Clearing(visit=visit):
            return lane.to(Open(visit, until, Ending.PASSED)), (OpenBarrier(visit.pass_id),)
        case Reading(visit=visit) | Deciding(visit=visit) | Waiting(visit=visit):
            return passage.let_in(lane, replace(visit, decision=decision), now, timing)
        case Resuming(visit=visit):
            lane, orders = passage.let_in(lane, _by_button(now, decision), now, timing)
            return lane, (StorePass(Pass(visit, Ending.INTERRUPTED, now.wall)), *orders)
        case _:
            return passage.let_in(lane, _by_button(now, decision), now, timing)


def _by_button(now: Now, decision: Decision) -> Visit:
    return Visit(now.fresh_id, now.wall, decision)


def _store_failed(lane: Lane, reason: str, now: Now, timing: Timing) -> Step:
    """Without a stored reason the boom was not told to open: look and try again."""
    alarm = RaiseAlarm(AlarmCode.STORE_FAILED, reason)
    match lane.state:
        case Opening(visit=visit):
            undecided = replace(visit, decision=arrival.UNDECIDED, reading=None)
            return lane.to(Waiting(undecided, now.mono + timing.case_s, Ballot())), (alarm,)
        case _:
            return lane, (alarm,)


def _resumed(lane: Lane, visit: Visit, now: Now) -> Step:
    interrupted = StorePass(Pass(visit, Ending.INTERRUPTED, now.wall))
    match lane.state:
        case Starting():
            return lane.to(Resuming(visit)), ()
        case _:
            return lane, (interrupted,)
