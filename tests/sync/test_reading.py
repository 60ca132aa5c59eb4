"""How a receiver reads one line: the quick way and the thorough way say the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sync import ledger, protocol
from gateway.sync.fields import MalformedError
from gateway.sync.ledger import PoisonError, read_record
from gateway.sync.protocol import Moment, canonical

CHAIN = b"\1" * 32
TAIL = ',"kind":"pass","schema":2,"seq":7}'
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [TAIL, '"}', "京A12345"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def said_of(read, line: bytes):
    try:
        return read(line, 7, CHAIN)
    except (PoisonError, MalformedError) as error:
        return type(error), str(error)


@given(
    st.dictionaries(TEXTS, VALUES, max_size=4),
    st.sampled_from(["pass", "alarm"]),
    st.integers(0, 5),
    st.sampled_from([6, 7]),
    st.none() | st.integers(0, 2**50),
)
def test_a_gateways_line_is_read_the_quick_way_as_any_json_would_be(body, kind, schema, seq, mono):
    when = "" if mono is None else Moment("2026-01-01T00:00:00.000Z", "b0", "ok", mono).text()
    line = protocol.record_line(seq, schema, kind, canonical(body), when)
    quick, thorough = said_of(read_record, line), said_of(ledger._read_any_form, line)
    if isinstance(quick, ledger.Received):
        quick, thorough = quick._replace(escaped=True), thorough._replace(escaped=True)
    assert quick == thorough


@given(st.text('{}"[],:\\ab71', max_size=40), st.booleans())
def test_a_line_that_is_no_json_is_never_taken_for_one(noise, whole):
    line = f'{{"body":{noise}{TAIL}'.encode() if whole else f'{{"body":{{{noise}}}{TAIL}'.encode()
    found = said_of(read_record, line)
    try:
        body = json.loads(line)["body"]
    except (ValueError, KeyError, TypeError):
        assert found == (PoisonError, "not_json")
    else:
        assert not isinstance(found, ledger.Received) or found.body == body


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "not_json"),
        (b"\xff", "not_json"),
        (b'{"body":{"a":NaN}' + TAIL.encode(), "not_json"),
        (b'{"body":{"a":"\xff"}' + TAIL.encode(), "not_json"),
        (b'{"body":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + TAIL.encode(), "not_json"),
        (b'{"body":{"a":"\\ud800"}' + TAIL.encode(), "bad_text"),
        (b'{"body":[]' + TAIL.encode(), "no_body"),
        (b'{"body":{},"kind":"a\\u0007","schema":2,"seq":7}', "no_kind"),
    ],
)
def test_what_can_never_be_stored_has_a_code(line, code):
    with pytest.raises(PoisonError, match=code):
        read_record(line, 7, CHAIN)
