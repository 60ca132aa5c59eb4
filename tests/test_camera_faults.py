"""A network camera that goes wrong, from a real RTSP server to what the lane is told."""

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass, field

import pytest

from gateway import pipe
from gateway.evidence import Evidence
from gateway.inbox import Inbox
from gateway.lane.events import Noticed
from gateway.lane.types import Inputs, Level
from gateway.sight import Condition
from gateway.watcher import Watcher
from tests.drivers.stream import a_clip, a_still_clip, free_port, needs_server, server

GATE = {"min_char": 0.5, "box_score": 0.3}
OCCUPIED = Inputs(Level.ON, Level.OFF)
GENEROUS_S = 20.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    needs_server()
    folder = tmp_path_factory.mktemp("clips")
    return {"lane": a_clip(folder / "lane"), "still": a_still_clip(folder / "still")}


@dataclass
class Story:
    """A watcher at work, and what it told: (seconds, condition, why)."""

    watcher: Watcher
    told: list[tuple[float, Condition, str]] = field(default_factory=list)

    async def until(self, condition: Condition, within_s: float = GENEROUS_S) -> float:
        """When it was told, after now; fails where it is not."""
        begun = time.monotonic()
        while self.watcher.sight.condition is not condition:
            assert time.monotonic() < begun + within_s, self.told
            await asyncio.sleep(0.02)
        return time.monotonic() - begun


def played(folder, port, play, *, occupied=True, **more):
    """Run `play(story)` beside a watcher; the alarms that came of it."""

    async def run():
        inbox, evidence = Inbox(10_000), Evidence(folder, 100)
        order = pipe.Order(
            {"driver": "rtsp", "url": f"rtsp://127.0.0.1:{port}/lane"} | more,
            {"driver": "onnx_plates"},
            GATE,
        )
        watcher = Watcher(
            "entry-1", order, inbox=inbox, evidence=evidence,
            changed=lambda sight: story.told.append((time.monotonic(), sight.condition, sight.why)),
        )  # fmt: skip
        story = Story(watcher)
        if occupied:
            watcher.attend(OCCUPIED)
        task = asyncio.create_task(watcher.run())
        try:
            await play(story)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await evidence.close()
        events = [await inbox.get() for _ in range(len(inbox))]
        return [event.code.value for event in events if isinstance(event, Noticed)]

    return asyncio.run(run())


def test_a_camera_that_stops_is_silent_and_nothing_is_read_until_it_goes_on(tmp_path, clips):
    port = free_port()

    async def play(story):
        await story.until(Condition.OK)
        process.send_signal(signal.SIGSTOP)
        assert await story.until(Condition.SILENT) < 5
        read = story.watcher.sight.frames
        await asyncio.sleep(2)
        assert story.watcher.sight.frames == read
        pid = story.watcher.sight.pid
        process.send_signal(signal.SIGCONT)
        assert await story.until(Condition.OK) < 8
        assert story.watcher.sight.pid == pid, "the child needs no restart for that"

    with server(port, "--clip", clips["lane"]) as process:
        assert played(tmp_path, port, play) == ["vision_lost", "vision_back"]


def test_a_camera_that_is_gone_and_comes_back_is_seen_again_soon(tmp_path, clips):
    port = free_port()

    async def play(story):
        with server(port, "--clip", clips["lane"]):
            await story.until(Condition.OK)
        assert await story.until(Condition.SILENT) < 5
        await asyncio.sleep(5)
        assert "Connection refused" in story.watcher.sight.why
        with server(port, "--clip", clips["lane"]):
            assert await story.until(Condition.OK) < 8

    assert played(tmp_path, port, play) == ["vision_lost", "vision_back"]


def test_a_stream_that_repeats_one_picture_is_frozen_and_read_once(tmp_path, clips):
    port = free_port()

    async def play(story):
        await story.until(Condition.FROZEN)
        assert story.watcher.sight.frames <= 1
        assert not story.watcher.sight.seeing
        await asyncio.sleep(1)
        assert story.watcher.sight.frames <= 1

    with server(port, "--clip", clips["still"]):
        assert played(tmp_path, port, play) == ["vision_lost"]


def test_nonsense_instead_of_pictures_is_silence_and_costs_no_child(tmp_path, clips):
    port = free_port()

    async def play(story):
        await story.until(Condition.SILENT)
        pid = story.watcher.sight.pid
        await asyncio.sleep(4)
        assert story.watcher.sight.frames == 0
        assert story.watcher.sight.pid == pid

    with server(port, "--clip", clips["lane"], "--noise"):
        assert played(tmp_path, port, play) == ["vision_lost"]


def test_one_picture_a_second_is_enough_to_see_and_to_read(tmp_path, clips):
    port = free_port()

    async def play(story):
        await story.until(Condition.OK)
        await asyncio.sleep(6)
        assert {condition for _, condition, _ in story.told} == {Condition.OK}
        assert story.watcher.sight.frames >= 3

    with server(port, "--clip", clips["lane"], "--fps", 1):
        assert played(tmp_path, port, play) == []


def test_a_child_that_hangs_is_replaced_and_told_of_the_loops_again(tmp_path, clips):
    port = free_port()

    async def play(story):
        await story.until(Condition.OK)
        hung = story.watcher.sight.pid
        os.kill(hung, signal.SIGSTOP)
        await story.until(Condition.LOST)
        await story.until(Condition.OK)
        with contextlib.suppress(ProcessLookupError):
            assert story.watcher.sight.pid != hung
        read = story.watcher.sight.frames
        await asyncio.sleep(3)
        assert story.watcher.sight.frames > read + 3, "it reads all, for a loop is occupied"

    with server(port, "--clip", clips["lane"]):
        assert played(tmp_path, port, play) == ["vision_lost", "vision_back"]
