"""The packed form as its page describes it: a reader made from the page reads what is packed."""

import base64
import random

import pytest
from hypothesis import given, settings

from gateway.contract import examples
from gateway.store.records import utc_text
from gateway.sync import messages
from gateway.sync.compact import pack_lines, unpack_lines
from gateway.sync.protocol import MAX_MESSAGE_BYTES, canonical, record_line
from tests.sync.scenario import CORPUS, at
from tests.sync.test_packing import bodies, lines_of
from tests.sync.unpacker import unpacked


def test_the_example_batch_comes_out_as_its_plain_form():
    packed = messages.pack_batch(examples.BATCH)
    assert packed[:1] == b"P"
    assert b"\n".join(unpacked(packed)) == examples.PAYLOADS["rec"]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_record_of_the_corpus_comes_out_as_it_was(path):
    lines = path.read_bytes().splitlines()
    for count in (1, 2, len(lines)):
        assert unpacked(pack_lines(lines[:count])) == lines[:count]


FORM = (
    "a batch that was packed before cannot be read any more, and boxes that were not upgraded still"
    " send it: another form needs another first byte"
)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.packed")), ids=lambda path: path.stem)
def test_what_was_packed_once_is_read_for_ever(path):
    payload = base64.decodebytes(path.read_bytes())
    lines = path.with_suffix(".jsonl").read_bytes().splitlines()
    assert list(unpack_lines(payload, MAX_MESSAGE_BYTES)) == lines, FORM
    assert unpacked(payload) == lines, FORM


def test_a_busy_morning_comes_out_as_it_was():
    dice = random.Random(11)
    lines, second, pass_id = [], 0.0, ""
    for seq in range(1, 200):
        second += dice.random() * 20
        pass_id = dice.randbytes(16).hex() if seq % 2 else pass_id
        body = {
            "pass_id": pass_id,
            "evidence": [dice.randbytes(dice.choice((16, 32, 20))).hex()],
            "plate": dice.choice(["京A12345", "京A12346", "", 'q"', None]),
            "share": round(dice.random(), 4),
            "n": dice.choice((0, 7, -3, 2**40, 1.5e300)),
            "at": utc_text(at(second)),
        }
        lines.append(record_line(seq, 2, "pass", canonical(body)))
    assert unpacked(pack_lines(lines)) == lines


@settings(deadline=None, max_examples=60)
@given(bodies.map(lambda one: [one] * 2) | bodies.map(lambda one: [one, {}, one]))
def test_whatever_a_record_says_it_comes_out_byte_for_byte(found):
    lines = lines_of(found)
    assert tuple(unpacked(pack_lines(lines))) == lines
