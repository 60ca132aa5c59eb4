"""What the lane does in the cases that a technician would tell."""

import pytest

from gateway.lane.events import (
    BarrierFailed,
    CloseBarrier,
    OpenBarrier,
    RaiseAlarm,
    ReopenBarrier,
    Resumed,
    StoreDecision,
    StoreFailed,
    StorePass,
)
from gateway.lane.types import (
    AlarmCode,
    Decision,
    Ending,
    Level,
    Reason,
    Verdict,
    Visit,
)
from tests.lane.playing import ALLOW, DENY, EPOCH, TIMING, Player

ON, OFF, UNKNOWN = Level.ON, Level.OFF, Level.UNKNOWN
UP = {"up_limit": ON, "down_limit": OFF}
DOWN = {"up_limit": OFF, "down_limit": ON}
BETWEEN = {"up_limit": OFF, "down_limit": OFF}


def at_the_boom(**options) -> Player:
    return Player(**options).wait(1).wait(0.5, arming_loop=ON)


def let_in(**options) -> Player:
    return at_the_boom(**options).see("京A12345", "京A12345").wait(2, **BETWEEN).wait(0.5, **UP)


def endings(player: Player) -> list[Ending]:
    return [command.record.ending for command in player.told(StorePass)]


def alarms(player: Player) -> list[AlarmCode]:
    return [command.code for command in player.told(RaiseAlarm)]


def test_an_allowed_car_opens_passes_and_the_boom_closes():
    player = let_in()
    assert player.state == "Open"
    player.wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    assert player.state == "Closing"
    player.wait(3, **DOWN)
    assert player.state == "Idle"
    assert [type(command) for command in player.commands[1:]] == [
        StoreDecision,
        OpenBarrier,
        StorePass,
        CloseBarrier,
    ]
    assert endings(player) == [Ending.PASSED]


def test_a_car_that_turns_back_is_not_a_pass():
    player = let_in().wait(50, arming_loop=OFF)
    assert endings(player) == [Ending.TURNED_BACK]
    assert player.told(CloseBarrier)


def test_a_denied_car_keeps_the_boom_down_and_is_recorded_when_it_leaves():
    player = at_the_boom(decision=DENY).see("京A12345", "京A12345").wait(5)
    assert player.state == "Waiting"
    player.wait(2, arming_loop=OFF)
    assert (player.state, endings(player)) == ("Idle", [Ending.LEFT])
    assert not player.told(OpenBarrier)


def test_one_frame_is_not_enough_to_open():
    player = at_the_boom().see("京A12345").wait(3)
    assert player.state == "Waiting"
    assert not player.told(OpenBarrier)


def test_a_denied_misreading_is_decided_anew_when_the_vote_turns():
    player = at_the_boom(decision=DENY).see("京A12B45", "京A12B45").wait(1)
    player.decision = ALLOW
    player.see(*["京A12345"] * 5)
    assert player.told(OpenBarrier)
    assert player.lane.visit.reading.text == "京A12345"


def test_a_plate_without_a_vehicle_on_the_loop_opens_nothing():
    player = Player().wait(1).see(*["京A12345"] * 20).wait(1)
    assert (player.state, player.commands) == ("Idle", [])


def test_a_short_touch_of_the_loop_is_no_visit():
    player = Player().wait(1).wait(0.2, arming_loop=ON).wait(1, arming_loop=OFF)
    assert (player.state, player.commands) == ("Idle", [])


def test_no_plate_becomes_a_case_after_fifteen_seconds():
    player = at_the_boom().wait(14)
    assert alarms(player) == []
    player.wait(5)
    assert alarms(player) == [AlarmCode.NO_PLATE]


def test_the_button_opens_an_empty_lane_and_its_visit_is_recorded():
    player = Player().wait(1).wait(0.2, open_button=ON).wait(2, **UP)
    assert player.told(OpenBarrier)
    assert player.lane.visit.decision == Decision(Verdict.ALLOW, Reason.OPEN_BUTTON)
    player.wait(50, open_button=OFF)
    assert endings(player) == [Ending.TURNED_BACK]


def test_a_button_that_is_stuck_at_start_opens_nothing():
    player = Player().wait(5, open_button=ON)
    assert player.commands == []


def test_presence_while_closing_reopens_before_anything_is_written():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.commands.clear()
    player.wait(0.1, closing_loop=ON, **BETWEEN)
    assert [type(command) for command in player.commands] == [
        ReopenBarrier,
        StoreDecision,
        RaiseAlarm,
    ]
    player.wait(2, closing_loop=OFF).wait(6, **DOWN)
    assert endings(player) == [Ending.PASSED]
    assert player.state == "Idle"


def test_a_lost_loop_while_closing_reopens_and_invents_no_vehicle():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.wait(0.1, closing_loop=UNKNOWN)
    assert player.told(ReopenBarrier)
    assert player.lane.visit is None


def test_a_trailer_gap_shorter_than_the_clear_time_keeps_the_boom_up():
    player = let_in().wait(2, closing_loop=ON).wait(0.8, closing_loop=OFF)
    player.wait(1, closing_loop=ON)
    assert not player.told(CloseBarrier)
    assert player.state == "Passing"


def test_nothing_is_closed_after_a_gap_in_the_polls():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(0.5, closing_loop=OFF)
    player.seconds += 10
    player.wait(0.5)
    assert not player.told(CloseBarrier)
    player.wait(1)
    assert player.told(CloseBarrier)


def test_a_boom_that_stays_down_is_asked_once_more_and_then_named():
    player = at_the_boom().see("京A12345", "京A12345").wait(TIMING.motion_s + 0.5)
    assert len(player.told(OpenBarrier)) == 2
    player.wait(TIMING.motion_s + 0.5)
    assert len(player.told(OpenBarrier)) == 2
    assert (player.state, endings(player)) == ("Fault", [Ending.FAILED])
    assert alarms(player) == [AlarmCode.BOOM_FAULT]


def test_a_lost_confirmation_is_settled_by_the_limits_not_by_a_second_order():
    player = at_the_boom().see("京A12345", "京A12345")
    player.send(BarrierFailed("no answer"))
    player.wait(2, **BETWEEN).wait(1, **UP)
    assert len(player.told(OpenBarrier)) == 1
    assert player.state == "Open"


def test_a_closing_order_that_was_lost_is_given_again_only_after_a_new_look():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.send(BarrierFailed("no answer"))
    player.wait(10, closing_loop=ON)
    player.wait(40, closing_loop=OFF)
    assert len(player.told(CloseBarrier)) == 2


def test_without_a_stored_reason_the_boom_stays_down_and_the_lane_tries_again():
    player = at_the_boom().see("京A12345", "京A12345")
    player.send(StoreFailed("disk full"))
    assert player.state == "Waiting"
    player.see("京A12345", "京A12345")
    assert player.state == "Opening"


def test_a_vehicle_that_goes_through_without_leave_is_recorded_as_such():
    player = at_the_boom(decision=DENY).see("京A12345", "京A12345")
    player.wait(2, closing_loop=ON, **UP).wait(1.5, closing_loop=OFF, arming_loop=OFF)
    assert alarms(player)[0] is AlarmCode.NOT_LET_IN
    (record,) = (command.record for command in player.told(StorePass))
    assert (record.ending, record.visit.decision.verdict) == (Ending.PASSED, Verdict.DENY)


def test_the_wrong_way_is_alarmed_once_and_moves_nothing():
    player = Player().wait(1).wait(5, closing_loop=ON).wait(5, closing_loop=OFF)
    assert alarms(player) == [AlarmCode.WRONG_WAY]
    assert len(player.commands) == 1


def test_a_boom_raised_by_hand_is_told_and_left_up():
    player = Player().wait(1).wait(300, **UP)
    assert alarms(player) == [AlarmCode.UNEXPLAINED_RAISE]
    assert not player.told(CloseBarrier)


def test_a_vehicle_before_the_open_boom_is_told_and_the_boom_stays_up():
    player = let_in().wait(200)
    assert AlarmCode.LOITERING in alarms(player)
    assert not player.told(CloseBarrier)


def test_a_stuck_closing_loop_is_told_and_never_closed_on():
    player = let_in().wait(300, closing_loop=ON, arming_loop=OFF)
    assert alarms(player) == [AlarmCode.LOOP_STUCK] * 2
    assert not player.told(CloseBarrier)


@pytest.mark.parametrize(("boom", "ending"), [(DOWN, Ending.INTERRUPTED), (UP, Ending.PASSED)])
def test_after_a_restart_a_visit_is_completed_or_closed_as_interrupted(boom, ending):
    player = Player()
    player.send(Resumed(Visit("1" * 32, EPOCH, ALLOW)))
    player.wait(1, **boom).wait(2, closing_loop=ON).wait(1.5, closing_loop=OFF)
    assert endings(player) == [ending]
    assert not player.told(OpenBarrier)


def test_after_a_restart_under_an_open_boom_the_lane_closes_when_nobody_came():
    player = Player()
    player.send(Resumed(Visit("1" * 32, EPOCH, ALLOW)))
    player.wait(44, **UP)
    assert player.commands == []
    player.wait(3)
    assert endings(player) == [Ending.INTERRUPTED]
    assert player.told(CloseBarrier)


def test_at_start_nothing_moves_and_an_open_boom_waits_for_a_clear_lane():
    player = Player().wait(20, closing_loop=ON, **UP)
    player.wait(40, closing_loop=OFF)
    assert len(player.told(CloseBarrier)) == 1
