"""Real cameras: RTSP against a real server, files, folders, and devices that are not there."""

import logging
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from drivers.camera import folder, rtsp, usb, video
from gateway.ports import DeviceError

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
PASSWORD = "s3cret/word@1"  # noqa: S105 with letters that an address must escape


# --- RTSP --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gi():
    probe = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); "
        "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
        "assert Gst.ElementFactory.find('x264enc')"
    )
    if (
        not shutil.which(SYSTEM_PYTHON)
        or subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False).returncode
    ):
        pytest.skip("no gst-rtsp-server for /usr/bin/python3: see rtsp_server.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int, *login: str) -> Iterator[subprocess.Popen[str]]:
    command = [SYSTEM_PYTHON, str(SERVER), str(port), *login]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def camera(port: int, path: str = "lane", **more):
    asked = {"driver": "rtsp", "url": f"rtsp://127.0.0.1:{port}/{path}"} | more
    return rtsp.connect(rtsp.Settings.model_validate(asked))


@pytest.mark.usefixtures("gi")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_pictures_come_from_a_network_camera(transport):
    port = free_port()
    with server(port), camera(port, transport=transport) as lane:
        pictures = list(islice(lane.frames(), 5))
    assert {picture.image.shape for picture in pictures} == {(180, 320, 3)}
    assert pictures[0].image.dtype == np.uint8
    assert pictures == sorted(pictures, key=lambda picture: picture.taken_at)


@pytest.mark.usefixtures("gi")
def test_a_frozen_camera_is_noticed_and_opened_again_when_it_is_back(caplog):
    port = free_port()
    with server(port) as process, camera(port) as lane, caplog.at_level(logging.WARNING):
        pictures = lane.frames()
        before = next(pictures)
        process.send_signal(signal.SIGSTOP)
        resume_after(process, 4)
        after = next(picture for picture in pictures if picture.taken_at > before.taken_at + 3)
        assert after.taken_at - before.taken_at < 20
    assert "no picture" in caplog.text
    assert "opening again" in caplog.text


def resume_after(process: subprocess.Popen[str], seconds: float) -> None:
    subprocess.Popen(["/bin/sh", "-c", f"sleep {seconds}; kill -CONT {process.pid}"])


@pytest.mark.usefixtures("gi")
def test_a_camera_that_was_switched_off_and_on_is_found_again():
    port = free_port()
    with camera(port) as lane:
        pictures = lane.frames()
        with server(port):
            first = next(pictures)
        with server(port):
            assert next(p for p in pictures if p.taken_at > first.taken_at + 0.5).image.any()


@pytest.mark.usefixtures("gi")
def test_the_password_opens_the_stream_and_a_wrong_one_is_told_apart(tmp_path, caplog, capfd):
    port, secret = free_port(), tmp_path / "secret"
    login = {"username": "viewer", "password": f"file:{secret}"}
    with server(port, "viewer", PASSWORD), caplog.at_level(logging.DEBUG):
        secret.write_text(PASSWORD + "\n")
        with camera(port, **login) as lane:
            assert next(lane.frames()).image.any()
        secret.write_text("wr0ng-word")
        with camera(port, **login) as lane, pytest.raises(DeviceError) as refused:
            next(lane.frames())
        with camera(port, "nowhere", **login) as lane, pytest.raises(DeviceError):
            next(lane.frames())
    assert "refuses the user name or the password" in str(refused.value)
    said = "".join([str(refused.value), caplog.text, *capfd.readouterr()])
    assert "wr0ng" not in said
    assert "s3cret" not in said
    assert refused.value.__cause__ is None, "PyAV's own error shows the password"


@pytest.mark.usefixtures("gi")
def test_a_path_that_the_camera_does_not_know_is_told_at_once():
    port = free_port()
    with server(port), camera(port, "nowhere") as lane:
        started = time.monotonic()
        with pytest.raises(DeviceError, match="no stream at this path"):
            next(lane.frames())
        assert time.monotonic() - started < 4


def test_a_camera_that_is_away_is_told_after_five_attempts_without_its_password(tmp_path, caplog):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with (
        camera(free_port(), username="viewer", password=f"file:{secret}") as lane,
        pytest.raises(DeviceError, match="no picture in 5 attempts: Connection refused") as away,
    ):
        next(lane.frames())
    assert "s3cret" not in str(away.value) + caplog.text
    assert caplog.text.count("opening again") == 1, "one outage is one warning"


def test_a_missing_secret_is_named_and_not_retried(tmp_path):
    login = {"username": "viewer", "password": f"file:{tmp_path}/none"}
    with (
        camera(free_port(), **login) as lane,
        pytest.raises(DeviceError, match=r"cannot read .*none"),
    ):
        next(lane.frames())


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"url": "rtsp://viewer:hunter2@10.0.0.1/lane"}, "no user name or password in the address"),
        ({"url": "http://10.0.0.1/lane"}, "not an RTSP address"),
        ({"url": "rtsp://10.0.0.1/", "password": "hunter2"}, "password"),
        ({"url": "rtsp://10.0.0.1/", "password": "file:/x"}, "a password without a user name"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(asked, told):
    with pytest.raises(ValidationError, match=told):
        rtsp.Settings.model_validate({"driver": "rtsp"} | asked)


# --- USB ---------------------------------------------------------------------------------


def test_a_usb_camera_that_is_not_plugged_in_is_told():
    with (
        usb.connect(usb.Settings(driver="usb", device="/dev/video97")) as lane,
        pytest.raises(DeviceError, match="no such device: is it plugged in"),
    ):
        next(lane.frames())


def test_a_device_that_is_no_camera_is_told():
    with (
        usb.connect(usb.Settings(driver="usb", device="/dev/null")) as lane,
        pytest.raises(DeviceError, match="cannot be opened as a camera"),
    ):
        next(lane.frames())


# --- folder ------------------------------------------------------------------------------


def photo(path: Path, shade: int) -> None:
    cv2.imwrite(str(path), np.full((20, 30, 3), shade, np.uint8))


def photos(where: Path, **more):
    asked = {"driver": "folder", "folder": where, "every_s": 0.1, "fps": 20} | more
    return folder.connect(folder.Settings.model_validate(asked))


def test_photos_come_in_the_order_of_their_names_each_for_its_time(tmp_path):
    (tmp_path / "notes.txt").write_text("-")
    for shade in (50, 30, 60, 10, 40, 20):
        photo(tmp_path / f"{shade}.png", shade)
    with photos(tmp_path, loop=False) as lane:
        shades = [int(picture.image[0, 0, 0]) for picture in lane.frames()]
    assert shades == [shade for shade in (10, 20, 30, 40, 50, 60) for _ in range(2)]


def test_in_a_loop_the_photos_start_again(tmp_path):
    photo(tmp_path / "a.png", 100)
    photo(tmp_path / "b.png", 200)
    with photos(tmp_path) as lane:
        shades = [int(picture.image[0, 0, 0]) for picture in islice(lane.frames(), 6)]
    assert shades == [100, 100, 200, 200, 100, 100]


def test_a_photo_that_cannot_be_read_is_skipped_with_one_warning(tmp_path, caplog):
    photo(tmp_path / "b.png", 200)
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    (tmp_path / "c.jpg").write_bytes(b"")
    with photos(tmp_path) as lane:
        shades = [int(picture.image[0, 0, 0]) for picture in islice(lane.frames(), 5)]
    assert shades == [200] * 5
    assert caplog.text.count("a.jpg is skipped") == 1
    assert caplog.text.count("c.jpg is skipped") == 1


def test_a_folder_without_photos_or_without_readable_ones_is_told(tmp_path):
    with photos(tmp_path) as lane, pytest.raises(DeviceError, match="no photos in"):
        next(lane.frames())
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    with photos(tmp_path) as lane, pytest.raises(DeviceError, match="none of its photos"):
        next(lane.frames())
    with photos(tmp_path / "x") as lane, pytest.raises(DeviceError, match="cannot list"):
        next(lane.frames())


# --- video -------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path):
    """Ten pictures, a twentieth of a second each, from dark to bright."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for turn in range(10):
            shade = np.full((48, 64, 3), 20 + 20 * turn, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="bgr24")))
        container.mux(stream.encode())
    return path


def shown(path, **more):
    return video.connect(video.Settings.model_validate({"driver": "video", "file": path} | more))


def test_a_video_plays_at_its_own_pace_to_its_end(film):
    with shown(film, loop=False) as lane:
        pictures = list(lane.frames())
    assert len(pictures) == 10
    assert pictures[0].image.shape == (48, 64, 3)
    assert pictures[0].image.mean() < 40
    assert pictures[-1].image.mean() > 180
    assert pictures[-1].taken_at - pictures[0].taken_at >= 0.4, "not all at once"


def test_a_video_in_a_loop_starts_again(film):
    with shown(film) as lane:
        pictures = list(islice(lane.frames(), 13))
    assert pictures[10].image.mean() < 40


def test_a_video_that_is_missing_or_none_is_told(tmp_path):
    with shown(tmp_path / "none.mp4") as lane, pytest.raises(DeviceError, match="cannot read"):
        next(lane.frames())
    (tmp_path / "text.mp4").write_text("no video")
    with shown(tmp_path / "text.mp4") as lane, pytest.raises(DeviceError, match="cannot read"):
        next(lane.frames())
