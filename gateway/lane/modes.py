"""Changes of who has the say: fire, the key switch, orders, and inputs that are lost."""

import math
from dataclasses import replace
from datetime import timedelta

from gateway.lane.authority import AUTOMATIC, BY_HAND, BY_KEY, BY_LANE, Authority
from gateway.lane.events import (
    AnswerOrder,
    Command,
    FireSeen,
    LaneEvent,
    ModeOrdered,
    ModeRestored,
    OpenBarrier,
    RaiseAlarm,
    SpreadFire,
    StoreFailed,
    StoreMode,
)
from gateway.lane.reports import AlarmCode, Mode, ModeKind
from gateway.lane.sensors import Sensors, Timing
from gateway.lane.states import Closing, Idle, Lane, Raised, Step
from gateway.lane.types import Boom, Inputs, Level, Now, Reason

LONGEST_HOLD_S = 24 * 3600.0
STORE_AGAIN_S = 30.0
_HOLD_AGAIN_S = 60.0
_LOST = Reason.INPUTS_LOST.value


def heard(lane: Lane, before: Sensors, event: LaneEvent, now: Now, timing: Timing) -> Step:
    """What an event, or time, changes; the boom follows where the new mode wants it up."""
    after = lane.authority
    if after.before is not None and not isinstance(event, StoreFailed):
        after = replace(after, before=None)
        lane = lane.to(lane.state, authority=after)
    spread: tuple[Command, ...] = ()
    match event:
        case ModeRestored(mode, left_s):
            after = _restored(after, mode, left_s, now)
            up = replace(lane.watch, off_rest_at=now.mono) if after.opens else lane.watch
            return replace(lane, authority=after, watch=up), ()
        case FireSeen(reset):
            after = _fire_elsewhere(lane, now, reset=reset)
        case _:
            after, spread = _fire_here(lane, before, now)
    after = _by_key(after, lane, now)
    after = _by_lost_inputs(after, lane, now, timing)
    if now.mono >= after.ends_at:
        after = replace(after, ordered=AUTOMATIC, ends_at=math.inf)
    lane, orders = _changed(lane, after, now, timing)
    return lane, (*spread, *orders)


def ordered(lane: Lane, event: ModeOrdered, now: Now, timing: Timing) -> Step:
    """HOLD_OPEN, LOCK_DOWN or AUTOMATIC; fire and the key switch stay stronger."""
    if refused := _refused(lane, event):
        return lane, (AnswerOrder(event.order_id, refused),)
    mode = Mode(event.kind, now.wall, event.by, event.reason)
    ends_at = math.inf
    if event.kind is ModeKind.HOLD_OPEN:
        mode = replace(mode, ends_at=now.wall + timedelta(seconds=event.hold_s))
        ends_at = now.mono + event.hold_s
    lane, orders = _changed(lane, lane.authority.ordering(mode, ends_at), now, timing)
    return lane, (*orders, AnswerOrder(event.order_id, "done"))


def raised_by_hand(lane: Lane, now: Now) -> Step:
    """The boom is theirs who raised it, until it is down again or an order says otherwise."""
    mode = Mode(ModeKind.MANUAL, now.wall, BY_HAND, "the boom went up and nobody was let in")
    authority = replace(lane.authority, manual=lane.authority.manual or mode)
    if authority.mode == lane.mode:
        return lane, ()
    return lane.to(lane.state, authority=authority), (StoreMode(authority.mode),)


def _refused(lane: Lane, event: ModeOrdered) -> str:
    if event.kind in (ModeKind.FIRE, ModeKind.MANUAL):
        return f"{event.kind} cannot be ordered: it is set at the lane"
    if event.kind is ModeKind.HOLD_OPEN and not 0 < event.hold_s <= LONGEST_HOLD_S:
        return f"hold-open needs an end, at most {LONGEST_HOLD_S / 3600:g} h from now"
    if lane.authority.fire:
        return "the fire alarm is on; it is reset at the lane only"
    return ""


def _restored(authority: Authority, mode: Mode, left_s: float, now: Now) -> Authority:
    """After a start the boom is not moved; only a fire opens it again."""
    match mode.kind:
        case ModeKind.FIRE:
            return replace(authority, fire=mode, open_again_at=now.mono)
        case ModeKind.HOLD_OPEN if left_s > 0:
            return replace(authority, ordered=mode, ends_at=now.mono + left_s)
        case ModeKind.LOCK_DOWN:
            return replace(authority, ordered=mode)
        case ModeKind.MANUAL if mode.by == BY_HAND:
            return replace(authority, manual=mode)
        case _:
            return authority


def _fire_here(lane: Lane, before: Sensors, now: Now) -> tuple[Authority, tuple[Command, ...]]:
    """Latched: the contact alone does not end it, the local reset does, once it is off."""
    inputs, authority = lane.sensors.inputs, lane.authority
    if inputs.fire is Level.ON and authority.fire is None:
        fire = Mode(ModeKind.FIRE, now.wall, BY_LANE, "the fire contact")
        return replace(authority, fire=fire), (SpreadFire(),)
    if authority.fire and inputs.fire is not Level.ON and _reset(before.inputs, inputs):
        return replace(authority, fire=None), (SpreadFire(reset=True),)
    return authority, ()


def _reset(before: Inputs, now: Inputs) -> bool:
    """Pressed just now. A lane with a fire contact and no reset takes the open button for it."""
    if now.fire_reset is Level.NOT_FITTED and now.fire is Level.OFF:
        return before.open_button is Level.OFF and now.open_button is Level.ON
    return before.fire_reset is Level.OFF and now.fire_reset is Level.ON


def _fire_elsewhere(lane: Lane, now: Now, *, reset: bool) -> Authority:
    if reset:
        still = lane.sensors.inputs.fire is Level.ON
        return lane.authority if still else replace(lane.authority, fire=None)
    fire = Mode(ModeKind.FIRE, now.wall, BY_LANE, "the fire contact of another lane")
    return replace(lane.authority, fire=lane.authority.fire or fire)


def _by_key(authority: Authority, lane: Lane, now: Now) -> Authority:
    """A key that cannot be read stays as it was; a hand's hold ends with the boom down."""
    manual = authority.manual
    if manual and manual.by == BY_HAND and lane.sensors.boom is Boom.DOWN:
        manual = None
    match lane.sensors.inputs.manual:
        case Level.ON if manual is None or manual.by != BY_KEY:
            manual = Mode(ModeKind.MANUAL, now.wall, BY_KEY, "the key switch at the lane")
        case Level.OFF if manual and manual.by == BY_KEY:
            manual = None
        case _:
            pass
    return replace(authority, manual=manual)


def _by_lost_inputs(authority: Authority, lane: Lane, now: Now, timing: Timing) -> Authority:
    """For a lane that is told so, inputs that stay away open it; their return ends that."""
    mine = authority.ordered.reason == _LOST
    lost = now.mono - lane.sensors.known_at > timing.lost_s
    if lost and timing.open_when_lost and authority.ordered.kind is ModeKind.AUTOMATIC:
        opened = Mode(ModeKind.HOLD_OPEN, now.wall, BY_LANE, _LOST)
        return replace(authority, ordered=opened)
    if mine and not lost:
        return replace(authority, ordered=AUTOMATIC)
    return authority


def _changed(lane: Lane, after: Authority, now: Now, timing: Timing) -> Step:
    before, lane = lane.mode, lane.to(lane.state, authority=after)
    if after.mode is before:
        return _kept(lane, now, timing)
    lane = lane.to(
        lane.state, authority=replace(after, open_again_at=math.inf, store_again_at=math.inf)
    )
    mode = after.mode
    if mode.kind is ModeKind.FIRE:
        alarm = RaiseAlarm(AlarmCode.FIRE, f"{mode.reason}: the lane opens, and stays open")
        return _opening(lane, now, timing), (OpenBarrier(""), StoreMode(mode), alarm)
    if after.opens and lane.sensors.boom is not Boom.UP:
        return _opening(lane, now, timing), (StoreMode(mode), OpenBarrier(""))
    return lane, (StoreMode(mode),)


def _kept(lane: Lane, now: Now, timing: Timing) -> Step:
    """The mode goes on: stored, if it could not be before, and the boom up, if it is to be."""
    lane, orders = _kept_up(lane, now, timing)
    if now.mono < lane.authority.store_again_at:
        return lane, orders
    authority = replace(lane.authority, store_again_at=math.inf)
    return lane.to(lane.state, authority=authority), (StoreMode(lane.mode), *orders)


def _kept_up(lane: Lane, now: Now, timing: Timing) -> Step:
    """A boom that is to be up and is not is told so again, in a fire as often as it can move."""
    fire = lane.mode.kind is ModeKind.FIRE
    low = lane.sensors.boom in (Boom.DOWN, Boom.BETWEEN)
    unseen = fire and lane.sensors.boom is Boom.UNKNOWN
    stored = fire or lane.authority.store_again_at == math.inf
    due = lane.authority.opens and now.mono >= lane.authority.open_again_at
    if due and stored and (low or unseen):
        return _opening(lane, now, timing), (OpenBarrier(""),)
    return lane, ()


def _opening(lane: Lane, now: Now, timing: Timing) -> Lane:
    """The boom is on its way up, and nobody's: a lane that is empty waits for its end."""
    fire = lane.mode.kind is ModeKind.FIRE and lane.sensors.boom is not Boom.UNKNOWN
    again_s = timing.motion_s if fire else max(timing.motion_s, _HOLD_AGAIN_S)
    state = (
        Raised(now.mono + timing.motion_s) if isinstance(lane.state, Closing | Idle) else lane.state
    )
    return lane.to(state, authority=replace(lane.authority, open_again_at=now.mono + again_s))
