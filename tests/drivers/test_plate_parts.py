"""The parts of the plate reader on networks that answer what the test wants."""

import numpy as np
import pytest

from drivers.plates.colour import colour_of
from drivers.plates.detector import Box, Detector
from drivers.plates.reader import PlateReader
from drivers.plates.recogniser import Recogniser
from drivers.plates.rectify import Cut, rectify
from drivers.plates.zoom import HEIGHT, WIDTH, zoom
from gateway.lane.types import PlateColour
from gateway.ports import DeviceError

ALPHABET = "-京A123456789"


class PaperNetwork:
    """Answers by a function of the batch, and keeps the shapes it was asked with."""

    def __init__(self, answer, output_shape):
        self._answer = answer
        self.output_shape = output_shape
        self.asked = []

    def run(self, batch):
        self.asked.append(batch.shape)
        return self._answer(batch)


def slots(*best):
    """Logits of one plate: (sign, probability) for each slot."""
    rows = []
    for sign, probability in best:
        row = np.full(len(ALPHABET), (1 - probability) / (len(ALPHABET) - 1))
        row[ALPHABET.index(sign)] = probability
        rows.append(np.log(row))
    return np.array(rows, np.float32)


def recogniser(answer):
    return Recogniser(PaperNetwork(answer, [1, 4, len(ALPHABET)]), ALPHABET, 128, 32)


def detector(answer, pixels=256 * 128):
    return Detector(PaperNetwork(answer, [1, 10, "h", "w"]), pixels)


def cells(batch, *seen):
    """The detector's answer: nothing but (row, column, score logit, half width, half height)."""
    answer = np.zeros((1, 10, batch.shape[2] // 8, batch.shape[3] // 8), np.float32)
    answer[:, 0] = -9
    for row, column, score, wide, high in seen:
        corners = [-wide, -high, wide, -high, wide, high, -wide, high]
        answer[0, :, row, column] = [score, *(value / 16 for value in corners), -9]
    return answer


PICTURE = np.full((128, 256, 3), 114, np.uint8)
ONE_BOX = (8, 16, 2.0, 40, 12)


# --- recogniser --------------------------------------------------------------------------


def test_empty_slots_are_no_characters():
    reader = recogniser(lambda _: slots(("京", 0.9), ("-", 0.95), ("A", 0.8), ("1", 0.7))[None])

    text = reader.text(reader.probabilities([PICTURE[:32, :128]])[0])

    assert text.text == "京A1"
    assert text.characters == pytest.approx((0.9, 0.8, 0.7), abs=1e-4)
    assert text.weakest == pytest.approx(0.7, abs=1e-4)


def test_a_doubt_whether_anything_follows_is_a_doubt_about_the_last_character():
    reader = recogniser(lambda _: slots(("京", 0.9), ("A", 0.9), ("1", 0.9), ("-", 0.4))[None])

    text = reader.text(reader.probabilities([PICTURE[:32, :128]])[0])

    assert text.characters == pytest.approx((0.9, 0.9, 0.4), abs=1e-4)


def test_no_character_at_all_is_no_certainty():
    reader = recogniser(lambda _: slots(*[("-", 0.9)] * 4)[None])

    text = reader.text(reader.probabilities([PICTURE[:32, :128]])[0])

    assert (text.text, text.characters, text.weakest) == ("", (), 0.0)


# --- detector ----------------------------------------------------------------------------


def test_a_box_comes_back_in_the_pictures_pixels():
    finder = detector(lambda batch: cells(batch, ONE_BOX))
    large = np.full((256, 512, 3), 114, np.uint8)

    (box,) = finder.find(large, 0.5)

    middle = np.array([(16 * 8 + 4) * 2, (8 * 8 + 4) * 2])
    wide = np.array([[-80, -24], [80, -24], [80, 24], [-80, 24]])
    assert box.corners == pytest.approx(middle + wide)
    assert box.score == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_one_plate_seen_from_many_places_is_one_box():
    """A part of a plate, seen as a plate of its own, is not a second one either."""
    seen = (ONE_BOX, (8, 17, 1.0, 40, 12), (8, 18, 0.5, 12, 10))
    finder = detector(lambda batch: cells(batch, *seen))

    assert [round(box.score, 2) for box in finder.find(PICTURE, 0.3)] == [0.88]


def test_two_plates_are_two_boxes_the_better_first():
    seen = ((8, 6, 0.5, 30, 10), (8, 26, 1.5, 30, 10))
    finder = detector(lambda batch: cells(batch, *seen))

    assert [box.corners[0, 0] > 128 for box in finder.find(PICTURE, 0.3)] == [True, False]


def test_a_box_under_the_least_score_is_none():
    finder = detector(lambda batch: cells(batch, (8, 16, -1.0, 40, 12)))

    assert finder.find(PICTURE, 0.3) == []
    assert len(finder.find(PICTURE, 0.2)) == 1


@pytest.mark.parametrize("size", [(8, 100_000), (100_000, 8), (8, 8), (2160, 3840), (33, 47)])
def test_a_picture_of_any_size_costs_about_the_same(size):
    network = PaperNetwork(cells, [1, 10, "h", "w"])

    Detector(network, 123_000).find(np.zeros((*size, 3), np.uint8), 0.5)

    ((_, _, high, wide),) = network.asked
    assert high % 32 == wide % 32 == 0
    assert high * wide <= 1.4 * 123_000


def test_a_detector_of_another_kind_is_refused():
    with pytest.raises(DeviceError, match="gives 6 values a place, not 10"):
        Detector(PaperNetwork(cells, [1, 6, "h", "w"]), 123_000)


# --- the second look ---------------------------------------------------------------------


def surer_with(views, first, second):
    """A recogniser that is `first` sure of one view, and `second` sure of `views` at once."""

    def answer(batch):
        sure = second if len(batch) == views else first
        plate = slots(("京", 0.99), ("A", 0.99), ("1", sure), ("-", 0.99))
        return np.repeat(plate[None], len(batch), 0)

    return recogniser(answer)


@pytest.mark.parametrize(
    ("first", "told"),
    [(0.95, 0.95), (0.6, 0.98), (0.15, 0.15)],
    ids=["sure at once", "in doubt", "hopeless"],
)
def test_only_a_text_in_doubt_is_looked_at_again(first, told):
    found = detector(lambda batch: cells(batch, ONE_BOX))
    reader = PlateReader(found, surer_with(2, first, 0.98))

    (candidate,) = reader.read(PICTURE)

    assert min(candidate.characters) == pytest.approx(told, abs=0.01)


def test_a_second_look_that_finds_nothing_keeps_the_first_box():
    answers = iter([cells(np.zeros((1, 3, 128, 256)), ONE_BOX), cells(np.zeros((1, 3, 128, 256)))])
    reader = PlateReader(detector(lambda _: next(answers)), surer_with(2, 0.6, 0.98))

    (candidate,) = reader.read(PICTURE)

    assert candidate.text == "京A1"
    assert candidate.corners[0] == (132 - 40, 68 - 12)


@pytest.mark.parametrize(
    ("wide", "high"),
    [(0, 0), (0.5, 0), (1e-6, 40), (-40, 12), (5000, 12), (4000, 4000), (1e7, 1e7)],
)
@pytest.mark.parametrize("cell", [(0, 0), (15, 31), (8, 16)])
def test_a_box_of_any_shape_at_any_place_is_looked_at(wide, high, cell):
    found = detector(lambda batch: cells(batch, (*cell, 2.0, wide, high)))
    reader = PlateReader(found, surer_with(2, 0.6, 0.98))

    assert [one.text for one in reader.read(PICTURE)] == ["京A1"]


def test_a_box_whose_middle_is_outside_the_picture_is_looked_at():
    for x, y in ((-500, 60), (700, 60), (100, -400), (100, 900)):
        for width in (20, 300):
            near = zoom(PICTURE, Box(0.9, quad((x, y), width, width / 3), two_rows=False))
            assert near.image.shape == (HEIGHT, WIDTH, 3)


# --- cuts and zooms ----------------------------------------------------------------------


def test_a_cut_beyond_the_plate_shows_its_surroundings():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[40:60, 80:120] = 255
    corners = np.array([[80, 40], [120, 40], [120, 60], [80, 60]], np.float32)

    whole = rectify(picture, corners, Cut(), 40, 20)
    wide = rectify(picture, corners, Cut(-0.5, -0.5, 1.5, 1.5), 40, 20)

    assert whole[2:-2, 2:-2].min() == 255
    assert wide[:4].max() == 0
    assert wide[7:13, 12:28].min() == 255


@pytest.mark.parametrize("width", [24, 60, 300])
@pytest.mark.parametrize("middle", [(700, 400), (20, 30), (1270, 710)])
def test_a_zoom_puts_the_plate_in_its_middle_and_leads_back(width, middle):
    picture = np.zeros((720, 1280, 3), np.uint8)
    corners = quad(middle, width, width / 4)
    top, left = max(0, middle[1] - width // 8), max(0, middle[0] - width // 2)
    picture[top : middle[1] + width // 8, left : middle[0] + width // 2] = 255

    near = zoom(picture, Box(0.9, corners, two_rows=False))
    inside = quad((WIDTH / 2, HEIGHT / 2), WIDTH / 2.6, WIDTH / 10.4)
    again = near.out(Box(0.9, inside, two_rows=False))

    assert near.image.shape == (HEIGHT, WIDTH, 3)
    assert near.image[HEIGHT // 2 - 3, WIDTH // 2 - 3].min() == 255
    assert near.image[HEIGHT // 2, WIDTH // 10].max() < 255
    assert again.corners == pytest.approx(corners, abs=width * 0.02)


def quad(middle, width, height):
    x, y = middle
    dx, dy = width / 2, height / 2
    return np.array(
        [[x - dx, y - dy], [x + dx, y - dy], [x + dx, y + dy], [x - dx, y + dy]], np.float32
    )


# --- colour ------------------------------------------------------------------------------


def striped(ground, ink, stroke=6):
    plate = np.empty((32, 128, 3), np.uint8)
    plate[:] = ground
    for left in range(12, 116, 15):
        plate[8:24, left : left + stroke] = ink
    return plate


@pytest.mark.parametrize(
    ("ground", "ink", "colour"),
    [
        ((150, 60, 20), (240, 240, 240), PlateColour.BLUE),
        ((30, 190, 240), (15, 15, 15), PlateColour.YELLOW),
        ((120, 220, 110), (15, 15, 15), PlateColour.GREEN),
        ((215, 216, 214), (15, 15, 20), PlateColour.WHITE),
        ((22, 20, 21), (230, 231, 225), PlateColour.BLACK),
        ((90, 90, 90), (230, 230, 230), PlateColour.UNKNOWN),
        ((120, 20, 140), (230, 230, 230), PlateColour.UNKNOWN),
    ],
)
def test_the_colour_is_the_grounds_not_the_strokes(ground, ink, colour):
    assert colour_of(striped(ground, ink)) is colour


def test_strokes_that_glare_over_most_of_the_plate_do_not_make_it_white():
    plate = np.full((32, 128, 3), 250, np.uint8)
    plate[::3] = (150, 60, 20)

    assert colour_of(plate) is PlateColour.BLUE


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_plate_of_one_flat_grey_has_no_colour(value):
    assert colour_of(np.full((32, 128, 3), value, np.uint8)) is PlateColour.UNKNOWN
