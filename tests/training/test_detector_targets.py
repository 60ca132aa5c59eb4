"""What the detector is taught is what the product's own decoder reads back."""

import math
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the extra `training`")

from drivers.plates.detector import Detector
from models.training.detector.quads import Mark, box_of, moved, seen_plate, shown
from models.training.detector.targets import _hull_loss, loss, targets

WIDTH, HEIGHT = 320, 192
SURE = 8.0


class Says:
    """A network that answers as it is told."""

    def __init__(self, answer):
        self.answer, self.output_shapes = answer, [answer.shape]

    def run(self, batch):
        return [self.answer]


def perfect(marks, width=WIDTH, height=HEIGHT):
    """The answer that the targets ask for, float32 [1, 10, h/8, w/8]."""
    wanted = targets(marks, width, height)
    score = np.clip(wanted["score"], 1e-4, 1 - 1e-4)
    logit = np.log(score / (1 - score))
    rows = np.where(wanted["rows"] > 0, SURE, -SURE)
    return np.concatenate([logit[None], wanted["corners"], rows[None]]).astype(np.float32)[None]


def found(marks, least=0.4):
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Detector(Says(perfect(marks)), WIDTH * HEIGHT).find_as_is(picture, least)


def dice_of(seed):
    return Random(seed)


def level(x, y, width, height):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return np.array(corners, np.float32)


def batch_of(marks):
    wanted = targets(marks, WIDTH, HEIGHT)
    return {name: torch.from_numpy(values)[None] for name, values in wanted.items()}


def loss_of(answer, marks):
    return float(loss(torch.from_numpy(answer), batch_of(marks)))


@pytest.mark.parametrize("width", [10, 17, 30, 64, 120, 200])
@pytest.mark.parametrize("aspect", [3.14, 2.0, 1.5])
def test_the_decoder_gives_back_the_very_corners_that_were_taught(width, aspect):
    dice = dice_of(f"{width} {aspect}")
    for _ in range(20):
        place = dice.uniform(105, 215), dice.uniform(70, 120)
        quad = seen_plate(dice, place, width, aspect)
        if shown(quad, WIDTH, HEIGHT) < 0.9:
            continue
        boxes = found([Mark(quad, two_rows=aspect < 3)])
        assert len(boxes) == 1
        assert np.abs(boxes[0].corners - quad).max() < 0.05
        assert boxes[0].two_rows == (aspect < 3)


def test_two_plates_side_by_side_stay_two():
    marks = [Mark(level(30, 80, 90, 28)), Mark(level(130, 70, 60, 30), two_rows=True)]
    boxes = sorted(found(marks), key=lambda box: box.corners[0, 0])
    assert [box.two_rows for box in boxes] == [False, True]
    for box, mark in zip(boxes, marks, strict=True):
        assert np.abs(box.corners - mark.quad).max() < 0.05


@pytest.mark.parametrize("first", [0, 1])
def test_where_two_plates_meet_each_place_is_taught_the_nearer_one(first):
    marks = [Mark(level(100, 60, 90, 28)), Mark(level(104, 90, 90, 28))]
    boxes = sorted(found([marks[first], marks[1 - first]]), key=lambda box: box.corners[0, 1])
    assert len(boxes) == 2
    for box, mark in zip(boxes, marks, strict=True):
        assert np.abs(box.corners - mark.quad).max() < 0.05


def test_a_plate_that_is_not_known_is_neither_taught_nor_forbidden():
    mark = Mark(level(100, 60, 90, 30), known=False)
    wanted = targets([mark], WIDTH, HEIGHT)
    assert not wanted["score"].any()
    assert not wanted["weight"].any()
    free = wanted["care"] == 0
    assert free[9, 18]
    shouting = np.full((1, 10, HEIGHT // 8, WIDTH // 8), -SURE, np.float32)
    silent_loss = loss_of(shouting, [mark])
    shouting[0, 0][free] = SURE
    assert loss_of(shouting, [mark]) == pytest.approx(silent_loss)
    assert loss_of(shouting, []) > silent_loss + 1


def test_what_is_not_known_never_hides_a_plate_that_is():
    plate, doubt = Mark(level(100, 60, 90, 30)), Mark(level(90, 50, 120, 50), known=False)
    for marks in ([plate, doubt], [doubt, plate]):
        wanted = targets(marks, WIDTH, HEIGHT)
        assert (wanted["care"][wanted["score"] > 0] == 1).all()
        assert wanted["score"].max() == 1


@pytest.mark.parametrize(
    ("x", "scores", "cares"), [(-10, True, True), (-50, False, False), (-85, False, True)]
)
def test_a_plate_cut_by_the_edge_counts_by_how_much_of_it_is_left(x, scores, cares):
    wanted = targets([Mark(level(x, 80, 100, 32))], WIDTH, HEIGHT)
    assert wanted["score"].any() == scores
    assert (wanted["care"] == 1).all() == cares


def test_a_plate_too_small_to_be_seen_is_not_asked_for():
    wanted = targets([Mark(level(100, 84, 7, 4))], WIDTH, HEIGHT)
    assert not wanted["score"].any()
    assert (wanted["care"] == 0).any()


def test_the_best_answer_costs_nearly_nothing():
    marks = [Mark(level(60, 60, 90, 30)), Mark(level(200, 90, 40, 20), two_rows=True)]
    assert loss_of(perfect(marks), marks) < 0.01


@pytest.mark.parametrize("spoilt", range(1, 10))
def test_every_corner_and_the_rows_count(spoilt):
    marks = [Mark(level(60, 60, 90, 30))]
    answer = perfect(marks)
    right = loss_of(answer, marks)
    answer[0, spoilt] += 2 * SURE if spoilt == 9 else 0.5
    assert loss_of(answer, marks) > right + 0.02


def test_an_error_of_a_tenth_of_the_height_costs_a_large_plate_as_much_as_a_small_one():
    costs = []
    for size in (40, 160):
        marks = [Mark(level(80, 60, size, size / 4))]
        answer = perfect(marks)
        answer[0, 1:9] += size / 40 / 16
        costs.append(loss_of(answer, marks))
    assert costs[1] / costs[0] == pytest.approx(1, abs=0.45)


def test_corners_that_are_trusted_less_cost_less():
    costs = []
    for trust in (1.0, 0.3):
        marks = [Mark(level(80, 60, 90, 30), trust=trust)]
        answer = perfect(marks)
        answer[0, 1:9] += 0.3
        costs.append(loss_of(answer, marks))
    assert costs[1] == pytest.approx(0.3 * costs[0], rel=0.05)


def test_hulls_that_lie_apart_cost_more_the_farther_apart_they_are():
    def cost(x):
        pair = (level(0, 0, 4, 1).reshape(1, 8), level(x, 0, 4, 1).reshape(1, 8))
        return float(_hull_loss(*(torch.from_numpy(one) for one in pair)))

    assert cost(0) == pytest.approx(0)
    assert cost(2) == pytest.approx(1 - 2 / 6)
    assert 1 < cost(5) < cost(9) < 2


def test_a_plate_is_never_seen_from_behind_and_never_tilted_more_than_a_lane_s_camera_tilts_it():
    dice = dice_of(5)
    for _ in range(500):
        quad = seen_plate(dice, (100, 100), 80, 3.14)
        edges = np.roll(quad, -1, axis=0) - quad
        nexts = np.roll(edges, -1, axis=0)
        turns = edges[:, 0] * nexts[:, 1] - edges[:, 1] * nexts[:, 0]
        assert (turns > 0).all()
        assert np.linalg.norm(quad[1] - quad[0]) == pytest.approx(80, abs=0.01)
        lean = math.degrees(math.atan2(*(quad[1] - quad[0])[::-1]))
        assert abs(lean) < 55
        assert np.allclose(quad.mean(0), 100, atol=0.01)


def test_corners_follow_the_warp_of_their_picture():
    warp = np.array([[2.0, 0, 5], [0, 2, -3], [0, 0, 1]])
    assert box_of(moved(level(10, 20, 40, 12), warp)).tolist() == [25, 37, 105, 61]
