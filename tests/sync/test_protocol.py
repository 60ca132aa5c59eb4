"""Messages survive their way over the wire, and bad bytes never get further than the door."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.sync import messages, protocol
from gateway.sync.protocol import (
    Ack,
    Batch,
    Fork,
    Hello,
    MalformedError,
    Position,
    Record,
    Resend,
    chain_over,
    genesis,
)

HERE = Position(7, bytes(range(32)))
BODY = protocol.canonical({"plate": "京A12345", "confidence": 0.9812})
DECODERS = (
    messages.decode_hello,
    messages.decode_batch,
    messages.decode_ack,
    messages.decode_ctl,
)


def a_batch() -> Batch:
    lines = tuple(Record(seq, 1, "pass", BODY, b"").line() for seq in (8, 9))
    return Batch("e1", "i1", HERE, lines, chain_over(HERE.chain, lines)[-1])


def test_every_message_comes_out_as_it_went_in():
    hello = Hello("north", "i1", "e1", HERE, 5)
    assert messages.decode_hello(messages.encode(hello)) == hello
    assert messages.decode_ack(messages.encode(Ack("e1", HERE))) == Ack("e1", HERE)
    for order in (Resend("e1", 4), Fork("e1", HERE)):
        assert messages.decode_ctl(messages.encode(order)) == order
    assert messages.decode_batch(messages.encode_batch(a_batch())) == a_batch()


def test_the_chain_tells_order_content_and_epoch():
    one, two = b"one", b"two"
    start = genesis("e1").chain
    assert chain_over(start, [one, two])[-1] != chain_over(start, [two, one])[-1]
    assert chain_over(start, [one, two]) == (
        *chain_over(start, [one]),
        chain_over(start, [one, two])[1],
    )
    assert genesis("e1") != genesis("e2")


def test_a_records_line_is_the_canonical_json_of_the_whole_record():
    line = Record(8, 1, "pass", BODY, b"").line()
    whole = {
        "seq": 8,
        "schema": 1,
        "kind": "pass",
        "body": {"plate": "京A12345", "confidence": 0.9812},
    }
    assert line.decode() == protocol.canonical(whole)


def test_an_order_of_a_newer_protocol_is_passed_over():
    assert messages.decode_ctl(b'{"do": "dance", "rate": 3}') is None


def test_fields_nobody_knows_are_no_harm():
    assert messages.decode_ctl(b'{"do": "resend", "epoch": "e", "from": 2, "new": []}') == Resend(
        "e", 2
    )


@pytest.mark.parametrize(
    "topic", ["", "lanegate/2/a/up/rec", "lanegate/1//up/rec", "lanegate/1/a/b/up/rec"]
)
def test_a_foreign_topic_is_refused(topic):
    with pytest.raises(MalformedError):
        protocol.split_topic(topic)


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"epoch": NaN}', "NaN is not JSON"),
        (b'{"epoch": ""}', "'epoch' is not a printable text"),
        (b'{"epoch": "\\ud800"}', "'epoch' is not a printable text"),
        (b'{"epoch": "e", "upto": true}', "'upto' is not a whole number"),
        (b'{"epoch": "e", "upto": -1}', "'upto' is not a whole number"),
        (b'{"epoch": "e", "upto": 9223372036854775808}', "'upto' is not a whole number"),
        (b'{"epoch": "e", "upto": 1, "chain_upto": "ab"}', "'chain_upto' is not a SHA-256"),
    ],
)
def test_a_bad_acknowledgement_is_refused_with_a_reason(payload, what):
    with pytest.raises(MalformedError, match=what):
        messages.decode_ack(payload)


def test_a_batch_with_a_missing_line_is_refused():
    short = messages.encode_batch(a_batch()).rpartition(b"\n")[0]
    with pytest.raises(MalformedError, match="other than its 1 records"):
        messages.decode_batch(short)


def test_a_batch_of_more_than_a_mebibyte_is_refused_unread():
    with pytest.raises(MalformedError, match="at most"):
        messages.decode_batch(b" " * (protocol.MAX_MESSAGE_BYTES + 1))


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b'{"do":"fork","epoch":"e","seq":1,"chain":null}')
@example(b"9" * 5000)
def test_no_bytes_raise_anything_but_malformed(payload):
    for decode in DECODERS:
        with suppress(MalformedError):
            decode(payload)
