"""The camera's process and its supervisor: killed, hung, never started."""

import os
import signal
import sys
import time

import pytest

from gateway.lane.events import PlateSeen
from gateway.lane.types import Inputs, Level
from gateway.watcher import BETWEEN_MESSAGES_S, _Loops
from tests.watching import alarms, grey_order, watched


@pytest.fixture
def an_order(tmp_path):
    return grey_order(tmp_path)


def test_a_killed_camera_process_is_named_and_replaced(an_order):
    killed = []

    def kill_once(watcher, sights):
        if watcher.sight.seeing and not killed:
            killed.append(watcher.sight.pid)
            os.kill(watcher.sight.pid, signal.SIGKILL)
        return killed and watcher.sight.seeing and watcher.sight.pid != killed[0]

    watcher, sights, events = watched(an_order, 30, kill_once)
    assert sights == [(True, ""), (False, "the camera's process ended"), (True, "")]
    assert not [event for event in events if isinstance(event, PlateSeen)]
    assert alarms(events) == [
        "camera lost: the camera's process ended",
        "camera sees again: it was lost",
    ]
    assert not _alive(watcher.sight.pid)


def test_a_hung_camera_process_is_killed_after_three_seconds_of_silence(an_order):
    stopped = []

    def stop_once(watcher, sights):
        if watcher.sight.seeing and not stopped:
            stopped.append(watcher.sight.pid)
            os.kill(watcher.sight.pid, signal.SIGSTOP)
        return stopped and watcher.sight.seeing and watcher.sight.pid != stopped[0]

    _, sights, _ = watched(an_order, 40, stop_once)
    assert (False, "no picture for 3 s") in sights
    assert sights[-1] == (True, "")
    assert not _alive(stopped[0])


def test_a_camera_that_cannot_work_is_named_in_its_own_words(an_order, tmp_path):
    (tmp_path / "grey.jpg").unlink()
    _, sights, _ = watched(an_order, 15, lambda watcher, sights: bool(sights))
    assert str(tmp_path) in sights[0][1]


def test_a_program_that_cannot_be_started_is_told_and_its_loss_is_one_alarm(an_order, monkeypatch):
    """The first attempt fails one way, the next another: health says both, the records one."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    def then_otherwise(watcher, sights):
        monkeypatch.setattr(sys, "executable", "/elsewhere/python" if sights else sys.executable)
        return len(sights) >= 2

    _, sights, events = watched(an_order, 20, then_otherwise)
    assert [seeing for seeing, _ in sights] == [False, False]
    assert "cannot be started" in sights[0][1]
    assert ("/nowhere" in sights[0][1], "/elsewhere" in sights[1][1]) == (True, True)
    assert len(alarms(events)) == 1


ON, OFF, UNKNOWN, NOT_FITTED = Level.ON, Level.OFF, Level.UNKNOWN, Level.NOT_FITTED


@pytest.mark.parametrize(
    ("heard", "occupied"),
    [
        ([(UNKNOWN, UNKNOWN)], None),
        ([(OFF, OFF)], False),
        ([(OFF, OFF), (ON, OFF)], True),
        ([(OFF, OFF), (OFF, ON)], True),
        ([(ON, OFF), (OFF, OFF)], False),
        ([(OFF, OFF), (UNKNOWN, UNKNOWN)], True),
        ([(OFF, UNKNOWN)], False),
        ([(OFF, UNKNOWN), (UNKNOWN, UNKNOWN)], True),
        ([(NOT_FITTED, NOT_FITTED)], None),
        ([(OFF, NOT_FITTED)], False),
    ],
)
def test_a_loop_that_was_heard_once_and_is_unknown_now_counts_as_occupied(heard, occupied):
    loops = _Loops()
    for arming, closing in heard:
        loops.changed(Inputs(arming, closing))
    assert loops.occupied is occupied


def test_the_loops_word_is_news_only_when_it_changes():
    loops = _Loops()
    levels = [(OFF, OFF), (OFF, OFF), (ON, OFF), (ON, ON), (OFF, OFF)]
    assert [loops.changed(Inputs(*pair)) for pair in levels] == [True, False, True, False, True]


def test_the_child_is_told_of_the_loops_and_reads_while_one_is_occupied(an_order):
    """One photo that stands still: read with every frame, or once in a few seconds."""
    seen = []

    def story(watcher, sights):
        if not watcher.sight.seeing:
            watcher.attend(Inputs(OFF, OFF))
        elif len(seen) < 40:
            seen.append(watcher.sight.frames)
        else:
            watcher.attend(Inputs(ON, OFF))
        return watcher.sight.frames > seen[-1] + 15 if len(seen) == 40 else False

    watched(an_order, 60, story)
    assert seen[-1] - seen[0] <= 2


def test_a_child_that_floods_us_waits_and_the_lanes_do_not(an_order, tmp_path, monkeypatch):
    flood = tmp_path / "flood"
    flood.write_text(f"#!{sys.executable}\n{FLOOD}")
    flood.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(flood))
    begun = time.monotonic()
    watcher, _, _ = watched(an_order, 8, lambda watcher, _: watcher.sight.frames >= 100)
    assert 100 <= watcher.sight.frames <= (time.monotonic() - begun) / BETWEEN_MESSAGES_S


FLOOD = """
import struct, sys
head = (b'{"readings":[],"pictures":[],"read_ms":1,"error":"","read":true,'
        b'"condition":"ok","words":"","age_s":0,"photos":[],"refused":false}')
while True:
    sys.stdout.buffer.write((struct.pack(">I", len(head)) + head) * 500)
"""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
