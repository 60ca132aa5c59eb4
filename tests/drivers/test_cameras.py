"""Pictures from files and folders, and USB cameras that are not there."""

from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from drivers.camera import folder, usb, video
from gateway.ports import DeviceError

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
