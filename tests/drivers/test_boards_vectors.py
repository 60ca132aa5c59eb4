"""The frames that makers and public programs print, byte by byte: by our drivers, to our boards."""

import asyncio

import pytest

from drivers.twins.board import Board
from drivers.twins.boards.eletechsup import SELF_LOCKING, Eletechsup
from drivers.twins.boards.juying import OPENS_FIRST, JuyingDam
from drivers.twins.boards.models import MODELS
from drivers.twins.boards.models import board as board_model
from drivers.twins.boards.plain import MoxaE1214
from drivers.twins.line import with_crc
from gateway.ports import DeviceError
from tests.drivers import boards


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def frame(text):
    return bytes.fromhex(text)


# --- to our boards -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("board", "question", "closed"),
    [
        # Waveshare wiki, V2: all relays on, channel 0 for 700 ms.
        (Board(1), "01 0F 00 00 00 08 01 FF BE D5", range(8)),
        (Board(1), "01 05 02 00 00 07 8D B0", [0]),
        # Juying: channel 0 for 1.0 s; the address is any board's.
        (JuyingDam(7), "FE 10 00 03 00 02 04 00 04 00 0A 41 6B", [0]),
    ],
)
def test_a_printed_order_does_what_is_printed_beside_it(board, question, closed):
    reply = board.answer(frame(question))
    assert reply[:6] == frame(question)[:6]
    assert [place for place, on in enumerate(board.relays()) if on] == list(closed)


def test_waveshare_reads_its_relays_by_the_printed_frame():
    assert Board(1).answer(frame("01 01 00 00 00 08 3D CC")) == with_crc(frame("01 01 01 00"))


@pytest.mark.parametrize(
    ("value", "closed_at"),
    [
        ("01 00", (True, True, True)),
        ("05 00", (True, True, False)),
        ("06 02", (True, True, False)),
        ("06 FF", (True, True, True)),
        ("02 00", (False, False, False)),
        ("03 00", (True, True, True)),
    ],
)
def test_eletechsup_counts_relays_from_one_and_seconds(value, closed_at):
    clock = Clock()
    board = Eletechsup(1, clock=clock)
    question = with_crc(frame(f"01 06 00 03 {value}"))
    assert board.answer(question) == question
    seen = []
    for clock.now in (100.0, 100.9, 102.1):
        seen.append(board.relays()[2])
        reply = board.answer(with_crc(frame("01 03 00 03 00 01")))
        assert reply == with_crc(bytes([1, 3, 2, 0, seen[-1]]))
    assert tuple(seen) == closed_at
    assert board.answer(with_crc(frame("01 06 00 00 01 00")))[1] == 0x86


def test_eletechsup_latch_drops_the_others():
    board = Eletechsup(1)
    for order in ("01 06 00 01 01 00", "01 06 00 02 04 00"):
        board.answer(with_crc(frame(order)))
    assert board.relays()[:2] == (False, True)


@pytest.mark.parametrize(("name", "first"), [("zlan-6844", 0x10), ("advantech-adam-6066", 16)])
def test_the_first_output_of_a_plain_board_is_coil_16(name, first):
    board = board_model(name, 1)
    assert min(board.coils()) == first
    assert board.answer(with_crc(frame("01 05 00 10 FF 00"))) == with_crc(
        frame("01 05 00 10 FF 00")
    )
    assert board.relays()[0]
    assert board.answer(with_crc(frame("01 05 00 00 FF 00")))[:3] == frame("01 85 02")


def test_moxa_says_its_inputs_also_as_a_word_and_its_relays_too():
    board = MoxaE1214(1, outputs=6, inputs=6)
    board.inputs[0] = board.inputs[5] = True
    board.answer(with_crc(frame("01 05 00 01 FF 00")))
    assert board.answer(with_crc(frame("01 04 00 30 00 01"))) == with_crc(frame("01 04 02 00 21"))
    assert board.answer(with_crc(frame("01 03 00 20 00 01"))) == with_crc(frame("01 03 02 00 02"))


def test_moxas_pulse_lasts_a_second_and_a_half():
    clock = Clock()
    board = MoxaE1214(1, outputs=6, inputs=6, clock=clock)
    board.answer(with_crc(frame("01 05 00 10 FF 00")))
    seen = []
    for clock.now in (101.4, 101.6):
        seen.append(board.relays()[0])
    assert seen == [True, False]


def test_came_says_its_printed_states():
    board = board_model("came-gard-ptx", 1)

    def status():
        return board.answer(with_crc(frame("01 03 00 64 00 02")))

    assert status() == with_crc(frame("01 03 04 00 11 00 00"))
    board.inputs = [False, False]
    board.orders.append("open")
    assert status()[3:5] == frame("00 20")
    board.inputs = [True, False]
    assert status() == with_crc(frame("01 03 04 00 10 00 64"))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_no_board_listens_to_another_address_or_to_a_broken_frame(name):
    board = board_model(name, 5)
    question = with_crc(frame("05 03 00 01 00 01"))
    assert board.answer(question) is not None
    assert board.answer(with_crc(frame("06 03 00 01 00 01"))) is None
    assert board.answer(question[:-1] + bytes([question[-1] ^ 1])) is None


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("function", [1, 2, 3, 4, 5, 6, 15, 16, 43])
def test_a_board_answers_any_function_with_itself_or_with_a_refusal(name, function):
    for rest in ("", "00", "FF FF 00 01", "00 01 00 00", "00 00 00 02 04 00 00 00 00"):
        reply = board_model(name, 5).answer(with_crc(bytes([5, function]) + frame(rest)))
        assert reply[1] in (function, function | 0x80)
        assert with_crc(reply[:-2]) == reply


# --- by our drivers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "own", "open_frame", "close_frame"),
    [
        ("waveshare-relay-8ch", {"pulse_ms": "700"}, "05 02 00 00 07", "05 02 01 00 07"),
        ("waveshare-relay-32ch", {"close_output": "32"}, "05 02 00 00 02", "05 02 1F 00 02"),
        (
            "juying-dam-0808",
            {"pulse_ms": "1000"},
            "10 00 03 00 02 04 00 04 00 0A",
            "10 00 08 00 02 04 00 04 00 0A",
        ),
        ("eletechsup-r4d8b08", {"pulse_ms": "2000"}, "06 00 01 06 02", "06 00 02 06 02"),
        ("zlan-6042", {}, "05 00 10 FF 00", "05 00 11 FF 00"),
        ("moxa-iologik-e1214", {}, "05 00 00 FF 00", "05 00 01 FF 00"),
        ("advantech-adam-6060", {"open_output": "6"}, "05 00 15 FF 00", "05 00 11 FF 00"),
    ],
)
def test_an_order_is_the_printed_frame(name, own, open_frame, close_frame):
    async def story(order, wire):
        await asyncio.sleep(1.1)  # A pulse of a run before this one might last as long.
        await order()
        return next(question for question in wire.questions() if question[0] in (5, 6, 16))

    def ordered(word):
        async def with_barrier(barrier, wire):
            return await story(getattr(barrier, word), wire)

        return boards.play(with_barrier, "barrier", name, boards.relay_settings(name, **own))

    assert ordered("open") == frame(open_frame)
    assert ordered("close") == frame(close_frame)


def test_a_clone_that_knows_the_pulse_by_the_other_code_is_found_out_and_opened():
    board = JuyingDam(boards.SLAVE)
    board.closes_first = OPENS_FIRST

    async def story(barrier, wire):
        with pytest.raises(DeviceError) as caught:
            await barrier.open()
        await asyncio.sleep(2.3)
        return str(caught.value), wire.watched.pulses(0)

    chosen = boards.relay_settings("juying-dam-0808", pulse_ms="2000")
    told, pulses = boards.play(story, "barrier", "juying-dam-0808", chosen, board)
    assert "confirmed a pulse of output 1, and its contact is not closed" in told
    assert "try the other pulse_code of its kind (0x0002 for 0x0004)" in told
    assert pulses == []


def test_that_clone_works_with_the_other_code():
    board = JuyingDam(boards.SLAVE)
    board.closes_first = OPENS_FIRST

    async def story(barrier, wire):
        await barrier.open()
        return wire.board.relays()[0]

    chosen = boards.relay_settings("juying-dam-0808", pulse_code="0x0002")
    assert boards.play(story, "barrier", "juying-dam-0808", chosen, board)


@pytest.mark.parametrize("order", ["open", "close"])
def test_a_board_whose_inputs_are_joined_to_its_relays_is_refused(order):
    board = Eletechsup(boards.SLAVE, inputs=8, joined=SELF_LOCKING)

    async def story(barrier, wire):
        with pytest.raises(DeviceError) as caught:
            await getattr(barrier, order)()
        return str(caught.value), wire.board.relays()

    name = "eletechsup-n4d8b08"
    told, relays = boards.play(story, "barrier", name, boards.relay_settings(name), board)
    assert told == (
        "slave 3 on bus line-1: output 1 is in control mode 1, so that an input could move the "
        "boom: set register 0x00FD to 0"
    )
    assert not any(relays)


def test_one_register_that_joins_all_inputs_is_asked_whatever_the_outputs_are():
    board = Eletechsup(boards.SLAVE, inputs=8)

    async def story(barrier, wire):
        await barrier.open()
        return wire.questions()[0], wire.board.relays()[4]

    name = "eletechsup-n4d8b08"
    chosen = boards.relay_settings(name, open_output="5", close_output="3")
    told = boards.play(story, "barrier", name, chosen, board)
    assert told == (frame("03 00 FD 00 01"), True)


def test_a_joined_input_would_have_moved_the_boom():
    board = Eletechsup(1, inputs=8, joined=SELF_LOCKING)
    board.relays()
    board.inputs[0] = True
    assert board.relays()[0]
