"""The RTU bus on a paced pty line, against everything a line can do to it."""

import asyncio
import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from drivers.bus.modbus_rtu import Settings, connect
from drivers.twins.board import Board
from drivers.twins.line import Faults, PtyLine, with_crc
from gateway.ports import DeviceError

BAUD = 19200
NO_FAULTS = Faults()


class Script:
    """A slave that says what stands in its script, frame after frame, then nothing."""

    def __init__(self, *replies, delay_s=0.001):
        self.replies = [with_crc(bytes.fromhex(reply)) for reply in replies]
        self.delay_s = delay_s
        self.heard = []

    def answer(self, frame):
        self.heard.append(frame)
        return self.replies.pop(0) if self.replies else None


class Raw(Script):
    """The same, with bytes that need not be frames."""

    def __init__(self, *replies, delay_s=0.001):
        super().__init__(delay_s=delay_s)
        self.replies = list(replies)


class Counter:
    """A slow slave that numbers its answers."""

    delay_s = 0.25
    number = 0

    def answer(self, _frame):
        self.number += 1
        return with_crc(bytes([1, 3, 2, 0, self.number]))


@pytest.fixture
def line():
    with PtyLine(BAUD) as line:
        yield line


def play(story, port, **settings):
    """Run `story(bus)` on the port."""

    async def run():
        chosen = {"baud": BAUD, "timeout_ms": 250} | settings
        async with connect(Settings(driver="modbus_rtu", port=port, **chosen)) as bus:
            return await asyncio.wait_for(story(bus), 20)

    return asyncio.run(run())


def board_on(line):
    board = Board()
    line.attach(board)
    return board


def script_on(line, *replies, kind=Script, **details):
    script = kind(*replies, **details)
    line.attach(script)
    return script


# --- what it says ------------------------------------------------------------------------


def test_the_frames_are_those_that_the_vendor_published(line):
    board_on(line)

    async def story(bus):
        await bus.read_coils(1, 0, 8)
        await bus.write_coil(1, 0x0200, 7)

    play(story, line.port)
    assert line.frames("master") == [
        bytes.fromhex("01 01 00 00 00 08 3D CC"),
        bytes.fromhex("01 05 02 00 00 07 8D B0"),
    ]


def test_every_question_gets_the_boards_own_answer(line):
    board = board_on(line)
    board.inputs[2] = board.inputs[7] = True

    async def story(bus):
        await bus.write_coil(1, 3, 0xFF00)
        await bus.write_register(1, 0x1001, 2)
        return (
            await bus.read_coils(1, 0, 8),
            await bus.read_discrete_inputs(1, 2, 6),
            await bus.read_holding_registers(1, 0x1000, 3),
        )

    coils, inputs, registers = play(story, line.port)
    assert coils == board.relays() == (False, False, False, True, False, False, False, False)
    assert inputs == (True, False, False, False, False, True)
    assert registers == (0, 2, 0)


def test_the_other_functions_are_asked_confirmed_and_refused_like_the_usual_ones(line):
    board = board_on(line)

    async def story(bus):
        await bus.write_coils(1, 2, [True, False, True])
        await bus.write_registers(1, 0x1006, [1, 2])
        registers = await bus.read_holding_registers(1, 0x1006, 2)
        with pytest.raises(DeviceError, match="exception 1, illegal function"):
            await bus.read_input_registers(1, 0, 4)
        return registers

    assert play(story, line.port) == (1, 2)
    assert board.relays()[2:5] == (True, False, True)
    assert line.frames("master")[0] == with_crc(bytes.fromhex("01 0F 00 02 00 03 01 05"))
    assert line.frames("master")[1] == with_crc(bytes.fromhex("01 10 10 06 00 02 04 00 01 00 02"))


def test_input_registers_are_read(line):
    script_on(line, "01 04 04 12 34 00 02")

    async def story(bus):
        return await bus.read_input_registers(1, 7, 2)

    assert play(story, line.port) == (0x1234, 2)
    assert line.frames("master") == [with_crc(bytes.fromhex("01 04 00 07 00 02"))]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("write_coils", (1, 0, [])),
        ("write_coils", (1, 0, [True] * 1969)),
        ("write_registers", (1, 0, [0] * 124)),
        ("write_registers", (1, 0, [0x10000])),
        ("write_register", (1, 0, -1)),
        ("write_registers", (1, 0x10000, [0])),
        ("read_input_registers", (1, 0, 126)),
    ],
)
def test_what_no_frame_can_hold_is_our_own_mistake(line, name, arguments):
    async def story(bus):
        with pytest.raises(ValueError, match=r"\d"):
            await getattr(bus, name)(*arguments)

    play(story, line.port)
    assert line.log == []


def test_questions_asked_at_the_same_time_keep_the_gaps_that_slaves_need(line):
    board_on(line)

    async def story(bus):
        return await asyncio.gather(*(bus.read_coils(1, 0, count) for count in range(1, 9)))

    answers = play(story, line.port)
    assert [len(answer) for answer in answers] == list(range(1, 9))


def test_an_order_goes_out_before_the_readings_that_wait(line):
    board_on(line)

    async def story(bus):
        reads = [bus.read_coils(1, 0, 8) for _ in range(3)]
        await asyncio.gather(*reads, bus.write_coil(1, 0, 0xFF00))

    play(story, line.port)
    assert [frame[1] for frame in line.frames("master")] == [5, 1, 1, 1]


# --- late, lost, cancelled ---------------------------------------------------------------


def test_a_late_answer_is_never_taken_for_the_next_one(line):
    board = board_on(line)

    async def story(bus):
        line.faults = Faults(late=1.0, late_s=0.25)
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(1, 0, 8)
        line.faults = NO_FAULTS
        board.inputs[0] = True
        return await bus.read_discrete_inputs(1, 0, 8)

    answer = play(story, line.port, timeout_ms=150, quiet_ms=250)
    assert answer[0]
    assert len(line.frames("slave")) == 2, "the late answer was never on the line"


def test_a_slave_that_is_always_too_slow_never_shifts_the_answers(line):
    slave = Counter()
    line.attach(slave)

    async def story(bus):
        for _ in range(3):
            with pytest.raises(DeviceError):
                await bus.read_holding_registers(1, 0, 1)
        slave.delay_s = 0.001
        return await bus.read_holding_registers(1, 0, 1)

    assert play(story, line.port, timeout_ms=150, quiet_ms=250) == (4,)


def test_a_cancelled_caller_does_not_disturb_what_is_on_the_wire(line):
    board = board_on(line)
    board.delay_s = 0.05

    async def story(bus):
        first = asyncio.create_task(bus.read_discrete_inputs(1, 0, 8))
        await asyncio.sleep(0.02)
        first.cancel()
        await asyncio.sleep(0)
        board.inputs[5] = True
        return await bus.read_discrete_inputs(1, 0, 8)

    assert play(story, line.port)[5]
    assert len(line.frames("slave")) == 2


def test_an_order_that_was_cancelled_before_its_turn_is_never_sent(line):
    board = board_on(line)
    board.delay_s = 0.05

    async def story(bus):
        reading = asyncio.create_task(bus.read_coils(1, 0, 8))
        await asyncio.sleep(0.02)
        order = asyncio.create_task(bus.write_coil(1, 0, 0xFF00))
        await asyncio.sleep(0)
        order.cancel()
        await reading
        await bus.read_coils(1, 0, 8)

    play(story, line.port)
    assert [frame[1] for frame in line.frames("master")] == [1, 1]


@pytest.mark.parametrize("faults", [Faults(drop=1.0), Faults(corrupt=1.0), Faults(late=1.0)])
def test_no_order_is_repeated(line, faults):
    board_on(line)
    line.faults = faults

    async def story(bus):
        with pytest.raises(DeviceError):
            await bus.write_coil(1, 0x0200, 5)
        await asyncio.sleep(0.3)

    play(story, line.port, timeout_ms=60)
    assert len(line.frames("master")) == 1


def test_a_dead_slave_does_not_take_the_line_from_the_others(line):
    board_on(line)

    async def story(bus):
        with pytest.raises(DeviceError, match="slave 9 gave no answer: is it powered"):
            await bus.read_coils(9, 0, 8)
        return await bus.read_coils(1, 0, 8)

    assert play(story, line.port) == (False,) * 8


def test_what_waited_too_long_is_refused_and_not_sent_late(line):
    async def story(bus):
        reads = [bus.read_coils(slave, 0, 8) for slave in range(9, 23)]
        return await asyncio.gather(*reads, return_exceptions=True)

    errors = play(story, line.port, timeout_ms=100, quiet_ms=100)
    assert "did not send it" in str(errors[-1])
    assert len(line.frames("master")) < 14


def test_an_order_that_could_not_begin_in_its_time_never_reaches_the_wire(line):
    async def story(bus):
        away = asyncio.create_task(bus.read_coils(9, 0, 8))
        await asyncio.sleep(0.02)
        soon = asyncio.get_running_loop().time() + 0.05
        with pytest.raises(DeviceError, match="did not send it"):
            await bus.write_coil(1, 0, 0xFF00, not_after=soon)
        with pytest.raises(DeviceError):
            await away

    play(story, line.port, timeout_ms=200)
    assert len(line.frames("master")) == 1


def test_a_queue_that_grows_without_end_is_refused(line):
    async def story(bus):
        reads = [asyncio.create_task(bus.read_coils(9, 0, 8)) for _ in range(40)]
        await asyncio.sleep(0)
        with pytest.raises(DeviceError, match="32 questions wait already"):
            await bus.read_coils(9, 0, 8)
        for read in reads:
            read.cancel()

    play(story, line.port)


def test_whoever_waits_when_the_bus_closes_is_told_so(line):
    async def run():
        settings = Settings(driver="modbus_rtu", port=line.port, baud=BAUD, timeout_ms=2000)
        async with connect(settings) as bus:
            reads = [asyncio.create_task(bus.read_coils(9, 0, 8)) for _ in range(2)]
            await asyncio.sleep(0.05)
        return await asyncio.gather(*reads, return_exceptions=True)

    on_the_wire, in_the_queue = asyncio.run(run())
    assert "closed before the answer" in str(on_the_wire)
    assert "bus is closed" in str(in_the_queue)


# --- wrong answers -----------------------------------------------------------------------


def test_stray_bytes_before_the_answer_are_stepped_over(line):
    board_on(line)
    line.faults = Faults(stray=1.0)

    async def story(bus):
        return [await bus.read_coils(1, 0, 8) for _ in range(5)]

    assert play(story, line.port) == [(False,) * 8] * 5


def test_stray_bytes_that_look_like_the_start_of_the_answer_are_stepped_over(line):
    script_on(line, bytes.fromhex("01 02 01 02") + with_crc(bytes([1, 2, 1, 5])), kind=Raw)

    async def story(bus):
        return await bus.read_discrete_inputs(1, 0, 8)

    assert play(story, line.port)[:3] == (True, False, True)


READ_INPUTS = ("read_discrete_inputs", (1, 0, 8))
READ_FOUR = ("read_holding_registers", (1, 0, 4))
PULSE = ("write_coil", (1, 0x0200, 5))
SET_REGISTER = ("write_register", (1, 0x1000, 0))
SET_COILS = ("write_coils", (1, 2, [True, True]))
SET_REGISTERS = ("write_registers", (1, 0x1000, [0, 0]))


@pytest.mark.parametrize(
    ("question", "reply", "complaint"),
    [
        (READ_INPUTS, "02 02 01 FF", "slave 1 did not answer, but slave 2 did"),
        (READ_INPUTS, "01 01 01 FF", "answered function 1 instead of 2"),
        (READ_INPUTS, "01 05 02 00 00 05", "answered function 5 instead of 2"),
        (READ_INPUTS, "01 02 02 FF FF", "sent 2 bytes of bits instead of 1"),
        (READ_FOUR, "01 03 02 00 01", "sent 1 registers instead of 4"),
        (READ_FOUR, "01 04 08 00 01 00 02 00 03 00 04", "answered function 4 instead of 3"),
        (PULSE, "01 05 02 01 00 05", "confirmed 0x0005 to coil 0x0201 instead of"),
        (PULSE, "01 05 02 00 00 06", "confirmed 0x0006 to coil 0x0200 instead of"),
        (PULSE, "01 05 02 00 FF 00", "confirmed 0xFF00 to coil 0x0200 instead of"),
        (PULSE, "01 02 01 FF", "answered function 2 instead of 5"),
        (SET_REGISTER, "01 06 10 01 00 00", "confirmed 0x0000 to register 0x1001 instead of"),
        (SET_COILS, "01 0F 00 02 00 03", "confirmed 3 coils from 0x0002 instead of 2 coils"),
        (SET_COILS, "01 10 00 02 00 02", "answered function 16 instead of 15"),
        (SET_REGISTERS, "01 10 10 01 00 02", "confirmed 2 registers from 0x1001 instead of"),
        (PULSE, "02 85 02", "did not answer, but slave 2 did"),
        (PULSE, "01 82 02", "answered function 2 instead of 5"),
    ],
)
def test_an_answer_to_another_question_is_no_answer(line, question, reply, complaint):
    name, arguments = question
    script_on(line, reply)

    async def story(bus):
        with pytest.raises(DeviceError) as caught:
            await getattr(bus, name)(*arguments)
        return str(caught.value)

    assert complaint in play(story, line.port, timeout_ms=60)


def test_an_answer_is_found_behind_another_slaves_frame(line):
    foreign, own = with_crc(bytes([2, 2, 1, 255])), with_crc(bytes([1, 2, 1, 1]))
    script_on(line, foreign + own, kind=Raw)

    async def story(bus):
        return await bus.read_discrete_inputs(1, 0, 8)

    assert play(story, line.port) == (True,) + (False,) * 7


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (with_crc(bytes([1, 2, 1, 255]))[:4], "sent only 4 of 6 bytes (01 02 01 ff)"),
        (bytes([1, 2, 1, 255, 0, 0]), "sent damaged bytes (01 02 01 ff 00 00)"),
    ],
)
def test_half_a_frame_and_a_damaged_one_are_told_apart(line, reply, complaint):
    script_on(line, reply, kind=Raw)

    async def story(bus):
        with pytest.raises(DeviceError) as caught:
            await bus.read_discrete_inputs(1, 0, 8)
        return str(caught.value)

    assert complaint in play(story, line.port, timeout_ms=60)


def test_any_flipped_bit_is_noticed(line):
    board_on(line)
    line.faults = Faults(corrupt=1.0)

    async def story(bus):
        for _ in range(6):
            with pytest.raises(DeviceError):
                await bus.read_coils(1, 0, 8)

    play(story, line.port, timeout_ms=30, quiet_ms=10)


def test_a_refusal_is_told_with_its_meaning_and_costs_no_quiet_time(line):
    board_on(line)

    async def story(bus):
        with pytest.raises(DeviceError, match="exception 2, illegal data address"):
            await bus.write_coil(1, 0x0300, 5)
        with pytest.raises(DeviceError, match="exception 3, illegal data value"):
            await bus.write_coil(1, 0x0200, 0)
        async with asyncio.timeout(1):
            await bus.read_coils(1, 0, 8)

    play(story, line.port, quiet_ms=2000)


def test_an_exception_that_the_standard_does_not_know_is_told_too(line):
    script_on(line, "01 85 63")

    async def story(bus):
        with pytest.raises(DeviceError, match="exception 99, not in the Modbus standard"):
            await bus.write_coil(1, 0, 0)

    play(story, line.port)


def test_an_adapter_that_echoes_never_confirms_an_order_to_a_dead_slave():
    async def story(bus):
        with pytest.raises(DeviceError, match="switch its echo off"):
            await bus.write_coil(1, 0x0200, 5)

    with PtyLine(1200) as slow:
        slow.faults = Faults(echo=True)
        play(story, slow.port, baud=1200)


def test_an_adapter_that_echoes_is_found_out_by_the_first_reading(line):
    board_on(line)
    line.faults = Faults(echo=True)

    async def story(bus):
        with pytest.raises(DeviceError, match="switch its echo off"):
            await bus.read_coils(1, 0, 8)

    play(story, line.port)


def test_an_echo_that_comes_as_late_as_an_answer_is_found_out_too(line):
    script_on(line, "01 01 00 00 00 08")

    async def story(bus):
        with pytest.raises(DeviceError, match="switch its echo off"):
            await bus.read_coils(1, 0, 8)

    play(story, line.port)


def test_a_line_that_is_never_silent_is_told_and_not_talked_into():
    async def story(bus):
        with pytest.raises(DeviceError, match=r"damaged bytes \(00 00 .* more\)"):
            await bus.read_coils(1, 0, 8)
        with pytest.raises(DeviceError, match="never silent"):
            await bus.read_coils(1, 0, 8)

    with PtyLine(1200) as slow:
        script_on(slow, bytes(300), kind=Raw)
        play(story, slow.port, baud=1200, quiet_ms=400)
        assert len(slow.frames("master")) == 1


def test_a_slave_that_cannot_exist_is_our_own_mistake(line):
    async def story(bus):
        with pytest.raises(ValueError, match="slave 0 is not between 1 and 247"):
            await bus.read_coils(0, 0, 8)
        with pytest.raises(ValueError, match="slave 248 is not between 0 and 247"):
            await bus.write_coil(248, 0, 0)

    play(story, line.port)
    assert line.log == []


# --- the port ----------------------------------------------------------------------------


def test_a_missing_port_is_told_at_each_call_and_found_when_it_comes(tmp_path):
    link = tmp_path / "adapter"

    async def story(bus):
        with pytest.raises(DeviceError, match=r"cannot open .*adapter: No such file .* plugged"):
            await bus.read_coils(1, 0, 8)
        with PtyLine(BAUD, link=link) as line:
            board_on(line)
            return await patiently(bus)

    assert play(story, str(link)) == (False,) * 8


def test_an_adapter_is_followed_to_another_tty_behind_the_same_link(tmp_path):
    with PtyLine(BAUD, link=tmp_path / "adapter") as line, PtyLine(BAUD) as other:
        board_on(line)

        async def story(bus):
            await bus.read_coils(1, 0, 8)
            old = line.tty
            kept = os.open(old, os.O_RDWR | os.O_NOCTTY)  # So that no other gets its number.
            line.unplug()
            with pytest.raises(DeviceError, match="is the adapter plugged in"):
                await bus.read_coils(1, 0, 8)
            line.plug()
            answer = await patiently(bus)
            os.close(kept)
            return old != line.tty, answer

        assert play(story, line.port) == (True, (False,) * 8)
        assert other.log == []


def test_an_adapter_pulled_out_before_the_answer_is_told_at_once(line):
    async def story(bus):
        reading = asyncio.create_task(bus.read_coils(1, 0, 8))
        await asyncio.sleep(0.05)
        line.unplug()
        async with asyncio.timeout(1):
            with pytest.raises(DeviceError, match="lost its device"):
                await reading

    play(story, line.port, timeout_ms=2000)


def test_an_adapter_pulled_out_in_the_middle_of_an_answer_is_told_and_its_half_is_forgotten(
    tmp_path,
):
    async def story(bus):
        reading = asyncio.create_task(bus.read_holding_registers(1, 0x1000, 8))
        while len(slow.log) < 12:
            await asyncio.sleep(0.01)
        slow.unplug()
        with pytest.raises(DeviceError, match="lost its device"):
            await reading
        slow.plug()
        return await patiently(bus)

    with PtyLine(1200, link=tmp_path / "adapter") as slow:
        board_on(slow)
        assert play(story, slow.port, baud=1200) == (False,) * 8


def test_a_link_that_leads_to_another_device_meanwhile_is_followed_after_a_silence(tmp_path):
    link = tmp_path / "adapter"
    with PtyLine(BAUD) as first, PtyLine(BAUD) as second:
        board_on(second)
        link.symlink_to(first.port)

        async def story(bus):
            with pytest.raises(DeviceError, match="gave no answer"):
                await bus.read_coils(1, 0, 8)
            fresh = tmp_path / "fresh"
            fresh.symlink_to(second.port)
            fresh.replace(link)
            return await patiently(bus)

        assert play(story, str(link), timeout_ms=60) == (False,) * 8


def test_two_masters_cannot_have_one_port(line):
    board_on(line)

    async def story(_bus):
        settings = Settings(driver="modbus_rtu", port=line.port, baud=BAUD)
        async with connect(settings) as second:
            with pytest.raises(DeviceError, match="another program has it open"):
                await second.read_coils(1, 0, 8)

    play(story, line.port)


def test_a_file_that_is_no_serial_port_is_told(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()

    async def story(bus):
        with pytest.raises(DeviceError, match="is it a serial port"):
            await bus.read_coils(1, 0, 8)

    play(story, str(plain))


async def patiently(bus):
    """Ask until the port is there again; a hang ends in the story's own time limit."""
    while True:
        try:
            return await bus.read_coils(1, 0, 8)
        except DeviceError:
            await asyncio.sleep(0.1)


# --- settings ----------------------------------------------------------------------------


def test_settings_come_as_text():
    settings = Settings(driver="modbus_rtu", port="/dev/ttyS0", baud="38400", stop_bits="2")
    assert (settings.baud, settings.stop_bits, settings.parity) == (38400, 2, "none")


@pytest.mark.parametrize(
    "wrong", [{"baud": "9601"}, {"parity": "mark"}, {"stop_bits": 3}, {"port": "COM3"}, {"x": 1}]
)
def test_settings_that_no_line_has_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**({"driver": "modbus_rtu", "port": "/dev/ttyS0"} | wrong))


def test_settings_are_checked_without_any_device_library():
    program = (
        "import sys, drivers.bus.modbus_rtu, drivers.bus.modbus_tcp, drivers.bus.modbus_rtu_tcp,"
        "drivers.barrier.modbus_relay,"
        "drivers.inputs.modbus_inputs;"
        "sys.exit(bool({'pymodbus', 'serial'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
