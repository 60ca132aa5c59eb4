"""Questions as bytes, and frames among bytes, in every framing."""

import pytest

from drivers.modbus import ascii_frame
from drivers.probe._framing import Ascii, Asked, Heard, Mbap, Rtu

READ_RELAYS = Asked(1, 1, 0, 8)
RELAYS = bytes.fromhex("01 01 01 05 91 8B")


def test_a_question_is_the_published_frame():
    assert Rtu().frame(READ_RELAYS) == bytes.fromhex("01 01 00 00 00 08 3D CC")


def test_the_standards_own_ascii_example_is_made():
    assert Ascii(seven=False).frame(Asked(0xF7, 3, 0x1389, 10)) == b":F7031389000A60\r\n"


@pytest.mark.parametrize("function", [0, 5, 6, 15, 16, 17, 43])
@pytest.mark.parametrize("framing", [Rtu(), Ascii(seven=True), Mbap()], ids=["rtu", "ascii", "tcp"])
def test_nothing_that_writes_can_be_asked(framing, function):
    with pytest.raises(ValueError, match="no reading"):
        framing.frame(Asked(1, function, 0, 1))


def test_two_answers_are_told_from_one_and_noise_is_kept_apart():
    framing = Rtu()
    frame = framing.frame(READ_RELAYS)
    assert framing.heard(RELAYS, frame) == Heard((RELAYS[:-2],), b"")
    assert framing.heard(b"\xff" + RELAYS + RELAYS, frame).bodies == (RELAYS[:-2], RELAYS[:-2])
    assert framing.heard(b"\xff" + RELAYS, frame).rest == b"\xff"
    assert framing.heard(RELAYS[:-1], frame) == Heard((), RELAYS[:-1])


def test_our_own_echo_is_no_answer():
    framing = Rtu()
    frame = framing.frame(READ_RELAYS)
    assert framing.heard(frame, frame) == Heard((), b"", echo=True)
    assert framing.heard(frame + RELAYS, frame) == Heard((RELAYS[:-2],), b"", echo=True)


def test_an_exception_is_a_frame():
    refusal = bytes.fromhex("01 83 02 C0 F1")
    assert Rtu().heard(refusal, b"").bodies == (refusal[:-2],)


@pytest.mark.parametrize(("parity", "tops"), [("even", "01"), ("odd", "10"), ("none", "11")])
def test_seven_bits_carry_their_parity_in_the_eighth(parity, tops):
    sent = ascii_frame.seven_bits(b"\x03\x07", parity)
    assert "".join(str(char >> 7) for char in sent) == tops
    assert ascii_frame.low_bits(sent) == b"\x03\x07"


def test_an_ascii_frame_with_a_wrong_sum_or_no_end_is_none():
    whole = ascii_frame.frame_of(RELAYS[:-2])
    framing = Ascii(seven=False)
    assert framing.heard(b"\0" + whole, b"").bodies == (RELAYS[:-2],)
    assert framing.heard(whole.replace(b"05", b"04"), b"").bodies == ()
    assert framing.heard(whole[:-1], b"") == Heard((), whole[:-1])
    assert framing.heard(b":zz\r\n", b"").bodies == ()


def test_modbus_tcp_drops_the_answer_to_an_earlier_question():
    framing = Mbap()
    first, second = framing.frame(READ_RELAYS), framing.frame(READ_RELAYS)
    late = first[:4] + b"\0\x04" + RELAYS[:4]
    right = second[:4] + b"\0\x04" + RELAYS[:4]
    assert framing.heard(late, second) == Heard((), b"")
    assert framing.heard(late + right, second).bodies == (RELAYS[:4],)
    assert framing.heard(RELAYS, second) == Heard((), RELAYS)
