"""How a network camera's pictures end: closed from outside, or refused."""

import contextlib
import threading
import time
from collections.abc import Callable

import pytest

from drivers.camera import rtsp
from gateway.ports import LoginError
from tests.drivers.paper_camera import Camera, number, plays


def lane(camera: Camera, **more) -> contextlib.AbstractContextManager[rtsp.RtspCamera]:
    asked = {"driver": "rtsp", "url": camera.url, "read_timeout_s": 20} | more
    return rtsp.connect(rtsp.Settings.model_validate(asked))


def test_a_camera_that_is_closed_ends_the_thread_that_waits_for_its_pictures(caplog):
    """It plays, sends nothing, and does not even answer to the goodbye."""
    camera = Camera(lambda method, head: "" if method == "TEARDOWN" else plays(method, head))
    with lane(camera) as eye:
        thread = threading.Thread(target=lambda: list(eye.frames()), daemon=True)
        thread.start()
        wait_for(lambda: "PLAY" in camera.asked)
    thread.join(10)
    assert not thread.is_alive()
    wait_for(lambda: camera.asked[-1] == "TEARDOWN")
    assert not caplog.text, "it was meant so"
    camera.close()


def test_a_camera_that_is_closed_in_a_pause_between_two_tries_ends_too(monkeypatch):
    monkeypatch.setattr(rtsp, "_PAUSE_S", (600, 600))
    camera = Camera(lambda _, head: f"RTSP/1.0 503 Busy\r\nCSeq: {number(head)}\r\n\r\n")
    with lane(camera) as eye:
        thread = threading.Thread(target=lambda: list(eye.frames()), daemon=True)
        thread.start()
        wait_for(lambda: eye.trouble)
    thread.join(10)
    assert not thread.is_alive()
    camera.close()


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_told_apart_from_other_errors_with_what_to_check(status):
    camera = Camera(lambda _, head: f"RTSP/1.0 {status} No\r\nCSeq: {number(head)}\r\n\r\n")
    with lane(camera) as eye, pytest.raises(LoginError, match="check `username` and `password`"):
        next(eye.frames())
    camera.close()
