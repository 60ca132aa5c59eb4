"""Packed batches come out as they went in, and bad bytes never get further than the door."""

import random
import zlib
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.sync import messages
from gateway.sync.compact import RAW, _deflated, pack_lines, unpack_lines
from gateway.sync.fields import MalformedError
from gateway.sync.protocol import (
    MAX_MESSAGE_BYTES,
    Batch,
    Moment,
    Position,
    canonical,
    chain_over,
    record_line,
)
from gateway.sync.shapes import DICTIONARY

ROOM = 1 << 20
HERE = Position(7, bytes(range(32)))
NOW = Moment("2026-03-01T12:00:00.000Z", "b0" * 16, "ok", 123_456)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.5, 0.9876, 0.0001, 0.1])
    | st.text(max_size=8)
    | st.sampled_from(["京A12345", "ab" * 16, "cd" * 32, "0123456789abcdef", "a,b", 'q"]'])
    | st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(["at", "pass_id", "plate", "x"]), values, max_size=4)


def lines_of(bodies, first=1):
    return tuple(
        record_line(seq, 2, "pass", canonical(body), NOW.text())
        for seq, body in enumerate(bodies, first)
    )


@settings(deadline=None)
@given(st.lists(bodies, min_size=1, max_size=12))
@example([{"pass_id": "ab" * 16, "at": "0001-01-01T00:00:00.000Z"}] * 3)
@example([{"at": "2026-02-30T00:00:00.000Z"}, {"at": "9999-12-31T23:59:59.999Z"}])
@example([{"x": '\x7f\\"京'}])
def test_whatever_a_record_says_it_comes_out_byte_for_byte(bodies):
    lines = lines_of(bodies)
    assert unpack_lines(pack_lines(lines), ROOM) == lines


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30).filter(lambda b: min(b, default=32) >= 32), max_size=9))
def test_lines_that_are_no_json_come_out_too(lines):
    assert unpack_lines(pack_lines(lines), ROOM) == tuple(lines)


def a_batch(count=60) -> Batch:
    dice = random.Random(3)
    bodies = [
        {"pass_id": dice.randbytes(16).hex(), "at": NOW.at, "n": dice.random()}
        for _ in range(count)
    ]
    lines = lines_of(bodies, HERE.seq + 1)
    return Batch("e1" * 16, "i1" * 8, HERE, lines, chain_over(HERE.chain, lines)[-1], NOW)


def test_plain_deflated_and_packed_say_the_same_in_ever_fewer_bytes():
    batch = a_batch()
    forms = [
        messages.encode_batch(batch),
        messages.deflate_batch(batch),
        messages.pack_batch(batch),
    ]
    assert [messages.decode_batch(form) for form in forms] == [batch] * 3
    assert len(forms[0]) > 2 * len(forms[1]) > 2 * len(forms[2])


def test_lines_with_control_characters_go_out_deflated():
    lines = (b'{"body":{"a":"\x01"},"kind":"pass","seq":8}',)
    batch = Batch("e1", "i1", HERE, lines, chain_over(HERE.chain, lines)[-1])
    payload = messages.pack_batch(batch)
    assert payload[:1] == b"x"
    assert messages.decode_batch(payload) == batch


def broken(payload: bytes, dice: random.Random) -> bytes:
    changed = bytearray(payload)
    for _ in range(dice.randint(1, 4)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed[: dice.randint(1, len(changed))])


@pytest.mark.parametrize("form", [messages.pack_batch, messages.deflate_batch])
def test_broken_bytes_raise_nothing_but_malformed(form):
    payload, dice = form(a_batch(20)), random.Random(4)
    for _ in range(600):
        with suppress(MalformedError):
            messages.decode_batch(broken(payload, dice))


def test_broken_columns_raise_nothing_but_malformed():
    payload, dice = pack_lines(lines_of([{"pass_id": "ab" * 16, "n": 3}] * 9)), random.Random(5)
    end = 5 + int.from_bytes(payload[1:5])
    hard = payload[end:]
    soft = zlib.decompressobj(RAW, DICTIONARY).decompress(payload[5:end])
    for _ in range(1500):
        bad = _deflated(broken(soft, dice))
        with suppress(MalformedError):
            unpack_lines(b"P" + len(bad).to_bytes(4) + bad + hard, ROOM)


def test_a_small_message_that_would_become_huge_is_refused():
    huge = zlib.compress(b" " * (MAX_MESSAGE_BYTES * 40))
    raw = _deflated(b" " * (MAX_MESSAGE_BYTES * 40))
    for payload in (huge, b"P" + len(raw).to_bytes(4) + raw):
        with pytest.raises(MalformedError):
            messages.decode_batch(payload)
    one = lines_of([{"x": "y" * 5000}])
    many = pack_lines(one * 900)
    assert len(many) < 20_000
    with pytest.raises(MalformedError, match="more than"):
        unpack_lines(many, ROOM)
