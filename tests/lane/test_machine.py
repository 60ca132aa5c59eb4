"""What the lane does in the cases that a technician would tell."""

import pytest

from gateway.lane.events import (
    BarrierFailed,
    CloseBarrier,
    Decided,
    InputsSeen,
    OpenBarrier,
    PlateSeen,
    RaiseAlarm,
    ReopenBarrier,
    Resumed,
    StoreDecision,
    StoreFailed,
    StorePass,
    StoreRaise,
    TakePhoto,
    Tick,
)
from gateway.lane.machine import step
from gateway.lane.reports import AlarmCode
from gateway.lane.types import DecidedBy, Decision, Ending, Inputs, Level, Reason, Verdict, Visit
from tests.lane.playing import ALLOW, DENY, EPOCH, TIMING, Player, a_reading, at

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
        StoreRaise,
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
    player = at_the_boom().see("京A12345").wait(9)
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
    assert player.lane.visit.decision == Decision(
        Verdict.ALLOW, Reason.OPEN_BUTTON, DecidedBy.PERSON
    )
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
        TakePhoto,
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


def test_a_boom_that_is_not_up_over_a_vehicle_is_told_to_rise_until_it_does():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.wait(0.1, closing_loop=ON, **BETWEEN)
    player.send(BarrierFailed("no answer"))
    player.wait(3.2, **DOWN)
    assert len(player.told(ReopenBarrier)) == 4
    player.wait(2, **BETWEEN).commands.clear()
    player.wait(5, **UP)
    assert not player.told(ReopenBarrier)


def test_a_lost_closing_order_whose_boom_comes_down_all_the_same_meets_presence_with_a_rise():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.send(BarrierFailed("no answer"))
    player.wait(0.5, **BETWEEN).wait(0.1, closing_loop=ON)
    assert len(player.told(ReopenBarrier)) == 1


def test_inputs_that_fall_silent_while_closing_are_unknown():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.seconds += 1
    player.send(Tick())
    assert player.told(ReopenBarrier)


def test_an_order_lost_with_the_bus_is_given_again_when_the_bus_is_back():
    player = at_the_boom().see("京A12345", "京A12345")
    player.send(BarrierFailed("no answer"))
    lost = dict.fromkeys(("up_limit", "down_limit", "closing_loop", "arming_loop"), UNKNOWN)
    player.wait(10, **lost)
    assert len(player.told(OpenBarrier)) == 1
    player.wait(0.5, closing_loop=OFF, arming_loop=ON, **DOWN)
    assert len(player.told(OpenBarrier)) == 2


def test_without_limits_a_lost_order_is_given_once_more():
    nothing = {"up_limit": UNKNOWN, "down_limit": UNKNOWN}
    player = Player().wait(1, **nothing).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    player.send(BarrierFailed("no answer"))
    player.wait(TIMING.motion_s + 2)
    assert len(player.told(OpenBarrier)) == 2
    assert player.state == "Open"


def test_a_boom_that_comes_down_by_itself_before_a_waiting_vehicle_rises_again():
    player = let_in().wait(5).wait(1, **DOWN)
    assert len(player.told(OpenBarrier)) == 2


def test_the_button_always_orders_the_boom_to_rise():
    player = let_in().wait(1)
    player.wait(0.2, open_button=ON).wait(0.2, open_button=OFF)
    assert len(player.told(OpenBarrier)) == 2
    player.wait(1, closing_loop=ON).wait(0.2, open_button=ON)
    assert len(player.told(OpenBarrier)) == 3


def test_presence_goes_before_the_button_while_the_boom_comes_down():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.commands.clear()
    player.wait(0.0, closing_loop=ON, open_button=ON)
    assert isinstance(player.commands[0], ReopenBarrier)


def test_a_boom_that_stays_up_is_told_and_closed_again_after_a_new_look():
    player = let_in().wait(2, closing_loop=ON, arming_loop=OFF).wait(1.2, closing_loop=OFF)
    player.wait(TIMING.motion_s + TIMING.no_passage_s + 1)
    assert AlarmCode.BOOM_FAULT in alarms(player)
    assert len(player.told(CloseBarrier)) == 2


def test_a_fault_ends_after_its_pause_also_where_the_boom_is_not_down():
    player = at_the_boom().see("京A12345", "京A12345").wait(2 * TIMING.motion_s + 1)
    assert player.state == "Fault"
    player.wait(60, arming_loop=OFF, **UP).wait(60)
    assert player.told(CloseBarrier)


def test_a_decision_that_comes_late_still_counts():
    player = at_the_boom()
    player.lane, commands = step(
        player.see("京A12345").lane, PlateSeen(a_reading()), at(player.seconds), TIMING
    )
    (question,) = commands
    player.wait(2)
    assert player.state == "Waiting"
    player.send(Decided(question.pass_id, question.reading.text, ALLOW))
    assert player.state == "Opening"


def test_a_late_decision_about_an_earlier_reading_lets_nobody_in():
    player = at_the_boom(decision=DENY).see("京A12B45", "京A12B45")
    player.see(*["京A12345"] * 5)
    assert player.lane.visit.reading.text == "京A12345"
    player.send(Decided(player.lane.visit.pass_id, "京A12B45", ALLOW))
    assert not player.told(OpenBarrier)


def test_what_waited_in_a_queue_does_not_make_a_visit_end():
    player = at_the_boom().see("京A12345")
    gone = Inputs(Level.OFF, Level.OFF, Level.OFF, Level.ON, Level.OFF)
    read_at = player.seconds
    player.seconds += 2
    player.send(InputsSeen(gone, read_at + 0.05))
    player.send(InputsSeen(player.inputs, read_at + 0.1))
    assert endings(player) == []
