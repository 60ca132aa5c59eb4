"""The network camera against a real RTSP server: frozen, killed, refusing, back, and nonsense."""

import logging
import os
import signal
import subprocess
import threading
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from bench.camera import cycled, tiny_clip
from bench.idle import memory_mb
from drivers.camera import rtsp
from drivers.twins.clip import write_clip
from gateway.ports import DeviceError, LiveCamera
from tests.drivers.stream import a_clip, free_port, needs_server, noisy, server, yard

PASSWORD = "s3cret/word@1"  # noqa: S105 with letters that an address must escape


@pytest.fixture(scope="module")
def gi():
    needs_server()


@pytest.fixture(scope="module")
def clip(tmp_path_factory, gi):
    return a_clip(tmp_path_factory.mktemp("clip") / "h264")


def camera(port: int, path: str = "lane", **more):
    asked = {"driver": "rtsp", "url": f"rtsp://127.0.0.1:{port}/{path}"} | more
    return rtsp.connect(rtsp.Settings.model_validate(asked))


@pytest.mark.usefixtures("gi")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("coding", ["h264", "h265"])
def test_pictures_come_over_both_transports_in_both_codings(tmp_path, transport, coding):
    port = free_port()
    clip = a_clip(tmp_path / "clip", coding=coding)
    playing = server(port, "--clip", clip, "--codec", coding)
    with playing, camera(port, transport=transport) as lane:
        pictures = list(islice(lane.frames(), 5))
    assert {picture.image.shape for picture in pictures} == {(180, 320, 3)}
    assert pictures[0].image.dtype == np.uint8
    assert pictures == sorted(pictures, key=lambda picture: picture.taken_at)
    for picture in pictures:
        assert abs(picture.image.astype(float) - yard()).mean() < 12, "it is what was filmed"


def test_pictures_of_4k_come_as_they_are(tmp_path, gi):
    port = free_port()
    clip = write_clip(tmp_path / "clip", [noisy(yard(3840, 2160), 1)] * 2, kbit_s=8000)
    with server(port, "--clip", clip, "--fps", 5), camera(port) as lane:
        assert next(lane.frames()).image.shape == (2160, 3840, 3)


def test_one_picture_a_second_is_new_when_it_is_given_out(clip):
    port = free_port()
    with server(port, "--clip", clip, "--fps", 1), camera(port) as lane:
        ages = [time.monotonic() - picture.taken_at for picture in islice(lane.frames(), 2)]
    assert max(ages) < 0.5, "not given out with the next one, a second late"


def test_a_frozen_camera_is_noticed_and_opened_again_when_it_is_back(clip, caplog):
    port = free_port()
    with server(port, "--clip", clip) as process, camera(port) as lane:
        pictures = lane.frames()
        before = next(pictures)
        process.send_signal(signal.SIGSTOP)
        resume_after(process, 4)
        stopped = time.monotonic()
        after = next(p for p in pictures if p.taken_at > before.taken_at + 3)
        assert after.taken_at - before.taken_at < 20
        assert after.taken_at > stopped + 3, "nothing from before may seem new"
    assert caplog.text.count("opening again") == 1


def resume_after(process: subprocess.Popen[str], seconds: float) -> None:
    subprocess.Popen(["/bin/sh", "-c", f"sleep {seconds}; kill -CONT {process.pid}"])


def test_a_camera_that_was_switched_off_and_on_is_found_again_and_its_trouble_is_over(clip):
    port = free_port()
    with camera(port) as lane:
        assert isinstance(lane, LiveCamera)
        pictures = lane.frames()
        with server(port, "--clip", clip):
            first = next(pictures)
            assert not lane.trouble
        with server(port, "--clip", clip):
            assert next(p for p in pictures if p.taken_at > first.taken_at + 0.5).image.any()
            assert not lane.trouble


def test_a_camera_that_is_away_is_told_without_its_password_and_asked_for_ever(tmp_path, caplog):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    port = free_port()
    with camera(port, username="viewer", password=f"file:{secret}") as lane:
        watch_for(lane, 4)
        assert "Connection refused" in lane.trouble
        assert f"127.0.0.1:{port}" in lane.trouble
        assert "s3cret" not in lane.trouble + caplog.text
    assert caplog.text.count("opening again") == 1, "one outage is one warning"


def watch_for(lane, seconds: float) -> None:
    """Let the camera try in a thread of its own."""
    threading.Thread(target=lambda: next(lane.frames(), None), daemon=True).start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not lane.trouble:
        time.sleep(0.05)


@pytest.mark.usefixtures("gi")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_password_opens_the_stream_and_a_wrong_one_is_told_apart(
    tmp_path, caplog, capfd, transport
):
    port, secret = free_port(), tmp_path / "secret"
    login = {"username": "viewer", "password": f"file:{secret}", "transport": transport}
    with server(port, "viewer", PASSWORD), caplog.at_level(logging.DEBUG):
        secret.write_text(PASSWORD + "\n")
        with camera(port, **login) as lane:
            assert next(lane.frames()).image.any()
        secret.write_text("wr0ng-word")
        with camera(port, **login) as lane, pytest.raises(DeviceError) as refused:
            next(lane.frames())
    assert "refuses the user name or the password" in str(refused.value)
    said = "".join([str(refused.value), caplog.text, *capfd.readouterr()])
    assert "wr0ng" not in said
    assert "s3cret" not in said
    assert refused.value.__cause__ is None


def test_a_camera_that_wants_a_password_says_so(gi):
    port = free_port()
    wanted = pytest.raises(DeviceError, match="wants a user name and a password")
    with server(port, "viewer", PASSWORD), camera(port) as lane, wanted:
        next(lane.frames())


def test_a_path_that_the_camera_does_not_know_is_told(clip):
    port = free_port()
    with server(port, "--clip", clip), camera(port, "nowhere") as lane:
        watch_for(lane, 5)
        assert "no stream at this path" in lane.trouble


def test_a_missing_secret_is_named_and_not_retried(tmp_path):
    login = {"username": "viewer", "password": f"file:{tmp_path}/none"}
    with (
        camera(free_port(), **login) as lane,
        pytest.raises(DeviceError, match=r"cannot read .*none"),
    ):
        next(lane.frames())


def test_nonsense_instead_of_pictures_is_never_shown(clip):
    port = free_port()
    with server(port, "--clip", clip, "--noise"), camera(port) as lane:
        seen = []
        threading.Thread(target=lambda: seen.extend(lane.frames()), daemon=True).start()
        end = time.monotonic() + 12
        while time.monotonic() < end and not lane.trouble:
            time.sleep(0.1)
        assert lane.trouble
        assert not seen


def test_a_resting_camera_gives_few_pictures_and_a_fresh_one_soon_after_it_is_woken(clip):
    port = free_port()
    with server(port, "--clip", clip), camera(port) as lane:
        pictures = lane.frames()
        lane.pace(1.0)
        first = next(pictures)
        resting = [next(pictures) for _ in range(2)]
        assert resting[1].taken_at - first.taken_at > 1.0
        lane.pace(0.0)
        woken = next(pictures)
        assert woken.taken_at - resting[1].taken_at < 0.5
        assert abs(woken.image.astype(float) - yard()).mean() < 12, "all before it was decoded"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"url": "rtsp://viewer:hunter2@10.0.0.1/lane"}, "no user name or password in the address"),
        ({"url": "http://10.0.0.1/lane"}, "not an RTSP address"),
        ({"url": "rtsp://10.0.0.1/a\r\nX: y"}, "not an RTSP address"),
        ({"url": "rtsp://10.0.0.1/", "password": "hunter2"}, "password"),
        ({"url": "rtsp://10.0.0.1/", "password": "file:/x"}, "a password without a user name"),
        ({"url": "rtsp://10.0.0.1:99999/"}, "[Pp]ort out of range"),
        ({"url": "rtsp://10.0.0.1:0/"}, "there is no port 0"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(asked, told):
    with pytest.raises(ValidationError, match=told):
        rtsp.Settings.model_validate({"driver": "rtsp"} | asked)


def test_fifty_sessions_leave_no_memory_and_no_descriptors_behind(tmp_path, gi):
    port = free_port()
    with server(port, "--clip", tiny_clip(tmp_path / "tiny"), "--fps", 60):
        url = f"rtsp://127.0.0.1:{port}/lane"
        before = cycled(url, 10)["mb"][-1]
        files = open_files()
        cycled(url, 50)
        assert open_files() <= files + 1
        assert memory_mb(os.getpid()) < before + 10


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
