"""A lane's sensors on a board's inputs: on a paper bus, and behind the real line."""

import asyncio
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from drivers.bus import modbus_rtu
from drivers.inputs.modbus_inputs import SENSORS, Settings, connect
from drivers.twins.board import Board
from drivers.twins.line import PtyLine
from gateway.lane.types import Inputs, Level
from gateway.ports import Claim, DeviceError, Turn

PROFILE = Path(__file__).parents[2] / "config/profiles/inputs/waveshare-relay-d-8ch.yaml"
LOOPS = {
    "arming_loop": {"channel": "3", "active": "closed"},
    "closing_loop": {"channel": "4", "active": "open"},
}
LIMITS = {
    "up_limit": {"channel": "1", "active": "closed"},
    "down_limit": {"channel": "2", "active": "closed"},
}

UNWIRED = dict.fromkeys(set(SENSORS) - set(LOOPS), Level.NOT_FITTED)


def settings(**changes):
    facts = yaml.load(PROFILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return Settings(**(facts | {"bus": "line-1", "slave": "2"} | LOOPS | changes))


class PaperBus:
    """Answers with `closed`, the numbers (from 1) of the contacts that read 1."""

    def __init__(self, *closed):
        self.closed = closed
        self.asked = []
        self.dead = False
        self.odd = {}

    async def read_discrete_inputs(self, slave, first, count, *, turn):
        return self._bits("discrete_inputs", slave, first, count, turn)

    async def read_coils(self, slave, first, count, *, turn):
        return self._bits("coils", slave, first, count, turn)

    async def read_holding_registers(self, slave, first, count, *, turn):
        return self._registers("holding", slave, first, count, turn)

    async def read_input_registers(self, slave, first, count, *, turn):
        return self._registers("input", slave, first, count, turn)

    def _bits(self, table, slave, first, count, turn):
        assert turn is Turn.SAFETY
        self.asked.append((table, slave, first, count))
        if self.dead:
            raise DeviceError("slave 2 gave no answer")
        return tuple(place in self.closed for place in range(1, count + 1))

    def _registers(self, table, slave, first, count, turn):
        bits = self._bits(table, slave, first, count, turn)
        if count == 8:
            return tuple(self.odd.get(place, int(bit)) for place, bit in enumerate(bits, start=1))
        return tuple(
            sum(1 << place - 1 - 16 * word for place in self.closed if (place - 1) // 16 == word)
            for word in range(count)
        )


def read(bus, chosen):
    async def run():
        async with connect(chosen, {"line-1": bus}) as inputs:
            return await inputs.read()

    return asyncio.run(run())


def test_one_question_reads_all_sensors():
    bus = PaperBus(3, 4)
    read(bus, settings(**LIMITS))
    assert bus.asked == [("discrete_inputs", 2, 0, 8)]


@pytest.mark.parametrize(
    ("table", "question"),
    [
        ("coils", ("coils", 2, 0, 8)),
        ("holding_registers", ("holding", 2, 0, 8)),
        ("input_registers", ("input", 2, 0, 8)),
        ("holding_word", ("holding", 2, 0, 1)),
        ("input_word", ("input", 2, 0, 1)),
    ],
)
def test_a_board_is_read_where_it_keeps_its_inputs(table, question):
    bus = PaperBus(3, 4)
    seen = read(bus, settings(table=table))
    assert (seen.arming_loop, seen.closing_loop) == (Level.ON, Level.OFF)
    assert bus.asked == [question]


def test_the_seventeenth_input_is_the_first_bit_of_the_second_word():
    button = {"channel": "17", "active": "closed"}
    bus = PaperBus(4, 17)
    seen = read(bus, settings(table="input_word", inputs="20", open_button=button))
    assert (seen.open_button, seen.arming_loop) == (Level.ON, Level.OFF)
    assert bus.asked == [("input", 2, 0, 2)]


def test_a_register_that_is_no_input_is_told_instead_of_read():
    bus = PaperBus(3)
    bus.odd[6] = 0x1234
    with pytest.raises(DeviceError, match="slave 2 on bus line-1: input 6 reads 4660, neither"):
        read(bus, settings(table="holding_registers"))


@pytest.mark.parametrize(
    ("closed", "arming", "closing"),
    [
        ((), Level.OFF, Level.ON),
        ((3,), Level.ON, Level.ON),
        ((4,), Level.OFF, Level.OFF),
        ((3, 4), Level.ON, Level.OFF),
    ],
)
def test_a_normally_closed_loop_says_on_when_its_contact_or_its_wire_is_open(
    closed, arming, closing
):
    seen = read(PaperBus(*closed), settings())
    assert seen == Inputs(**UNWIRED | {"arming_loop": arming, "closing_loop": closing})


def test_a_sensor_that_is_not_wired_is_not_fitted():
    seen = read(PaperBus(1, 2, 3, 4, 5, 6, 7, 8), settings())
    assert {name: getattr(seen, name) for name in UNWIRED} == UNWIRED


def test_limits_and_button_are_read_where_they_are_wired():
    seen = read(
        PaperBus(1, 8), settings(**LIMITS, open_button={"channel": "8", "active": "closed"})
    )
    assert (seen.up_limit, seen.down_limit, seen.open_button) == (Level.ON, Level.OFF, Level.ON)


def test_a_board_whose_closed_contact_reads_zero_is_read_the_other_way_round():
    seen = read(PaperBus(4), settings(closed_reads="0"))
    assert (seen.arming_loop, seen.closing_loop) == (Level.ON, Level.ON)


@pytest.mark.parametrize("sensor", ["beam", "manual", "fire", "fire_reset", "arm_off"])
@pytest.mark.parametrize("active", ["closed", "open"])
def test_the_optional_sensors_are_read_by_their_wiring(sensor, active):
    chosen = settings(**{sensor: {"channel": "8", "active": active}})
    closed, opened = (getattr(read(PaperBus(*bits), chosen), sensor) for bits in ((8,), ()))
    assert (closed, opened) == (
        (Level.ON, Level.OFF) if active == "closed" else (Level.OFF, Level.ON)
    )


def test_a_board_that_cannot_be_read_is_told():
    bus = PaperBus()
    bus.dead = True
    with pytest.raises(DeviceError, match="slave 2 gave no answer"):
        read(bus, settings())


def test_the_boards_contacts_are_seen_through_the_real_line():
    board = Board(slave=2)
    board.inputs[2] = board.inputs[0] = True

    async def run(port):
        rtu = modbus_rtu.Settings(driver="modbus_rtu", port=port, baud=19200, timeout_ms=250)
        async with (
            modbus_rtu.connect(rtu) as bus,
            connect(settings(**LIMITS), {"line-1": bus}) as inputs,
        ):
            before = await inputs.read()
            board.inputs[3] = True
            return before, await inputs.read()

    with PtyLine(19200) as line:
        line.attach(board)
        before, after = asyncio.run(run(line.port))
    on, off = Level.ON, Level.OFF
    loops = {"arming_loop": on, "closing_loop": on}
    assert before == Inputs(**UNWIRED | loops | {"up_limit": on, "down_limit": off})
    assert after.closing_loop is Level.OFF


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"up_limit": {"channel": "3", "active": "closed"}},
            "input 3 is wired to arming_loop already",
        ),
        (
            {"arming_loop": {"channel": "4", "active": "closed"}},
            "input 4 is wired to closing_loop already",
        ),
        ({"up_limit": {"channel": "9", "active": "closed"}}, "no input 9; it has 1 to 8"),
        ({"up_limit": {"channel": "0", "active": "closed"}}, "greater than or equal to 1"),
        ({"up_limit": {"channel": "5"}}, "Field required"),
        ({"up_limit": {"channel": "5", "active": "on"}}, "'closed' or 'open'"),
        ({"fire": {"channel": "4", "active": "open"}}, "input 4 is wired to closing_loop already"),
        ({"table": "registers"}, "Input should be 'discrete_inputs'"),
        ({"slave": "255"}, "255 is no board's own address"),
        ({"first_input": "zero"}, "'zero' is not an address"),
        ({"side_limit": {"channel": "5", "active": "open"}}, "Extra inputs are not permitted"),
    ],
)
def test_wiring_that_cannot_be_is_refused(changes, complaint):
    with pytest.raises(ValidationError) as caught:
        settings(**changes)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("loop", ["closing_loop", "arming_loop"])
def test_a_lane_needs_both_loops(loop):
    left = {name: wiring for name, wiring in LOOPS.items() if name != loop}
    with pytest.raises(ValidationError, match="Field required"):
        Settings(driver="modbus_inputs", bus="line-1", slave=1, first_input=0, inputs=8, **left)


def test_each_wired_input_is_claimed_as_it_is_numbered_on_the_board():
    assert settings(**LIMITS).claims() == {
        "closing_loop": Claim("line-1", "slave 2 input 4"),
        "arming_loop": Claim("line-1", "slave 2 input 3"),
        "up_limit": Claim("line-1", "slave 2 input 1"),
        "down_limit": Claim("line-1", "slave 2 input 2"),
    }
