"""The simulated line and board: as strict as copper, and agreed with by pymodbus's own client."""

import asyncio
import itertools
import os
import subprocess
import sys
import time

import pytest
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.framer import FramerRTU

from drivers.twins.board import Board
from drivers.twins.line import Faults, PtyLine, with_crc

READ_RELAYS = bytes.fromhex("01 01 00 00 00 08 3D CC")
PULSE_FIRST = bytes.fromhex("01 05 02 00 00 07 8D B0")
ALL_ON = bytes.fromhex("01 0F 00 00 00 08 01 FF BE D5")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal:
    """What a program does with a serial port, and nothing more."""

    def __init__(self, port):
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def send(self, data):
        os.write(self.fd, data)

    def hear(self, count, patience_s=2.0):
        """Up to `count` bytes, fewer only if they do not come."""
        heard, end = b"", time.monotonic() + patience_s
        while len(heard) < count and time.monotonic() < end:
            try:
                heard += os.read(self.fd, 64)
            except BlockingIOError:
                time.sleep(0.001)
        return heard


@pytest.fixture
def line():
    with PtyLine(19200) as line:
        yield line


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    return Board(clock=clock)


def ask(board, frame):
    """The board's reply to a frame in hex without its CRC, the same way."""
    reply = board.answer(with_crc(bytes.fromhex(frame)))
    return reply[:-2].hex(" ") if reply else None


# --- the line ----------------------------------------------------------------------------


def test_a_question_reaches_the_board_and_its_answer_comes_back(line):
    line.attach(Board())
    with Terminal(line.port) as terminal:
        terminal.send(READ_RELAYS)
        assert terminal.hear(6) == with_crc(bytes([1, 1, 1, 0]))


def test_every_byte_takes_its_time_on_the_line(line):
    line.attach(Board())
    with Terminal(line.port) as terminal:
        terminal.send(READ_RELAYS)
        terminal.hear(6)
    log = line.log
    assert [who for _, who, _ in log] == ["master"] * 8 + ["slave"] * 6
    steps = [after[0] - before[0] for before, after in itertools.pairwise(log)]
    assert min(steps) > 0.999 * line.char_s
    assert steps[7] > line.gap_s + line.char_s, "the board answered before the frame had ended"


def test_frames_without_silence_between_them_are_one_broken_frame(line):
    board = Board()
    line.attach(board)
    with Terminal(line.port) as terminal:
        terminal.send(PULSE_FIRST)
        terminal.send(READ_RELAYS)
        assert terminal.hear(1, patience_s=0.1) == b""
    assert not any(board.relays())


def test_a_master_that_talks_into_an_answer_is_not_heard():
    board = Board()
    with PtyLine(1200) as slow, Terminal(slow.port) as terminal:
        slow.attach(board)
        terminal.send(READ_RELAYS)
        heard = terminal.hear(1)
        terminal.send(PULSE_FIRST)
        assert heard + terminal.hear(8, patience_s=0.3) == with_crc(bytes([1, 1, 1, 0]))
    assert not any(board.relays())


@pytest.mark.parametrize(
    ("faults", "heard"),
    [
        (Faults(drop=1.0), b""),
        (Faults(late=1.0, late_s=0.05), with_crc(bytes([1, 1, 1, 0]))),
        (Faults(wrong_slave=1.0), with_crc(bytes([2, 1, 1, 0]))),
        (Faults(echo=True), READ_RELAYS + with_crc(bytes([1, 1, 1, 0]))),
    ],
)
def test_what_goes_wrong_is_what_was_asked_for(line, faults, heard):
    line.attach(Board())
    line.faults = faults
    with Terminal(line.port) as terminal:
        terminal.send(READ_RELAYS)
        assert terminal.hear(len(heard) or 1, patience_s=0.5 if heard else 0.1) == heard


def test_a_stray_byte_comes_first_and_a_flipped_bit_spoils_the_frame(line):
    line.attach(Board())
    right = with_crc(bytes([1, 1, 1, 0]))
    with Terminal(line.port) as terminal:
        line.faults = Faults(stray=1.0)
        terminal.send(READ_RELAYS)
        assert terminal.hear(7)[1:] == right
        time.sleep(0.01)
        line.faults = Faults(corrupt=1.0)
        terminal.send(READ_RELAYS)
        wrong = terminal.hear(6)
    flipped = int.from_bytes(wrong, "big") ^ int.from_bytes(right, "big")
    assert flipped.bit_count() == 1


def test_one_seed_gives_one_story():
    def story():
        with PtyLine(115200, seed=7) as line:
            line.faults = Faults(drop=0.3, corrupt=0.3, stray=0.3, wrong_slave=0.3)
            line.attach(Board())
            return [line.replies(READ_RELAYS) for _ in range(30)]

    assert story() == story()


def test_a_pulled_adapter_hangs_up_and_comes_back_as_another_tty(tmp_path):
    link = tmp_path / "by-id"
    with PtyLine(19200, link=link) as line:
        line.attach(Board())
        first = link.readlink()
        with Terminal(line.port) as terminal:
            line.unplug()
            assert not link.is_symlink()
            with pytest.raises(OSError, match="Input/output error"):
                terminal.send(READ_RELAYS)
            line.plug()
            assert link.readlink() != first
        with Terminal(line.port) as terminal:
            terminal.send(READ_RELAYS)
            assert len(terminal.hear(6)) == 6
    assert not link.is_symlink()


def test_a_line_runs_in_a_process_of_its_own(tmp_path):
    link = tmp_path / "port"
    program = (
        "import sys, pathlib\n"
        "from drivers.twins.board import Board\n"
        "from drivers.twins.line import PtyLine\n"
        "with PtyLine(19200, link=pathlib.Path(sys.argv[1])) as line:\n"
        "    line.attach(Board())\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(link)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        with Terminal(str(link)) as terminal:
            terminal.send(READ_RELAYS)
            heard = terminal.hear(6)
        process.stdin.close()
    assert heard == with_crc(bytes([1, 1, 1, 0]))


# --- the board ---------------------------------------------------------------------------


def test_the_crc_is_pymodbus_own():
    for frame in (READ_RELAYS, PULSE_FIRST, ALL_ON, bytes(range(200))):
        theirs = FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big")
        assert with_crc(frame[:-2]) == frame[:-2] + theirs
    assert with_crc(READ_RELAYS[:-2]) == READ_RELAYS


def test_a_timed_pulse_ends_by_the_boards_own_clock(board, clock):
    assert board.answer(PULSE_FIRST) == PULSE_FIRST
    assert board.relays() == (True,) + (False,) * 7
    clock.now += 0.699
    assert board.relays()[0]
    clock.now += 0.002
    assert not any(board.relays())


def test_a_pulse_off_opens_now_and_closes_by_itself(board, clock):
    ask(board, "01 05 04 02 00 03")
    assert not board.relays()[2]
    clock.now += 0.3
    assert board.relays()[2]


def test_relays_are_switched_one_by_one_and_all_together(board):
    assert ask(board, "01 05 00 03 FF 00") == "01 05 00 03 ff 00"
    assert board.relays()[3]
    ask(board, "01 05 00 03 55 00")
    assert not board.relays()[3]
    ask(board, "01 05 00 FF FF 00")
    assert all(board.relays())
    ask(board, "01 05 00 FF 00 00")
    assert not any(board.relays())
    assert board.answer(ALL_ON) == with_crc(bytes.fromhex("01 0F 00 00 00 08"))
    assert ask(board, "01 01 00 00 00 08") == "01 01 01 ff"
    assert ask(board, "01 0F 00 02 00 03 01 02") == "01 0f 00 02 00 03"
    assert ask(board, "01 01 00 00 00 08") == "01 01 01 eb"


def test_switching_a_relay_off_ends_its_pulse_for_good(board, clock):
    board.answer(PULSE_FIRST)
    ask(board, "01 05 00 00 00 00")
    assert not board.relays()[0]
    clock.now += 0.8
    assert not board.relays()[0]


def test_inputs_are_read_from_the_first_on(board):
    board.inputs[0] = board.inputs[6] = True
    assert ask(board, "01 02 00 00 00 08") == "01 02 01 41"
    assert ask(board, "01 02 00 06 00 02") == "01 02 01 01"


def test_in_linkage_mode_an_input_drives_the_relay_and_orders_do_not(board):
    ask(board, "01 06 10 01 00 01")
    board.inputs[1] = True
    assert board.relays()[1]
    ask(board, "01 05 00 01 00 00")
    assert board.relays()[1]
    board.inputs[1] = False
    assert not board.relays()[1]


def test_in_toggle_and_edge_mode_a_change_of_the_input_turns_the_relay(board):
    ask(board, "01 10 10 00 00 02 04 00 02 00 03")
    board.inputs[0] = board.inputs[1] = True
    assert board.relays()[:2] == (True, True)
    board.inputs[0] = board.inputs[1] = False
    assert board.relays()[:2] == (True, False)
    assert ask(board, "01 03 10 00 00 03") == "01 03 06 00 02 00 03 00 00"


def test_version_and_address_are_registers(board):
    assert ask(board, "01 03 80 00 00 01") == "01 03 02 00 c8"
    assert ask(board, "01 06 40 00 00 05") == "01 06 40 00 00 05"
    assert ask(board, "01 03 40 00 00 01") is None
    assert ask(board, "05 03 40 00 00 01") == "05 03 02 00 05"


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        ("01 04 00 00 00 01", "01 84 01"),
        ("01 01 00 01 00 08", "01 81 02"),
        ("01 02 00 00 00 00", "01 82 03"),
        ("01 03 30 00 00 01", "01 83 02"),
        ("01 05 00 08 FF 00", "01 85 02"),
        ("01 05 00 00 00 01", "01 85 03"),
        ("01 05 02 00 00 00", "01 85 03"),
        ("01 05 02 00 80 00", "01 85 03"),
        ("01 05 02 08 00 05", "01 85 02"),
        ("01 06 10 00 00 04", "01 86 03"),
        ("01 06 80 00 00 01", "01 86 02"),
        ("01 0F 00 00 00 08 02 FF", "01 8f 03"),
        ("01 10 10 00 00 02 04 00 02", "01 90 03"),
        ("01 05 00", "01 85 03"),
    ],
)
def test_what_the_board_does_not_have_it_refuses(board, frame, reply):
    assert ask(board, frame) == reply
    assert not any(board.relays())


def test_a_broken_frame_another_slave_and_a_broadcast_get_no_answer(board):
    assert board.answer(PULSE_FIRST[:-1] + b"\x00") is None
    assert board.answer(b"\x01") is None
    assert ask(board, "02 05 00 00 FF 00") is None
    assert not any(board.relays())
    assert ask(board, "00 05 00 00 FF 00") is None
    assert board.relays()[0]


# --- cross-check -------------------------------------------------------------------------


def test_pymodbus_own_client_and_the_board_agree():
    board = Board()
    board.inputs[3] = True

    async def story(port):
        client = AsyncModbusSerialClient(port, baudrate=19200, timeout=1, retries=0)
        assert await client.connect()
        try:
            inputs = await client.read_discrete_inputs(0, count=8, device_id=1)
            await asyncio.sleep(0.01)  # This client leaves no gap between frames.
            wrote = await client.write_coil(5, value=True, device_id=1)
            await asyncio.sleep(0.01)
            coils = await client.read_coils(0, count=8, device_id=1)
            await asyncio.sleep(0.01)
            modes = await client.write_registers(0x1000, [0, 2], device_id=1)
            await asyncio.sleep(0.01)
            refused = await client.write_coil(9, value=True, device_id=1)
        finally:
            client.close()
        return inputs.bits, wrote.isError(), coils.bits, modes.isError(), refused.exception_code

    with PtyLine(19200) as line:
        line.attach(board)
        inputs, wrote, coils, modes, refused = asyncio.run(story(line.port))
    assert inputs == [False, False, False, True] + [False] * 4
    assert (wrote, modes, refused) == (False, False, 2)
    assert coils == list(board.relays()) == [False] * 5 + [True] + [False] * 2
