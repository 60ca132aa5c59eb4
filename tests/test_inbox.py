"""The door into a lane, when too much comes through it."""

import asyncio
import math

from gateway.inbox import Inbox
from gateway.lane.events import AgentOpens, BarrierFailed, InputsSeen, PlateSeen
from gateway.lane.types import Inputs, Level
from tests.lane.playing import a_reading

PLATE, POLL = PlateSeen(a_reading()), InputsSeen(Inputs(Level.OFF, Level.OFF), 1.0)
ORDER, FAILURE = AgentOpens("1", "2", "agent"), BarrierFailed("it hangs")


def after(room, *events):
    async def story():
        inbox = Inbox(room)
        for event in events:
            inbox.put(event)
        return [await inbox.get() for _ in range(len(inbox))]

    return asyncio.run(story())


def test_plates_go_first_and_every_poll_stays():
    assert after(4, PLATE, POLL, PLATE, POLL, ORDER) == [POLL, POLL, ORDER]


def test_polls_go_when_there_are_no_plates_left_and_the_inputs_are_unknown_then():
    *rest, unknown, last = after(4, POLL, ORDER, POLL, POLL, POLL)
    assert rest == [ORDER]
    assert unknown == InputsSeen(Inputs(), -math.inf)
    assert last == POLL


def test_an_input_that_the_lane_does_not_have_does_not_become_unknown():
    fitted = Inputs(Level.OFF, Level.OFF, fire=Level.OFF)
    _, unknown, _ = after(3, ORDER, InputsSeen(fitted, 1.0), InputsSeen(fitted, 2.0), FAILURE)
    assert (unknown.inputs.fire, unknown.inputs.beam) == (Level.UNKNOWN, Level.NOT_FITTED)


def test_orders_answers_and_failures_are_never_lost_however_many_there_are():
    events = after(4, *[ORDER, FAILURE, PLATE, POLL] * 50)
    assert events.count(ORDER) == events.count(FAILURE) == 50
    assert len(events) <= 100 + 4
