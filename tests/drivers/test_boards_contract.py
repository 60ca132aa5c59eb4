"""One contract for every relay board that has a profile, on its own wire: pty line or socket.

A story is played with all boards at the same time; each test looks at what one board made of it.
"""

import asyncio

import pytest

from drivers.twins.boards.models import MODELS
from gateway.lane.types import Level
from gateway.ports import DeviceError
from tests.drivers import boards

OPEN, CLOSE = 0, 1
RELAYS = boards.names("barrier", of=("modbus_relay", "register_relay", "switched_relay"))
INPUTS = boards.names("inputs", of=("modbus_inputs",))
SENSORS = ("arming_loop", "closing_loop", "up_limit", "down_limit")
LATE_S = 3.0

relays = boards.Together("barrier", {name: boards.relay_settings(name) for name in RELAYS})
each_relay = pytest.mark.parametrize("name", RELAYS)


def test_every_profile_has_a_simulated_board_and_every_board_a_profile():
    assert {*boards.names("barrier"), *boards.names("inputs")} == set(MODELS)


async def until_open(wire):
    """Until both contacts are open; a hang is an error."""
    async with asyncio.timeout(LATE_S):
        while any(wire.board.relays()[:2]):
            await asyncio.sleep(0.01)
    wire.watched.note()


# --- orders ------------------------------------------------------------------------------


async def three_orders(barrier, wire):
    for order in (barrier.open, barrier.close, barrier.open):
        await order()
    await until_open(wire)
    return wire.watched


@each_relay
def test_each_order_is_one_pulse_on_its_own_contact_and_never_two_at_a_time(name):
    watched = relays.of(name, three_orders)
    pulse_s = int(boards.pulse_ms(name)) / 1000
    opened, closed = watched.pulses(OPEN), watched.pulses(CLOSE)
    assert (len(opened), len(closed)) == (2, 1)
    assert all(pulse_s * 0.8 < seconds < pulse_s + LATE_S for seconds in opened)
    assert closed[0] < pulse_s + LATE_S
    assert not watched.ever_both()


async def two_opens_at_once(barrier, wire):
    await barrier.open()
    await barrier.open()
    await until_open(wire)
    return wire.watched


@each_relay
def test_a_second_order_while_the_pulse_runs_ends_like_the_first(name):
    watched = relays.of(name, two_opens_at_once)
    assert watched.pulses(CLOSE) == []
    assert watched.pulses(OPEN)
    assert all(seconds < LATE_S for seconds in watched.pulses(OPEN))


async def a_lost_answer(barrier, wire):
    await barrier.open()
    await until_open(wire)
    before = len(wire.questions())
    wire.lose_answers()
    with pytest.raises(DeviceError, match="gave no answer"):
        await barrier.open()
    asked = wire.questions()[before:]
    wire.lose_answers(lost=False)
    await until_open(wire)
    return asked


@each_relay
def test_an_order_whose_answer_is_lost_is_told_once_and_its_contact_opens_again(name):
    asked = relays.of(name, a_lost_answer)
    assert len([question for question in asked if _closes(question)]) == 1, "it was sent again"


def _closes(question):
    """Whether this question orders a contact closed."""
    off = question[0] == 5 and question[3:] == b"\0\0"
    release = question[0] == 6 and question[3:] == b"\2\0"
    return question[0] in (5, 6, 16) and not off and not release


async def a_refusal(barrier, wire):
    wire.watched.refuses = True
    with pytest.raises(DeviceError) as caught:
        await barrier.open()
    return str(caught.value)


@each_relay
def test_a_refused_order_names_the_place_the_reason_and_the_next_step(name):
    told = relays.of(name, a_refusal)
    assert "slave 3 refused" in told
    assert "illegal data address" in told
    assert "check the profile" in told


async def a_late_close(barrier, wire):
    await barrier.open()
    with pytest.raises(DeviceError):
        await barrier.close(not_after=asyncio.get_running_loop().time() - 1)
    await until_open(wire)
    return wire.watched.pulses(CLOSE)


@each_relay
def test_a_close_that_comes_too_late_is_not_sent(name):
    assert relays.of(name, a_late_close) == []


async def an_end_in_the_pulse(barrier, wire):
    await barrier.open()
    return wire.board


@each_relay
def test_a_program_that_ends_in_a_pulse_leaves_no_contact_closed(name):
    board = relays.of(name, an_end_in_the_pulse)
    asyncio.run(asyncio.sleep(int(boards.pulse_ms(name)) / 1000))
    assert not any(board.relays())


# --- inputs ------------------------------------------------------------------------------


def board_of(name, **own):
    wiring = {
        sensor: {"channel": str(channel), "active": "open" if channel == 2 else "closed"}
        for channel, sensor in enumerate(SENSORS, start=1)
    }
    return boards.settings("inputs", name, **wiring | own)


inputs = boards.Together("inputs", {name: board_of(name) for name in INPUTS})
each_board = pytest.mark.parametrize("name", INPUTS)


def show(board, *closed):
    for place in range(len(board.inputs)):
        board.inputs[place] = place + 1 in closed


async def one_input_after_the_other(reader, wire):
    show(wire.board)
    seen = [await reader.read()]
    for channel in range(1, len(SENSORS) + 1):
        show(wire.board, channel)
        seen.append(await reader.read())
    return [tuple(getattr(one, sensor) for sensor in SENSORS) for one in seen]


@each_board
def test_each_input_is_seen_by_its_own_sensor_and_by_no_other(name):
    on, off = Level.ON, Level.OFF
    assert inputs.of(name, one_input_after_the_other) == [
        (off, on, off, off),
        (on, on, off, off),
        (off, off, off, off),
        (off, on, on, off),
        (off, on, off, on),
    ]


async def a_silent_board(reader, wire):
    wire.lose_answers()
    with pytest.raises(DeviceError, match="gave no answer"):
        await reader.read()
    wire.lose_answers(lost=False)
    while True:
        try:
            return await reader.read()
        except DeviceError:  # The bus leaves a slave alone for a while that was silent.
            await asyncio.sleep(0.1)


@each_board
def test_inputs_that_cannot_be_read_are_an_error_and_come_back(name):
    assert inputs.of(name, a_silent_board).closing_loop is Level.ON


async def a_refused_reading(reader, wire):
    wire.watched.refuses = True
    with pytest.raises(DeviceError) as caught:
        await reader.read()
    return str(caught.value)


@each_board
def test_a_refused_reading_names_the_place_the_reason_and_the_next_step(name):
    told = inputs.of(name, a_refused_reading)
    assert "slave 3 refused to read" in told
    assert "illegal data address" in told


@each_board
def test_the_last_input_of_the_board_is_there_and_no_other_after_it(name):
    count = int(boards.facts("inputs", name)["inputs"])

    async def story(reader, wire):
        show(wire.board, count)
        return len(wire.board.inputs), await reader.read()

    own = {"arming_loop": {"channel": str(count), "active": "closed"}}
    rest = {"up_limit": None, "down_limit": None}
    has, seen = boards.play(story, "inputs", name, board_of(name, **own | rest))
    assert (has, seen.arming_loop) == (count, Level.ON)
    with pytest.raises(ValueError, match=f"the board has no input {count + 1}; it has 1 to"):
        board_of(name, arming_loop={"channel": str(count + 1), "active": "closed"})
