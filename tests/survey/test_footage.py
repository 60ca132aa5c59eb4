"""Pictures out of real video files, and out of cameras that come, go and stand still."""

import threading
import time

import pytest

from gateway.lane.plates import Gate
from gateway.ports import DeviceError
from gateway.survey.clips import Clip, Viewing
from gateway.survey.footage import Live, VideoFile
from tests.survey.paper import (
    PaperCamera,
    PaperReader,
    SilentCamera,
    a_candidate,
    a_video,
    shade,
)

LEVELS = [40, 40, 80, 80, 80, 120, 120, 160, 160, 160]


def greys(shots):
    return [round(float(shot.image.mean()) / 40) * 40 for shot in shots]


# --- files -------------------------------------------------------------------------------


def test_a_video_gives_every_picture_with_its_time(tmp_path):
    video = VideoFile(a_video(tmp_path / "a.mp4", LEVELS))
    shots = list(video.shots())
    assert greys(shots) == LEVELS
    assert [shot.number for shot in shots] == list(range(10))
    assert [shot.at_s for shot in shots] == pytest.approx([n / 10 for n in range(10)], abs=0.01)
    assert (video.frames, video.damaged) == (10, 0)
    assert video.seconds() == pytest.approx(1.0, abs=0.15)


def test_every_third_picture_keeps_its_own_number(tmp_path):
    video = VideoFile(a_video(tmp_path / "a.avi", LEVELS))
    shots = list(video.shots(every=3))
    assert [shot.number for shot in shots] == [0, 3, 6, 9]
    assert greys(shots) == LEVELS[::3]
    assert video.frames == 10


def test_only_the_first_seconds_are_read(tmp_path):
    video = VideoFile(a_video(tmp_path / "a.mp4", LEVELS))
    assert len(list(video.shots(seconds=0.45))) == 5


def test_a_telephone_held_upright_gives_upright_pictures(tmp_path):
    path = a_video(tmp_path / "a.mp4", [40] * 3, size=(64, 48))
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 4 + 20 + 16
    one, minus_one = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero = bytes(4)
    quarter = zero + one + zero + minus_one + zero + zero
    assert data[matrix : matrix + 4] == one
    data[matrix : matrix + 24] = quarter
    path.write_bytes(data)
    assert next(VideoFile(path).shots()).image.shape == (64, 48, 3)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50])
def test_what_is_no_video_is_told_with_its_name(tmp_path, content):
    path = tmp_path / "b.mp4"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match=r"b\.mp4: cannot be opened as a video"):
        VideoFile(path).seconds()
    with pytest.raises(DeviceError, match=r"b\.mp4: cannot be opened as a video"):
        list(VideoFile(path).shots())


def test_damage_in_the_middle_costs_only_what_is_damaged(tmp_path):
    path = a_video(tmp_path / "a.ts", [40 + n for n in range(100)], fps=25, codec="mpeg2video")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(range(256)) * 11 + bytes(184)
    path.write_bytes(data)
    shots = list(VideoFile(path).shots())
    assert 40 < len(shots) <= 100
    assert shots[-1].image.mean() > 120


def test_a_picture_that_cannot_be_decoded_is_left_out_and_counted(tmp_path):
    path = a_video(tmp_path / "a.avi", LEVELS, codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    starts = [at for at in range(len(data)) if data[at : at + 3] == b"\xff\xd8\xff"]
    whole = starts[4] - 16 - starts[3]
    data[starts[3] : starts[3] + whole] = bytes(whole)
    path.write_bytes(data)
    video = VideoFile(path)
    assert greys(video.shots()) == LEVELS[:3] + LEVELS[4:]
    assert video.damaged == 1


def test_a_recording_without_its_end_is_read_up_to_there(tmp_path):
    path = a_video(tmp_path / "a.ts", [40 + n for n in range(100)], fps=25, codec="mpeg2video")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 20 < len(list(VideoFile(path).shots())) < 80


# --- cameras -----------------------------------------------------------------------------


def test_only_the_newest_picture_is_looked_at_and_all_are_counted():
    camera = PaperCamera([shade(n) for n in range(60)], every_s=0.01)
    with Live(camera) as live:
        looked = []
        for shot in live.shots(5):
            looked.append(round(shot.image.mean()))
            time.sleep(0.06)
    assert looked == sorted(set(looked))
    assert len(looked) < 60
    assert live.pulse.frames == 60
    assert 0 < live.pulse.fps <= 100
    assert len(live.pulse.ages_s) == len(looked)


def test_the_watch_ends_after_its_time_and_so_does_its_thread():
    before = threading.active_count()
    camera = PaperCamera([shade(9)] * 10_000, every_s=0.01)
    started = time.monotonic()
    with Live(camera) as live:
        shots = list(live.shots(0.4))
    assert 0.3 < time.monotonic() - started < 60
    assert shots
    assert threading.active_count() == before


def test_the_longest_gap_is_known():
    class Hesitates(PaperCamera):
        def frames(self):
            yield from PaperCamera([shade(1)] * 3).frames()
            time.sleep(0.5)
            yield from PaperCamera([shade(2)] * 3).frames()

    with Live(Hesitates([])) as live:
        list(live.shots(5))
    assert 0.5 <= live.pulse.longest_gap_s < 60


def test_a_camera_that_ends_ends_the_watch_and_one_that_breaks_says_why():
    with Live(PaperCamera([shade(1)] * 2)) as live:
        assert list(live.shots(60))
    with Live(PaperCamera([shade(1)] * 2, error="unplugged")) as live:
        shots = live.shots(60)
        assert next(shots).number == 0
        with pytest.raises(DeviceError, match="unplugged"):
            list(shots)
    with Live(PaperCamera([])) as live, pytest.raises(DeviceError, match="has no pictures"):
        list(live.shots(60))


def test_a_camera_that_stays_silent_is_given_up():
    with (
        Live(SilentCamera()) as live,
        pytest.raises(DeviceError, match=r"no picture in 0\.7 s: check its power"),
    ):
        list(live.shots(60, first_s=0.7))


def test_a_camera_that_names_its_trouble_is_given_up_with_it():
    camera = SilentCamera()
    camera.trouble = "camera x: connection refused: check its cable"
    with Live(camera) as live, pytest.raises(DeviceError, match="connection refused"):
        list(live.shots(60, troubled_s=0.2))


def test_a_driver_that_fails_is_told_and_not_waited_for():
    class Fails(PaperCamera):
        def frames(self):
            yield from PaperCamera([shade(1)]).frames()
            raise ZeroDivisionError("oh")

    with Live(Fails([])) as live, pytest.raises(DeviceError, match="ZeroDivisionError: oh"):
        list(live.shots(60))


# --- clips -------------------------------------------------------------------------------


def test_what_was_read_before_a_break_still_stands():
    viewing = Viewing(PaperReader({50: [a_candidate()]}), Gate())
    drawn = []
    with Live(PaperCamera([shade(50)] * 3, error="unplugged")) as live:
        viewing.watch(live.shots(60), lambda image, seen: drawn.append(seen.texts))
    assert viewing.error == "unplugged"
    assert drawn[0] == {"京A12345"}
    clip = Clip("x", "stream", sightings=viewing.sightings, error=viewing.error, size=viewing.size)
    told = clip.as_json(refused=True)
    assert (told["kind"], told["size"], told["error"]) == ("stream", [640, 480], "unplugged")
    assert told["read"] == len(told["readings"]) == told["plates"][0]["frames"]
    assert told["readings"][0]["frame"] == 0
    assert told["refused"] == []
    assert "refused" not in clip.as_json()


def test_ctrl_c_ends_the_watch_and_is_no_error():
    def shots():
        with Live(PaperCamera([shade(50)] * 3)) as live:
            yield next(live.shots(60))
            raise KeyboardInterrupt

    viewing = Viewing(PaperReader({50: [a_candidate()]}), Gate())
    viewing.watch(shots(), lambda *_: None)
    assert (len(viewing.sightings), viewing.error) == (1, "")
