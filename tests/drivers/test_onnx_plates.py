"""The plate reader on its own models, on drawn plates and on the photos of ../shared."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from drivers.reader.onnx_plates import Settings, connect, released_models
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateColour, PlateReading
from gateway.ports import DeviceError

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT.parent / "shared" / "plates"
needs_photos = pytest.mark.skipif(
    not (PHOTOS / "manifest.csv").is_file(),
    reason="no labelled photos in ../shared/plates beside the repository",
)


@pytest.fixture(scope="module")
def reader():
    with connect(Settings(driver="onnx_plates")) as ready:
        yield ready


def readings(candidates) -> list[PlateReading]:
    verdicts = (judge(candidate, Gate()) for candidate in candidates)
    return [verdict for verdict in verdicts if isinstance(verdict, PlateReading)]


# --- drawn plates ------------------------------------------------------------------------

CORNERS = np.array([[560, 480], [720, 486], [719, 538], [559, 531]], np.float32)
DRAWN = [
    ("京A82635", PlateColour.BLUE),
    ("沪C50827", PlateColour.YELLOW),
    ("粤BD36217", PlateColour.GREEN),
]


def street(plate=None):
    """A grey car in a grey street, 1280 x 720, with the plate at `CORNERS`."""
    picture = np.full((720, 1280, 3), 90, np.uint8)
    picture[:250] = 150
    cv2.rectangle(picture, (380, 180), (900, 620), (60, 60, 70), -1)
    cv2.rectangle(picture, (430, 210), (850, 380), (30, 30, 30), -1)
    return picture if plate is None else hung(plate, picture)


def hung(plate, picture):
    small = cv2.resize(plate, (220, 70), interpolation=cv2.INTER_AREA)
    own = np.array([[0, 0], [220, 0], [220, 70], [0, 70]], np.float32)
    warp = cv2.getPerspectiveTransform(own, CORNERS)
    size = (picture.shape[1], picture.shape[0])
    mode = cv2.BORDER_TRANSPARENT
    return cv2.warpPerspective(small, warp, size, dst=picture, borderMode=mode)


def drawn(text, colour):
    art = pytest.importorskip("drivers.twins.plateart", reason="needs the extra `demo`")
    return art.plate_art(text, colour)


@pytest.mark.parametrize(("text", "colour"), DRAWN)
def test_a_plate_in_the_street_is_found_read_and_named_by_its_colour(reader, text, colour):
    (reading,) = readings(reader.read(street(drawn(text, colour))))

    assert (reading.text, reading.colour) == (text, colour)
    assert np.abs(np.array(reading.corners) - CORNERS).max() < 12


def test_a_crop_is_read_whole_with_a_probability_for_each_character(reader):
    crop = cv2.resize(drawn("沪C50827", PlateColour.YELLOW), (240, 76))

    candidate = reader.read_crop(crop)

    assert candidate.text == "沪C50827"
    assert len(candidate.characters) == 7
    assert candidate.corners == ((0.0, 0.0), (240.0, 0.0), (240.0, 76.0), (0.0, 76.0))
    assert (candidate.box_score, candidate.rows) == (1.0, 1)


def test_a_far_and_a_near_picture_of_one_plate_give_one_text(reader):
    picture = street(drawn("京A82635", PlateColour.BLUE))

    for scale in (0.75, 1.5, 3.0):
        scaled = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        assert [one.text for one in readings(reader.read(scaled))] == ["京A82635"]


def test_a_camera_without_colour_gives_a_plate_of_unknown_colour(reader):
    grey = cv2.cvtColor(street(drawn("苏E90537", PlateColour.BLUE)), cv2.COLOR_BGR2GRAY)

    (reading,) = readings(reader.read(grey))

    assert (reading.text, reading.colour) == ("苏E90537", PlateColour.UNKNOWN)


def test_alpha_is_left_out(reader):
    picture = street(drawn("沪C50827", PlateColour.YELLOW))
    with_alpha = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)

    assert reader.read(with_alpha) == reader.read(picture)


def test_a_plate_of_two_rows_is_read(reader):
    """Laid out as GA 36-2018 has it, from the characters of a drawn plate of one row."""
    one_row = drawn("沪C50827", PlateColour.YELLOW)
    two_rows = cv2.resize(doubled(one_row), (150, 75), interpolation=cv2.INTER_AREA)
    picture = street()
    picture[450:525, 560:710] = two_rows

    best = reader.read(picture)[0]

    assert (best.text[1:], best.rows) == ("C50827", 2)


def doubled(one_row):
    """440 x 220 mm from 440 x 140 mm at two pixels a millimetre: two above, five below."""
    ground = one_row[20, 440].tolist()
    plate = np.full((440, 880, 3), ground, np.uint8)
    above = cv2.resize(one_row[50:230, 30:238], (370, 120), interpolation=cv2.INTER_AREA)
    below = cv2.resize(one_row[50:230, 302:854], (774, 220), interpolation=cv2.INTER_AREA)
    plate[30:150, 254:624] = above
    plate[180:400, 53:827] = below
    return plate


# --- pictures that are none --------------------------------------------------------------

NO_PICTURES = [
    None,
    "frame.jpg",
    np.zeros((0, 0, 3), np.uint8),
    np.zeros((0,), np.uint8),
    np.zeros((7, 100, 3), np.uint8),
    np.zeros((100, 7), np.uint8),
    np.zeros((100, 100, 2), np.uint8),
    np.zeros((100, 100, 3, 1), np.uint8),
    np.zeros((100, 100, 3), np.float32),
]


@pytest.mark.parametrize(
    "thing", NO_PICTURES, ids=lambda thing: str(getattr(thing, "shape", thing))
)
def test_what_is_no_picture_is_refused_in_a_sentence(reader, thing):
    for look in (reader.read, reader.read_crop):
        with pytest.raises(DeviceError, match=r"^reader: .*; give a uint8 picture"):
            look(thing)


SIDE = st.integers(8, 60)
SHAPES = st.tuples(SIDE, SIDE) | st.tuples(SIDE, SIDE, st.sampled_from([1, 3, 4]))


@settings(max_examples=30, deadline=None)
@given(picture=arrays.arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 60, 255])))
def test_any_small_picture_is_looked_at(reader, picture):
    reader.read(picture)

    assert len(reader.read_crop(picture).corners) == 4


@pytest.mark.parametrize("shape", [(8, 4000, 3), (4000, 8, 3), (8, 8), (3000, 4000, 3)])
def test_pictures_of_odd_sizes_are_looked_at(reader, shape):
    reader.read(np.full(shape, 114, np.uint8))
    reader.read_crop(np.full(shape, 114, np.uint8))


# --- around it ---------------------------------------------------------------------------


def test_the_settings_name_a_folder_without_loading_anything():
    assert Settings(driver="onnx_plates").models == released_models()


def test_the_benchmark_without_its_pictures_says_what_it_needs(tmp_path):
    command = [sys.executable, "-m", "bench.reader", "--plates", str(tmp_path / "none")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / 'none'}: has no manifest.csv; give a folder")


# --- photos ------------------------------------------------------------------------------


def photos(kind) -> Iterator[tuple[np.ndarray, str]]:
    csv.field_size_limit(1 << 24)
    with (PHOTOS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                data = np.fromfile(PHOTOS / row["file"], np.uint8)
                yield cv2.imdecode(data, cv2.IMREAD_COLOR), row["label"]


@needs_photos
def test_nineteen_of_twenty_plates_in_photos_are_read_exactly(reader):
    right = [
        [reading.text for reading in readings(reader.read(image))] == [label]
        for image, label in photos("scenes")
    ]

    assert len(right) == 124
    assert sum(right) >= 0.95 * len(right)


@needs_photos
def test_nothing_is_read_where_a_car_has_no_plate(reader):
    for image, _ in photos("no_plate_scenes"):
        assert readings(reader.read(image)) == []


@needs_photos
def test_one_photo_always_gives_one_answer(reader):
    image, _ = next(photos("scenes"))
    first = reader.read(image)

    with connect(Settings(driver="onnx_plates")) as another:
        assert first == reader.read(image) == another.read(image)
