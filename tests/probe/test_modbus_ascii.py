"""The bus `modbus_ascii` on a real pty, against a board that speaks ASCII."""

import asyncio

import pytest
from pydantic import ValidationError

from drivers.bus.modbus_ascii import Settings, connect
from drivers.twins.line import Faults, PtyLine
from gateway.ports import DeviceError
from tests.probe.lines import FAST_BAUD, AsciiBoard


class Late(AsciiBoard):
    """Its next answer comes when the one after it is asked for."""

    kept = None
    late = False

    def answer(self, frame):
        reply = super().answer(frame)
        if self.late:
            self.late, self.kept = False, reply
            return None
        reply, self.kept = (self.kept or b"") + (reply or b""), None
        return reply or None


@pytest.fixture
def line():
    with PtyLine(FAST_BAUD) as line:
        yield line


def asking(line, story, board, **how):
    line.attach(board)
    chosen = {"driver": "modbus_ascii", "port": line.port, "baud": FAST_BAUD, "quiet_ms": 20}
    settings = Settings.model_validate(chosen | how)

    async def connected():
        async with connect(settings) as bus:
            return await story(bus)

    return asyncio.run(connected())


@pytest.mark.parametrize("seven", [True, False])
def test_inputs_are_read_and_a_pulse_is_confirmed(line, seven):
    board = AsciiBoard(1, seven=seven)
    board.board.inputs[2] = True

    async def story(bus):
        await bus.write_coil(1, 0x0200, 5)
        return await bus.read_discrete_inputs(1, 0, 8), await bus.read_holding_registers(
            1, 0x8000, 1
        )

    how = {} if seven else {"data_bits": 8, "parity": "none"}
    bits, version = asking(line, story, board, **how)
    assert bits == (False, False, True, False, False, False, False, False)
    assert version == (200,)
    assert board.board.relays()[0]


def test_silence_refusal_and_echo_are_sentences(line):
    async def silence(bus):
        with pytest.raises(DeviceError, match="slave 9 gave no answer"):
            await bus.read_coils(9, 0, 1)
        with pytest.raises(DeviceError, match="refused to read 1 registers from 0x0123"):
            await bus.read_holding_registers(1, 0x0123, 1)
        line.faults = Faults(echo=True)
        with pytest.raises(DeviceError, match="switch its echo off"):
            await bus.read_coils(1, 0, 8)

    asking(line, silence, AsciiBoard(1))


def test_a_damaged_answer_is_none(line):
    async def story(bus):
        line.faults = Faults(corrupt=1.0)
        with pytest.raises(DeviceError, match="no right answer"):
            await bus.read_coils(1, 0, 8)

    asking(line, story, AsciiBoard(1))


def test_a_late_answer_is_never_taken_for_the_next_one(line):
    board = Late(1)

    async def story(bus):
        board.late = True
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(1, 0, 8)
        board.board.inputs[0] = True
        await asyncio.sleep(1.2)  # A slave that was silent is left alone for a second.
        with pytest.raises(DeviceError, match="contradict each other"):
            await bus.read_discrete_inputs(1, 0, 8)
        return await bus.read_discrete_inputs(1, 0, 8)

    assert asking(line, story, board)[0]


def test_a_port_that_is_away_is_a_sentence_and_comes_back(line):
    async def story(bus):
        assert await bus.read_coils(1, 0, 8) == (False,) * 8

    asking(line, story, AsciiBoard(1))
    gone = Settings(driver="modbus_ascii", port="/dev/tty-that-is-not-there")

    async def away():
        async with connect(gone) as bus:
            with pytest.raises(DeviceError, match="is the adapter plugged in"):
                await bus.read_coils(1, 0, 1)

    asyncio.run(away())


def test_seven_bits_that_no_port_can_carry_are_refused():
    with pytest.raises(ValidationError, match="or data_bits: 8"):
        Settings(driver="modbus_ascii", port="/dev/x", parity="none")
    Settings(driver="modbus_ascii", port="/dev/x", parity="none", stop_bits=2)
