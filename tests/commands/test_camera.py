"""`lanegate camera`, as typed, on painted lanes."""

import asyncio
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from drivers.bus import simulated as lane_box
from drivers.reader.onnx_plates import released_models
from drivers.twins.scene import TwinClient
from gateway.capture.view import View
from gateway.commands.camera import camera
from gateway.lane.plates import Gate
from gateway.lane.types import PlateColour
from gateway.survey.facts import Grade
from gateway.survey.footage import Pulse, Shot
from gateway.survey.report import report
from gateway.survey.viewed import ViewedReader
from gateway.survey.watching import Notes, watch
from tests.commands.scenes import PLATE, configured, painted, photo
from tests.survey.paper import PaperCamera, PaperReader, a_candidate, shade

needs_models = pytest.mark.skipif(
    not (released_models() / "manifest.yaml").is_file(), reason="no plate models here"
)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words, **environment):
    return CliRunner().invoke(camera, [str(word) for word in words], env=environment)


def looking_at(folder, **how):
    """A configuration whose camera looks at one painted scene."""
    photos = folder / "photos"
    photos.mkdir()
    photo(photos / "a.png", **how)
    return configured(folder, {"driver": "folder", "folder": str(photos), "fps": 10})


# --- the command -------------------------------------------------------------------------


# What a busy machine changes: how many pictures come, and how old they are.
BY_LOAD = {"rate", "age", "reading"}


def of_the_place(told):
    return {one["topic"]: one["grade"] for one in told["advice"] if one["topic"] not in BY_LOAD}


@needs_models
def test_a_good_place_is_said_to_be_so_and_its_picture_is_saved(tmp_path):
    done = run("entry-1", "-c", looking_at(tmp_path), "--seconds", "2")
    assert done.exit_code == ("this place is not good" in done.stdout)
    assert "entry-1: this place is " in done.stdout
    assert f"{PLATE}: read in" in done.stdout
    assert "the plate is tilted by" in done.stdout
    (picture,) = Path().glob("entry-1-????????-??????.jpg")
    assert cv2.imread(str(picture)).shape == (720, 1280, 3)
    assert picture.name in done.stdout


@needs_models
def test_programs_get_one_object(tmp_path):
    file = looking_at(tmp_path)
    done = run("entry-1", "--seconds", "2", "--json", "--save", "p.jpg", LANEGATE_CONFIG=str(file))
    told = json.loads(done.stdout)
    assert (told["lane"], told["answers"]) == ("entry-1", True)
    assert done.exit_code == (told["grade"] == "not good")
    assert (told["stream"]["width"], told["stream"]["height"]) == (1280, 720)
    assert 0 < told["stream"]["fps"] < 12
    assert told["plate"]["text"] == PLATE
    assert 130 < told["plate"]["width_px"] < 240
    assert told["plates"][0]["text"] == PLATE
    assert set(of_the_place(told).values()) == {"ok"}
    assert Path(told["picture"]).is_file()


@needs_models
def test_a_car_too_far_away_is_told_with_figure_and_aim_and_exits_with_1(tmp_path):
    file = looking_at(tmp_path, front_m=-14, size=(640, 360))
    done = run("entry-1", "-c", file, "--seconds", "2")
    assert done.exit_code == 1
    assert "aim for 100: move the camera nearer or zoom in" in " ".join(done.stdout.split())
    assert "entry-1: this place is not good enough" in done.stdout


@needs_models
def test_without_a_car_one_is_asked_for_and_a_picture_is_saved_all_the_same(tmp_path):
    done = run("entry-1", "-c", looking_at(tmp_path, plate=""), "--seconds", "1", "--save", "p.jpg")
    assert done.exit_code == 1
    assert "drive a car to the stop line and run again" in done.stdout
    assert Path("p.jpg").is_file()


@needs_models
def test_a_simulated_camera_is_watched_through_its_twin(tmp_path):
    sock = str(tmp_path / "twin.sock")
    box = {
        "driver": "simulated",
        "socket": sock,
        "port": str(tmp_path / "port"),
        "lanes": [{"name": "entry-1", "traffic": {"max_cars": 0}}],
    }
    file = configured(tmp_path, {"driver": "simulated", "twin": sock})
    painted()

    def look():
        with TwinClient(Path(sock)) as client:
            client.send_car("entry-1", PLATE)
            return run("entry-1", "-c", file, "--seconds", "6", "--json")

    async def story():
        async with lane_box.connect(lane_box.Settings.model_validate(box)):
            return await asyncio.to_thread(look)

    done = asyncio.run(story())
    told = json.loads(done.stdout)
    assert told["plate"]["text"] == PLATE
    assert "not good" not in of_the_place(told).values()


@needs_models
def test_a_camera_that_does_not_answer_is_told_and_exits_with_1(tmp_path):
    file = configured(tmp_path, {"driver": "folder", "folder": f"{tmp_path}/none"})
    done = run("entry-1", "-c", file)
    assert done.exit_code == 1
    assert "entry-1: folder camera: cannot list" in done.stderr
    told = json.loads(run("entry-1", "-c", file, "--json").stdout)
    assert (told["answers"], told["grade"]) == (False, "not good")
    assert not list(Path().glob("*.jpg"))


def test_nothing_is_overwritten(tmp_path):
    file = configured(tmp_path, {"driver": "folder", "folder": "."})
    Path("mine.jpg").write_text("mine")
    done = run("entry-1", "-c", file, "--save", "mine.jpg")
    assert done.exit_code == 2
    assert "mine.jpg is already there" in done.stderr
    assert Path("mine.jpg").read_text() == "mine"
    assert "no folder" in run("entry-1", "-c", file, "--save", "x/y/p.jpg").stderr


def test_a_wrong_lane_or_none_or_one_without_a_camera_exits_with_2(tmp_path):
    file = configured(tmp_path, {})
    done = run("exit-9", "-c", file)
    assert done.exit_code == 2
    assert "has no lane 'exit-9'; it has: entry-1" in done.stderr
    assert "has no `camera:`" in run("entry-1", "-c", file).stderr
    assert run("-c", file).exit_code == 2


def test_a_wrong_configuration_is_told_as_check_tells_it_and_exits_with_2(tmp_path):
    file = configured(tmp_path, {"driver": "folder", "foldr": "."})
    done = run("entry-1", "-c", file)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{file}:")
    assert "foldr" in done.stderr
    assert run("entry-1", "-c", tmp_path / "none.yaml").exit_code == 2


# --- what is measured --------------------------------------------------------------------

FAR = ((500.0, 100.0), (540.0, 100.0), (540.0, 114.0), (500.0, 114.0))
STOP = ((200.0, 300.0), (360.0, 300.0), (360.0, 351.0), (200.0, 351.0))
SIGN = ((440.0, 100.0), (600.0, 100.0), (600.0, 151.0), (440.0, 151.0))
NEAR = ((100.0, 400.0), (320.0, 400.0), (320.0, 470.0), (100.0, 470.0))


def watched(story):
    """`story`: for each picture what is seen in it."""
    levels = {5 + 10 * number: seen for number, seen in enumerate(dict.fromkeys(map(tuple, story)))}
    grey = {tuple(seen): level for level, seen in levels.items()}
    reader = PaperReader({level: list(seen) for level, seen in levels.items()})
    notes = Notes(ViewedReader(reader, View()), Gate())
    for number, seen in enumerate(story):
        notes.take(Shot(number, number / 10, shade(grey[tuple(seen)])))
    pulse = Pulse(ages_s=[0.01, 0.03, 0.5])
    for beat in range(20):
        pulse.beat(100 + beat / 10)
    return notes.summed_up(pulse, "")


def test_the_place_is_where_a_plate_stood_longest_not_where_it_was_nearest():
    far, stop, near = (a_candidate(corners=corners) for corners in (FAR, STOP, NEAR))
    sums = watched([[far]] * 8 + [[stop]] * 20 + [[near]] * 4)
    assert sums.plate.width_px == pytest.approx(160)
    assert sums.plate.pictures == 20
    assert sums.seen.accepted[0].reading.corners == STOP
    assert sums.stream.fps == pytest.approx(10)
    assert sums.stream.age_s == 0.03


def test_a_sign_that_is_refused_all_the_time_is_not_the_plate():
    sign = a_candidate("京A1234L", least=0.2, colour=PlateColour.BLUE, corners=SIGN)
    plate = a_candidate(corners=STOP)
    sums = watched([[sign]] * 50 + [[sign, plate]] * 9)
    assert (sums.plate.text, sums.plate.pictures, sums.plate.read_share) == ("京A12345", 9, 1)


def test_pictures_in_which_the_plate_was_not_read_count_against_its_place():
    plate, doubt = a_candidate(corners=STOP), a_candidate("京A12348", least=0.3, corners=STOP)
    sums = watched([[plate]] * 6 + [[doubt]] * 4)
    assert (sums.plate.pictures, sums.plate.read_share) == (10, 0.6)
    assert sums.plate.text == "京A12345"
    assert report("entry-1", sums).judgement.grade is Grade.NOT_GOOD, "a grey plate has no contrast"


def test_a_plate_that_is_never_read_is_measured_all_the_same():
    doubt = a_candidate("京A12348", least=0.3, corners=STOP)
    sums = watched([[doubt]] * 10)
    assert (sums.plate.read_share, sums.plate.width_px) == (0, pytest.approx(160))
    assert sums.plates == ()


def test_lamps_and_weak_boxes_are_no_plate_badly_read():
    lamp = a_candidate("1A", least=0.3, corners=STOP)
    ghost = a_candidate("京A12348", least=0.3, corners=STOP, box_score=0.35)
    sums = watched([[lamp, ghost]] * 10)
    assert sums.plate is None
    assert sums.picture.shape == (480, 640, 3)


def test_a_camera_that_breaks_off_later_is_judged_and_told():
    reader = ViewedReader(PaperReader({50: [a_candidate()]}), View())
    camera = PaperCamera([shade(50)] * 5, error="unplugged")
    sums = watch(camera, reader, Gate(), 60, lambda _: None)
    judgement = report("entry-1", sums).judgement
    assert "broke off: unplugged" in judgement.to_change[0].says


def test_a_frozen_picture_is_told_and_a_recorded_one_may_stand_still():
    reader = ViewedReader(PaperReader({50: [a_candidate()]}), View(frozen_s=0.5))
    for recorded, worst in ((False, "has not changed in the least"), (True, "")):
        notes = Notes(reader, Gate())
        for number in range(20):
            notes.take(Shot(number, number / 10, shade(50), recorded=recorded))
        assert worst in notes.summed_up(Pulse(ages_s=[0.1]), "").stream.stopped
        assert bool(notes.summed_up(Pulse(ages_s=[0.1]), "").stream.stopped) is bool(worst)


# --- the lane's view ---------------------------------------------------------------------


def test_a_region_is_what_the_reader_sees_and_corners_are_of_the_whole_picture():
    inside = ((10.0, 10.0), (70.0, 10.0), (70.0, 30.0), (10.0, 30.0))
    reader = PaperReader({50: [a_candidate(corners=inside)]})
    view = View(region=((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)), masks=((0, 0, 0.2, 0.2),))
    viewed = ViewedReader(reader, view)
    (found,) = viewed.read(shade(50))
    assert reader.shapes == [(240, 320, 3)]
    assert found.corners[0] == (330, 250)
    assert viewed.share == 0.5
    assert ViewedReader(reader, View()).share == 1
    assert viewed.read_crop(np.full((24, 94, 3), 50, np.uint8)).corners == inside


def test_a_view_is_part_of_the_judgement():
    reader = PaperReader({50: [a_candidate()]})
    view = View(region=((0, 0), (0.5, 0), (0.5, 1), (0, 1)), size=(1920, 1080))
    sums = watch(
        PaperCamera([shade(50)] * 5), ViewedReader(reader, view), Gate(), 60, lambda _: None
    )
    assert (sums.stream.share, sums.stream.expected) == (0.5, (1920, 1080))
    says = [one.says for one in report("entry-1", sums).judgement.to_change]
    assert any("the configuration says 1920 x 1080" in one for one in says)
