"""From an empty lane to the decision about whoever came."""

from dataclasses import replace

from gateway.lane.events import (
    AgentOpens,
    AnswerOrder,
    CodeSeen,
    Decide,
    Decided,
    JudgeAgain,
    LaneEvent,
    PlateSeen,
    RaiseAlarm,
    Reshoot,
    StoreDecision,
    StorePass,
)
from gateway.lane.passage import let_in, to_passing
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.sensors import Timing
from gateway.lane.states import (
    Armed,
    Deciding,
    Idle,
    Lane,
    Open,
    Reading,
    Resuming,
    Step,
    Waiting,
    at_rest,
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

UNDECIDED = Decision(Verdict.DENY, Reason.UNDECIDED)
NO_PLATE = Decision(Verdict.DENY, Reason.NO_PLATE)
Unsettled = Reading | Deciding | Waiting


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


def idle(lane: Lane, now: Now, timing: Timing) -> Step:
    if lane.sensors.boom in (Boom.UP, Boom.BETWEEN) and not lane.watch.down:
        return at_rest(lane, now, timing), ()
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


def before_opening(lane: Lane, state: Unsettled, now: Now, timing: Timing) -> Step | None:
    """What ends a visit that was not let in; None where nothing does."""
    under_boom = lane.sensors.under_boom is Level.ON
    if under_boom and lane.sensors.boom is not Boom.DOWN:
        return _went_through(lane, state, now, timing)
    if lane.sensors.gone(timing):
        visit = looked_at(state.visit, state.ballot)
        left = StorePass(Pass(visit, Ending.LEFT, now.wall))
        return at_rest(lane, now, timing), (left,)
    return None


def _went_through(lane: Lane, state: Unsettled, now: Now, timing: Timing) -> Step:
    """Under a boom that was up already: by its own leave, by the mode's, or by none."""
    visit = looked_at(state.visit, state.ballot)
    because = lane.authority.passing_by()
    if visit.decision.verdict is Verdict.DENY and because is not None:
        visit = replace(visit, decision=because)
    lane, stored = to_passing(lane, visit, now, timing), StoreDecision(visit, now.wall)
    if visit.decision.verdict is Verdict.ALLOW:
        return lane, (stored,)
    words = f"a vehicle went through: {visit.decision.reason}"
    return lane, (stored, RaiseAlarm(AlarmCode.NOT_LET_IN, words))


def unsettled(lane: Lane, state: Unsettled, event: LaneEvent, now: Now, timing: Timing) -> Step:
    """Plates, codes, answers and agents mean the same whatever was known so far."""
    match event:
        case PlateSeen(reading) if lane.counts(reading, now):
            state = replace(state, ballot=state.ballot.cast(reading))
            return _count(lane.to(state), state, now, timing)
        case CodeSeen(code):
            return _ask(lane, state, code, now, timing)
        case Decided():
            return _decided(lane, state, event, now, timing)
        case JudgeAgain(pass_id) if pass_id == state.visit.pass_id:
            return _judge_again(lane, state, now, timing)
        case AgentOpens():
            return _helped(lane, state, event, now, timing)
        case _:
            return _waited(lane, state, now, timing)


def _waited(lane: Lane, state: Unsettled, now: Now, timing: Timing) -> Step:
    match state:
        case Waiting() if _let_in_at_last(lane, state):
            return let_in(lane, state.visit, now, timing)
        case Reading() if now.mono >= state.until:
            return _unread(lane, state, now, timing)
        case Deciding() if now.mono >= state.until:
            return _wait(lane, state.visit, state.ballot, now, timing)
        case _:
            return lane, ()


def _let_in_at_last(lane: Lane, state: Waiting) -> bool:
    """Allowed; and no key switch has the boom, or has it no more."""
    decision = state.visit.decision
    still = lane.authority.permitted(decision).verdict is Verdict.ALLOW
    allowed = decision.verdict is Verdict.ALLOW and still
    return allowed and lane.mode.kind is not ModeKind.MANUAL


def _unread(lane: Lane, state: Reading, now: Now, timing: Timing) -> Step:
    """Doubts deserve another look; nothing at all, only patience."""
    doubts = state.ballot.top()
    if doubts and state.shots < timing.reshoots:
        until = now.mono + timing.read_s
        return lane.to(replace(state, until=until, shots=state.shots + 1)), (Reshoot(),)
    decision = lane.authority.permitted(NO_PLATE)
    visit = replace(looked_at(state.visit, state.ballot), decision=decision)
    patience_s = 0.0 if doubts else timing.case_s
    return _settled(lane, Waiting(visit, now.mono + patience_s, state.ballot), now, timing)


def _settled(lane: Lane, waiting: Waiting, now: Now, timing: Timing) -> Step:
    if _let_in_at_last(lane, waiting):
        return let_in(lane, waiting.visit, now, timing)
    return lane.to(waiting), ()


def _count(lane: Lane, state: Unsettled, now: Now, timing: Timing) -> Step:
    """A vote that turns out otherwise is decided anew."""
    winner = state.ballot.winner(timing.agree_frames, timing.agree_char)
    known = state.visit.reading
    if isinstance(state, Deciding) or winner is None:
        return lane, ()
    if known is not None and winner.text == known.text:
        return lane, ()
    visit = replace(state.visit, reading=winner, decision=UNDECIDED, terms=None)
    until = now.mono + timing.decide_s
    deciding = Deciding(visit, until, state.ballot, winner.text)
    return lane.to(deciding), (Decide(visit.pass_id, winner),)


def _ask(lane: Lane, state: Unsettled, code: str, now: Now, timing: Timing) -> Step:
    """A code may be leave by itself; whose plate was read is judged with it."""
    visit = replace(state.visit, decision=UNDECIDED)
    asked = visit.reading.text if visit.reading else code
    deciding = Deciding(visit, now.mono + timing.decide_s, state.ballot, asked)
    return lane.to(deciding), (Decide(visit.pass_id, visit.reading, code),)


def _judge_again(lane: Lane, state: Unsettled, now: Now, timing: Timing) -> Step:
    """Only who was judged before and refused: the others are judged in their own time."""
    visit = state.visit
    code = visit.terms.session_id if visit.terms else ""
    asked = visit.reading.text if visit.reading else code
    if not isinstance(state, Waiting) or not asked:
        return lane, ()
    deciding = Deciding(visit, now.mono + timing.decide_s, state.ballot, asked)
    return lane.to(deciding), (Decide(visit.pass_id, visit.reading, code),)


def _decided(lane: Lane, state: Unsettled, event: Decided, now: Now, timing: Timing) -> Step:
    asked = _asked(state)
    if not asked or (event.pass_id, event.plate) != (state.visit.pass_id, asked):
        return lane, ()
    decision = lane.authority.permitted(event.decision)
    visit = replace(looked_at(state.visit, state.ballot), decision=decision, terms=event.terms)
    return _settled(lane, Waiting(visit, now.mono + timing.case_s, state.ballot), now, timing)


def _asked(state: Unsettled) -> str:
    """A late answer to a visit that waits counts, too: it is about the plate that it has."""
    if isinstance(state, Deciding):
        return state.asked
    return state.visit.reading.text if state.visit.reading else ""


def _helped(lane: Lane, state: Unsettled, event: AgentOpens, now: Now, timing: Timing) -> Step:
    if event.pass_id != state.visit.pass_id:
        answer = f"visit {event.pass_id} is not at the lane; {state.visit.pass_id} is"
        return lane, (AnswerOrder(event.order_id, answer),)
    if lane.mode.kind is ModeKind.MANUAL:
        answer = f"the boom is under local control ({lane.mode.by})"
        return lane, (AnswerOrder(event.order_id, answer),)
    decision = Decision(Verdict.ALLOW, Reason.AGENT, DecidedBy.PERSON)
    visit = replace(looked_at(state.visit, state.ballot), decision=decision)
    lane, orders = let_in(lane, visit, now, timing)
    return lane, (*orders, AnswerOrder(event.order_id, "done"))


def _wait(lane: Lane, visit: Visit, ballot: Ballot, now: Now, timing: Timing) -> Step:
    permitted = replace(visit, decision=lane.authority.permitted(visit.decision))
    return _settled(lane, Waiting(permitted, now.mono + timing.case_s, ballot), now, timing)
