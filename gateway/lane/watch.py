"""What a lane notices whatever state it is in: rises of the boom, cases, contradictions."""

import math
from collections.abc import Iterator
from dataclasses import replace

from gateway.lane import modes
from gateway.lane.events import (
    CloseBarrier,
    CloseCase,
    Command,
    OpenBarrier,
    OpenCase,
    RaiseAlarm,
    ReopenBarrier,
    StoreRaise,
    TakePhoto,
)
from gateway.lane.reports import AlarmCode, Case, Cause, ModeKind, Raise
from gateway.lane.sensors import Timing
from gateway.lane.states import (
    Armed,
    Cleared,
    Closing,
    Deciding,
    Fault,
    Idle,
    Lane,
    Opening,
    Order,
    Passing,
    Raised,
    Reading,
    Step,
    Waiting,
    Watch,
    WrongWay,
    looked_at,
)
from gateway.lane.types import Boom, Level, Now, Reason, Verdict

_RAISE_S = 0.5
_MINUTE_S = 60.0
_CAUSES = {
    Reason.OPEN_BUTTON: Cause.MANUAL,
    Reason.MANUAL: Cause.MANUAL,
    Reason.HOLD_OPEN: Cause.HOLD,
    Reason.FIRE: Cause.FIRE,
    Reason.PRESENCE: Cause.SAFETY,
    Reason.UNPAID_FOLLOW: Cause.SAFETY,
}
# States that see to it by themselves.
_ANSWERED = Opening | Closing | Passing | WrongWay
_MODE_CAUSES = {
    ModeKind.FIRE: Cause.FIRE,
    ModeKind.MANUAL: Cause.MANUAL,
    ModeKind.HOLD_OPEN: Cause.HOLD,
}


def watched(
    before: Lane, lane: Lane, commands: tuple[Command, ...], now: Now, timing: Timing
) -> Step:
    """The step's commands, and what is noticed besides."""
    lane, commands = _guarded(before, lane, commands, now, timing)
    lane = _noted_orders(lane, commands, now, timing)
    lane, raises = _risen(lane, now, timing)
    lane, case = _case(before, lane, now)
    lane, alarms = _told(lane, now, timing)
    return lane, (*commands, *raises, *case, *alarms)


def _guarded(
    before: Lane, lane: Lane, commands: tuple[Command, ...], now: Now, timing: Timing
) -> Step:
    """Whoever is under a boom that is on its way is answered at once, whatever the lane is at."""
    under = lane.sensors.presence is Level.ON and _moves(lane, now, timing)
    if not under or isinstance(before.state, _ANSWERED) or now.mono < lane.watch.reopen_at:
        return lane, commands
    if any(isinstance(command, OpenBarrier | ReopenBarrier) for command in commands):
        return lane, commands
    return lane, (ReopenBarrier(), *commands)


def _moves(lane: Lane, now: Now, timing: Timing) -> bool:
    """By its limits; where these cannot tell, for as long as a close takes."""
    if lane.sensors.boom is Boom.UNKNOWN:
        return now.mono - lane.watch.closed_at <= timing.motion_s
    return lane.sensors.boom is Boom.BETWEEN


# --- rises of the boom


def _noted_orders(lane: Lane, commands: tuple[Command, ...], now: Now, timing: Timing) -> Lane:
    watch, reopen_at = lane.watch, now.mono + timing.decide_s
    recent = tuple(at for at in watch.motions if now.mono - at < _MINUTE_S)
    for command in commands:
        if isinstance(command, OpenBarrier | ReopenBarrier | CloseBarrier):
            recent = (*recent, now.mono)
        if isinstance(command, OpenBarrier):
            order = _order(lane, command, now)
            watch = replace(
                watch, order=order, strange=False, reopen_at=reopen_at, closed_at=-math.inf
            )
        elif isinstance(command, ReopenBarrier):
            order = Order(now.mono, Cause.SAFETY, Reason.PRESENCE)
            watch = replace(watch, order=order, reopen_at=reopen_at, closed_at=-math.inf)
        elif isinstance(command, CloseBarrier):
            watch = replace(
                watch,
                order=None,
                off_rest_at=math.inf,
                reopen_at=-math.inf,
                closed_at=now.mono,
            )
    if watch is lane.watch and recent == watch.motions:
        return lane
    return replace(lane, watch=replace(watch, motions=recent))


def _order(lane: Lane, command: OpenBarrier, now: Now) -> Order:
    visit = lane.visit
    if visit is None or command.pass_id != visit.pass_id:
        return Order(now.mono, _MODE_CAUSES.get(lane.mode.kind, Cause.MANUAL), lane.mode.reason)
    reason = visit.decision.reason
    return Order(now.mono, _CAUSES.get(reason, Cause.PASS), reason, visit.pass_id)


def _risen(lane: Lane, now: Now, timing: Timing) -> Step:
    """The boom left its lower place for good. A limit that flickers is no rise."""
    before, boom = lane.watch, lane.sensors.boom
    if boom is Boom.UNKNOWN:
        return _risen_unseen(lane, now)
    lane = replace(lane, watch=_seen(before, boom, now))
    if before.strange and boom is Boom.UP:
        return modes.raised_by_hand(lane, now)
    if before.down and (boom is Boom.UP or now.mono - lane.watch.off_rest_at >= _RAISE_S):
        return _raise(lane, before.seen_at, now, timing)
    return lane, ()


def _seen(watch: Watch, boom: Boom, now: Now) -> Watch:
    match boom:
        case Boom.DOWN:
            return replace(watch, down=True, strange=False, off_rest_at=math.inf, seen_at=now.mono)
        case Boom.BETWEEN:
            off_rest_at = min(watch.off_rest_at, now.mono)
            return replace(watch, off_rest_at=off_rest_at, seen_at=now.mono)
        case _:
            return replace(watch, strange=False, off_rest_at=math.inf, seen_at=now.mono)


def _risen_unseen(lane: Lane, now: Now) -> Step:
    """Without limits, the first order to open since the last one to close is a rise."""
    watch, inputs = lane.watch, lane.sensors.inputs
    fitted = Level.NOT_FITTED not in (inputs.up_limit, inputs.down_limit)
    order = watch.order
    if fitted or order is None or order.at != now.mono or watch.off_rest_at < math.inf:
        return lane, ()
    risen = Raise(_id(now, 1), now.wall, order.cause, order.reason, order.pass_id)
    lane = replace(lane, watch=replace(watch, order=None, off_rest_at=now.mono))
    return lane, (StoreRaise(risen),)


def _raise(lane: Lane, seen_at: float, now: Now, timing: Timing) -> Step:
    """`seen_at`: when the boom was seen before; what was out of sight since may be the order's."""
    order = lane.watch.order
    lane = replace(lane, watch=replace(lane.watch, down=False, order=None))
    if order is not None and min(seen_at, now.mono) - order.at <= 2 * timing.motion_s:
        risen = Raise(_id(now, 1), now.wall, order.cause, order.reason, order.pass_id)
        return lane, (StoreRaise(risen),)
    if lane.mode.kind in _MODE_CAUSES:
        cause, reason = _MODE_CAUSES[lane.mode.kind], lane.mode.reason
        return lane, (StoreRaise(Raise(_id(now, 1), now.wall, cause, reason)),)
    return _unexplained(lane, now)


def _unexplained(lane: Lane, now: Now) -> Step:
    words = "the boom went up and nobody was let in"
    risen = Raise(_id(now, 1), now.wall, Cause.UNEXPLAINED, words)
    told = StoreRaise(risen), RaiseAlarm(AlarmCode.UNEXPLAINED_RAISE, words)
    held: tuple[Command, ...] = ()
    if lane.sensors.boom is Boom.UP:
        lane, held = modes.raised_by_hand(lane, now)
    else:
        lane = replace(lane, watch=replace(lane.watch, strange=True))
    return lane, (*told, TakePhoto(risen.raise_id), *held)


def _id(now: Now, number: int) -> str:
    """Another id of the same instant."""
    return f"{int(now.fresh_id, 16) ^ number:032x}"


# --- cases


def _case(before: Lane, lane: Lane, now: Now) -> Step:
    """Opened when a vehicle has waited long enough; closed with the visit's waiting."""
    state, watch = lane.state, lane.watch
    same = _pass_id(lane) == _pass_id(before)
    if watch.case and not (same and isinstance(state, Reading | Deciding | Waiting)):
        outcome = _outcome(lane) if same else "the vehicle left"
        closed = replace(lane, watch=replace(watch, case=""))
        return closed, (CloseCase(watch.case, outcome),)
    if isinstance(state, Waiting) and not watch.case and now.mono >= state.until:
        return _opened(lane, state, now)
    return lane, ()


def _pass_id(lane: Lane) -> str:
    return lane.visit.pass_id if lane.visit else ""


def _outcome(lane: Lane) -> str:
    visit = lane.visit
    return f"let in: {visit.decision.reason}" if visit else "the vehicle left"


def _opened(lane: Lane, state: Waiting, now: Now) -> Step:
    visit = looked_at(state.visit, state.ballot)
    code, why = _why(lane, state)
    case = Case(_id(now, 2), now.wall, why, visit, lane.sensors.inputs)
    lane = replace(lane, watch=replace(lane.watch, case=case.case_id))
    return lane, (OpenCase(case), RaiseAlarm(code, why), TakePhoto(case.case_id))


def _why(lane: Lane, state: Waiting) -> tuple[AlarmCode, str]:
    visit, guesses = state.visit, ", ".join(one.text for one in state.ballot.top())
    if visit.decision.verdict is Verdict.ALLOW:
        return AlarmCode.WAITS, f"a vehicle may pass and waits: {lane.mode.by} has the boom"
    if visit.reading is not None:
        because = visit.terms.why if visit.terms and visit.terms.why else visit.decision.reason
        return AlarmCode.WAITS, f"vehicle {visit.reading.text} waits: {because}"
    if guesses:
        return AlarmCode.DOUBTFUL_PLATE, f"a vehicle waits, its plate is in doubt: {guesses}"
    return AlarmCode.NO_PLATE, "a vehicle waits and no plate could be read; guesses: none"


# --- contradictions


def _told(lane: Lane, now: Now, timing: Timing) -> Step:
    """Each once while it lasts; what comes again within a minute is still the same."""
    wrong = dict(_wrong(lane, now, timing))
    if not wrong and not lane.watch.told:
        return lane, ()
    old = {name: at for name, at in lane.watch.told if now.mono - at < _MINUTE_S}
    fresh = tuple(alarm for name, alarm in wrong.items() if name not in old)
    told = tuple((old | dict.fromkeys(wrong, now.mono)).items())
    return replace(lane, watch=replace(lane.watch, told=told)), fresh


def _wrong(lane: Lane, now: Now, timing: Timing) -> Iterator[tuple[str, RaiseAlarm]]:
    sensors, inputs = lane.sensors, lane.sensors.inputs
    if inputs.arm_off is Level.ON:
        yield (
            "arm",
            RaiseAlarm(AlarmCode.ARM_OFF, "the arm is swung away or broken: it stays as it is"),
        )
    if inputs.up_limit is Level.ON and inputs.down_limit is Level.ON:
        yield (
            "limits",
            RaiseAlarm(AlarmCode.BOOM_FAULT, "both limits are reached: check their wiring"),
        )
    moves = isinstance(lane.state, Opening | Closing | Fault)
    off_rest_s = now.mono - lane.watch.off_rest_at
    if sensors.boom is Boom.BETWEEN and off_rest_s > timing.motion_s and not moves:
        yield "between", RaiseAlarm(AlarmCode.BOOM_FAULT, "the boom stands between its limits")
    due = isinstance(lane.state, Cleared | Raised) and now.mono >= getattr(lane.state, "until", 0.0)
    if due and lane.tired(timing) and lane.would_close(now, timing):
        words = f"{timing.motions_per_min} orders in a minute: the boom stays up for its motor"
        yield "duty", RaiseAlarm(AlarmCode.DUTY, words)
    if sensors.arming_for() >= timing.loiter_s:
        yield "loiters", RaiseAlarm(AlarmCode.LOITERING, _loiters(lane, timing))
    if isinstance(lane.state, WrongWay):
        words = "a vehicle is under the boom that did not come over the arming loop"
        yield "wrong way", RaiseAlarm(AlarmCode.WRONG_WAY, words)
    if isinstance(lane.state, Idle | Armed | Reading | Deciding | Waiting):
        yield from _below(lane, now, timing)


def _loiters(lane: Lane, timing: Timing) -> str:
    visit = lane.visit
    who = f": {visit.reading.text}" if visit and visit.reading else ""
    return f"the arming loop reads occupied for {timing.loiter_s:g} s{who}"


def _below(lane: Lane, now: Now, timing: Timing) -> Iterator[tuple[str, RaiseAlarm]]:
    """Under a boom that nobody was let through."""
    sensors = lane.sensors
    if sensors.under_boom is not Level.ON:
        return
    if sensors.boom in (Boom.DOWN, Boom.UNKNOWN):
        words = "the closing loop is occupied and nobody came over the arming loop"
        yield "below", RaiseAlarm(AlarmCode.WRONG_WAY, words)
    if now.mono - sensors.presence_since >= timing.loop_stuck_s:
        words = f"the closing loop reads occupied for {timing.loop_stuck_s:g} s"
        yield "stuck", RaiseAlarm(AlarmCode.LOOP_STUCK, words)
