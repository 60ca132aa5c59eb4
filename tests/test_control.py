"""What a person at this machine tells about parking, through the socket, to the byte."""

import asyncio
import json
import logging

import pytest

from gateway.control import NO_PARKING, SOCKET, listening, tell
from gateway.orders import Order
from gateway.store import StoreError
from gateway.sync.telling import Close, Pay, decode

ID, SESSION = "a" * 32, "b" * 32
CLOSE = {"do": "close", "id": ID, "session_id": SESSION, "by": "王伟", "reason": "towed away"}
PAY = {
    "do": "pay", "id": ID, "plate": "京A12345", "amount_fen": 500, "by": "cash (王伟)",
    "at": "2026-11-23T04:00:00.000Z",
}  # fmt: skip


class NoLanes:
    """A box whose lanes take no orders."""

    async def give(self, order: Order) -> str:
        return f"there is no lane {order.lane}"


class Desk:
    """Takes what is told, and answers as it was made to."""

    def __init__(self, answer="done"):
        self.answer = answer
        self.taken = []

    async def tell(self, told):
        self.taken.append(told)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def answered(folder, order, desk):
    async def play():
        async with listening(folder, NoLanes(), {}, desk and desk.tell):
            return await asyncio.to_thread(tell, folder, order, "王伟")

    return asyncio.run(play())


@pytest.mark.parametrize(("order", "kind"), [(CLOSE, Close), (PAY, Pay)])
def test_what_is_told_is_what_the_cloud_would_tell(tmp_path, order, kind):
    desk = Desk()
    assert answered(tmp_path, order, desk) == "done"
    assert desk.taken == [decode(json.dumps(order).encode())]
    assert isinstance(desk.taken[0], kind)


def test_what_stands_against_it_comes_back_as_a_sentence(tmp_path):
    assert answered(tmp_path, CLOSE, Desk("there is no such stay")) == "there is no such stay"


def test_what_cannot_be_recorded_is_not_done(tmp_path):
    answer = answered(tmp_path, CLOSE, Desk(StoreError("lanegate.db: no space left for it")))
    assert answer == (
        "not carried out, because it cannot be recorded: lanegate.db: no space left for it"
    )


def test_a_box_without_a_car_park_says_so(tmp_path):
    assert answered(tmp_path, CLOSE, None) == NO_PARKING


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({**CLOSE, "session_id": "x"}, "not understood: field 'session_id'"),
        ({**PAY, "amount_fen": -5}, "not understood: field 'amount_fen'"),
        ({**CLOSE, "do": "burn"}, "not understood: nobody on this machine tells 'burn'"),
        (
            {"do": "answer", "ask_id": ID, "answer": "paid"},
            "not understood: nobody on this machine tells 'answer'",
        ),
        (["close"], "not understood: not a JSON object"),
        ({}, "not understood: field 'do'"),
    ],
)
def test_what_the_cloud_would_not_tell_is_not_understood(tmp_path, order, words):
    desk = Desk()
    assert answered(tmp_path, order, desk).startswith(words)
    assert desk.taken == []


def test_who_tells_is_logged_and_no_plate_is(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        answered(tmp_path, PAY, Desk())
    assert f"parking: order {ID} (pay) by 王伟" in caplog.text
    assert "京A12345" not in caplog.text


def test_without_a_daemon_it_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        tell(tmp_path, CLOSE, "王伟")
    assert not (tmp_path / SOCKET).exists()
