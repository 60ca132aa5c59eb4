"""The simulated world: boom, loops, cars and traffic, step by step."""

import json
from dataclasses import replace

import pytest

from drivers.twins.boom import Boom
from drivers.twins.carpark import CarPark
from drivers.twins.cars import Arrival, Manner
from drivers.twins.journal import Journal
from drivers.twins.traffic import Traffic, TrafficSettings, plate_colour
from drivers.twins.world import LaneWorld
from gateway.lane.types import PlateColour

STEP_S = 0.01
UP, DOWN, ARMING, CLOSING, BUTTON = 0, 1, 2, 3, 6
STEADY = Arrival(plate="京A12345", colour=PlateColour.BLUE, reaction_s=0.5, patience_s=20)


class Lane:
    """A world with its relays in hand."""

    def __init__(self, path=None, **traffic):
        self.journal = Journal(path)
        settings = TrafficSettings.model_validate({"max_cars": 0} | traffic)
        self.world = LaneWorld(
            name="entry-1",
            boom=Boom(travel_s=2.0),
            traffic=Traffic(settings, "entry-1"),
            journal=self.journal,
        )

    def run(self, seconds, *, opens=False, closes=False):
        for _ in range(round(seconds / STEP_S)):
            self.world.step(STEP_S, (opens, closes))

    def pulse(self, *, opens=False, closes=False):
        self.run(0.5, opens=opens, closes=closes)

    def until(self, contact, *, closed, within_s=30.0):
        for _ in range(round(within_s / STEP_S)):
            if self.world.contacts()[contact] is closed:
                return
            self.run(STEP_S)
        raise AssertionError(f"input {contact} is not {closed} within {within_s} s")

    def count(self, event):
        return self.journal.count("entry-1", event)


# --- boom and loops ----------------------------------------------------------------------


def test_a_pulse_opens_the_boom_in_its_travel_time_and_the_limits_tell():
    lane = Lane()
    assert lane.world.contacts()[DOWN]
    lane.pulse(opens=True)
    assert not lane.world.contacts()[DOWN]
    assert not lane.world.contacts()[UP]
    lane.run(1.2)
    assert not lane.world.contacts()[UP]
    lane.run(0.5)
    assert lane.world.contacts()[UP]
    assert lane.count("boom_opens") == lane.count("boom_up") == 1


def test_an_order_the_other_way_turns_a_moving_boom_round():
    lane = Lane()
    lane.pulse(opens=True)
    lane.run(0.5)
    lane.pulse(closes=True)
    lane.until(DOWN, closed=True)
    assert lane.count("boom_up") == 0


def test_a_close_order_is_not_obeyed_while_the_open_contact_is_held():
    lane = Lane()
    lane.run(3, opens=True)
    lane.run(3, opens=True, closes=True)
    assert lane.world.contacts()[UP]


def test_a_relay_that_stays_closed_is_one_order_and_not_many():
    lane = Lane()
    lane.run(3, opens=True)
    lane.pulse(closes=True)
    lane.run(3, closes=True)
    lane.pulse(opens=True, closes=True)
    lane.run(3, closes=True)
    assert lane.world.contacts()[UP]


def test_a_jammed_boom_does_not_move():
    lane = Lane()
    lane.world.jam(jammed=True)
    lane.pulse(opens=True)
    lane.run(5)
    assert lane.world.contacts()[DOWN]


def test_a_loop_answers_a_tenth_of_a_second_after_the_metal():
    lane = Lane()
    lane.world.add(STEADY)
    while lane.world.cars[0].front_m <= -5.0:
        lane.run(STEP_S)
    lane.run(0.05)
    assert not lane.world.contacts()[ARMING]
    lane.run(0.1)
    assert lane.world.contacts()[ARMING]


def test_the_button_is_pressed_for_a_third_of_a_second():
    lane = Lane()
    lane.world.press()
    lane.run(0.25)
    assert lane.world.contacts()[BUTTON]
    lane.run(0.1)
    assert not lane.world.contacts()[BUTTON]


# --- cars --------------------------------------------------------------------------------


def test_a_car_waits_on_the_arming_loop_until_the_boom_is_up_and_then_passes():
    lane = Lane()
    lane.world.add(STEADY)
    lane.run(15)
    assert lane.world.contacts()[ARMING]
    assert lane.world.contacts()[CLOSING], "free: the contact is closed"
    lane.pulse(opens=True)
    lane.until(CLOSING, closed=False)
    assert lane.world.contacts()[UP]
    lane.until(CLOSING, closed=True)
    assert not lane.world.contacts()[ARMING]
    assert lane.count("passed") == 1
    assert lane.count("violation") == 0
    lane.run(5)
    assert lane.world.cars == []


def test_no_car_drives_through_a_boom_that_comes_down_before_it():
    lane = Lane()
    car = lane.world.add(STEADY)
    lane.run(10)
    lane.pulse(opens=True)
    lane.until(UP, closed=True)
    while car.speed_mps < 0.3:
        lane.run(STEP_S)
    lane.pulse(closes=True)
    lane.run(10)
    assert car.front_m < 0
    assert lane.count("violation") == 0
    lane.pulse(opens=True)
    lane.run(10)
    assert lane.count("passed") == 1


def test_a_boom_forced_down_on_a_car_is_a_violation_and_turns_back():
    lane = Lane()
    car = lane.world.add(STEADY)
    lane.run(10)
    lane.pulse(opens=True)
    while car.front_m < 0.5:
        lane.run(STEP_S)
    lane.world.boom.angle_deg = 60
    lane.pulse(closes=True)
    lane.run(5)
    assert lane.count("violation") == 1
    assert lane.count("boom_down") == 0
    assert lane.world.contacts()[UP]


@pytest.mark.parametrize("manner", [Manner.TURNS_BACK_EARLY, Manner.TURNS_BACK_LATE])
def test_a_driver_who_turns_back_never_comes_to_the_closing_loop(manner):
    lane = Lane()
    lane.world.add(replace(STEADY, manner=manner))
    lane.until(ARMING, closed=True)
    if manner is Manner.TURNS_BACK_LATE:
        lane.run(5)
        assert lane.world.contacts()[ARMING], "before the boom is up it does not turn"
    lane.pulse(opens=True)
    for _ in range(2000):
        lane.run(STEP_S)
        assert lane.world.contacts()[CLOSING]
    assert lane.count("turned_back") == 1
    assert lane.world.cars == []


def test_a_car_that_is_not_let_in_gives_up_when_its_patience_ends():
    lane = Lane()
    lane.world.add(STEADY)
    lane.run(20)
    assert lane.count("gave_up") == 0
    lane.run(15)
    assert lane.count("gave_up") == 1


def test_the_next_car_stops_behind_the_one_that_passes():
    lane = Lane()
    first = lane.world.add(STEADY)
    second = lane.world.add(STEADY)
    lane.run(10)
    assert second.front_m < first.tail_m - 1
    assert second.front_m < -5, "not on the arming loop"
    lane.pulse(opens=True)
    lane.run(3)
    lane.until(CLOSING, closed=False)
    lane.until(CLOSING, closed=True)
    lane.pulse(closes=True)
    lane.run(4)
    assert lane.count("passed") == 1
    assert lane.world.contacts()[ARMING], "the second waits for its own opening"


def test_a_cars_outcome_is_written_once_with_its_plate(tmp_path):
    lane = Lane(tmp_path / "truth.jsonl")
    lane.world.add(STEADY)
    lane.run(40)
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [(line["event"], line["plate"]) for line in lines] == [
        ("arrived", "京A12345"),
        ("gave_up", "京A12345"),
    ]


# --- traffic -----------------------------------------------------------------------------


def drawn(count, **settings):
    traffic = Traffic(TrafficSettings.model_validate({"mean_gap_s": 1} | settings), "entry-1")
    return [traffic.due(1e6 * (turn + 1)) for turn in range(count)]


def test_the_same_seed_sends_the_same_cars():
    assert drawn(50, seed=3) == drawn(50, seed=3)
    assert drawn(50, seed=3) != drawn(50, seed=4)


def test_plates_obey_the_standard():
    for arrival in drawn(500, yellow_share=0.2):
        serial = arrival.plate[2:]
        assert not set("IO") & set(arrival.plate)
        if arrival.colour is PlateColour.GREEN:
            assert len(arrival.plate) == 8
            assert serial[0] in "DF"
            assert serial[2:].isdigit()
        else:
            assert len(arrival.plate) == 7
            assert sum(letter.isalpha() for letter in serial) <= 2


def test_cars_come_from_the_list_and_stop_after_the_last():
    cars = drawn(5, max_cars=3, plates=["京A12345", "粤BD12345", "沪C1234D黄"])
    assert [car and (car.plate, car.colour.value) for car in cars] == [
        ("京A12345", "blue"),
        ("粤BD12345", "green"),
        ("沪C1234D", "yellow"),
        None,
        None,
    ]
    assert plate_colour("") is PlateColour.UNKNOWN


def test_held_traffic_sends_no_car():
    traffic = Traffic(TrafficSettings(), "entry-1")
    traffic.held = True
    assert traffic.due(1e9) is None


def test_who_came_in_by_one_lane_leaves_by_the_other_and_nobody_else_does():
    parks = {"in": CarPark()}
    entry = Traffic(TrafficSettings(seed=2, mean_gap_s=5, max_cars=30), "in", parks)
    leaving = TrafficSettings(seed=2, mean_gap_s=1, after="in", mean_stay_s=20)
    exit_ = Traffic(leaving, "out", parks)
    came, left, refused = [], [], set()
    for tenth in range(20_000):
        now_s = tenth / 10
        if (car := entry.due(now_s)) is not None:
            came.append(car.plate)
            entry.gone(car, now_s, passed=True)
        if (car := exit_.due(now_s)) is not None:
            gets_out = len(refused) >= 5 or car.plate in refused
            exit_.gone(car, now_s, passed=gets_out)
            left += [car.plate] if gets_out else []
            refused.add(car.plate)
    assert sorted(left) == sorted(came)
    assert len(parks["in"]) == 0
