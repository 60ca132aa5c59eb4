"""The lane state machine: `step(lane, event, now, timing) -> (lane, commands)`.

    Starting ─▶ Idle ─▶ Armed ─▶ Reading ─▶ Deciding ─▶ Opening ─▶ Open ─▶ Passing ─▶ Clearing
                 ▲                  │          │  ▲        │         │                   │
                 │               no plate    deny │      no open   turned back        proved
                 │                  ▼          ▼  │      limit       │                   │
                 │◀── drove off ── Waiting ───────┘        ▼         ▼                   │
                 └────────────────────────── Closing ◀── Fault  ◀────┴───────────────────┘

Beside the state stands who has the say (`authority`: fire, the key switch, an order, the rules),
and what is noticed whatever the state (`watch`: rises of the boom, cases, contradictions).

The boom comes down in one place (`passage.close`), only on absence under it that is fresh and
unbroken; unknown is presence. Who is let in is stored before the order to open goes out. Each
visit ends in exactly one `StorePass`.
"""

import math
from dataclasses import replace
from typing import assert_never

from gateway.lane import arrival, follow, modes, passage, watch
from gateway.lane.events import (
    AgentOpens,
    AnswerOrder,
    BarrierFailed,
    InputsSeen,
    LaneEvent,
    ModeOrdered,
    Noticed,
    OpenBarrier,
    PhotoTaken,
    RaiseAlarm,
    Resumed,
    StoreDecision,
    StoreFailed,
    StorePass,
    StorePhoto,
)
from gateway.lane.reports import AlarmCode
from gateway.lane.sensors import Sensors, Timing
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
    Starting,
    Step,
    Waiting,
    WrongWay,
    looked_at,
)
from gateway.lane.types import (
    Boom,
    DecidedBy,
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
    before, seen = lane, lane
    if isinstance(event, InputsSeen):
        seen = replace(lane, sensors=lane.sensors.seen(event.inputs, event.read_at, timing))
    lane, first = modes.heard(seen, before.sensors, event, now, timing)
    lane, then = _taken(lane, before.sensors, event, now, timing)
    return watch.watched(before, lane, (*first, *then), now, timing)


def next_deadline(lane: Lane) -> float | None:
    """Monotonic seconds at which a `Tick` is due if nothing else happens."""
    due = min(getattr(lane.state, "until", math.inf), lane.authority.ends_at)
    return due if due < math.inf else None


def _taken(lane: Lane, before: Sensors, event: LaneEvent, now: Now, timing: Timing) -> Step:
    match event:
        case BarrierFailed(reason):
            return passage.barrier_failed(lane, reason, now, timing)
        case StoreFailed():
            return _store_failed(lane, event, now, timing)
        case Resumed(visit):
            return _resumed(lane, visit, now)
        case ModeOrdered():
            return modes.ordered(lane, event, now, timing)
        case Noticed(code, detail):
            return lane, (RaiseAlarm(code, detail),)
        case PhotoTaken(subject, evidence):
            return lane, (StorePhoto(subject, evidence),)
        case _:
            pass
    if _pressed(before, lane.sensors) and not _under_falling_boom(lane):
        return _button(lane, now, timing)
    return _by_state(lane, event, now, timing)


def _by_state(lane: Lane, event: LaneEvent, now: Now, timing: Timing) -> Step:
    match lane.state:
        case Reading() | Deciding() | Waiting() as state:
            ended = arrival.before_opening(lane, state, now, timing)
            return ended or arrival.unsettled(lane, state, event, now, timing)
        case _ if isinstance(event, AgentOpens):
            answer = "no vehicle waits at the lane to be let in"
            return lane, (AnswerOrder(event.order_id, answer),)
        case Starting():
            return arrival.starting(lane, now, timing)
        case Resuming() as state:
            return arrival.resuming(lane, state, now, timing)
        case Idle():
            return arrival.idle(lane, now, timing)
        case Armed():
            return arrival.armed(lane, now, timing)
        case Passing() | Clearing() | Cleared() | Closing() as state:
            return _with_follower(lane, state, event, now, timing)
        case Opening() | Open() | WrongWay() | Raised() | Fault() as state:
            return _up(lane, state, now, timing)
        case _ as unreachable:
            assert_never(unreachable)


def _with_follower(
    lane: Lane,
    state: Passing | Clearing | Cleared | Closing,
    event: LaneEvent,
    now: Now,
    timing: Timing,
) -> Step:
    state, first = follow.heard(lane, state, event, now, timing)
    lane, then = _under(lane.to(state), state, now, timing)
    return lane, (*first, *then)


def _under(
    lane: Lane, state: Passing | Clearing | Cleared | Closing, now: Now, timing: Timing
) -> Step:
    match state:
        case Passing():
            return passage.passing(lane, state, now, timing)
        case Clearing():
            return passage.clearing(lane, state, now, timing)
        case Cleared():
            return passage.cleared(lane, state, now, timing)
        case Closing():
            return passage.closing(lane, state, now, timing)


def _up(
    lane: Lane, state: Opening | Open | WrongWay | Raised | Fault, now: Now, timing: Timing
) -> Step:
    match state:
        case Opening():
            return passage.opening(lane, state, now, timing)
        case Open():
            return passage.open_(lane, state, now, timing)
        case WrongWay():
            return passage.going_wrong(lane, now)
        case Raised():
            return _raised(lane, state, now, timing)
        case Fault():
            return passage.fault(lane, state, now, timing)


def _raised(lane: Lane, state: Raised, now: Now, timing: Timing) -> Step:
    if lane.sensors.arrived(timing) and lane.sensors.under_boom is not Level.ON:
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
    decision = Decision(Verdict.ALLOW, Reason.OPEN_BUTTON, DecidedBy.PERSON)
    until = now.mono + timing.no_passage_s
    match lane.state:
        case Passing() as state if state.visit.decision.verdict is Verdict.DENY:
            visit = replace(state.visit, decision=decision)
            stored = StoreDecision(visit, now.wall)
            return lane.to(replace(state, visit=visit)), (stored, OpenBarrier(visit.pass_id))
        case Opening(visit=visit) | Passing(visit=visit):
            return lane, (OpenBarrier(visit.pass_id),)
        case Open(visit=visit) as state:
            return lane.to(replace(state, until=until)), (OpenBarrier(visit.pass_id),)
        case Clearing() as state if state.visit.decision.verdict is Verdict.DENY:
            visit = replace(state.visit, decision=decision)
            stored = StoreDecision(visit, now.wall)
            opened = Open(visit, until, Ending.PASSED)
            return lane.to(opened), (stored, OpenBarrier(visit.pass_id))
        case Clearing(visit=visit):
            return lane.to(Open(visit, until, Ending.PASSED)), (OpenBarrier(visit.pass_id),)
        case Reading() | Deciding() | Waiting() as state:
            known = replace(looked_at(state.visit, state.ballot), decision=decision)
            return passage.let_in(lane, known, now, timing)
        case Resuming(visit=visit):
            lane, orders = passage.let_in(lane, _by_button(now, decision), now, timing)
            return lane, (StorePass(Pass(visit, Ending.INTERRUPTED, now.wall)), *orders)
        case _:
            return passage.let_in(lane, _by_button(now, decision), now, timing)


def _by_button(now: Now, decision: Decision) -> Visit:
    return Visit(now.fresh_id, now.wall, decision)


def _store_failed(lane: Lane, failed: StoreFailed, now: Now, timing: Timing) -> Step:
    """Without a stored reason the boom was not told to open: look and try again."""
    alarm = RaiseAlarm(AlarmCode.STORE_FAILED, failed.reason)
    if failed.mode:
        authority = lane.authority.not_stored(now.mono + modes.STORE_AGAIN_S)
        return lane.to(lane.state, authority=authority), (alarm,)
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
