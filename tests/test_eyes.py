"""The camera's child and its supervisor, over their real pipe."""

import asyncio
import hashlib
import io
import os
import signal
import struct
import threading
import time

import cv2
import numpy as np
import pytest

from gateway import pipe
from gateway.evidence import Evidence
from gateway.eyes import Album, Newest, drain
from gateway.inbox import Inbox
from gateway.lane.events import (
    PlateSeen,
)
from gateway.ports import DeviceError, Frame
from gateway.watcher import Watcher
from tests.lane.playing import a_reading

GATE = {"min_char": 0.5, "box_score": 0.3}


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
    sent = pipe.Message((a_reading(),), {"ab": b"jpeg one", "cd": b""}, 12.5)
    assert over_a_pipe(written(sent)) == sent


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


def test_the_pictures_of_a_plate_are_sent_once_and_again_only_when_better():
    album, image = Album(), np.zeros((40, 60, 3), np.uint8)
    first, pictures = album.with_evidence(a_reading(min_char=0.8), image, 1.0)
    same, none = album.with_evidence(a_reading(min_char=0.7), image, 1.1)
    _, better = album.with_evidence(a_reading(min_char=0.9), image, 1.2)
    assert len(pictures) == 2
    assert (none, same.evidence) == ({}, first.evidence)
    assert better
    for name, jpeg in pictures.items():
        assert hashlib.sha256(jpeg).hexdigest() == name


def test_evidence_is_kept_by_content_and_the_oldest_goes_when_the_quota_is_reached(tmp_path):
    async def story():
        evidence = Evidence(tmp_path, quota_mb=1)
        for number in range(30):
            jpeg = bytes([number]) * 100_000
            name = hashlib.sha256(jpeg).hexdigest()
            evidence.hold(name, jpeg)
            evidence.keep([name, "unknown"])
            await asyncio.sleep(0.005)
        await evidence.close()
        return evidence.path(name)

    newest = asyncio.run(story())
    kept = list(tmp_path.rglob("*.jpg"))
    assert newest in kept
    assert 5 <= len(kept) <= 10


def watched(order, seconds, during=None):
    """Run a watcher for a while; `during` is called with it at each look."""

    async def story():
        inbox, sights = Inbox(10_000), []
        evidence = Evidence(order_folder, 100)
        watcher = Watcher(
            "entry-1", order, inbox=inbox, evidence=evidence,
            changed=lambda sight: sights.append((sight.seeing, sight.why)),
        )  # fmt: skip
        task = asyncio.create_task(watcher.run())
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (during and during(watcher, sights)):
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await evidence.close()
        return watcher, sights, [await inbox.get() for _ in range(len(inbox))]

    order_folder = order.camera["folder"]
    return asyncio.run(story())


@pytest.fixture
def an_order(tmp_path):
    """A folder of one grey picture: no plate, but frames."""
    cv2.imwrite(str(tmp_path / "grey.jpg"), np.full((360, 640, 3), 90, np.uint8))
    return pipe.Order(
        camera={"driver": "folder", "folder": str(tmp_path), "every_s": 1, "fps": 10},
        reader={"driver": "onnx_plates"},
        gate=GATE,
    )


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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
