"""Pictures with what was seen drawn on them, and the folder they are kept in."""

import json

import cv2
import numpy as np
import pytest

from gateway.lane.plates import PROVINCES, Gate
from gateway.survey.drawing import ACCEPTED, REFUSED, drawn
from gateway.survey.lettering import STAND_INS, can_write_hanzi, latin, write
from gateway.survey.sightings import Sighting, sorted_out
from gateway.survey.sketchbook import Sketchbook, SketchbookError
from tests.survey.paper import a_candidate, shade

CORNERS = ((200.0, 150.0), (320.0, 150.0), (320.0, 190.0), (200.0, 190.0))


def a_sighting(*candidates, number=0, at_s=0.0):
    return Sighting(*sorted_out(candidates, Gate()), number=number, at_s=at_s)


def has(picture, colour) -> bool:
    return bool((np.abs(picture.astype(int) - colour).max(axis=2) < 12).any())


# --- letters -----------------------------------------------------------------------------


def test_every_sign_of_a_plate_has_a_stand_in_and_no_two_share_one():
    for sign in PROVINCES + "警学挂使领港澳民航应急":
        assert sign in STAND_INS
    assert len(set(STAND_INS.values())) == len(STAND_INS)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("京A12345", "[BJ]A12345"),
        ("粤Z1234港", "[GD]Z1234[HK]"),
        ("民航A1234", "[civil aviation]A1234"),
        ("京X1234应急", "[BJ]X1234[emergency]"),
        ("晋A1津", "[SX]A1[TJ]"),
        ("A?é", "A??"),
    ],
)
def test_without_hanzi_a_text_is_latin_and_still_one_plate_only(text, plain):
    assert latin(text) == plain


@pytest.mark.parametrize("hanzi", sorted({False, can_write_hanzi()}))
@pytest.mark.parametrize("at", [(0, 0), (10_000, 10_000), (-50, -50)])
def test_a_line_stays_inside_the_picture(hanzi, at):
    picture = shade(128)
    assert 20 <= write(picture, "京A12345", at, height=20, colour=ACCEPTED, hanzi=hanzi) <= 40
    assert has(picture, ACCEPTED)


@pytest.mark.parametrize("hanzi", sorted({False, can_write_hanzi()}))
def test_a_long_line_becomes_smaller_and_not_cut(hanzi):
    picture = shade(128, (200, 100))
    why = "no plate of GA 36-2018 looks like this text"
    assert write(picture, why, (0, 0), height=30, colour=ACCEPTED, hanzi=hanzi) < 20
    ink = np.flatnonzero((picture != 128).any(axis=(0, 2)))
    assert ink.max() - ink.min() > 150


# --- drawing -----------------------------------------------------------------------------


def test_what_was_read_is_green_and_what_was_refused_is_orange():
    image = shade(128)
    good, weak = a_candidate(corners=CORNERS), a_candidate(least=0.1, corners=CORNERS)
    assert has(drawn(image, a_sighting(good)), ACCEPTED)
    assert not has(drawn(image, a_sighting(good)), REFUSED)
    assert has(drawn(image, a_sighting(weak)), REFUSED)
    assert not has(drawn(image, a_sighting(weak)), ACCEPTED)
    assert (image == 128).all(), "the picture itself is left alone"


@pytest.mark.parametrize("top", [150.0, 430.0])
def test_the_words_stand_beside_the_plate_and_not_on_it(top):
    low = top + 40
    corners = ((200.0, top), (320.0, top), (320.0, low), (200.0, low))
    picture = drawn(shade(128), a_sighting(a_candidate(corners=corners)))
    assert (picture[int(top) + 5 : int(low) - 5, 206:314] == 128).all()


@pytest.mark.parametrize(("top", "low_caption"), [(10.0, True), (150.0, False)])
def test_the_caption_leaves_a_plate_alone(top, low_caption):
    low = top + 40
    corners = ((200.0, top), (320.0, top), (320.0, low), (200.0, low))
    picture = drawn(shade(128), a_sighting(a_candidate(corners=corners)), ["a", "caption"])
    assert (picture[int(top) + 5 : int(low) - 5, 206:314] == 128).all()
    assert bool((picture[460:, :60] != 128).any()) is low_caption
    assert bool((picture[:20, :60] != 128).any()) is not low_caption


def test_a_small_picture_is_enlarged_so_that_words_have_room():
    crop = shade(128, (94, 24))
    corners = ((0.0, 0.0), (94.0, 0.0), (94.0, 24.0), (0.0, 24.0))
    picture = drawn(crop, a_sighting(a_candidate(corners=corners)))
    assert picture.shape[1] >= 480
    assert has(picture, ACCEPTED)


# --- the folder --------------------------------------------------------------------------


def pictures(folder):
    return sorted(path.name for path in folder.glob("*.jpg"))


def test_photos_of_one_name_are_kept_apart_and_hostile_names_stay_in_the_folder(tmp_path):
    book = Sketchbook(tmp_path / "new" / "out", most=5)
    seen = a_sighting(a_candidate())
    for file in ("a/x.jpg", "b/x.png", "../../evil.jpg", "...jpg", "京 A.jpg"):
        book.photo(file)(shade(1), seen)
    assert pictures(book.folder) == ["evil.jpg", "picture.jpg", "x-2.jpg", "x.jpg", "京-A.jpg"]
    assert cv2.imread(str(book.folder / "x.jpg")) is not None


def test_of_a_video_only_what_changed_is_drawn(tmp_path):
    pages = Sketchbook(tmp_path, most=99).pages("lane.mp4")
    plate, other = a_candidate(), a_candidate("沪B12345")
    doubt = [a_candidate(f"京A1234{digit}", least=0.1) for digit in range(9)]
    story = [
        (0.0, (), True),
        (0.1, (), False),
        (0.2, (plate,), True),
        (0.3, (plate,), False),
        (0.4, (plate, doubt[0]), False),
        (1.3, (plate, doubt[1]), True),
        (1.4, (plate, doubt[2]), False),
        (1.5, (plate, other), True),
        (9.0, (other, plate), False),
        (9.1, (other,), True),
    ]
    for number, (at_s, candidates, is_drawn) in enumerate(story):
        name = pages.draw(shade(1), a_sighting(*candidates, number=number, at_s=at_s))
        assert bool(name) is is_drawn, at_s
    assert pages.names == pictures(tmp_path)
    assert pages.names[1] == "lane-000002.jpg"


def test_no_more_than_most_are_drawn_and_the_rest_is_counted(tmp_path):
    pages = Sketchbook(tmp_path, most=2).pages("rtsp://10.0.0.1:554/Streaming/Channels/101?a=b")
    for number in range(5):
        pages.draw(shade(1), a_sighting(*[a_candidate()] * (number % 2), number=number))
    assert pictures(tmp_path) == [
        "10.0.0.1-554-Streaming-Channels-101-a-b-000000.jpg",
        "10.0.0.1-554-Streaming-Channels-101-a-b-000001.jpg",
    ]
    assert pages.left_out == 3


def test_a_folder_that_holds_something_is_refused_unless_forced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SketchbookError, match=r"already holds notes\.txt.*--force"):
        Sketchbook(tmp_path, most=1)
    book = Sketchbook(tmp_path, most=1, force=True)
    book.summarise({"plates": ["京A12345"]})
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "summary.json").read_text("utf-8")) == {"plates": ["京A12345"]}


def test_a_file_where_the_folder_should_be_is_told(tmp_path):
    (tmp_path / "out").write_text("-")
    with pytest.raises(SketchbookError, match="no folder can be made here"):
        Sketchbook(tmp_path / "out", most=1)
