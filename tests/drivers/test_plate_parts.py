"""The parts of the plate reader on networks that answer what the test wants."""

import cv2
import numpy as np
import pytest

from drivers.plates.detector import Box, Detector
from drivers.plates.reader import PlateReader
from drivers.plates.recogniser import Recogniser, Words
from drivers.plates.rectify import Cut, rectify
from drivers.plates.sharpness import sharpness_of
from drivers.plates.zoom import HEIGHT, WIDTH, zoom
from gateway.lane.types import PlateColour, PlateType
from gateway.ports import DeviceError

WORDS = Words(
    alphabet="-京A123456789",
    colours=(PlateColour.BLUE, PlateColour.YELLOW),
    types=(None, PlateType.CIVIL),
)


class PaperNetwork:
    """Answers by a function of the batch, and keeps the shapes it was asked with."""

    def __init__(self, answer, *shapes):
        self._answer = answer
        self.output_shapes = list(shapes)
        self.asked = []

    def run(self, batch):
        self.asked.append(batch.shape)
        return self._answer(batch)


def slots(*best):
    """Logits of one plate: (sign, probability) for each slot."""
    rows = []
    for sign, probability in best:
        row = np.full(len(WORDS.alphabet), (1 - probability) / (len(WORDS.alphabet) - 1))
        row[WORDS.alphabet.index(sign)] = probability
        rows.append(np.log(row))
    return np.array(rows, np.float32)


def chances(*shares):
    return np.log(np.array(shares, np.float32))


def answers(text, colour=(0.9, 0.1), type_=(0.1, 0.9), plates=1):
    """What the network says of `plates` views of one plate."""
    return [np.repeat(part[None], plates, 0) for part in (text, chances(*colour), chances(*type_))]


def recogniser(answer):
    shapes = ([1, 4, len(WORDS.alphabet)], [1, 2], [1, 2])
    return Recogniser(PaperNetwork(answer, *shapes), WORDS, 128, 32)


def read(*best, **said):
    return recogniser(lambda _: answers(slots(*best), **said)).read([PICTURE[:32, :128]])


def detector(answer, pixels=256 * 128):
    return Detector(PaperNetwork(lambda batch: [answer(batch)], [1, 10, "h", "w"]), pixels)


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
    text = read(("京", 0.9), ("-", 0.95), ("A", 0.8), ("1", 0.7))

    assert text.text == "京A1"
    assert text.characters == pytest.approx((0.9, 0.8, 0.7), abs=1e-4)
    assert text.weakest == pytest.approx(0.7, abs=1e-4)


def test_a_doubt_whether_anything_follows_is_a_doubt_about_the_last_character():
    text = read(("京", 0.9), ("A", 0.9), ("1", 0.9), ("-", 0.4))

    assert text.characters == pytest.approx((0.9, 0.9, 0.4), abs=1e-4)


def test_no_character_at_all_is_no_certainty():
    text = read(*[("-", 0.9)] * 4)

    assert (text.text, text.characters, text.weakest) == ("", (), 0.0)


def test_the_closest_rivals_are_the_other_texts():
    signs = slots(("京", 0.99), ("A", 0.99), ("1", 0.6), ("2", 0.8))
    signs[2, WORDS.alphabet.index("7")] = np.log(0.39)
    signs[3, WORDS.alphabet.index("3")] = np.log(0.19)

    text = recogniser(lambda _: answers(signs)).read([PICTURE[:32, :128]])

    assert (text.text, text.others) == ("京A12", ("京A72", "京A13"))


@pytest.mark.parametrize(
    ("shares", "colour"),
    [((0.95, 0.05), PlateColour.BLUE), ((0.05, 0.95), PlateColour.YELLOW)],
)
def test_the_colour_and_the_type_are_the_networks(shares, colour):
    text = read(("京", 0.9), ("A", 0.9), ("1", 0.9), ("2", 0.9), colour=shares)

    assert (text.colour, text.type, text.plate) == (colour, PlateType.CIVIL, pytest.approx(0.9))


def test_a_colour_in_doubt_is_unknown():
    text = read(*[("1", 0.9)] * 4, colour=(0.85, 0.15))

    assert text.colour is PlateColour.UNKNOWN


def test_what_is_no_plate_says_so():
    text = read(*[("1", 0.9)] * 4, type_=(0.8, 0.2))

    assert (text.type, text.plate) == (None, pytest.approx(0.2))


def test_an_answer_that_is_no_number_is_sure_of_nothing():
    nothing = np.full((4, len(WORDS.alphabet)), np.nan, np.float32)

    assert recogniser(lambda _: answers(nothing)).read([PICTURE[:32, :128]]).weakest == 0.0


def test_two_views_of_one_plate_are_one_reading():
    views = [
        np.stack([one, other])
        for one, other in zip(
            answers(slots(*[("1", 0.9)] * 4))[0], answers(slots(*[("1", 0.5)] * 4))[0], strict=True
        )
    ]
    both = [*views, *answers(slots(("1", 0.9)), plates=2)[1:]]

    assert recogniser(lambda _: both).read([PICTURE[:32, :128]] * 2).weakest == pytest.approx(0.7)


def test_words_of_another_model_are_refused():
    network = PaperNetwork(None, [1, 4, 5], [1, 2], [1, 2])

    with pytest.raises(DeviceError, match=r"knows \(5, 2, 2\) signs, colours and types"):
        Recogniser(network, WORDS, 128, 32)


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
    network = PaperNetwork(lambda batch: [cells(batch)], [1, 10, "h", "w"])

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
        return answers(plate, plates=len(batch))

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


@pytest.mark.parametrize(
    ("half_width", "told"), [(40, 0.98), (15, 0.6)], ids=["fills the crop", "a plate within it"]
)
def test_a_crop_in_doubt_is_looked_at_again_where_the_plate_fills_it(half_width, told):
    found = detector(lambda batch: cells(batch, (8, 16, 2.0, half_width, 12)))
    reader = PlateReader(found, surer_with(2, 0.6, 0.98))

    candidate = reader.read_crop(PICTURE)

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


# --- sharpness ---------------------------------------------------------------------------


def striped():
    plate = np.full((70, 220, 3), 40, np.uint8)
    for left in range(20, 200, 26):
        plate[12:58, left : left + 9] = 230
    return plate


def sharp(plate):
    high, wide = plate.shape[:2]
    return sharpness_of(plate, quad((wide / 2, high / 2), wide, high))


def test_out_of_focus_and_far_away_are_less_sharp():
    near = striped()
    blurred = cv2.GaussianBlur(near, (0, 0), 6)
    far = cv2.resize(near, (33, 10), interpolation=cv2.INTER_AREA)

    assert sharp(near) > 2 * sharp(blurred)
    assert sharp(near) > 2 * sharp(far)


def test_a_flat_plate_is_not_sharp_at_all():
    assert sharp(np.full((40, 120, 3), 90, np.uint8)) == 0.0
