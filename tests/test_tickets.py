"""A ticket is read by who has the gateway's public key, and nothing else is taken for one."""

import base64
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sync.keyfiles import key_bytes
from gateway.tickets import (
    MOST_LINK,
    MOST_TEXT,
    Ticket,
    TicketError,
    TicketKey,
    packed,
    pay_link,
    read_ticket,
    unpacked,
)

PAGE = Path(__file__).parents[1] / "docs" / "tickets.md"
KEY = TicketKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
QUOTED = datetime(2026, 11, 23, 2, 30, 15, tzinfo=UTC)
TICKET = Ticket(
    gateway="box-1",
    session_id="0123456789abcdef0123456789abcdef",
    plate="京A12345",
    area="main",
    entered_at=QUOTED - timedelta(hours=3),
    quoted_at=QUOTED,
    fee_fen=1250,
    pass_id="fedcba9876543210fedcba9876543210",  # noqa: S106 -- no password
)
LONGEST = replace(
    TICKET,
    gateway="g" * 64,
    session_id="s" * 64,
    plate="p" * 32,
    area="区" * 21 + "a",
    pass_id="q" * 64,
)
TEMPLATE = "https://pay.example.cn/p?t={ticket}"


def texts(most):
    short = st.text(max_size=most).filter(lambda text: len(_utf8(text)) <= most)
    return short | st.from_regex(r"[0-9a-f]{32}", fullmatch=True) if most > 32 else short


def _utf8(text):
    return text.encode("utf-8", "surrogatepass")


moments = st.integers(1, 2**32 - 1).map(lambda second: datetime.fromtimestamp(second, UTC))
tickets = st.builds(
    Ticket,
    gateway=texts(64),
    session_id=texts(64),
    plate=texts(32),
    area=texts(64),
    entered_at=st.none() | moments,
    quoted_at=moments,
    fee_fen=st.integers(0, 2**32 - 1),
    pass_id=texts(64),
)


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(payload, key=KEY):
    return text_of(payload + key._private.sign(payload))


# --- there and back ----------------------------------------------------------------------


@given(tickets)
def test_every_ticket_that_is_signed_is_read_as_it_was(ticket):
    text = KEY.ticket(ticket)
    assert read_ticket(text, KEY.public) == ticket
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,512}", text)


def test_the_longest_ticket_fits_and_the_usual_one_makes_a_small_code():
    assert len(KEY.ticket(LONGEST)) <= MOST_TEXT
    assert len(KEY.ticket(TICKET)) < 200
    assert len(pay_link("https://" + "a" * 400 + "{ticket}", KEY.ticket(LONGEST))) <= MOST_LINK


def test_a_ticket_without_an_entry_and_one_of_no_fee_are_tickets_too():
    lost = replace(TICKET, entered_at=None, fee_fen=0, plate="", area="")
    assert read_ticket(KEY.ticket(lost), KEY.public) == lost


def test_the_same_ticket_is_always_the_same_text():
    assert KEY.ticket(TICKET) == KEY.ticket(replace(TICKET))
    half = replace(TICKET, quoted_at=QUOTED + timedelta(milliseconds=999))
    assert KEY.ticket(half) == KEY.ticket(TICKET)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"plate": "京" * 11}, "plate has 33 bytes; 32 fit"),
        ({"gateway": "g" * 65}, "gateway has 65 bytes; 64 fit"),
        ({"area": "\ud800"}, "is no text"),
        ({"fee_fen": -1}, "a fee of -1 fen"),
        ({"fee_fen": 2**32}, "a fee of 4294967296 fen"),
        ({"quoted_at": datetime(1970, 1, 1, tzinfo=UTC)}, "does not fit a ticket"),
        ({"entered_at": datetime(2107, 1, 1, tzinfo=UTC)}, "does not fit a ticket"),
    ],
)
def test_what_no_ticket_can_hold_is_refused_before_it_is_signed(change, told):
    with pytest.raises(TicketError, match=re.escape(told)):
        KEY.ticket(replace(TICKET, **change))


# --- what is no ticket -------------------------------------------------------------------


@given(tickets, st.data())
def test_a_ticket_with_any_bit_turned_is_refused(ticket, data):
    whole = bytearray(base64.urlsafe_b64decode(KEY.ticket(ticket) + "=="))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TicketError):
        read_ticket(text_of(bytes(whole)), KEY.public)


@settings(max_examples=300)
@given(st.text(max_size=600) | st.binary(max_size=400).map(text_of))
def test_nothing_else_is_a_ticket_and_all_of_it_is_refused_alike(text):
    with pytest.raises(TicketError):
        read_ticket(text, KEY.public)


@settings(max_examples=300)
@given(st.binary(max_size=320) | tickets.map(packed).map(lambda whole: whole + b"\x00"))
def test_what_is_signed_but_not_a_ticket_is_refused_or_read_in_one_way(payload):
    try:
        ticket = unpacked(payload)
    except TicketError:
        return
    assert packed(ticket) == payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x02" + packed(TICKET)[1:],
        packed(TICKET)[:-1],
        packed(TICKET) + b"\x00",
        packed(replace(TICKET, pass_id="")).replace(b"\x00" * 1, b"\x41", 1),
        packed(TICKET)[:-8] + bytes(4) + packed(TICKET)[-4:],
        b"\x01\x05box-1" + b"\x20" + TICKET.session_id.encode() + packed(TICKET)[24:],
        b"\x01\x05box-\xff" + packed(TICKET)[7:],
    ],
)
def test_also_what_our_key_signed_must_be_a_ticket(payload):
    with pytest.raises(TicketError):
        read_ticket(signed(payload), KEY.public)


def test_a_ticket_of_another_version_and_one_with_more_to_it_are_told_as_such():
    with pytest.raises(TicketError, match="not of version 1"):
        unpacked(b"\x02" + packed(TICKET)[1:])
    with pytest.raises(TicketError, match="has 69 bytes before its signature, not 68"):
        unpacked(packed(TICKET) + b"\x00")


def test_the_hand_made_ticket_of_these_tests_is_right():
    assert read_ticket(signed(packed(TICKET)), KEY.public) == TICKET
    assert packed(TICKET)[7] == 0xFF
    assert len(packed(TICKET)[:24]) == 24


@pytest.mark.parametrize("spoilt", ["{}=", "{}A", " {}", "{}\n", "{}é", ""])
def test_a_ticket_is_written_in_one_way_only(spoilt):
    with pytest.raises(TicketError):
        read_ticket(spoilt.format(KEY.ticket(TICKET)), KEY.public)


def test_spare_bits_of_the_last_letter_change_nothing_unnoticed():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for area in ("a", "ab", "abc"):
        text = KEY.ticket(replace(TICKET, area=area))
        for letter in letters.replace(text[-1], ""):
            with pytest.raises(TicketError):
                read_ticket(text[:-1] + letter, KEY.public)


def test_a_text_that_is_too_long_is_not_even_decoded():
    with pytest.raises(TicketError, match="at most 512 characters, this one 1000000"):
        read_ticket("A" * 1_000_000, KEY.public)


def test_another_gateways_key_reads_no_ticket_of_ours():
    other = TicketKey(Ed25519PrivateKey.generate())
    with pytest.raises(TicketError, match="does not fit this gateway's key"):
        read_ticket(KEY.ticket(TICKET), other.public)


@pytest.mark.parametrize("public", ["", "AAAA", "é", KEY.public + "A", "A" * 43])
def test_a_bad_public_key_is_told_and_reads_nothing(public):
    with pytest.raises(TicketError):
        read_ticket(KEY.ticket(TICKET), public)


# --- the link ----------------------------------------------------------------------------


def test_a_link_carries_the_ticket_as_it_is():
    assert pay_link(TEMPLATE, "abc-_9") == "https://pay.example.cn/p?t=abc-_9"


@pytest.mark.parametrize(
    "template",
    [
        "https://pay.example.cn/",
        "https://pay.example.cn/{ticket}/{ticket}",
        "http://pay.example.cn/{ticket}",
        "javascript:{ticket}",
        "https://pay.example.cn/ {ticket}",
        "https://pay.example.cn/付?t={ticket}",
        "https://pay.example.cn/\n{ticket}",
        "https://" + "a" * 1000 + "{ticket}",
    ],
)
def test_a_template_that_gives_no_link_is_refused(template):
    with pytest.raises(ValueError, match=r"template|%XX|no payment link"):
        pay_link(template, "abc")


# --- the key -----------------------------------------------------------------------------


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    first = TicketKey.open(tmp_path)
    assert (tmp_path / "ticket.key").stat().st_mode & 0o777 == 0o600
    again = TicketKey.open(tmp_path)
    assert again.public == first.public
    assert read_ticket(first.ticket(TICKET), again.public) == TICKET
    assert [path.name for path in tmp_path.iterdir()] == ["ticket.key"]


def test_two_gateways_have_two_keys(tmp_path):
    (tmp_path / "other").mkdir()
    assert TicketKey.open(tmp_path).public != TicketKey.open(tmp_path / "other").public


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", key_bytes(generate_private_key(SECP256R1()))]
)
def test_a_bad_key_file_is_told_and_left_where_it_is(tmp_path, content):
    path = tmp_path / "ticket.key"
    path.write_bytes(content)
    with pytest.raises(TicketError, match="is no Ed25519 key; move it away"):
        TicketKey.open(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TicketError, match="cannot be read or made: No such file"):
        TicketKey.open(tmp_path / "nowhere")


# --- others check it ---------------------------------------------------------------------


def openssl_verifies(signed_part, signature, public, folder):
    """With nothing of ours: the key as DER (RFC 8410), the rest as openssl does it."""
    der = bytes.fromhex("302a300506032b6570032100") + public
    for name, content in (("key.der", der), ("payload", signed_part), ("signature", signature)):
        (folder / name).write_bytes(content)
    order = "openssl pkeyutl -verify -rawin -pubin -keyform DER"
    files = ["-inkey", "key.der", "-in", "payload", "-sigfile", "signature"]
    done = subprocess.run([*order.split(), *files], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(which("openssl") is None, reason="there is no openssl on the PATH")
def test_openssl_takes_our_signature_and_no_other_payload(tmp_path):
    whole = base64.urlsafe_b64decode(KEY.ticket(TICKET) + "==")
    public = base64.urlsafe_b64decode(KEY.public + "=")
    assert openssl_verifies(whole[:-64], whole[-64:], public, tmp_path)
    dearer = whole[:-65] + bytes([whole[-65] ^ 1])
    assert not openssl_verifies(dearer, whole[-64:], public, tmp_path)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_example_of_the_page_is_the_ticket_of_these_tests():
    page = PAGE.read_text("utf-8")
    assert KEY.public in page
    assert KEY.ticket(TICKET) in page.replace("\n", "")
    assert packed(TICKET).hex() in re.sub(r"\s", "", page)


def test_the_program_of_the_page_reads_the_example_and_refuses_another(tmp_path):
    (program,) = blocks("python")
    found = {}
    exec(compile(program, str(PAGE), "exec"), found)  # noqa: S102 -- the page's own example
    read = found["checked"](KEY.ticket(TICKET), KEY.public)
    assert read == {
        "gateway": "box-1",
        "session_id": TICKET.session_id,
        "plate": "京A12345",
        "area": "main",
        "pass_id": TICKET.pass_id,
        "entered_at": int(TICKET.entered_at.timestamp()),
        "quoted_at": int(TICKET.quoted_at.timestamp()),
        "fee_fen": 1250,
    }
    assert (
        found["checked"](KEY.ticket(replace(TICKET, entered_at=None)), KEY.public)["entered_at"]
        == 0
    )
    with pytest.raises(InvalidSignature):
        found["checked"](
            signed(packed(TICKET), TicketKey(Ed25519PrivateKey.generate())), KEY.public
        )
