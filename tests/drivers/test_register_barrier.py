"""A barrier that is told and asked by registers: CAME's map, and maps of other makes."""

import asyncio

import pytest
from pydantic import ValidationError

from drivers.twins.boards.came import CameGard
from drivers.twins.boards.models import board as board_model
from gateway.lane.types import Boom, Level
from gateway.ports import Claim, DeviceError
from tests.drivers import boards

CAME = "came-gard-ptx"
ORDERS = {"open_address": "0", "close_address": "1"}
STOP = {"stop_address": "2", "dead_ms": "30"}
LOOPS = {
    "arming_loop": {"channel": "3", "active": "closed"},
    "closing_loop": {"channel": "4", "active": "open"},
}


def settings(**changes):
    return boards.settings("barrier", CAME, **ORDERS | changes)


def play(story, board=None, **changes):
    return boards.play(story, "barrier", CAME, settings(**changes), board)


# --- orders ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["open", "close"])
def test_an_order_is_one_frame(order):
    async def story(barrier, wire):
        await getattr(barrier, order)()
        return wire.board.orders, wire.questions()[-1]

    coil = int(ORDERS[f"{order}_address"])
    assert play(story) == ([order], bytes([5, 0, coil, 0xFF, 0]))


def test_a_register_takes_an_order_by_its_value():
    class Told(CameGard):
        def check_register(self, place, value):
            assert place == 0x20

        def write_registers(self, first, values):
            self.orders.append((first, *values))

    async def story(barrier, wire):
        await barrier.open()
        await barrier.close()
        return wire.board.orders

    values = {"order_by": "register", "open_value": "1", "close_value": "2"}
    addresses = {"open_address": "0x20", "close_address": "0x20"}
    assert play(story, Told(boards.SLAVE), **values | addresses) == [(0x20, 1), (0x20, 2)]


def test_the_boom_is_stopped_before_it_is_sent_the_other_way():
    async def story(barrier, wire):
        for order in (barrier.open, barrier.open, barrier.close, barrier.open):
            await order()
        return wire.board.orders

    assert play(story, **STOP) == ["open", "open", "stop", "close", "stop", "open"]


def test_opening_goes_on_where_the_stop_is_refused_and_closing_does_not():
    async def story(barrier, wire):
        await barrier.close()
        await barrier.open()
        with pytest.raises(DeviceError, match="illegal data address"):
            await barrier.close()
        return wire.board.orders

    assert play(story, **STOP | {"stop_address": "9"}) == ["close", "open"]


@pytest.mark.parametrize(("order", "told"), [("open", ["open"]), ("close", [])])
def test_a_barrier_in_fault_is_not_told_to_close(order, told):
    board = board_model(CAME, boards.SLAVE)
    board.status = 99

    async def story(barrier, wire):
        if order == "close":
            with pytest.raises(
                DeviceError, match=r"slave 3 on bus line-1: reports a fault \(status 99\)"
            ):
                await barrier.close()
        else:
            await barrier.open()
        return wire.board.orders

    states = {"16": "up", "17": "down", "99": "fault"}
    assert play(story, board, states=states) == told


def test_a_barrier_that_does_not_say_its_status_is_not_told_to_close_but_to_open():
    async def story(barrier, wire):
        with pytest.raises(DeviceError):
            await barrier.close()
        await barrier.open()
        return wire.board.orders

    assert play(story, status_register="0x0900", position_register=None) == ["open"]


def test_a_close_that_comes_too_late_is_not_sent():
    async def story(barrier, wire):
        with pytest.raises(DeviceError):
            await barrier.close(not_after=asyncio.get_running_loop().time() - 1)
        return wire.board.orders

    assert play(story) == []


def test_an_unconfirmed_order_is_told_and_not_sent_again():
    async def story(barrier, wire):
        wire.lose_answers()
        with pytest.raises(DeviceError, match="gave no answer"):
            await barrier.open()
        return wire.board.orders

    assert play(story) == ["open"]


# --- settings ----------------------------------------------------------------------------


def test_orders_that_the_profile_does_not_know_must_be_given_and_it_says_from_where():
    with pytest.raises(ValidationError) as caught:
        boards.settings("barrier", CAME)
    assert (
        "it is not known where this barrier takes its orders; write open_address and "
        "close_address as in CAME's document FA01323M4A, table of the commands"
    ) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"close_address": None}, "write close_address as in"),
        ({"close_address": "0"}, "open and close are the same order"),
        ({"states": {"16": "up"}}, "no value means down: the lane needs both ends"),
        ({"states": {"16": "up", "17": "raised"}}, "'up', 'down', 'between', 'fault' or 'unknown'"),
        ({"states": {"sixteen": "up"}}, "valid integer"),
        ({"position_register": "100"}, "another register than the status and within 15"),
        ({"position_register": "120"}, "another register than the status and within 15"),
        ({"slave": "254"}, "254 is no board's own address"),
        ({"status_table": "coils"}, "'holding_registers' or 'input_registers'"),
    ],
)
def test_a_map_that_cannot_be_is_refused(changes, complaint):
    with pytest.raises(ValidationError) as caught:
        settings(**changes)
    assert complaint in str(caught.value)


def test_came_is_described_by_its_profiles_alone():
    drivers = [boards.facts(kind, CAME)["driver"] for kind in ("barrier", "inputs")]
    assert drivers == ["register_barrier", "board_and_barrier"]


def test_two_lanes_may_not_have_the_same_barrier():
    assert settings().claims() == {"slave": Claim("line-1", "the barrier at slave 3")}


# --- its status as limits ----------------------------------------------------------------


class Pair:
    """An IO board and a barrier on one line."""

    def __init__(self):
        self.board = board_model("waveshare-relay-d-8ch", 1)
        self.barrier = board_model(CAME, boards.SLAVE)
        self.slave = boards.SLAVE
        self.delay_s = 0.001
        self.gone = set()
        self.inputs = self.board.inputs

    def relays(self):
        return (False, False)

    def answer(self, frame):
        there = [one for one in (self.board, self.barrier) if one not in self.gone]
        return next((reply for one in there if (reply := one.answer(frame))), None)


def limits(**changes):
    board = {"bus": "line-1", "slave": "1", "first_input": "0", "inputs": "8"}
    status = {"status_bus": "line-1", "status_slave": str(boards.SLAVE)}
    return boards.settings("inputs", CAME, **board | status | LOOPS | changes)


def read(pair, *, times=1, **changes):
    async def story(reader, _wire):
        for _ in range(times - 1):
            await reader.read()
        return await reader.read()

    return boards.play(story, "inputs", CAME, limits(**changes), pair, timeout_ms=30)


@pytest.mark.parametrize(
    ("status", "boom", "up", "down"),
    [
        (16, Boom.UP, Level.ON, Level.OFF),
        (17, Boom.DOWN, Level.OFF, Level.ON),
        (32, Boom.BETWEEN, Level.OFF, Level.OFF),
        (19, Boom.BETWEEN, Level.OFF, Level.OFF),
        (0, Boom.UNKNOWN, Level.UNKNOWN, Level.UNKNOWN),
        (77, Boom.BETWEEN, Level.OFF, Level.OFF),
    ],
)
def test_the_barriers_status_is_read_as_the_lanes_limits(status, boom, up, down):
    pair = Pair()
    pair.barrier.status = status
    pair.board.inputs[2] = pair.board.inputs[3] = True
    seen = read(pair)
    assert (seen.boom, seen.up_limit, seen.down_limit) == (boom, up, down)
    assert (seen.arming_loop, seen.closing_loop) == (Level.ON, Level.OFF)


def test_without_a_position_an_unknown_status_says_nothing():
    pair = Pair()
    pair.barrier.status = 77
    assert read(pair, position_register=None).boom is Boom.UNKNOWN


def test_a_fault_says_nothing_of_the_booms_place():
    pair = Pair()
    pair.barrier.status = 16
    states = {"16": "fault", "17": "down", "18": "up"}
    assert read(pair, states=states).boom is Boom.UNKNOWN


def test_a_silent_barrier_leaves_the_limits_unknown_and_the_loops_seen():
    pair = Pair()
    pair.gone = {pair.barrier}
    pair.board.inputs[2] = True
    seen = read(pair, times=2)
    assert (seen.up_limit, seen.down_limit) == (Level.UNKNOWN, Level.UNKNOWN)
    assert (seen.arming_loop, seen.closing_loop) == (Level.ON, Level.ON)


def test_a_silent_io_board_is_an_error():
    pair = Pair()
    pair.gone = {pair.board}
    with pytest.raises(DeviceError, match="slave 1 gave no answer"):
        read(pair)


def test_limits_that_are_also_wired_are_refused():
    with pytest.raises(ValidationError, match="the barrier says its limits itself"):
        limits(up_limit={"channel": "1", "active": "closed"})
