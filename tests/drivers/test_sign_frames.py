"""The frames of signs and voices, byte by byte as published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.display import aa55_board, fk_board, onbon_bx5k
from drivers.signs.checks import arc_crc, modbus_crc
from drivers.signs.text import closed_up, gbk, plain
from drivers.twins.signs import OnbonPanel
from drivers.voice import syn6288, xfs5152ce

TTY = "/dev/ttyS0"


def fk(**settings):
    return fk_board.Settings(driver="fk_board", port=TTY, **settings)


def onbon(**settings):
    return onbon_bx5k.Settings(driver="onbon_bx5k", port=TTY, **settings)


def test_the_checksums_have_their_published_check_values():
    assert modbus_crc(b"123456789") == 0x4B37
    assert arc_crc(b"123456789") == 0xBB3D


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("欢迎光临,请入场停车", "A936"),
        ("欢迎光临", "3258"),
        ("一路顺风", "9F40"),
        ("欢迎回家", "737A"),
        ("粤B123456警", "035F"),
        ("请交费10元", "431E"),
    ],
)
def test_the_64_ff_ff_voice_has_the_published_frames(text, published):
    signs = text.encode("gbk")
    head = bytes.fromhex("0064FFFF30") + bytes([len(signs) + 1, 1])
    sent = fk_board.frame(0, fk_board.SPEAK, fk_board.spoken(text))
    assert sent == head + signs + bytes.fromhex(published)


def test_the_64_ff_ff_text_has_the_published_frame():
    data = fk_board.shown(0, "欢迎光临请入场停车", fk(stay_s=2))
    assert fk_board.frame(0, fk_board.SHOW, data) == bytes.fromhex(
        "0064FFFF62 25 00 1501000215010300 FF000000 00000000 1200"
        "BBB6D3ADB9E2C1D9C7EBC8EBB3A1CDA3B3B5 F4F5"
    )


def test_the_64_ff_ff_text_never_outgrows_its_length_byte():
    longest = fk_board.shown(0, "停" * 300, fk(line_bytes=236))
    assert len(longest) == 255
    assert len(fk_board.spoken("停" * 300)) == 255


def test_the_aa55_board_has_the_published_frame():
    published = bytes.fromhex("AA55 01 64 00 22 0001 0B 0776 AF")
    assert aa55_board.frame(1, 100, aa55_board.SPEAK, b"\x0b") == published


def test_the_aa55_text_has_the_published_control_bytes():
    board = aa55_board.Settings(driver="aa55_board", port=TTY, stay_s=60)
    assert aa55_board.shown(2, "停车", board) == bytes.fromhex("023C0100") + "停车".encode("gbk")


def test_the_xfs5152ce_has_the_published_frames():
    said = xfs5152ce.frame(1, b"\x01" + "欢迎光临".encode("gbk"))
    assert said == bytes.fromhex("FD000A0101BBB6D3ADB9E2C1D9")
    assert xfs5152ce.frame(0x21) == bytes.fromhex("FD000121")


def test_the_syn6288_has_the_published_frames():
    said = syn6288.frame(1, b"\x01" + "直行".encode("gbk"))
    assert said == bytes.fromhex("FD00070101D6B1D0D09D")
    assert syn6288.frame(0x21) == bytes.fromhex("FD000221DE")


def test_the_onbon_area_has_the_published_bytes():
    """Those of a 5K sample, save its two reserved bytes and the checksum printed with them.

    That checksum does not fit the bytes printed beside it; the one of the acknowledgement does.
    """
    wide = onbon(lines=1, width_px=1024, line_px=32, mode=3)
    published = bytearray.fromhex(
        "A306010000 00 01 2900 00 0000 0000 8000 2000 00 00 00 0200 000000 02 02 03 00 04 05"
        "0E000000 3031323334355152535454562742"
    )
    ours = onbon_bx5k.update([onbon_bx5k.area(0, "012345QRSTTV'B", wide)])
    single_line, wrap, stay = 7 + 2 + 17, 7 + 2 + 18, 7 + 2 + 22
    published[single_line], published[wrap], published[stay] = 1, 1, onbon_bx5k.STAY
    assert ours == bytes(published)


def test_the_onbon_acknowledgement_is_read_as_published():
    published = bytes.fromhex("A5" * 8 + "0080FEFF000000000000FE020500A00000000014AC5A")
    assert onbon_bx5k.answer_in(published) == bytes.fromhex("A000000000")
    assert onbon_bx5k.answer_in(b"\x00\x11" + published) == bytes.fromhex("A000000000")
    assert onbon_bx5k.answer_in(published[:-2] + b"\xad\x5a") is None


@given(st.binary(max_size=60))
def test_onbon_escapes_hide_every_byte_that_begins_or_ends_a_frame(data):
    frame = onbon_bx5k.frame(0x5AA6, b"\xa0\x00" + data)
    assert frame.count(b"\x5a") == 1
    assert b"\xa5" not in frame[8:]
    assert OnbonPanel()._opened(frame[:-1])[14:-2] == b"\xa0\x00" + data
    assert onbon_bx5k.answer_in(frame) == b"\xa0\x00" + data


def test_a_text_is_cut_in_bytes_and_never_in_the_middle_of_a_sign():
    assert gbk("停车A停", 5) == "停车A".encode("gbk")
    assert gbk("A停车", 4) == "A停".encode("gbk")


def test_what_gbk_lacks_becomes_a_question_mark():
    assert gbk("𠮷😀京", 20) == b"??" + "京".encode("gbk")
    assert gbk("\udc00", 20) == b"?"


def test_controls_and_signs_that_are_orders_become_spaces():
    assert plain("a\nb\x1b[v0]\u202ec", "[]") == "a b  v0  c"


@given(st.text(max_size=40), st.integers(0, 30))
def test_any_text_fits_and_can_be_read_back(text, most):
    encoded = gbk(plain(text), most)
    assert len(encoded) <= most
    encoded.decode("gbk")


def test_a_plate_that_is_spoken_sign_by_sign_is_closed_up_for_stored_clips():
    assert closed_up("京 A 1 2 3 4 5 欢迎光临") == "京A12345 欢迎光临"
    assert closed_up("plate 京 A 1 2 welcome") == "plate 京A12 welcome"


@pytest.mark.parametrize(
    "port", ["ttyS0", "tcp://host", "tcp://host:0", "tcp://host:70000", "tcp:///dev/x:1", ""]
)
def test_a_port_that_leads_nowhere_is_refused(port):
    with pytest.raises(ValidationError, match=r"(leads nowhere|names no TCP port)"):
        xfs5152ce.Settings(driver="xfs5152ce", port=port)


def test_two_devices_may_not_have_one_port():
    assert fk().claims() == xfs5152ce.Settings(driver="xfs5152ce", port=TTY).claims()
