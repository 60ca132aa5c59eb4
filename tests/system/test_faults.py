"""The daemon, a camera and the broker are killed at random moments; the books must balance."""

import json
import random
import time
from datetime import datetime

import pytest

from tests.system.box import NEEDS_MOSQUITTO, Box, a_box

CARS = 50
ORDER_S = 3.0
START_S = 1.5
CROSSING_S = 4.0


def _break_things(box: Box, dice: random.Random) -> list[tuple[float, float]]:
    """Until enough cars came; returns from when to when the daemon was away (wall clock)."""
    away = []
    with box.twin() as twin:
        while twin.truth()["finished"] < CARS:
            time.sleep(dice.uniform(2, 7))
            match dice.choice(["daemon", "camera", "camera", "broker"]):
                case "daemon":
                    killed = time.time()
                    box.kill("daemon")
                    time.sleep(dice.uniform(0, 1.5))
                    box.start_daemon()
                    away.append((killed, time.time() + START_S))
                case "camera":
                    box.kill_an_eye(dice)
                case "broker":
                    box.kill("broker")
                    time.sleep(dice.uniform(0, 2))
                    box.start_broker()
        twin.hold_traffic()
        box.wait_for(lambda: twin.truth()["in_lane"] == 0, "the last cars to go", 60)
    return away


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@NEEDS_MOSQUITTO
@pytest.mark.timeout(600)
def test_fifty_cars_and_many_deaths_lose_nothing_and_move_no_boom_by_themselves(tmp_path):
    with a_box(tmp_path, lanes=4, turn_back_share=0.1) as box:
        box.configure().start_twin()
        box.start_broker()
        box.start_receiver()
        box.start_daemon()
        away = _break_things(box, random.Random(7))
        box.wait_for(box.all_received, "everything to be received", 60)

        _nothing_lost_and_nothing_double(box)
        _no_boom_on_a_car(box)
        _every_opening_has_its_reason(box)
        _no_pass_is_invented(box)
        _every_car_that_was_seen_is_recorded(box, away)
        assert len(away) >= 3


def _nothing_lost_and_nothing_double(box: Box) -> None:
    stored = box.rows("select pass_id, plate, ending from passes")
    received = box.rows("select pass_id, plate, ending from pass", box.received)
    assert sorted(map(tuple, stored)) == sorted(map(tuple, received))
    heard = "select pass_id, kind, count(*) as times from event group by pass_id, kind"
    assert [tuple(row) for row in box.rows(heard, box.received) if row["times"] > 1] == []
    assert _told_in_two_ways(box) == []


def _told_in_two_ways(box: Box) -> list[str]:
    """Passes whose end was told again with another content; one photo more is no other."""
    ended = "select pass_id, body from record where applied and kind = 'pass' and phase = 'ended'"
    told: dict[str, set[str]] = {}
    for row in box.rows(ended, box.received):
        body = json.loads(row["body"]) | {"evidence": []}
        told.setdefault(row["pass_id"], set()).add(json.dumps(body, sort_keys=True))
    return [pass_id for pass_id, ways in told.items() if len(ways) > 1]


def _no_boom_on_a_car(box: Box) -> None:
    assert box.journal("violation") == []


def _every_opening_has_its_reason(box: Box) -> None:
    """A raise by the relay follows a decision that was stored before it, and each serves once."""
    decided = {
        row["pass_id"]: (row["lane"], _seconds(row["decided_at"]))
        for row in box.rows("select * from passes where decided_at is not null")
    }
    for raised in box.journal("boom_opens"):
        if raised["cause"] != "open relay":
            continue
        at = _seconds(raised["at"])
        reasons = [
            pass_id
            for pass_id, (lane, when) in decided.items()
            if lane == raised["lane"] and at - ORDER_S <= when <= at
        ]
        assert reasons, f"{raised} has no decision before it"
        del decided[reasons[0]]


def _no_pass_is_invented(box: Box) -> None:
    for lane in box.names:
        went = [event for event in box.journal("passed") if event["lane"] == lane]
        question = f"select ending from passes where lane = '{lane}' and ending = 'passed'"  # noqa: S608
        assert len(box.rows(question)) <= len(went)


def _every_car_that_was_seen_is_recorded(box: Box, away: list[tuple[float, float]]) -> None:
    """A car that drove over the closing loop while the daemon was there has a record then."""
    visits = [
        (row["lane"], _seconds(row["arrived_at"]), _seconds(row["ended_at"]))
        for row in box.rows("select * from passes")
    ]
    for car in box.journal("passed"):
        at = _seconds(car["at"])
        if any(gone - CROSSING_S <= at <= back + CROSSING_S for gone, back in away):
            continue
        assert any(
            lane == car["lane"] and arrived <= at <= ended + CROSSING_S
            for lane, arrived, ended in visits
        ), f"{car} has no record"
