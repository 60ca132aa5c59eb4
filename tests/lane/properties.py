"""The lane's properties as functions over a played story, so that mutants can be judged too."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from gateway.lane import machine
from gateway.lane.events import (
    AgentOpens,
    BarrierFailed,
    CloseBarrier,
    CodeSeen,
    Command,
    Decide,
    Decided,
    FireSeen,
    InputsSeen,
    LaneEvent,
    ModeOrdered,
    Noticed,
    OpenBarrier,
    PlateSeen,
    ReopenBarrier,
    Resumed,
    StoreDecision,
    StoreFailed,
    StoreMode,
    StorePass,
    Tick,
)
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.sensors import Timing, presence
from gateway.lane.states import Lane
from gateway.lane.types import Boom, Inputs, Level, Now, Verdict, Visit
from tests.lane.playing import ALLOW, DENY, EPOCH, a_reading, at

TIMING = Timing(no_passage_s=5, loiter_s=8, loop_stuck_s=8, case_s=3)
Step = Callable[[Lane, LaneEvent, Now, Timing], tuple[Lane, tuple[Command, ...]]]

levels = st.sampled_from([Level.OFF, Level.OFF, Level.ON, Level.ON, Level.UNKNOWN])
boom = st.sampled_from([(Level.ON, Level.OFF), (Level.OFF, Level.ON), (Level.OFF, Level.OFF)])
free = st.sampled_from([Level.OFF, Level.OFF, Level.OFF, Level.ON, Level.UNKNOWN])


def _inputs(
    arming: Level,
    closing: Level,
    limits: tuple[Level, Level],
    button: Level,
    others: tuple[Level, ...] = (),
) -> Inputs:
    """`others`: beam, key switch, fire, fire reset, arm."""
    return Inputs(arming, closing, *limits, button, *others)


buttons = st.sampled_from([Level.OFF, Level.OFF, Level.ON])
rarely = st.sampled_from([Level.OFF] * 6 + [Level.ON, Level.UNKNOWN])
others = st.one_of(st.just(()), st.tuples(rarely, rarely, rarely, rarely, rarely))
polls = st.builds(_inputs, levels, free, boom, buttons, others)
modes = st.builds(
    ModeOrdered,
    st.just("o1"),
    st.sampled_from([ModeKind.HOLD_OPEN, ModeKind.LOCK_DOWN, ModeKind.AUTOMATIC]),
    st.just("somebody"),
    st.just("a test"),
    st.sampled_from([0.0, 2.0, 20.0]),
)
anything = st.one_of(
    polls.map(lambda inputs: InputsSeen(inputs, 0.0)),
    st.builds(PlateSeen, st.sampled_from([a_reading("京A12345"), a_reading("沪B67890")])),
    st.just(BarrierFailed("no answer")),
    st.just(StoreFailed("disk full")),
    st.just(Resumed(Visit("f" * 32, EPOCH, ALLOW))),
    st.just(Resumed(Visit("e" * 32, EPOCH, DENY))),
    st.just(Noticed(AlarmCode.VISION_LOST, "no picture")),
    st.just(CodeSeen("123456")),
    st.just(AgentOpens("o2", "f" * 32, "somebody")),
    st.just(FireSeen()),
    st.just(FireSeen(reset=True)),
    modes,
    st.just(Tick()),
)
holding = st.tuples(anything, st.sampled_from([0.05, 0.05, 0.3, 1.5, 3.0, 9.0]))
START = Lane()


def _polled(arming: Level, closing: Level, limits: tuple[Level, Level]) -> InputsSeen:
    return InputsSeen(_inputs(arming, closing, limits, Level.OFF), 0.0)


DOWN, UP = (Level.OFF, Level.ON), (Level.ON, Level.OFF)
ARRIVED = (_polled(Level.OFF, Level.OFF, DOWN), 0.3), (_polled(Level.ON, Level.OFF, DOWN), 0.5)
LET_IN = *ARRIVED, *[(PlateSeen(a_reading("京A12345")), 0.05)] * 2
LEAVING = *LET_IN, (_polled(Level.OFF, Level.ON, UP), 0.5), (_polled(Level.OFF, Level.OFF, UP), 0.5)
CLOSING = *LEAVING, (_polled(Level.OFF, Level.OFF, UP), 1.0)
REFUSED = (Resumed(Visit("e" * 32, EPOCH, DENY)), 0.05), (_polled(Level.ON, Level.OFF, UP), 0.5)
PRELUDES = [tuple((one, False) for one in some) for some in ((), REFUSED, LET_IN, LEAVING, CLOSING)]


def _story(prelude, rest):
    return [*prelude, *rest]


stories = st.builds(
    _story,
    st.sampled_from(PRELUDES),
    st.lists(st.tuples(holding, st.booleans()), max_size=30),
)


class Taken(NamedTuple):
    before: Lane
    event: LaneEvent
    now: Now
    after: Lane
    commands: tuple[Command, ...]


def play(
    story, step: Step = machine.step, lane: Lane = START, wall_shift_s: float = 0.0
) -> list[Taken]:
    """Each event of a story is held for a while: inputs are polled on, as a lane does."""
    seconds, taken = 1000.0, []

    def send(event: LaneEvent) -> None:
        nonlocal lane
        if isinstance(event, InputsSeen):
            event = replace(event, read_at=seconds)
        now = at(seconds)._replace(fresh_id=f"{len(taken):032x}")
        now = now._replace(wall=now.wall + timedelta(seconds=wall_shift_s * len(taken)))
        after, commands = step(lane, event, now, TIMING)
        taken.append(Taken(lane, event, now, after, commands))
        lane = after
        for command in commands:
            if isinstance(command, Decide):
                asked = command.reading.text if command.reading else command.code
                send(Decided(command.pass_id, asked, ALLOW if "京" in asked else DENY))

    for (event, hold_s), twice in story:
        send(event)
        if twice:
            send(event)
        steps = round(hold_s / 0.05) if isinstance(event, InputsSeen) else 1
        for _ in range(steps):
            seconds += hold_s / steps
            if isinstance(event, InputsSeen):
                send(event)
    return taken


def never_closes_on_presence(taken: list[Taken]) -> None:
    closing, off_since, read_at = Level.UNKNOWN, 0.0, float("-inf")
    for step in taken:
        now = step.now.mono
        if isinstance(step.event, InputsSeen):
            level = presence(step.event.inputs)
            if level is not closing or now - read_at > TIMING.fresh_s:
                off_since = now
            closing, read_at = level, now
        if CloseBarrier() in step.commands:
            assert closing is Level.OFF, "closed on presence or unknown"
            assert now - read_at <= TIMING.fresh_s, "closed on an old reading"
            assert now - off_since >= TIMING.clear_s, "closed too soon after presence"


def _visit_id(lane: Lane) -> str | None:
    return lane.visit.pass_id if lane.visit else None


def one_record_a_visit(taken: list[Taken]) -> None:
    for step in taken:
        recorded = [c.record.visit.pass_id for c in step.commands if isinstance(c, StorePass)]
        before, after = _visit_id(step.before), _visit_id(step.after)
        expected = [before] if before is not None and before != after else []
        if isinstance(step.event, Resumed) and after != step.event.visit.pass_id:
            expected = [step.event.visit.pass_id]
        elif isinstance(step.event, Resumed):
            expected = recorded
        assert recorded == expected, (step.before.state, step.event, recorded, expected)


def no_open_without_a_reason(taken: list[Taken]) -> None:
    stored: set[str] = set()
    for step in taken:
        if isinstance(step.event, Resumed):
            stored.add(step.event.visit.pass_id)
        for command in step.commands:
            if isinstance(command, StoreDecision):
                stored.add(command.visit.pass_id)
            if isinstance(command, StoreMode):
                stored.add("")
            if isinstance(command, OpenBarrier) and step.after.mode.kind is ModeKind.FIRE:
                continue
            if isinstance(command, OpenBarrier):
                assert command.pass_id in stored, "opened before the reason was stored"
            if isinstance(command, OpenBarrier) and command.pass_id:
                pressed = step.after.sensors.inputs.open_button is Level.ON
                allowed = step.after.visit.decision.verdict is Verdict.ALLOW
                assert allowed or pressed, "opened for a vehicle that was refused"
            if isinstance(command, ReopenBarrier):
                blind = step.now.mono - step.after.sensors.read_at > 2 * TIMING.fresh_s
                present = step.after.sensors.presence is not Level.OFF
                assert present or blind, "reopened with nobody under the boom"


def presence_reopens(taken: list[Taken]) -> None:
    """At once; but a boom that was told so within `decide_s` is not told again."""
    told_at = float("-inf")
    for step in taken:
        kinds = {type(command) for command in step.commands}
        if _falls_on_somebody(step) and step.now.mono - told_at >= TIMING.decide_s:
            assert kinds & {ReopenBarrier, OpenBarrier}, (step.before.state, step.event)
        if kinds & {ReopenBarrier, OpenBarrier}:
            told_at = step.now.mono
        if CloseBarrier in kinds:
            told_at = float("-inf")


def _falls_on_somebody(step: Taken) -> bool:
    if not isinstance(step.event, InputsSeen) or presence(step.event.inputs) is Level.OFF:
        return False
    state, inputs = type(step.before.state).__name__, step.event.inputs
    raised = state == "Raised" and inputs.boom is not Boom.UP and inputs.closing_loop is Level.ON
    rises = state in ("Opening", "Passing", "WrongWay")
    moves = presence(inputs) is Level.ON and inputs.boom is Boom.BETWEEN and not rises
    return state == "Closing" or raised or moves


def held_up(taken: list[Taken]) -> None:
    """Fire, the key switch, a hand or a hold: whoever has the boom up, no rule lowers it."""
    for step in taken:
        if CloseBarrier() in step.commands:
            kind = step.after.mode.kind
            assert kind in (ModeKind.AUTOMATIC, ModeKind.LOCK_DOWN), f"closed under {kind}"


def fire_is_latched(taken: list[Taken]) -> None:
    """It ends by a reset at a lane, and not while this lane's contact says fire."""
    for step in taken:
        was, now = step.before.authority.fire, step.after.authority.fire
        if was is not None and now is None:
            reset = FireSeen(reset=True) == step.event
            inputs = step.after.sensors.inputs
            assert reset or Level.ON in (inputs.fire_reset, inputs.open_button), step.event
            assert inputs.fire is not Level.ON, "reset while it burns"


def wall_clock_changes_nothing(story) -> None:
    def orders(wall_shift_s: float) -> list[list[type]]:
        return [[type(c) for c in step.commands] for step in play(story, wall_shift_s=wall_shift_s)]

    assert orders(0.0) == orders(-86400.0) == orders(3600.0)


def comes_to_rest(story, step: Step = machine.step) -> None:
    """Everybody leaves, the boom obeys: the lane must be idle again, without a visit."""
    taken = play(story, step)
    lane, seconds, is_up = (
        (taken[-1].after, taken[-1].now.mono, True) if taken else (Lane(), 1e3, True)
    )
    for _ in range(round(120 / 0.1)):
        seconds += 0.1
        limits = (Level.ON, Level.OFF) if is_up else (Level.OFF, Level.ON)
        seen = InputsSeen(_inputs(Level.OFF, Level.OFF, limits, Level.OFF), seconds)
        lane, commands = step(lane, seen, at(seconds), TIMING)
        for command in commands:
            is_up = {CloseBarrier: False, OpenBarrier: True}.get(type(command), is_up)
    assert lane.visit is None, lane.state
    held = lane.mode.kind in (ModeKind.MANUAL, ModeKind.FIRE)
    assert type(lane.state).__name__ == "Idle" or held, lane.state
