"""Simulated approaches: the same cars for a seed, judged as the lane judges them."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the extra `demo` is not installed")
pytest.importorskip("manimgx_fonts_cjk", reason="the extra `demo` is not installed")

from rich.console import Console

from bench.approaches import report
from bench.approaches.sample import FRAME_STEPS, LIGHTS, MOUNTS, approaches
from bench.approaches.watching import LOOK_S, STEP_S, Outcome, looking, watched
from drivers.twins.cars import ARMING_LOOP
from drivers.twins.picture import ScenePainter
from drivers.twins.plateart import plate_art
from gateway.config.figures import TimingConfig
from gateway.lane.plates import kind_of
from gateway.lane.types import PlateCandidate, PlateColour, PlateReading, PlateType
from models.training.kinds import KIND_OF, KINDS, PROVINCES

ROOT = Path(__file__).resolve().parents[2]
CORNERS = ((0.0, 0.0), (180.0, 0.0), (180.0, 60.0), (0.0, 60.0))
EACH_ONCE = len(KINDS) * len(PROVINCES)


@pytest.fixture(scope="module")
def painter():
    return ScenePainter(width=320, height=180, seed=1)


def one(number=0):
    return approaches(number + 1, seed=1)[number]


def reading(text):
    return PlateReading(text, PlateType.CIVIL, PlateColour.BLUE, 0.9, 0.95, CORNERS)


class Saying:
    """Looks that find these texts one after the other, then the last one for ever."""

    def __init__(self, *texts, ms=7.0):
        self._texts = list(texts)
        self._ms = ms
        self.pictures = []

    def __call__(self, picture):
        self.pictures.append(picture)
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        return (reading(text) if text else None), self._ms


# --- which cars ----------------------------------------------------------------------------


def test_a_seed_always_sends_the_same_cars_and_another_seed_others():
    assert approaches(60, seed=4) == approaches(60, seed=4)
    assert approaches(60, seed=4) == approaches(90, seed=4)[:60]
    assert approaches(60, seed=4) != approaches(60, seed=5)


def test_all_kinds_lights_and_provinces_come_as_often():
    cars = approaches(EACH_ONCE * 3, seed=2)
    assert set(Counter(car.kind for car in cars).values()) == {3 * len(PROVINCES)}
    lights = Counter(car.light_name for car in cars)
    assert set(lights) == set(LIGHTS)
    assert max(lights.values()) - min(lights.values()) <= len(KINDS)
    blue = Counter(car.arrival.plate[0] for car in cars if car.kind == "blue")
    assert blue == dict.fromkeys(PROVINCES, 3)
    assert {car.mount for car in cars} == set(range(len(MOUNTS)))


def test_every_car_has_a_plate_of_its_kind_that_can_be_drawn():
    for car in approaches(EACH_ONCE, seed=3):
        known = kind_of(car.arrival.plate)
        assert known is not None
        assert known.type is KIND_OF[car.kind].type
    for car in approaches(len(KINDS), seed=3):
        assert plate_art(car.arrival.plate, car.kind).any()


def test_cars_differ_in_speed_place_tilt_dirt_and_light():
    cars = approaches(400, seed=1)
    for word in ("cruise_mps", "brake_mps2", "stop_m", "offset_m", "tilt_deg", "length_m"):
        assert len({getattr(car.arrival, word) for car in cars}) > 0.9 * len(cars), word
    assert 0.2 < sum(car.arrival.dirt > 0 for car in cars) / len(cars) < 0.5
    for car in cars:
        low, high = LIGHTS[car.light_name]
        assert low <= car.light <= high
        assert ARMING_LOOP[0] < car.arrival.stop_m < 0
        assert car.first_frame in range(FRAME_STEPS)


# --- how they are judged ---------------------------------------------------------------------


def test_the_vote_settles_the_plate_and_the_last_reading_counts_as_time(painter):
    car = one()
    quick, slow = (watched(car, painter, Saying(car.arrival.plate, ms=ms)) for ms in (5.0, 250.0))
    assert quick.right
    assert not quick.wrong
    assert len(quick.reads_ms) == TimingConfig().agree_frames
    assert slow.wait_s - quick.wait_s == pytest.approx(0.245)


def test_only_what_is_read_once_the_loop_is_armed_counts(painter):
    for car in approaches(6, seed=1):
        outcome = watched(car, painter, Saying(car.arrival.plate, ms=0.0))
        frames_s = (TimingConfig().agree_frames - 1) * FRAME_STEPS * STEP_S
        earliest_s = TimingConfig().arm_s + frames_s
        assert earliest_s < outcome.wait_s < earliest_s + 0.35


def test_another_text_is_wrong_and_none_is_none(painter):
    wrong = watched(one(), painter, Saying("京A00000"))
    assert (wrong.right, wrong.wrong, wrong.text) == (False, True, "京A00000")
    none = watched(one(), painter, Saying(""))
    assert (none.right, none.wrong, none.text, none.wait_s) == (False, False, "", LOOK_S)


def test_looks_go_on_at_ten_a_second_until_the_time_is_up(painter):
    look = Saying("")
    outcome = watched(one(), painter, look)
    most = (LOOK_S - TimingConfig().arm_s) / (FRAME_STEPS * STEP_S)
    assert most - 3 < len(look.pictures) == len(outcome.reads_ms) <= most


def test_one_misreading_among_good_readings_is_outvoted(painter):
    car = one()
    plate = car.arrival.plate
    outcome = watched(car, painter, Saying("京A00000", plate, plate, plate))
    assert outcome.right
    assert len(outcome.reads_ms) == 3


def test_pictures_come_out_of_a_coder(painter):
    flat = []
    for jpeg in (95, 3):
        look = Saying("京A00000")
        watched(replace(one(), jpeg=jpeg), painter, look)
        flat.append((np.diff(look.pictures[0].astype(int), axis=1) == 0).mean())
    assert flat[1] > flat[0] + 0.3, "coarse coding leaves blocks of one colour"


def test_pictures_show_the_light_of_the_approach(painter):
    means = []
    for light in (1.0, 0.0):
        look = Saying("京A00000")
        watched(replace(one(), light=light), painter, look)
        assert look.pictures[0].shape == (180, 320, 3)
        means.append(look.pictures[0].mean())
    assert means[0] > 1.5 * means[1]


class Finding:
    """A reader with these candidates."""

    def __init__(self, *candidates):
        self._candidates = candidates

    def read(self, image):
        return self._candidates

    def read_crop(self, image):
        raise NotImplementedError


def candidate(text, width, sure=0.99):
    corners = ((0.0, 0.0), (width, 0.0), (width, 40.0), (0.0, 40.0))
    return PlateCandidate(text, PlateColour.BLUE, (sure,) * len(text), 0.9, corners)


def test_the_widest_plate_that_passes_the_gate_is_taken():
    found = Finding(
        candidate("京A11111", 100.0), candidate("京A22222", 150.0),
        candidate("京A33333", 300.0, sure=0.1), candidate("XXX", 400.0),
    )  # fmt: skip
    best, ms = looking(found)(None)
    assert best is not None
    assert best.text == "京A22222"
    assert ms >= 0
    assert looking(Finding())(None)[0] is None


# --- what is told ------------------------------------------------------------------------------


def outcomes():
    cars = approaches(8, seed=1)
    texts = [car.arrival.plate for car in cars[:6]] + ["京A00000", ""]
    waits = [0.5] * 5 + [0.9, 0.7, LOOK_S]
    return [
        Outcome(car, text, wait, (10.0, 20.0), None)
        for car, text, wait in zip(cars, texts, waits, strict=True)
    ]


def test_right_wrong_and_none_are_counted_and_times_are_of_what_was_read():
    every = report.line("all", outcomes())
    assert (every.right.count, every.wrong.count, every.none.count) == (6, 1, 1)
    assert every.right.total == 8
    assert (every.p50_s, every.p95_s) == (0.5, 0.7)
    low, high = every.right.interval()
    assert 40 < low < 75 < high < 94


def test_where_nothing_was_read_there_is_no_time():
    unread = report.line("all", outcomes()[-1:])
    assert (unread.none.count, unread.p50_s, unread.p95_s) == (1, None, None)
    page = StringIO()
    report.show(outcomes()[-1:], Console(file=page, width=120))
    assert "0.00" not in page.getvalue()


def test_the_json_has_every_kind_every_light_and_what_failed():
    told = json.loads(json.dumps(report.as_json(outcomes(), seed=1)))
    assert told["all"]["right_percent"] == 75.0
    assert [line["name"] for line in told["by_kind"]] == [kind.name for kind in KINDS[:8]]
    assert [line["name"] for line in told["by_light"]] == ["day"]
    assert [(one["number"], one["read"]) for one in told["failed"]] == [(6, "京A00000"), (7, "")]
    assert told["reading_ms_median"] == 15.0


def test_the_table_has_a_line_for_all_each_light_and_each_kind():
    page = StringIO()
    report.show(outcomes(), Console(file=page, width=120))
    for name in ("all", "day", *(kind.name for kind in KINDS[:8])):
        assert f"│ {name} " in page.getvalue()


def bench(*arguments):
    command = [sys.executable, "-m", "bench.approaches", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = bench("--count", "1", "--save", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path}: is not empty; name a new folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_it_runs_on_the_released_models(tmp_path):
    if not (ROOT / "models" / "manifest.yaml").is_file():
        pytest.skip("no plate models beside the packages")
    done = bench("--count", "2", "--json", "--save", str(tmp_path / "new"))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["approaches"] == 2
    saved = len(list((tmp_path / "new").glob("*.jpg"))) if told["failed"] else 0
    assert saved == len(told["failed"])
