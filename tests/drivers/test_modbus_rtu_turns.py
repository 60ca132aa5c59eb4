"""Who is served when on an RTU line, where slaves are dead, late, or come back."""

import asyncio

import pytest

from drivers.bus.modbus_rtu import Settings, connect
from drivers.modbus.absences import PAUSES_S, Absences
from drivers.modbus.errand import AwayError, Errand, NoAnswerError
from drivers.modbus.pdu import READ_INPUTS, read_bits
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


# --- turns -------------------------------------------------------------------------------


def test_orders_go_before_what_safety_needs_and_that_before_the_rest(line):
    async def story(bus):
        await asyncio.gather(
            bus.read_coils(1, 0, 8),
            bus.read_holding_registers(1, 0x1000, 1),
            bus.read_discrete_inputs(1, 0, 8, turn=Turn.SAFETY),
            bus.write_coil(1, 0, 0xFF00),
        )

    play(story, line)
    assert asked(line) == [(1, 5), (1, 2), (1, 1), (1, 3)]


def test_an_order_does_not_wait_for_the_quiet_time_that_a_dead_slave_has_left(line):
    async def story(bus):
        await fail(bus)
        async with asyncio.timeout(1):
            await bus.write_coil(1, 0, 0xFF00)

    play(story, line, timeout_ms=30, quiet_ms=2000)
    assert asked(line) == [(DEAD, 1), (1, 5)]


def test_a_reading_that_waits_in_the_quiet_time_lets_an_order_pass(line):
    async def story(bus):
        await fail(bus)
        reading = asyncio.create_task(bus.read_coils(1, 0, 8))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(0.8):
            await bus.write_coil(1, 0, 0xFF00)
        assert not reading.done()
        await reading

    play(story, line, timeout_ms=30, quiet_ms=1500)
    assert asked(line) == [(DEAD, 1), (1, 5), (1, 1)]


def test_a_slave_that_missed_its_last_answer_is_not_waited_for_when_an_order_comes(line):
    async def story(bus):
        await fail(bus)
        again = asyncio.create_task(bus.read_coils(DEAD, 0, 8))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(1):
            await bus.write_coil(1, 0, 0xFF00)
        with pytest.raises(DeviceError, match="an order to slave 1 went first"):
            await again

    play(story, line, timeout_ms=2000, quiet_ms=0)
    assert asked(line) == [(DEAD, 1), (DEAD, 1), (1, 5)]


def test_a_slave_that_answered_so_far_is_waited_for(line):
    line.attach(Tardy(0.3))

    async def story(bus):
        reading = asyncio.create_task(bus.read_discrete_inputs(TARDY, 0, 8))
        await asyncio.sleep(0.1)
        await bus.write_coil(1, 0, 0xFF00)
        return number_of(await reading)

    assert play(story, line, timeout_ms=1000) == 1


def test_an_order_to_the_slave_that_missed_an_answer_waits_for_the_quiet_time(line):
    async def story(bus):
        await fail(bus)
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.write_coil(DEAD, 0, 0xFF00)

    play(story, line, timeout_ms=30, quiet_ms=300)
    first, second = (at for at, who, _ in line.log[::8] if who == "master")
    assert second - first > 0.3


def test_an_order_that_the_quiet_time_would_make_late_is_refused_at_once(line):
    async def story(bus):
        await fail(bus)
        soon = asyncio.get_running_loop().time() + 0.5
        with pytest.raises(DeviceError, match="did not send it"):
            await bus.write_coil(DEAD, 0, 0xFF00, not_after=soon)
        return asyncio.get_running_loop().time() < soon

    assert play(story, line, timeout_ms=30, quiet_ms=1500)
    assert asked(line) == [(DEAD, 1)]


def test_an_order_finds_a_place_in_a_queue_full_of_readings(line):
    async def story(bus):
        reads = [asyncio.create_task(bus.read_coils(1, 0, 8)) for _ in range(32)]
        await asyncio.sleep(0)
        with pytest.raises(DeviceError, match="32 questions wait already"):
            await bus.read_coils(1, 0, 8)
        await bus.write_coil(1, 0, 0xFF00)
        for read in reads:
            read.cancel()

    play(story, line)


# --- slaves that are away ----------------------------------------------------------------


def test_a_dead_slave_is_soon_not_asked_any_more_and_says_why(line):
    async def story(bus):
        await fail(bus, times=4)
        with pytest.raises(AwayError, match=r"slave 9 gave no answer.*asked again in [01]\.\d s"):
            await bus.read_coils(DEAD, 0, 8)

    play(story, line, timeout_ms=10, quiet_ms=10)
    assert asked(line) == [(DEAD, 1)] * 4


def test_an_order_to_a_slave_that_is_away_is_always_tried(line):
    async def story(bus):
        await fail(bus, times=4)
        with pytest.raises(NoAnswerError):
            await bus.write_coil(DEAD, 0, 0xFF00)

    play(story, line, timeout_ms=10, quiet_ms=10)
    assert asked(line)[-1] == (DEAD, 5)


def test_a_slave_that_answers_an_order_is_asked_again_at_once(line):
    board = Board(slave=DEAD)

    async def story(bus):
        await fail(bus, times=4)
        line.attach(board)
        await bus.write_coil(DEAD, 0, 0xFF00)
        return await bus.read_coils(DEAD, 0, 2)

    assert play(story, line, timeout_ms=50, quiet_ms=50) == (True, False)


def test_what_waits_for_a_dead_slave_is_told_without_asking_for_each(line):
    async def story(bus):
        reads = [bus.read_coils(DEAD, 0, 8) for _ in range(20)]
        alive = bus.read_coils(1, 0, 8)
        *errors, answer = await asyncio.gather(*reads, alive, return_exceptions=True)
        return [type(error) for error in errors], answer

    errors, answer = play(story, line, timeout_ms=20, quiet_ms=20)
    assert errors == [NoAnswerError] * 4 + [AwayError] * 16
    assert answer == (False,) * 8


def test_a_noisy_slave_is_not_taken_for_a_dead_one(line):
    line.faults = Faults(corrupt=1.0)

    async def story(bus):
        await fail(bus, slave=1, times=8)
        line.faults = Faults()
        return await bus.read_coils(1, 0, 8)

    assert play(story, line, timeout_ms=30, quiet_ms=10) == (False,) * 8


def test_a_new_adapter_forgives_the_slaves_that_the_old_one_lost(tmp_path):
    with PtyLine(BAUD, link=tmp_path / "adapter") as line:

        async def story(bus):
            await fail(bus, slave=1, times=4)
            await fail(bus, slave=2, times=4)
            line.unplug()
            line.plug()
            line.attach(Board(slave=1))
            line.attach(Board(slave=2))
            await asyncio.sleep(0.05)
            await bus.write_coil(1, 0, 0xFF00)
            return await bus.read_coils(2, 0, 8)

        assert play(story, line, timeout_ms=50, quiet_ms=20) == (False,) * 8


def errand_to(slave, turn=Turn.REST):
    return Errand(read_bits(READ_INPUTS, slave, 0, 8), turn, 0.0, 9e9)


def test_the_pauses_grow_to_half_a_minute_and_end_with_an_answer():
    absences, now, silence = Absences("line"), 100.0, NoAnswerError("silent", silent=True)
    for _ in range(4):
        absences.missed(7, silence, now)
    taken = []
    for _ in range(len(PAUSES_S) + 2):
        with pytest.raises(AwayError) as refused:
            absences.refuse(errand_to(7), now)
        pause_s = float(str(refused.value).split()[-2])
        taken.append(pause_s)
        now += pause_s
        absences.refuse(errand_to(7), now)
        absences.missed(7, silence, now)
    assert taken == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    absences.answered(7, now)
    absences.refuse(errand_to(7), now)
    assert not absences.suspects(7)


def test_an_order_that_fails_in_a_pause_does_not_make_it_longer():
    absences, silence = Absences("line"), NoAnswerError("silent", silent=True)
    for _ in range(9):
        absences.missed(7, silence, 100.0)
    absences.refuse(errand_to(7, Turn.ORDER), 100.5)
    absences.refuse(errand_to(7), 101.0)
