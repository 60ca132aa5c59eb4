"""Who has the say over the boom: fire, the key switch, a hand, an order, the rules."""

import pytest

from gateway.lane.events import (
    AgentOpens,
    AnswerOrder,
    BarrierFailed,
    CloseBarrier,
    FireSeen,
    ModeOrdered,
    ModeRestored,
    OpenBarrier,
    RaiseAlarm,
    ReopenBarrier,
    SpreadFire,
    StoreDecision,
    StoreFailed,
    StoreMode,
    StorePass,
    StoreRaise,
    TakePhoto,
)
from gateway.lane.reports import AlarmCode, Cause, Mode, ModeKind
from gateway.lane.types import Ending, Level, Reason
from tests.lane.playing import DENY, EPOCH, Player

ON, OFF, UNKNOWN, NONE = Level.ON, Level.OFF, Level.UNKNOWN, Level.NOT_FITTED
UP = {"up_limit": ON, "down_limit": OFF}
DOWN = {"up_limit": OFF, "down_limit": ON}
BETWEEN = {"up_limit": OFF, "down_limit": OFF}


def hold(seconds=600.0, order_id="o1") -> ModeOrdered:
    return ModeOrdered(order_id, ModeKind.HOLD_OPEN, "an operator", "peak", hold_s=seconds)


def kinds(player: Player) -> list[ModeKind]:
    return [command.mode.kind for command in player.told(StoreMode)]


def causes(player: Player) -> list[Cause]:
    return [command.risen.cause for command in player.told(StoreRaise)]


def answers(player: Player) -> list[str]:
    return [command.answer for command in player.told(AnswerOrder)]


def passes_through(player: Player) -> Player:
    """Over both loops, and away."""
    player.wait(1, arming_loop=ON).wait(1, closing_loop=ON).wait(1, arming_loop=OFF)
    return player.wait(3, closing_loop=OFF)


def burning() -> Player:
    return Player().wait(1, fire=OFF, fire_reset=OFF).wait(1, fire=ON).wait(2, **UP)


def test_a_fire_opens_at_once_and_tells_the_other_lanes():
    player = Player().wait(1, fire=OFF, fire_reset=OFF)
    player.wait(0.05, fire=ON)
    assert [type(command) for command in player.commands[:3]] == [
        SpreadFire,
        OpenBarrier,
        StoreMode,
    ]


def test_a_fire_is_latched_until_the_local_reset():
    player = burning().wait(300, fire=OFF)
    assert (player.lane.mode.kind, player.told(CloseBarrier)) == (ModeKind.FIRE, [])
    player.wait(0.2, fire_reset=ON).wait(60, fire_reset=OFF)
    assert player.lane.mode.kind is ModeKind.AUTOMATIC
    assert player.told(CloseBarrier)
    assert player.told(SpreadFire)[-1].reset


def test_a_reset_while_the_contact_still_says_fire_changes_nothing():
    player = burning().wait(0.2, fire_reset=ON).wait(60, fire_reset=OFF)
    assert (player.lane.mode.kind, player.told(CloseBarrier)) == (ModeKind.FIRE, [])


def test_a_boom_that_does_not_go_up_in_a_fire_is_told_so_again_and_again():
    player = Player().wait(1, fire=OFF).wait(30, fire=ON)
    assert len(player.told(OpenBarrier)) >= 5


def test_the_fire_of_another_lane_opens_this_one_and_its_reset_ends_it():
    player = Player().wait(1)
    player.send(FireSeen())
    assert player.told(OpenBarrier)
    player.wait(3, **UP)
    player.send(FireSeen(reset=True))
    player.wait(60)
    assert player.told(CloseBarrier)


def test_vehicles_are_recorded_in_a_fire_and_nobody_is_refused():
    player = burning()
    player.decision = DENY
    passes_through(player.see("京A12345"))
    (record,) = [command.record for command in player.told(StorePass)]
    assert (record.ending, record.visit.decision.reason) == (Ending.PASSED, Reason.FIRE)
    assert not player.told(CloseBarrier)


def test_an_order_cannot_end_a_fire():
    player = burning()
    player.send(ModeOrdered("o1", ModeKind.AUTOMATIC, "an operator", "it is cold"))
    assert player.lane.mode.kind is ModeKind.FIRE
    assert "at the lane only" in answers(player)[0]


def test_hold_open_is_stored_before_the_boom_is_told():
    player = Player().wait(1)
    player.send(hold())
    assert [type(command) for command in player.commands] == [
        StoreMode,
        OpenBarrier,
        AnswerOrder,
    ]
    assert answers(player) == ["done"]


def test_hold_open_keeps_the_boom_up_until_its_end_and_then_closes():
    player = Player().wait(1)
    player.send(hold(120))
    passes_through(player.wait(3, **UP)).wait(60)
    assert not player.told(CloseBarrier)
    player.wait(120)
    assert player.told(CloseBarrier)
    assert kinds(player) == [ModeKind.HOLD_OPEN, ModeKind.AUTOMATIC]
    assert causes(player) == [Cause.HOLD]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 25 * 3600.0])
def test_hold_open_without_an_end_is_refused(seconds):
    player = Player().wait(1)
    player.send(hold(seconds))
    assert "needs an end" in answers(player)[0]
    assert not player.told(OpenBarrier)


def test_a_hold_that_cannot_be_stored_is_not_in_force():
    player = Player().wait(1)
    player.send(hold())
    player.send(StoreFailed("disk full", mode=True))
    assert player.lane.mode.kind is ModeKind.AUTOMATIC


def test_after_a_restart_a_hold_moves_nothing_and_keeps_what_is_up():
    player = Player()
    held = Mode(ModeKind.HOLD_OPEN, EPOCH, "an operator", "peak", EPOCH)
    player.send(ModeRestored(held, left_s=100))
    player.wait(90, **UP)
    assert not player.told(CloseBarrier)
    assert not player.told(OpenBarrier)
    player.wait(60)
    assert player.told(CloseBarrier)


def test_after_a_restart_a_fire_still_opens():
    player = Player()
    player.send(ModeRestored(Mode(ModeKind.FIRE, EPOCH, "lane", "the fire contact")))
    player.wait(1)
    assert player.told(OpenBarrier)


def test_a_hold_that_ended_while_the_gateway_was_down_is_over():
    player = Player()
    player.send(ModeRestored(Mode(ModeKind.HOLD_OPEN, EPOCH, "x", "y", EPOCH), left_s=-5))
    assert player.lane.mode.kind is ModeKind.AUTOMATIC


def test_lock_down_refuses_an_allowed_plate_and_the_button_still_opens():
    player = Player().wait(1, open_button=OFF)
    player.send(ModeOrdered("o1", ModeKind.LOCK_DOWN, "an operator", "a theft"))
    player.wait(1, arming_loop=ON).see("京A12345", "京A12345").wait(1)
    assert not player.told(OpenBarrier)
    assert player.lane.visit.decision.reason is Reason.LOCK_DOWN
    player.wait(0.2, open_button=ON)
    assert player.told(OpenBarrier)


def test_an_agent_lets_in_the_visit_that_was_meant_and_no_other():
    player = Player(decision=DENY).wait(1).wait(1, arming_loop=ON)
    player.see("京A12345", "京A12345")
    player.send(AgentOpens("o1", "f" * 32, "an agent"))
    assert not player.told(OpenBarrier)
    player.send(AgentOpens("o2", player.lane.visit.pass_id, "an agent"))
    assert player.told(StoreDecision)[-1].visit.decision.reason is Reason.AGENT
    assert answers(player)[1] == "done"
    assert "is not at the lane" in answers(player)[0]


def test_an_agent_cannot_open_an_empty_lane():
    player = Player().wait(1)
    player.send(AgentOpens("o1", "f" * 32, "an agent"))
    assert "no vehicle waits" in answers(player)[0]
    assert not player.told(OpenBarrier)


def test_under_the_key_nothing_is_moved_and_whoever_is_allowed_waits_for_its_end():
    player = Player().wait(1, manual=OFF).wait(1, manual=ON)
    player.wait(1, arming_loop=ON).see("京A12345", "京A12345").wait(5)
    assert not player.told(OpenBarrier)
    player.wait(0.1, manual=OFF)
    assert player.told(OpenBarrier)


def test_under_the_key_a_remote_order_opens_nothing():
    player = Player(decision=DENY).wait(1, manual=ON).wait(1, arming_loop=ON)
    player.send(AgentOpens("o1", player.lane.visit.pass_id, "an agent"))
    assert not player.told(OpenBarrier)
    assert "local control" in answers(player)[0]


def test_a_boom_raised_by_hand_stays_up_until_somebody_lowers_it():
    player = Player().wait(1).wait(0.3, **BETWEEN).wait(300, **UP)
    assert causes(player) == [Cause.UNEXPLAINED]
    assert player.told(TakePhoto)
    assert not player.told(CloseBarrier)
    assert kinds(player) == [ModeKind.MANUAL]
    player.wait(2, **DOWN)
    assert kinds(player) == [ModeKind.MANUAL, ModeKind.AUTOMATIC]


def test_an_order_takes_a_boom_that_was_raised_by_hand_back():
    player = Player().wait(1).wait(30, **UP)
    player.send(ModeOrdered("o1", ModeKind.AUTOMATIC, "an operator", "lower it"))
    player.wait(60)
    assert player.told(CloseBarrier)


def test_a_vehicle_under_a_boom_raised_by_hand_is_recorded_as_such():
    player = Player(decision=DENY).wait(1).wait(5, **UP)
    passes_through(player.wait(0.5, arming_loop=ON).see("京A12345", "京A12345"))
    (record,) = [command.record for command in player.told(StorePass)]
    assert record.visit.decision.reason is Reason.MANUAL


def test_a_limit_that_flickers_is_no_rise():
    player = Player().wait(1)
    for _ in range(10):
        player.wait(0.2, **BETWEEN).wait(1, **DOWN)
    assert causes(player) == []


def test_a_lane_that_is_told_so_opens_when_its_inputs_stay_away():
    timing = Player().timing.__class__(open_when_lost=True)
    player = Player(timing=timing).wait(1)
    player.wait(5, closing_loop=UNKNOWN, arming_loop=UNKNOWN, up_limit=UNKNOWN, down_limit=UNKNOWN)
    assert player.told(OpenBarrier)
    player.wait(3, closing_loop=OFF, arming_loop=OFF, **UP).wait(60)
    assert player.told(CloseBarrier)


def test_by_itself_a_lane_stays_as_it_is_when_its_inputs_stay_away():
    player = Player().wait(1).wait(60, closing_loop=UNKNOWN, up_limit=UNKNOWN, down_limit=UNKNOWN)
    assert not player.told(OpenBarrier)


def test_an_arm_that_is_swung_away_is_told_once_and_never_lowered():
    player = Player().wait(1, arm_off=OFF).wait(1, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(3, **UP).wait(1, arm_off=ON)
    passes_through(player).wait(120)
    assert not player.told(CloseBarrier)
    told = [command.code for command in player.told(RaiseAlarm)]
    assert told.count(AlarmCode.ARM_OFF) == 1


def test_an_order_that_cannot_be_stored_leaves_what_was_in_force():
    player = Player().wait(1)
    player.send(ModeOrdered("o1", ModeKind.LOCK_DOWN, "an operator", "a theft"))
    player.wait(1)
    player.send(hold())
    player.send(StoreFailed("disk full", mode=True))
    assert player.lane.mode.kind is ModeKind.LOCK_DOWN


def test_a_failure_to_store_the_key_does_not_undo_an_order_that_was_stored_before():
    player = Player().wait(1, manual=OFF)
    player.send(ModeOrdered("o1", ModeKind.LOCK_DOWN, "an operator", "a theft"))
    player.wait(1).wait(0.05, manual=ON)
    player.send(StoreFailed("disk full", mode=True))
    player.wait(1, manual=OFF)
    assert player.lane.mode.kind is ModeKind.LOCK_DOWN


def test_a_fire_that_could_not_be_stored_is_stored_later():
    player = Player().wait(1, fire=OFF).wait(0.05, fire=ON)
    player.send(StoreFailed("disk full", mode=True))
    assert kinds(player.wait(40)) == [ModeKind.FIRE, ModeKind.FIRE]


def test_without_limits_whoever_comes_under_a_boom_that_was_told_to_close_is_answered():
    nothing = {"up_limit": NONE, "down_limit": NONE}
    player = Player().wait(1, **nothing).wait(1, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(6).wait(1, closing_loop=ON, arming_loop=OFF).wait(1.1, closing_loop=OFF)
    assert player.told(CloseBarrier)
    player.send(BarrierFailed("no answer"))
    player.wait(0.5, arming_loop=ON).wait(0.1, closing_loop=ON)
    assert player.told(ReopenBarrier)


def test_a_lane_with_a_fire_contact_and_no_reset_takes_the_open_button_for_it():
    player = Player().wait(1, fire=OFF).wait(1, fire=ON, **UP).wait(0.2, open_button=ON)
    assert player.lane.mode.kind is ModeKind.FIRE
    player.wait(1, open_button=OFF, fire=OFF).wait(0.2, open_button=ON)
    assert player.lane.mode.kind is ModeKind.AUTOMATIC


def test_the_open_button_of_a_lane_without_a_fire_contact_ends_no_fire():
    player = Player().wait(1)
    player.send(FireSeen())
    player.wait(1, **UP).wait(0.2, open_button=ON)
    assert player.lane.mode.kind is ModeKind.FIRE


def test_a_plate_that_was_allowed_under_the_key_is_refused_by_the_lock_down_below_it():
    player = Player().wait(1, manual=OFF)
    player.send(ModeOrdered("o1", ModeKind.LOCK_DOWN, "an operator", "a theft"))
    player.wait(1, manual=ON).wait(1, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(5, manual=OFF)
    assert not player.told(OpenBarrier)


def test_without_limits_a_restored_fire_leaves_a_boom_that_is_closed_after_its_reset():
    player = Player()
    player.send(ModeRestored(Mode(ModeKind.FIRE, EPOCH, "lane", "the fire contact")))
    nothing = {"up_limit": NONE, "down_limit": NONE}
    player.wait(5, fire=OFF, fire_reset=OFF, **nothing).wait(0.2, fire_reset=ON).wait(60)
    assert player.told(CloseBarrier)
