"""`switched_relay`: the contact that we close ourselves is opened again, whatever happens."""

import asyncio

import pytest
from pydantic import ValidationError

from drivers.barrier.switched_relay import Settings, connect
from drivers.twins.boards.plain import MoxaE1214, PlainBoard
from gateway.ports import DeviceError
from tests.drivers import boards
from tests.storyteller import virtual_time

OPEN, CLOSE = 16, 17
PULSE_S, DEAD_S = 0.2, 0.05
FACTS = {"driver": "switched_relay", "bus": "line-1", "slave": 1, "outputs": 6, "coil_base": 16}
OWN = {"open_output": 1, "close_output": 2, "pulse_ms": 200, "dead_ms": 50}


class CoilBus:
    """Coils, and a notebook of the orders. `dead` answers nothing; `stuck` coils stay as they are.

    `unconfirmed` orders are carried out and not answered; `deaf_reads` readings fail.
    """

    def __init__(self, *closed):
        self.closed = set(closed)
        self.told = []
        self.times = []
        self.not_after = []
        self.dead = False
        self.stuck = set()
        self.unconfirmed = 0
        self.deaf_reads = 0
        self.both = False

    def orders(self):
        return [(coil, on) for coil, on in self.told if on is not None]

    async def read_coils(self, slave, first, count, *, turn):
        await asyncio.sleep(0.002)
        self.told.append((first, None))
        if self.dead or self.deaf_reads:
            self.deaf_reads = max(0, self.deaf_reads - 1)
            raise DeviceError("no answer")
        return tuple(coil in self.closed for coil in range(first, first + count))

    async def write_coil(self, slave, address, value, *, not_after=float("inf")):
        self.told.append((address, value == 0xFF00))
        self.times.append((address, value == 0xFF00, round(asyncio.get_running_loop().time(), 6)))
        self.not_after.append(not_after)
        await asyncio.sleep(0.002)
        if self.dead:
            raise DeviceError("no answer")
        if address not in self.stuck:
            self.closed.add(address) if value else self.closed.discard(address)
        self.both = self.both or {OPEN, CLOSE} <= self.closed
        if self.unconfirmed:
            self.unconfirmed -= 1
            raise DeviceError("not confirmed")


def play(story, bus, **changes):
    async def run():
        async with connect(Settings(**(FACTS | OWN | changes)), {"line-1": bus}) as barrier:
            return await asyncio.wait_for(story(barrier), 20)

    return virtual_time.run(run())


async def seen_open(bus):
    """Until both contacts are open, and a moment for it to be read."""
    async with asyncio.timeout(10):
        while bus.closed:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)


# --- the start ---------------------------------------------------------------------------


def test_the_start_only_reads_where_both_contacts_are_open():
    bus = CoilBus()

    async def story(_barrier):
        await asyncio.sleep(0.05)

    play(story, bus)
    assert bus.told == [(CLOSE, None), (OPEN, None)]


@pytest.mark.parametrize("left", [{OPEN}, {CLOSE}, {OPEN, CLOSE}])
def test_what_a_crash_left_closed_is_opened_at_the_start_and_nothing_is_closed(left):
    bus = CoilBus(*left)

    async def story(_barrier):
        await seen_open(bus)

    play(story, bus)
    assert bus.orders() == [(coil, False) for coil in (CLOSE, OPEN) if coil in left]


def test_the_open_contact_is_held_while_the_close_contact_cannot_be_opened():
    bus = CoilBus(OPEN, CLOSE)
    bus.stuck = {CLOSE}

    async def story(_barrier):
        await asyncio.sleep(0.5)

    play(story, bus)
    assert (OPEN, False) not in bus.orders()


def test_a_board_that_is_away_at_the_start_is_put_right_when_it_comes():
    bus = CoilBus(CLOSE)
    bus.dead = True

    async def story(_barrier):
        await asyncio.sleep(0.1)
        bus.dead = False
        await seen_open(bus)

    play(story, bus)
    assert set(bus.orders()) == {(CLOSE, False)}


# --- every way out -----------------------------------------------------------------------


def test_a_pulse_ends_by_its_time():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        assert bus.closed == {OPEN}
        await seen_open(bus)

    play(story, bus)
    (_, _, on_at), (_, _, off_at) = bus.times
    assert bus.orders() == [(OPEN, True), (OPEN, False)]
    assert PULSE_S <= round(off_at - on_at, 6) < PULSE_S + 0.02


@pytest.mark.parametrize("order", ["open", "close"])
def test_an_order_that_is_not_confirmed_is_taken_back_at_once(order):
    bus = CoilBus()

    async def story(barrier):
        bus.unconfirmed = 1
        with pytest.raises(DeviceError, match="not confirmed"):
            await getattr(barrier, order)()
        await seen_open(bus)

    play(story, bus, pulse_ms=5000)
    (_, on, on_at), (_, off, off_at) = bus.times
    assert (on, off) == (True, False)
    assert off_at - on_at < 0.05


def test_a_contact_that_is_not_seen_closed_is_told_and_taken_back():
    bus = CoilBus()

    async def story(barrier):
        await asyncio.sleep(0.05)
        bus.stuck = {OPEN}
        with pytest.raises(DeviceError, match="output 1 confirmed ON and reads OFF"):
            await barrier.open()
        await asyncio.sleep(0.05)

    play(story, bus)
    assert bus.orders() == [(OPEN, True), (OPEN, False)]


def test_a_cancelled_order_leaves_nothing_closed():
    bus = CoilBus()

    async def story(barrier):
        await asyncio.sleep(0.05)
        task = asyncio.create_task(barrier.open())
        while OPEN not in bus.closed:
            await asyncio.sleep(0.0005)
        task.cancel()
        await seen_open(bus)

    play(story, bus, pulse_ms=5000)
    assert bus.orders() == [(OPEN, True), (OPEN, False)]


def test_the_end_of_the_program_opens_the_contact_at_once():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()

    play(story, bus, pulse_ms=5000)
    assert bus.closed == set()


def test_an_error_of_the_program_opens_the_contact_too():
    bus = CoilBus()

    async def story(barrier):
        await barrier.close()
        raise RuntimeError("a mistake elsewhere")

    with pytest.raises(RuntimeError):
        play(story, bus, pulse_ms=5000)
    assert bus.closed == set()


def test_off_is_sent_until_it_is_seen():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        bus.dead = True
        await asyncio.sleep(0.5)
        bus.dead = False
        await seen_open(bus)
        await asyncio.sleep(0.05)
        return len(bus.orders())

    sent = play(story, bus)
    assert set(bus.orders()[1:]) == {(OPEN, False)}
    assert sent == len(bus.orders()), "it went on after it had been seen"


def test_a_reading_that_fails_in_the_end_of_a_pulse_is_tried_again():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        bus.deaf_reads = 1
        await asyncio.sleep(PULSE_S + 0.5)
        await barrier.close()

    play(story, bus)
    assert bus.orders()[:3] == [(OPEN, True), (OPEN, False), (OPEN, False)]


# --- never both --------------------------------------------------------------------------


def test_closing_waits_for_the_open_contact_and_the_dead_time():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        await barrier.close(not_after=99.5)

    play(story, bus)
    times = {(coil, on): at for coil, on, at in bus.times[:3]}
    assert round(times[CLOSE, True] - times[OPEN, True], 6) >= PULSE_S
    assert round(times[CLOSE, True] - times[OPEN, False], 6) >= DEAD_S
    assert bus.not_after[2] == 99.5
    assert not bus.both


def test_opening_takes_the_close_contact_back_first():
    bus = CoilBus()

    async def story(barrier):
        await barrier.close()
        await barrier.open()

    play(story, bus, pulse_ms=5000)
    assert bus.orders()[:3] == [(CLOSE, True), (CLOSE, False), (OPEN, True)]
    times = [at for _, _, at in bus.times]
    assert round(times[2] - times[1], 6) >= DEAD_S
    assert times[2] - times[0] < 4, "the boom went on closing for the whole pulse"


@pytest.mark.parametrize(
    ("first", "second", "coil"), [("open", "close", OPEN), ("close", "open", CLOSE)]
)
def test_a_contact_that_stays_closed_keeps_the_other_one_open(first, second, coil):
    bus = CoilBus()

    async def story(barrier):
        await getattr(barrier, first)()
        bus.stuck = {coil}
        with pytest.raises(DeviceError, match="stays closed after OFF: is its relay welded"):
            await getattr(barrier, second)()

    play(story, bus)
    assert bus.closed == {coil}


def test_a_second_order_of_the_same_kind_starts_no_second_pulse():
    bus = CoilBus()

    async def story(barrier):
        for _ in range(5):
            await barrier.open()
        await seen_open(bus)

    play(story, bus)
    assert bus.orders() == [(OPEN, True), (OPEN, False)]


def test_a_board_that_lost_the_pulse_gets_the_order_anew():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        bus.closed.clear()  # Its power went and came back.
        await barrier.open()
        await seen_open(bus)

    play(story, bus)
    assert bus.orders() == [(OPEN, True), (OPEN, True), (OPEN, False)]


def test_opening_goes_on_where_the_outputs_cannot_be_read_once():
    bus = CoilBus()

    async def story(barrier):
        await barrier.open()
        bus.deaf_reads = 1
        await barrier.open()

    play(story, bus)
    assert bus.orders()[:2] == [(OPEN, True), (OPEN, True)]


def test_an_order_while_the_keeper_works_keeps_its_whole_pulse():
    bus = CoilBus()

    async def story(barrier):
        for order in (barrier.open, barrier.close, barrier.open, barrier.close):
            await order()
        await seen_open(bus)

    play(story, bus, dead_ms=0)
    changes = bus.times
    widths = [round(off[2] - on[2], 6) for on, off in zip(changes[::2], changes[1::2], strict=True)]
    assert [on for _, on, _ in changes] == [True, False] * 4
    assert widths[0] >= PULSE_S
    assert widths[2] >= PULSE_S
    assert not bus.both


def test_a_keeper_that_had_to_wait_for_an_order_does_not_cut_its_pulse_short():
    bus = CoilBus()
    bus.dead = True  # So that the keeper tries again 200 ms after its first reading.

    async def story(barrier):
        await asyncio.sleep(0.199)
        bus.dead = False
        await barrier.open()
        await asyncio.sleep(0.1)
        return set(bus.closed)

    assert play(story, bus, pulse_ms=5000) == {OPEN}


# --- the unit's own watchdog -------------------------------------------------------------


@pytest.mark.parametrize("model", [MoxaE1214, PlainBoard])
def test_a_unit_with_its_watchdog_on_opens_the_contact_after_our_death(model):
    unit = model(boards.SLAVE, outputs=6, inputs=6, watchdog_s=0.3)

    async def run():
        async with boards.wired("moxa-iologik-e1214", unit) as wire:
            await wire.bus.write_coil(boards.SLAVE, min(unit.coils()), 0xFF00)
            before = unit.relays()[0]
            async with asyncio.timeout(5):
                while unit.relays()[0]:
                    await asyncio.sleep(0.02)
            return before

    assert asyncio.run(run())


# --- settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"open_output": 7}, "the board has no output 7; it has 1 to 6"),
        ({"close_output": 1}, "output 1 opens the barrier already"),
        ({"pulse_ms": 50}, "greater than or equal to 100"),
        ({"slave": 255}, "255 is no board's own address"),
    ],
)
def test_what_the_board_cannot_do_is_refused(changes, complaint):
    with pytest.raises(ValidationError) as caught:
        Settings(**(FACTS | OWN | changes))
    assert complaint in str(caught.value)
