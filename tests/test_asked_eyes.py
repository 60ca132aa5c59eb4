"""What a lane asks of its eyes: pictures, and a second look; and what they may not ask for."""

import asyncio
import contextlib
import hashlib
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from gateway import pipe
from gateway.evidence import HELD, Evidence
from gateway.inbox import Inbox
from gateway.lane.events import PhotoTaken
from gateway.lane.types import Inputs, Level
from gateway.watcher import Watcher
from tests.lane.playing import a_reading
from tests.watching import GATE, alarms, grey_order, watched

OFF = Level.OFF


@pytest.fixture
def an_order(tmp_path):
    return grey_order(tmp_path)


def photos(events) -> list[PhotoTaken]:
    return [event for event in events if isinstance(event, PhotoTaken)]


def test_every_picture_that_was_wanted_comes_and_is_kept(an_order, tmp_path):
    """The photo stands still and nobody is on a loop: the reader sleeps."""
    wanted = ["raise 1", "raise 2", "case 3"]

    def ask(watcher, sights):
        watcher.attend(Inputs(OFF, OFF))
        if watcher.sight.seeing and wanted:
            watcher.photograph(wanted.pop())
        return not wanted and not watcher._photos

    _, _, events = watched(an_order, 30, ask)
    taken = photos(events)
    assert {one.subject for one in taken} == {"raise 1", "raise 2", "case 3"}
    for one in taken:
        jpeg = (tmp_path / one.evidence[:2] / f"{one.evidence}.jpg").read_bytes()
        assert hashlib.sha256(jpeg).hexdigest() == one.evidence
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


def test_a_picture_that_was_wanted_while_the_process_was_away_comes_from_the_next_one(an_order):
    asked = []

    def ask(watcher, sights):
        if not asked:
            asked.append(watcher.photograph("raise 1"))
        return not watcher._photos

    _, _, events = watched(an_order, 30, ask)
    assert [one.subject for one in photos(events)] == ["raise 1"]


def test_a_camera_that_gives_no_picture_is_one_line_in_the_log(
    an_order, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    asked = []

    def ask(watcher, sights):
        if sights and not asked:
            asked.append(watcher.photograph("raise 1"))
        return asked and not watcher._photos

    _, _, events = watched(an_order, 30, ask)
    assert not photos(events)
    said = [line for line in caplog.messages if "raise 1" in line]
    assert len(said) == 1
    assert "no picture for raise 1: the camera's process cannot be started" in said[0]


def test_pictures_without_end_are_not_asked_for(an_order, caplog):
    def ask(watcher, sights):
        for number in range(pipe.MOST_PHOTOS + 1):
            watcher.photograph(f"raise {number}")
        return True

    watched(an_order, 5, ask)
    assert [line for line in caplog.messages if "too many" in line] == [
        f"entry-1: no picture for raise {pipe.MOST_PHOTOS}: too many are wanted"
    ]


def test_a_second_look_is_taken_at_every_picture_for_a_while(an_order):
    read = []

    def ask(watcher, sights):
        watcher.attend(Inputs(OFF, OFF))
        if watcher.sight.frames and not read:
            read.append(watcher.sight.frames)
            watcher.look_again()
        return read and watcher.sight.frames >= read[0] + 10

    watcher, _, _ = watched(an_order, 30, ask)
    assert read[0] + 10 <= watcher.sight.frames <= read[0] + 30


def a_doubt(number: int) -> pipe.Message:
    name = f"{number:064x}"
    return pipe.Message((replace(a_reading(), sure=False, evidence=(name,)),), {name: b"doubt"})


def test_the_pictures_of_many_doubts_leave_those_of_a_plate_and_can_be_kept(tmp_path):
    async def story():
        evidence, inbox = Evidence(tmp_path, 100), Inbox(10_000)
        watcher = Watcher("entry-1", grey_order(tmp_path), inbox=inbox, evidence=evidence)
        plate = "f" * 64
        watcher._take(pipe.Message((replace(a_reading(), evidence=(plate,)),), {plate: b"plate"}))
        for number in range(HELD + 1):
            watcher._take(a_doubt(number))
        evidence.keep([plate, f"{HELD:064x}"])
        await evidence.close()

    asyncio.run(story())
    assert {file.read_bytes() for file in tmp_path.glob("*/*.jpg")} == {b"plate", b"doubt"}


def refusing(folder, answers, text):
    """A program that stands for the camera's process and says one sentence."""
    program = folder / "refusing"
    program.write_text(f"#!{sys.executable}\n{REFUSING.format(count=answers, text=text)}")
    program.chmod(0o755)
    return str(program)


REFUSING = """
import json, struct, sys
with open({count!r}, "a") as out:
    out.write("x")
head = json.dumps(dict(readings=[], pictures=[], read_ms=0, error={text!r}, read=False,
    condition="ok", words="", age_s=0, photos=[], refused=True)).encode()
sys.stdout.buffer.write(struct.pack(">I", len(head)) + head)
"""


def test_a_password_that_is_refused_is_not_tried_again_and_again(an_order, tmp_path, monkeypatch):
    tries = tmp_path / "tries"
    program = refusing(tmp_path, str(tries), "it refuses the password")
    monkeypatch.setattr(sys, "executable", program)
    _, sights, events = watched(an_order, 5)
    assert tries.read_text() == "x"
    words = "it refuses the password: tried again in 60 s, for more tries may lock the account"
    assert sights == [(False, words)]
    assert alarms(events) == [f"camera lost: {words}"]


def test_a_camera_that_refuses_the_password_is_known_to_the_parent(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=refuse_all, args=(door,), daemon=True).start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/snap.jpg"
        order = pipe.Order(
            camera={"driver": "snapshot", "url": url}, reader={"driver": "onnx_plates"}, gate=GATE
        )
        _, sights, _ = watched(order, 20, lambda _, sights: bool(sights), folder=tmp_path)
    assert "wants a user name and a password: check `username`" in sights[0][1]
    assert sights[0][1].endswith("tried again in 60 s, for more tries may lock the account")


def refuse_all(door):
    answer = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=c\r\nContent-Length: 0\r\n\r\n"
    with contextlib.suppress(OSError):
        while True:
            line, _ = door.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)


def test_a_process_of_eyes_cannot_take_the_memory_of_the_box():
    program = """
from gateway import eyes
eyes._bound_memory()
try:
    bytearray(eyes.MOST_MEMORY)
except MemoryError:
    print("bounded")
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "bounded\n", done.stderr
