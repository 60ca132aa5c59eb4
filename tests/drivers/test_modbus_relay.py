"""A barrier on two relays: on a paper bus for the words, on the real line for the contacts."""

import asyncio
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from drivers.barrier.modbus_relay import Settings, connect
from drivers.bus import modbus_rtu
from drivers.twins.board import Board
from drivers.twins.line import Faults, PtyLine, with_crc
from gateway.ports import Claim, DeviceError
from tests.storyteller import virtual_time

PROFILE = Path(__file__).parents[2] / "config/profiles/barrier/waveshare-relay-d-8ch.yaml"
OWN = {"bus": "line-1", "slave": "1", "open_output": "1", "close_output": "2", "pulse_ms": "300"}
MODES = ("modes", 1, 0x1000, 2)
OPEN, CLOSE, CLOSE_OFF = (1, 0x0200, 3), (1, 0x0201, 3), (1, 1, 0)


def settings(**changes):
    """The profile under the lane's own keys, all scalars as text."""
    facts = yaml.load(PROFILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return Settings(**(facts | OWN | changes))


class PaperBus:
    """Writes down what it was told, and when; `trouble` is raised once, by the next write."""

    def __init__(self):
        self.told = []
        self.times = []
        self.deadlines = []
        self.modes_away = False
        self.modes = {}
        self.contact = False
        self.trouble = None

    async def read_holding_registers(self, slave, first, count, *, turn):
        self.told.append(("modes", slave, first, count))
        if self.modes_away:
            raise DeviceError("no answer")
        return tuple(self.modes.get(first + place, 0) for place in range(count))

    async def read_coils(self, slave, first, count, *, turn):
        self.told.append(("coils", slave, first, count))
        return (self.contact,) * count

    async def write_coil(self, slave, address, value, *, not_after=float("inf")):
        self.deadlines.append(not_after)
        self.told.append((slave, address, value))
        self.times.append(asyncio.get_running_loop().time())
        if self.trouble:
            trouble, self.trouble = self.trouble, None
            raise trouble


def play(story, bus, **changes):
    async def run():
        async with connect(settings(**changes), {"line-1": bus}) as barrier:
            return await asyncio.wait_for(story(barrier), 20)

    return virtual_time.run(run())


# --- orders ------------------------------------------------------------------------------


def test_connecting_says_nothing_to_the_board():
    bus = PaperBus()

    async def story(_barrier):
        await asyncio.sleep(0)

    play(story, bus)
    assert bus.told == []


def test_an_order_is_one_pulse_that_the_board_times():
    bus = PaperBus()

    async def story(barrier):
        await barrier.open()
        await barrier.open()

    play(story, bus)
    assert bus.told == [MODES, OPEN, OPEN]


def test_closing_waits_until_the_open_pulse_has_ended():
    bus = PaperBus()

    async def story(barrier):
        await barrier.open()
        await barrier.close()

    play(story, bus)
    assert bus.told == [MODES, OPEN, CLOSE]
    assert round(bus.times[1] - bus.times[0], 6) >= 0.35


def test_opening_takes_the_close_contact_back_instead_of_waiting():
    bus = PaperBus()

    async def story(barrier):
        await barrier.close()
        await barrier.open()

    play(story, bus, pulse_ms="5000")
    assert bus.told == [MODES, (1, 0x0201, 50), CLOSE_OFF, ("coils", 1, 1, 1), (1, 0x0200, 50)]
    assert round(bus.times[2] - bus.times[1], 6) >= 0.05
    assert round(bus.times[2] - bus.times[1], 6) < 4, "the boom went on closing for the whole pulse"


def test_opening_waits_where_the_close_contact_does_not_open():
    bus = PaperBus()
    bus.contact = True

    async def story(barrier):
        await barrier.close()
        await barrier.open()

    play(story, bus)
    assert bus.told[-1] == OPEN
    assert round(bus.times[-1] - bus.times[0], 6) >= 0.35


def test_opening_waits_where_taking_back_fails():
    bus = PaperBus()

    async def story(barrier):
        await barrier.close()
        bus.trouble = DeviceError("no answer")
        await barrier.open()

    play(story, bus)
    assert bus.told == [MODES, CLOSE, CLOSE_OFF, OPEN]
    assert round(bus.times[-1] - bus.times[0], 6) >= 0.35


def test_an_open_pulse_that_was_not_confirmed_holds_back_the_closing_all_the_same():
    bus = PaperBus()
    bus.trouble = DeviceError("no answer")

    async def story(barrier):
        with pytest.raises(DeviceError, match="no answer"):
            await barrier.open()
        await barrier.close()

    play(story, bus)
    assert bus.told == [MODES, OPEN, MODES, CLOSE]
    assert round(bus.times[1] - bus.times[0], 6) >= 0.35


def test_nothing_is_said_after_the_pulse_has_ended_but_the_order():
    bus = PaperBus()

    async def story(barrier):
        await barrier.close()
        await asyncio.sleep(0.4)
        await barrier.open()

    play(story, bus)
    assert bus.told == [MODES, CLOSE, OPEN]


# --- control modes -----------------------------------------------------------------------


@pytest.mark.parametrize("order", ["open", "close"])
def test_a_channel_that_an_input_drives_is_refused(order):
    bus = PaperBus()
    bus.modes[0x1001] = 1

    async def story(barrier):
        with pytest.raises(DeviceError) as caught:
            await getattr(barrier, order)()
        return str(caught.value)

    assert play(story, bus) == (
        "slave 1 on bus line-1: output 2 is in control mode 1 (linkage), so that an input could "
        "move the boom: set register 0x1001 to 0"
    )
    assert bus.told == [MODES]


def test_other_channels_may_be_in_any_mode():
    bus = PaperBus()
    bus.modes |= {0x1001: 1, 0x1005: 2}

    async def story(barrier):
        await barrier.open()

    play(story, bus, open_output="5", close_output="3")
    assert bus.told == [("modes", 1, 0x1002, 3), (1, 0x0204, 3)]


def test_the_modes_are_read_again_after_a_failure():
    bus = PaperBus()

    async def story(barrier):
        await barrier.open()
        bus.trouble = DeviceError("no answer")
        with pytest.raises(DeviceError):
            await barrier.open()
        bus.modes[0x1000] = 3
        with pytest.raises(DeviceError, match="edge"):
            await barrier.open()

    play(story, bus)
    assert bus.told == [MODES, OPEN, OPEN, MODES]


def test_opening_goes_on_where_the_modes_cannot_be_read_and_closing_does_not():
    bus = PaperBus()
    bus.modes_away = True

    async def story(barrier):
        with pytest.raises(DeviceError):
            await barrier.close()
        await barrier.open()

    play(story, bus)
    assert bus.told == [MODES, MODES, OPEN]


def test_a_closing_order_carries_the_time_after_which_it_is_too_late():
    bus = PaperBus()

    async def story(barrier):
        await barrier.close(not_after=123.5)
        await barrier.open()

    play(story, bus)
    assert bus.deadlines[0] == 123.5
    assert set(bus.deadlines[1:]) == {float("inf")}


def test_a_board_without_control_modes_is_not_asked_for_them():
    bus = PaperBus()

    async def story(barrier):
        await barrier.open()

    play(story, bus, control_mode_base=None)
    assert bus.told == [OPEN]


# --- on the real line --------------------------------------------------------------------


def on_the_line(story):
    """`story(barrier, board, line)` with the board's twin behind a paced line."""
    board = Board()

    async def run(line):
        rtu = modbus_rtu.Settings(driver="modbus_rtu", port=line.port, baud=19200, timeout_ms=250)
        async with (
            modbus_rtu.connect(rtu) as bus,
            connect(settings(), {"line-1": bus}) as barrier,
        ):
            return await asyncio.wait_for(story(barrier, board, line), 20)

    with PtyLine(19200) as line:
        line.attach(board)
        return asyncio.run(run(line))


def test_the_contacts_are_never_closed_together_and_always_open_again():
    async def watch(board, seen):
        while True:
            seen.append(board.relays()[:2])
            await asyncio.sleep(0.001)

    async def story(barrier, board, _line):
        seen = []
        watcher = asyncio.create_task(watch(board, seen))
        for order in (barrier.open, barrier.close, barrier.open, barrier.close, barrier.open):
            await order()
        await asyncio.sleep(0.4)
        watcher.cancel()
        return seen, board.relays()

    seen, last = on_the_line(story)
    assert {(True, False), (False, True)} <= set(seen)
    assert (True, True) not in seen
    assert not any(last)


def test_a_lost_confirmation_is_told_and_the_pulse_is_not_sent_again():
    async def story(barrier, board, line):
        await barrier.open()
        line.faults = Faults(drop=1.0)
        with pytest.raises(DeviceError, match="gave no answer"):
            await barrier.open()
        return line.frames("master")

    pulse = with_crc(bytes([1, 5, 2, 0, 0, 3]))
    assert on_the_line(story).count(pulse) == 2


# --- settings ----------------------------------------------------------------------------


def test_the_profile_brings_the_boards_facts_as_text():
    chosen = settings()
    assert (chosen.timed_pulse_base, chosen.control_mode_base) == (0x0200, 0x1000)
    assert (chosen.outputs, chosen.quantum_ms, chosen.pulse_ms) == (8, 100, 300)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"pulse_ms": "50"}, "cannot time 50 ms, only steps of 100 ms; write 100"),
        ({"pulse_ms": "250"}, "write 200 or 300"),
        ({"quantum_ms": "1500"}, "cannot time 300 ms, only steps of 1500 ms; write 1500"),
        ({"most_quanta": "2"}, "cannot time 300 ms, at most 200 ms"),
        ({"pulse_ms": "0"}, "greater than 0"),
        ({"pulse_ms": "6000"}, "less than or equal to 5000"),
        ({"close_output": "1"}, "output 1 opens the barrier already"),
        ({"close_output": "9"}, "no output 9; it has 1 to 8"),
        ({"open_output": "0"}, "greater than or equal to 1"),
        ({"slave": "0"}, "0 speaks to all boards at once"),
        ({"slave": "248"}, "less than or equal to 247"),
        ({"slave": "254"}, "254 is no board's own address"),
        ({"timed_pulse_base": "200h"}, "'200h' is not an address; write it as 512 or as 0x0200"),
        ({"timed_pulse_base": "0x10000"}, "less than or equal to 65535"),
    ],
)
def test_what_the_board_cannot_do_is_refused(changes, complaint):
    with pytest.raises(ValidationError) as caught:
        settings(**changes)
    assert complaint in str(caught.value)


def test_a_relay_that_others_may_not_use_is_claimed_as_it_is_numbered_on_the_board():
    assert settings().claims() == {
        "open_output": Claim("line-1", "slave 1 output 1"),
        "close_output": Claim("line-1", "slave 1 output 2"),
    }


# --- from one run to the next --------------------------------------------------------------


def test_after_a_crash_a_long_close_pulse_is_taken_back_before_the_boom_is_opened():
    bus = PaperBus()
    play(lambda barrier: barrier.open(), bus, pulse_ms="4000")
    assert CLOSE_OFF in bus.told
    assert bus.told.index(CLOSE_OFF) < bus.told.index((1, 0x0200, 40))


def test_the_end_of_a_connection_waits_for_the_end_of_its_pulse():
    bus = PaperBus()

    async def run():
        async with connect(settings(), {"line-1": bus}) as barrier:
            await barrier.open()
        return asyncio.get_running_loop().time() - bus.times[-1]

    assert virtual_time.run(run()) >= 0.3
