"""The camera's child and its supervisor, over their real pipe."""

import asyncio
import io
import json
import struct
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gateway import pipe
from gateway.capture.attention import Attention
from gateway.capture.newest import Newest, drain
from gateway.capture.observer import Observer
from gateway.capture.view import View
from gateway.lane.plates import Gate
from gateway.lane.types import PlateCandidate, PlateColour
from gateway.ports import DeviceError, Frame
from gateway.sight import Condition
from tests.lane.playing import a_reading

GATE = {"min_char": 0.5, "box_score": 0.3}
ONE, TWO = "1" * 64, "ab" * 32


def over_a_pipe(data: bytes) -> pipe.Message:
    async def story():
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await pipe.read(stream)

    return asyncio.run(story())


def written(message: pipe.Message) -> bytes:
    out = io.BytesIO()
    pipe.write(out, message)
    return out.getvalue()


def test_a_message_arrives_as_it_was_sent():
    reading = replace(a_reading(), evidence=(ONE, TWO))
    sent = pipe.Message(
        (reading,), {ONE: b"jpeg one", TWO: b""}, 12.5,
        read=True, condition=Condition.MOVED, words="it looks elsewhere", age_s=0.25,
        photos={7: ONE}, refused=True,
    )  # fmt: skip
    assert over_a_pipe(written(sent)) == sent


def a_head(**fields) -> dict:
    good = {"readings": [], "pictures": [], "read_ms": 1.5, "error": "", "read": True}
    more = {"condition": "ok", "words": "", "age_s": 0.1, "photos": [], "refused": False}
    return good | more | fields


def a_head_with(**fields) -> dict:
    corners = [[0, 0], [9, 0], [9, 3], [0, 3]]
    reading = {
        "text": "京A12345", "type": "civil", "colour": "blue", "confidence": 0.9, "min_char": 0.8,
        "corners": corners, "evidence": [ONE], "track": 3, "sure": True,
    }  # fmt: skip
    return a_head(readings=[reading | fields])


def over_a_pipe_as(head: object, pictures: bytes = b"") -> pipe.Message:
    body = head if isinstance(head, bytes) else json.dumps(head).encode()
    return over_a_pipe(struct.pack(">I", len(body)) + body + pictures)


def test_the_heads_of_the_tests_below_are_good_ones_but_for_what_they_change():
    message = over_a_pipe_as(a_head_with() | {"pictures": [[ONE, 2]]}, b"ok")
    assert message.readings[0].evidence == (ONE,)
    assert message.pictures == {ONE: b"ok"}


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/lane", "/tmp/x", ONE.upper()[:-1] + "A", ONE + "\n", "", 7, [ONE]]
)
def test_a_picture_that_is_named_like_a_path_or_anything_but_its_content_is_refused(name):
    with pytest.raises(pipe.BrokenPipe, match="does not fit"):
        over_a_pipe_as(a_head(pictures=[[name, 2]]), b"ok")
    with pytest.raises(pipe.BrokenPipe, match="does not fit"):
        over_a_pipe_as(a_head_with(evidence=[name]))


@pytest.mark.parametrize(
    "head",
    [
        a_head(pictures=[[f"{number:064x}", 0] for number in range(10)]),
        a_head(photos=[[1, ONE]]),
        a_head(photos=[[1, TWO]], pictures=[[ONE, 2]]),
        a_head(photos=[[-1, ONE]], pictures=[[ONE, 2]]),
        a_head(photos=[["1", ONE]], pictures=[[ONE, 2]]),
        a_head(photos=[[number, ONE] for number in range(17)], pictures=[[ONE, 2]]),
        a_head(photos=None),
        a_head(pictures=[[ONE, 1], [ONE, 1]]),
        a_head(pictures=[[ONE, 1.5]]),
        a_head(pictures=[[ONE, -1]]),
        a_head(pictures=[[ONE, 2**40]]),
        a_head(read_ms=float("nan")),
        a_head(read_ms=10**400),
        a_head(age_s=float("inf")),
        a_head(condition="splendid"),
        a_head(condition=None),
        a_head_with(confidence=float("inf")),
        a_head_with(min_char="0.9"),
        a_head_with(track=-1),
        a_head(readings=a_head_with()["readings"] * 9),
        a_head_with(corners=[[0, 0], [9, 0], [9, 3], [0, True]]),
        a_head_with(corners=[[0, 0], [9, 0], [9, 3], [0, None]]),
        a_head_with(corners=7),
        a_head_with(text="京A1234\n"),
        a_head_with(text="\ud800"),
        a_head_with(text="A" * 17),
        a_head_with(text=None),
        a_head_with(evidence=[{}]),
        b"[" * 60_000,
        b"\xff\xfe",
        b"null",
    ],
    ids=str,
)
def test_a_head_with_a_field_that_does_not_fit_is_refused(head):
    with pytest.raises(pipe.BrokenPipe, match="does not fit"):
        over_a_pipe_as(head, b"xx")


def test_the_last_words_of_a_child_are_made_fit_for_the_records():
    message = over_a_pipe_as(a_head(error="gone\n\ud800" + "x" * 1000))
    assert message.error.startswith("gone  xxx")
    assert len(message.error) <= 500
    assert over_a_pipe(written(pipe.Message(error="a \udcff b"))).error == "a ? b"


def test_a_picture_full_of_plates_fits_into_one_message():
    class ManyPlates:
        def read(self, image):
            return [a_candidate(f"京A1234{number}", 10 + 3 * number) for number in range(9)]

    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0))
    observer = Observer(NoCamera(), ManyPlates(), gate, View(), Attention())
    message = observer.observed(Frame(noise, time.monotonic()))
    message = replace(message, age_s=0.0, read_ms=0.0)
    heard = over_a_pipe(written(message))
    assert (heard.readings, heard.pictures) == (message.readings, message.pictures)
    assert [reading.text for reading in heard.readings][:2] == ["京A12348", "京A12347"]


class NoCamera:
    def frames(self):
        yield from ()


@pytest.mark.parametrize(
    "word",
    [pipe.Word(awake=True), pipe.Word(awake=False), pipe.Word(photo=7), pipe.Word(again=True)],
)
def test_what_the_lane_says_arrives(word):
    assert pipe.Word.of(word.to_line()) == word


GOOD_WORD = {"awake": None, "photo": None, "again": False}
BAD_WORDS = ({"awake": 1}, {"photo": "1"}, {"again": 1})


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[1]", b"null", b"\xff\n", b"x"]
    + [json.dumps(GOOD_WORD | bad).encode() for bad in BAD_WORDS],
)
def test_a_line_that_is_no_word_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011 any of them
        pipe.Word.of(line)


def a_candidate(text: str, width: int) -> PlateCandidate:
    corners = ((0.0, 0.0), (width, 0.0), (width, 9.0), (0.0, 9.0))
    return PlateCandidate(text, PlateColour.BLUE, (0.9,) * 7, 0.9, corners)


@pytest.mark.parametrize(
    "nonsense",
    [
        struct.pack(">I", 10**9),
        struct.pack(">I", 4) + b"what",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 64)
        + b'{"readings":[],"pictures":[["a",99999999]],"read_ms":1,"error":""}'[:64],
    ],
)
def test_nonsense_from_the_child_is_named_as_such(nonsense):
    with pytest.raises((pipe.BrokenPipe, asyncio.IncompleteReadError)):
        over_a_pipe(nonsense)


def test_a_slow_reader_gets_the_newest_frame_only():
    newest = Newest()
    for number in range(5):
        newest.put(Frame(number, float(number)))
    assert newest.take().image == 4


def test_a_reader_that_waits_in_vain_is_told_so_and_a_frame_is_given_once():
    newest = Newest()
    assert newest.take(0.01) is None
    newest.put(Frame("one", 0.0))
    assert newest.take(0.01).image == "one"
    assert newest.take(0.01) is None


def test_a_camera_that_gives_up_is_heard_after_its_last_frame():
    class Broken:
        def frames(self):
            yield Frame("last", 0.0)
            raise DeviceError("the camera is gone")

    newest = Newest()
    thread = threading.Thread(target=drain, args=(Broken(), newest))
    thread.start()
    thread.join()
    assert newest.take().image == "last"
    with pytest.raises(DeviceError, match="gone"):
        newest.take()


def test_a_driver_that_breaks_is_heard_and_not_taken_for_a_camera_in_thought():
    class Faulty:
        def frames(self):
            yield Frame("last", 0.0)
            raise ZeroDivisionError("division by zero")

    newest = Newest()
    drain(Faulty(), newest)
    assert newest.take().image == "last"
    with pytest.raises(DeviceError, match="driver failed: ZeroDivisionError: division by zero"):
        newest.take()


def test_a_large_doubt_does_not_crowd_out_a_sure_plate():
    """A grille or a sign may look like a plate to the reader, and be wider than one."""

    class Crowd:
        def read(self, image):
            doubts = [a_candidate(f"京A1234{n}", 40 + n) for n in range(6)]
            return [*(replace(doubt, plate=0.1) for doubt in doubts), a_candidate("京A99999", 12)]

    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0) | {"plate": 0.5})
    observer = Observer(NoCamera(), Crowd(), gate, View(), Attention())
    message = observer.observed(Frame(noise, time.monotonic()))
    assert [reading.text for reading in message.readings if reading.sure] == ["京A99999"]
    assert [reading.sure for reading in message.readings] == [False, False, False, True]
    assert all(reading.evidence for reading in message.readings)


def test_a_process_that_was_replaced_does_not_use_the_numbers_of_the_one_before():
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0))

    class OnePlate:
        def read(self, image):
            return [a_candidate("京A12345", 20)]

    def number() -> int:
        noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
        observer = Observer(NoCamera(), OnePlate(), gate, View(), Attention())
        return observer.observed(Frame(noise, time.monotonic())).readings[0].track

    assert len({number() for _ in range(5)}) > 1
