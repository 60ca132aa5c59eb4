"""From an empty lane to the decision: who is there, and whether it may pass."""

from dataclasses import replace

from gateway.lane.events import (
    Decide,
    Decided,
    LaneEvent,
    PlateSeen,
    RaiseAlarm,
    StoreDecision,
    StorePass,
)
from gateway.lane.passage import hand_raised, let_in, to_passing
from gateway.lane.states import (
    Armed,
    Deciding,
    Idle,
    Lane,
    Open,
    Reading,
    Resuming,
    Step,
    Timing,
    Waiting,
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
from gateway.lane.voting import Ballot

UNDECIDED = Decision(Verdict.DENY, Reason.UNDECIDED)
NO_PLATE = Decision(Verdict.DENY, Reason.NO_PLATE)


def starting(lane: Lane, now: Now, timing: Timing) -> Step:
    if lane.sensors.under_boom is Level.UNKNOWN:
        return lane, ()
    return at_rest(lane, now, timing), ()


def resuming(lane: Lane, state: Resuming, now: Now, timing: Timing) -> Step:
    """A boom that is down has nobody to wait for; otherwise the vehicle may still come."""
    if lane.sensors.under_boom is Level.UNKNOWN:
        return lane, ()
    if lane.sensors.boom is Boom.DOWN:
        return lane.to(Idle()), (StorePass(Pass(state.visit, Ending.INTERRUPTED, now.wall)),)
    until = now.mono + timing.no_passage_s
    return lane.to(Open(state.visit, until, Ending.INTERRUPTED)), ()


def idle(lane: Lane, was_under_boom: Level) -> Step:
    if lane.sensors.boom is Boom.UP:
        return hand_raised(lane)
    if lane.sensors.under_boom is Level.ON and was_under_boom is not Level.ON:
        return lane, (_wrong_way(),)
    if lane.sensors.inputs.arming_loop is Level.ON:
        return lane.to(Armed()), ()
    return lane, ()


def armed(lane: Lane, now: Now, timing: Timing) -> Step:
    if lane.sensors.inputs.arming_loop is Level.OFF:
        return at_rest(lane, now, timing), ()
    if lane.sensors.arrived(timing):
        visit = Visit(now.fresh_id, now.wall, UNDECIDED)
        return lane.to(Reading(visit, now.mono + timing.read_s)), ()
    return lane, ()


def before_opening(
    lane: Lane, state: Reading | Deciding | Waiting, now: Now, timing: Timing
) -> Step | None:
    """What ends a visit that was not let in; None where nothing does."""
    under_boom = lane.sensors.under_boom is Level.ON
    if under_boom and lane.sensors.boom is not Boom.DOWN:
        why = state.visit.decision.reason
        alarm = RaiseAlarm(AlarmCode.NOT_LET_IN, f"a vehicle went through: {why}")
        visit = replace(state.visit, candidates=state.ballot.top())
        return to_passing(lane, visit, now, timing), (StoreDecision(visit, now.wall), alarm)
    if lane.sensors.gone(timing):
        visit = replace(state.visit, candidates=state.ballot.top())
        left = StorePass(Pass(visit, Ending.LEFT, now.wall))
        return at_rest(lane, now, timing), (left,)
    return None


def reading(lane: Lane, state: Reading, event: LaneEvent, now: Now, timing: Timing) -> Step:
    if isinstance(event, PlateSeen):
        state = replace(state, ballot=state.ballot.cast(event.reading))
        return _count(lane.to(state), state, now, timing)
    if now.mono >= state.until:
        visit = replace(state.visit, decision=NO_PLATE)
        return _wait(lane, visit, state.ballot, now, timing)
    return lane, ()


def deciding(lane: Lane, state: Deciding, event: LaneEvent, now: Now, timing: Timing) -> Step:
    match event:
        case Decided():
            return _decided(lane, state, event, now, timing)
        case _ if now.mono >= state.until:
            return _wait(lane, state.visit, state.ballot, now, timing)
        case _:
            return lane, ()


def _decided(
    lane: Lane, state: Deciding | Waiting, event: Decided, now: Now, timing: Timing
) -> Step:
    asked = state.visit.reading.text if state.visit.reading else ""
    if (event.pass_id, event.plate) != (state.visit.pass_id, asked):
        return lane, ()
    visit = replace(state.visit, decision=event.decision, candidates=state.ballot.top())
    if event.decision.verdict is Verdict.ALLOW:
        return let_in(lane, visit, now, timing)
    return _wait(lane, visit, state.ballot, now, timing)


def waiting(lane: Lane, state: Waiting, event: LaneEvent, now: Now, timing: Timing) -> Step:
    """Look again: a vote that turns out otherwise is decided anew, and a late answer counts."""
    if isinstance(event, Decided):
        return _decided(lane, state, event, now, timing)
    if isinstance(event, PlateSeen):
        state = replace(state, ballot=state.ballot.cast(event.reading))
        return _count(lane.to(state), state, now, timing)
    if now.mono >= state.until:
        told = replace(state, until=now.mono + timing.loiter_s)
        return lane.to(told), (_case(state.visit, state.ballot),)
    return lane, ()


def _count(lane: Lane, state: Reading | Waiting, now: Now, timing: Timing) -> Step:
    winner = state.ballot.winner(timing.agree_frames, timing.agree_char)
    known = state.visit.reading
    if winner is None or (known is not None and winner.text == known.text):
        return lane, ()
    visit = replace(state.visit, reading=winner, decision=UNDECIDED)
    deciding = Deciding(visit, now.mono + timing.decide_s, state.ballot)
    return lane.to(deciding), (Decide(visit.pass_id, winner),)


def _wait(lane: Lane, visit: Visit, ballot: Ballot, now: Now, timing: Timing) -> Step:
    return lane.to(Waiting(visit, now.mono + timing.case_s, ballot)), ()


def _case(visit: Visit, ballot: Ballot) -> RaiseAlarm:
    if visit.reading is None:
        guesses = ", ".join(candidate.text for candidate in ballot.top()) or "none"
        detail = f"a vehicle waits and no plate could be read; guesses: {guesses}"
        return RaiseAlarm(AlarmCode.NO_PLATE, detail)
    detail = f"vehicle {visit.reading.text} waits: {visit.decision.reason}"
    return RaiseAlarm(AlarmCode.LOITERING, detail)


def _wrong_way() -> RaiseAlarm:
    detail = "the closing loop is occupied and nobody came over the arming loop"
    return RaiseAlarm(AlarmCode.WRONG_WAY, detail)
