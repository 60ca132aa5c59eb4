"""Late answers on an RTU line, which name no question, and broadcasts, which get none."""

import asyncio

import pytest

from drivers.bus.modbus_rtu import Settings, connect
from drivers.modbus.debts import LATEST_S, Debts
from drivers.modbus.errand import Errand
from drivers.modbus.pdu import READ_INPUTS, read_bits, write_coil
from drivers.twins.board import Board
from drivers.twins.line import Faults, PtyLine, with_crc
from gateway.ports import DeviceError, Turn

BAUD = 19200
DEAD, TARDY = 9, 5


class Tardy:
    """A slave whose next answers come after `delays_s`; each tells how often it was asked."""

    def __init__(self, *delays_s):
        self.delays_s = list(delays_s)
        self.asked = 0

    @property
    def delay_s(self):
        return self.delays_s.pop(0) if self.delays_s else 0.002

    def answer(self, frame):
        if frame[0] != TARDY:
            return None
        self.asked += 1
        return with_crc(bytes([TARDY, 2, 1, self.asked]))


@pytest.fixture
def line():
    with PtyLine(BAUD) as line:
        line.attach(Board())
        yield line


def play(story, line, **settings):
    async def run():
        chosen = {"baud": BAUD} | settings
        async with connect(Settings(driver="modbus_rtu", port=line.port, **chosen)) as bus:
            return await asyncio.wait_for(story(bus), 20)

    return asyncio.run(run())


def asked(line):
    """Slave and function of each frame that the master sent."""
    return [tuple(frame[:2]) for frame in line.frames("master")]


async def fail(bus, slave=DEAD, times=1):
    for _ in range(times):
        with pytest.raises(DeviceError):
            await bus.read_coils(slave, 0, 8)


def number_of(bits):
    return sum(bit << place for place, bit in enumerate(bits))


def errand_to(slave, turn=Turn.REST):
    return Errand(read_bits(READ_INPUTS, slave, 0, 8), turn, 0.0, 9e9)


# --- late answers ------------------------------------------------------------------------


def test_a_late_answer_that_was_heard_ends_the_quiet_time(line):
    tardy = Tardy(0.1)
    line.attach(tardy)

    async def story(bus):
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(TARDY, 0, 8)
        async with asyncio.timeout(1.2):
            return number_of(await bus.read_discrete_inputs(TARDY, 0, 8))

    assert play(story, line, timeout_ms=60, quiet_ms=1900) == 2
    assert tardy.asked == 2


def test_an_answer_that_comes_in_the_middle_of_the_next_question_is_not_believed(line):
    tardy = Tardy(0.2)
    line.attach(tardy)

    async def story(bus):
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(TARDY, 0, 8)
        return number_of(await bus.read_discrete_inputs(TARDY, 0, 8))

    with pytest.raises(DeviceError, match="contradict"):
        play(story, line, timeout_ms=150, quiet_ms=0)


def test_an_old_answer_that_comes_inside_the_next_question_does_not_hide_what_is_now(line):
    board = Board(slave=7)
    line.attach(board)

    async def story(bus):
        board.delay_s = 0.2
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(7, 0, 8)
        board.delay_s = 0.002
        board.inputs[0] = True
        return (await bus.read_discrete_inputs(7, 0, 8))[0]

    assert play(story, line, timeout_ms=150, quiet_ms=0)


class Stammerer:
    """A slave that says its first answer twice, the second time with another content."""

    delay_s = 0.002

    def __init__(self):
        self.replies = [b"\x01\x02", b"\x03"]

    def answer(self, _frame):
        return b"".join(with_crc(bytes([7, 2, 1, bits])) for bits in self.replies.pop(0))


def test_what_nobody_asked_for_is_not_kept_for_the_next_question(line):
    line.attach(Stammerer())

    async def story(bus):
        return [number_of(await bus.read_discrete_inputs(7, 0, 8)) for _ in range(2)]

    assert play(story, line) == [1, 3]


def test_a_damaged_answer_is_known_for_one_and_costs_no_quiet_time(line):
    async def story(bus):
        line.faults = Faults(corrupt=1.0)
        with pytest.raises(DeviceError, match="sent damaged bytes"):
            await bus.read_coils(1, 0, 8)
        line.faults = Faults()
        return await bus.read_coils(1, 0, 8)

    async def in_time(bus):
        async with asyncio.timeout(1.5):
            return await story(bus)

    assert play(in_time, line, timeout_ms=2000, quiet_ms=2000) == (False,) * 8
    assert asked(line) == [(1, 1)] * 3, "it was not asked twice after a damaged answer"


def test_while_an_answer_is_owed_the_same_question_is_asked_until_two_answers_agree(line):
    board = Board(slave=7)
    line.attach(board)

    async def story(bus):
        line.faults = Faults(drop=1.0)
        await fail(bus, slave=7)
        line.faults = Faults()
        await bus.read_coils(7, 0, 8)
        await bus.read_coils(7, 0, 8)

    play(story, line, timeout_ms=30, quiet_ms=30)
    assert asked(line) == [(7, 1)] * 4


def test_a_question_whose_answer_has_another_length_is_not_doubted(line):
    async def story(bus):
        line.faults = Faults(drop=1.0)
        with pytest.raises(DeviceError):
            await bus.read_holding_registers(1, 0x1000, 2)
        line.faults = Faults()
        await bus.read_holding_registers(1, 0x1000, 3)

    play(story, line, timeout_ms=30, quiet_ms=30)
    assert asked(line) == [(1, 3)] * 2


def test_debts_are_counted_heard_and_forgotten():
    debts, question = Debts(), read_bits(READ_INPUTS, 1, 0, 8)
    answer = with_crc(bytes([1, 2, 1, 7]))
    debts.add(question, quiet_until=10.0)
    debts.add(question, quiet_until=11.0)
    assert debts.owed(question, 10.5) == 2
    received = bytearray(b"\x00" + answer + answer[:4])
    debts.hear(received, 10.5)
    assert (debts.owed(question, 10.5), bytes(received)) == (1, answer[:4])
    assert debts.owed(question, 11.0 + LATEST_S) == 0
    assert debts.owed(read_bits(READ_INPUTS, 1, 0, 9), 10.5) == 0


def test_only_an_order_to_another_slave_may_go_out_while_an_answer_is_owed():
    debts = Debts()
    debts.add(read_bits(READ_INPUTS, 1, 0, 8), quiet_until=10.0)
    assert debts.quiet_until(Errand(write_coil(1, 0, 0), Turn.ORDER, 0.0, 9e9)) == 10.0
    assert debts.quiet_until(Errand(write_coil(2, 0, 0), Turn.ORDER, 0.0, 9e9)) == 0.0
    assert debts.quiet_until(errand_to(2, Turn.SAFETY)) == 10.0


# --- broadcast ---------------------------------------------------------------------------


def test_a_broadcast_is_obeyed_unanswered_and_followed_by_silence(line):
    async def story(bus):
        await bus.write_coil(0, 3, 0xFF00)
        return await bus.read_coils(1, 3, 1)

    assert play(story, line) == (True,)
    assert asked(line) == [(0, 5), (1, 1)]
    last, first = line.log[7][0], line.log[8][0]
    assert first - last > 0.14
