"""The poller: how often it asks, and what it tells of a board that is lost."""

import asyncio

from gateway.inbox import Inbox
from gateway.lane.events import InputsSeen, Noticed
from gateway.lane.reports import AlarmCode
from gateway.lane.types import Inputs
from gateway.polling import Poller
from gateway.ports import DeviceError
from tests.lane.playing import QUIET

PERIOD_S = 0.01


class Board:
    """Answers with what it was given, one after the other; the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def read(self):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def polled(board, until, fresh_s=0.0):
    """What came into the inbox, and what health was told, `until` is true."""

    async def story():
        inbox, told = Inbox(), []
        poller = Poller(
            "entry-1", board, inbox, period_s=PERIOD_S, fresh_s=fresh_s, told=told.append
        )
        task = asyncio.create_task(poller.run())
        async with asyncio.timeout(20):
            while not until():
                await asyncio.sleep(PERIOD_S)
        task.cancel()
        return [await inbox.get() for _ in range(len(inbox))], told

    return asyncio.run(story())


def alarms(events):
    return [(event.code, event.detail) for event in events if isinstance(event, Noticed)]


def test_each_loss_is_one_alarm_and_health_follows_the_newest_sentence(monkeypatch):
    monkeypatch.setattr("gateway.polling.LOST_PERIOD_S", PERIOD_S)
    board = Board(
        DeviceError("no answer"), DeviceError("bad CRC"), QUIET, DeviceError("no port"), QUIET
    )
    events, told = polled(board, lambda: board.asked >= 6)
    assert alarms(events) == [
        (AlarmCode.INPUTS_LOST, "no answer"),
        (AlarmCode.INPUTS_LOST, "no port"),
    ]
    assert told[:5] == ["no answer", "bad CRC", "", "no port", ""]


def test_a_lost_board_is_asked_once_a_second_and_a_well_one_at_its_period():
    """Two hundred looks of 10 ms: a well board is asked at most, a lost one hardly."""
    looks = iter(range(200))
    lost, well = Board(DeviceError("no answer")), Board(QUIET)
    polled(lost, lambda: next(looks, None) is None or lost.asked > 20)
    polled(well, lambda: well.asked > 20)
    assert lost.asked <= 20 < well.asked


def test_a_board_that_is_back_is_asked_at_its_period_again():
    board = Board(DeviceError("no answer"), QUIET)
    events, told = polled(board, lambda: board.asked >= 10)
    assert told[:2] == ["no answer", ""]
    assert [event.inputs for event in events if isinstance(event, InputsSeen)][:1] == [Inputs()]


def test_one_missed_answer_is_no_loss():
    board = Board(QUIET, DeviceError("no answer"), QUIET)
    events, told = polled(board, lambda: board.asked >= 4, fresh_s=5.0)
    assert alarms(events) == []
    assert set(told) == {""}
