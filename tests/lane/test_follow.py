"""Two vehicles at one boom: the one behind, the one from inside, the one that never came."""

from dataclasses import replace

from gateway.lane.events import (
    CloseBarrier,
    CloseCase,
    OpenBarrier,
    OpenCase,
    PlateSeen,
    RaiseAlarm,
    ReopenBarrier,
    Reshoot,
    StoreDecision,
    StorePass,
    TakePhoto,
)
from gateway.lane.reports import AlarmCode
from gateway.lane.sensors import Timing
from gateway.lane.types import Ending, Level, PlateColour, Reason
from tests.lane.playing import ALLOW, DENY, Player, a_reading

ON, OFF, UNKNOWN = Level.ON, Level.OFF, Level.UNKNOWN
UP = {"up_limit": ON, "down_limit": OFF}
DOWN = {"up_limit": OFF, "down_limit": ON}


def first_under_boom(**options) -> Player:
    """京A12345 was let in and stands on the closing loop; the arming loop is free."""
    player = Player(**options).wait(1).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    return player.wait(3, **UP).wait(1, closing_loop=ON).wait(1, arming_loop=OFF)


def records(player: Player) -> list[tuple[str, Reason, Ending]]:
    found = [command.record for command in player.told(StorePass)]
    return [
        (one.visit.reading.text if one.visit.reading else "", one.visit.decision.reason, one.ending)
        for one in found
    ]


def alarms(player: Player) -> list[AlarmCode]:
    return [command.code for command in player.told(RaiseAlarm)]


def test_the_next_car_that_may_pass_too_gets_its_own_pass_and_the_boom_stays_up():
    player = first_under_boom().wait(0.5, arming_loop=ON).see("沪B67890", "沪B67890")
    player.wait(2, closing_loop=OFF)
    assert not player.told(CloseBarrier)
    player.wait(1, closing_loop=ON).wait(1, arming_loop=OFF).wait(2, closing_loop=OFF)
    assert records(player) == [
        ("京A12345", Reason.ALLOW_LIST, Ending.PASSED),
        ("沪B67890", Reason.ALLOW_LIST, Ending.PASSED),
    ]
    assert len(player.told(OpenBarrier)) == 2
    assert player.told(CloseBarrier)


def test_the_next_car_that_may_not_finds_the_boom_closing():
    player = first_under_boom()
    player.decision = DENY
    player.wait(0.5, arming_loop=ON).see("沪B67890", "沪B67890").wait(2, closing_loop=OFF)
    assert player.told(CloseBarrier)
    assert len(player.told(OpenBarrier)) == 1


def test_whoever_follows_without_leave_is_recorded_as_such_and_photographed():
    player = first_under_boom()
    player.decision = DENY
    player.wait(0.5, arming_loop=ON).see("沪B67890", "沪B67890")
    player.wait(0.3, closing_loop=OFF).wait(1, closing_loop=ON).wait(1, arming_loop=OFF)
    player.wait(2, closing_loop=OFF)
    assert records(player)[1] == ("沪B67890", Reason.UNPAID_FOLLOW, Ending.PASSED)
    assert AlarmCode.TAILGATE in alarms(player)
    assert player.told(TakePhoto)


def test_the_plate_of_the_car_in_front_is_no_second_car():
    player = first_under_boom().wait(0.5, arming_loop=ON).see(*["京A12345"] * 6)
    player.wait(2, closing_loop=OFF)
    assert player.told(CloseBarrier)


def test_a_trailer_gap_of_a_lorry_ends_no_pass():
    lorry = replace(a_reading("京A12345"), colour=PlateColour.YELLOW)
    player = Player().wait(1).wait(0.5, arming_loop=ON)
    player.send(PlateSeen(lorry))
    player.send(PlateSeen(lorry))
    player.wait(3, **UP).wait(1, closing_loop=ON).wait(1, arming_loop=OFF)
    player.wait(1.6, closing_loop=OFF).wait(1, closing_loop=ON).wait(3, closing_loop=OFF)
    assert len(records(player)) == 1


def test_whoever_comes_from_inside_after_the_driver_turned_back_is_no_pass():
    player = Player().wait(1).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(3, **UP).wait(12, arming_loop=OFF).wait(2, closing_loop=ON)
    assert records(player) == [("京A12345", Reason.ALLOW_LIST, Ending.TURNED_BACK)]
    assert AlarmCode.WRONG_WAY in alarms(player)
    assert not player.told(CloseBarrier)
    player.wait(2, closing_loop=OFF)
    assert player.told(CloseBarrier)


def test_a_car_that_is_slow_between_the_loops_still_passes():
    player = Player().wait(1).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(3, **UP).wait(8, arming_loop=OFF).wait(2, closing_loop=ON).wait(2, closing_loop=OFF)
    assert records(player) == [("京A12345", Reason.ALLOW_LIST, Ending.PASSED)]


def test_a_vehicle_that_stood_under_the_boom_before_proves_nothing_for_the_one_let_in():
    player = Player().wait(1).wait(1, closing_loop=ON).wait(0.5, arming_loop=ON)
    player.see("京A12345", "京A12345").wait(3, **UP).wait(2, closing_loop=OFF)
    assert records(player) == []
    player.wait(1, closing_loop=ON, arming_loop=OFF).wait(2, closing_loop=OFF)
    assert records(player) == [("京A12345", Reason.ALLOW_LIST, Ending.PASSED)]


def test_the_plate_that_just_passed_opens_for_no_other_vehicle():
    player = first_under_boom().wait(2, closing_loop=OFF).wait(3, **DOWN)
    player.wait(1, arming_loop=ON).see(*["京A12345"] * 5).wait(1)
    assert len(player.told(OpenBarrier)) == 1
    player.wait(10).see("京A12345", "京A12345")
    assert len(player.told(OpenBarrier)) == 2


def test_a_beam_that_is_interrupted_while_closing_reopens_and_invents_no_vehicle():
    player = first_under_boom().wait(2, closing_loop=OFF, beam=OFF)
    assert player.told(CloseBarrier)
    player.wait(0.1, beam=ON)
    assert player.told(ReopenBarrier)
    assert len(player.told(StoreDecision)) == 1


def test_an_interrupted_or_unknown_beam_keeps_the_boom_up():
    player = first_under_boom().wait(0.1, beam=ON).wait(30, closing_loop=OFF)
    assert not player.told(CloseBarrier)
    player.wait(30, beam=UNKNOWN)
    assert not player.told(CloseBarrier)
    player.wait(3, beam=OFF)
    assert player.told(CloseBarrier)


def test_a_boom_that_moved_too_often_stays_up_for_a_minute():
    player = Player(timing=Timing(motions_per_min=4)).wait(1)
    for _ in range(3):
        player.wait(0.5, arming_loop=ON).see("京A12345", "京A12345").wait(1, **UP)
        player.wait(1, closing_loop=ON, arming_loop=OFF).wait(1.5, closing_loop=OFF).wait(1, **DOWN)
        player.lane = replace(player.lane, recent=())
    assert len(player.told(OpenBarrier)) + len(player.told(CloseBarrier)) <= 5
    assert alarms(player).count(AlarmCode.DUTY) == 1


def doubt(text="京A12345"):
    return PlateSeen(replace(a_reading(text), sure=False, min_char=0.3))


def test_a_doubtful_plate_is_looked_at_three_times_more_and_then_somebody_is_called():
    player = Player().wait(1).wait(0.5, arming_loop=ON)
    for _ in range(4):
        player.send(doubt())
        player.wait(2.2)
    assert len(player.told(Reshoot)) == 3
    (case,) = [command.case for command in player.told(OpenCase)]
    assert [one.text for one in case.visit.candidates] == ["京A12345"]
    assert player.told(TakePhoto)


def test_a_case_ends_when_the_vehicle_leaves():
    player = Player(decision=DENY).wait(1).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(20).wait(3, arming_loop=OFF)
    (opened,) = [command.case for command in player.told(OpenCase)]
    (closed,) = player.told(CloseCase)
    assert (closed.case_id, closed.outcome) == (opened.case_id, "the vehicle left")


def test_a_case_ends_when_the_vehicle_is_let_in():
    player = Player(decision=DENY).wait(1).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    player.wait(20)
    player.decision = ALLOW
    player.see(*["沪B67890"] * 9)
    (closed,) = player.told(CloseCase)
    assert closed.outcome == "let in: allow_list"
