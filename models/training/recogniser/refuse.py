"""What must not be read: things that a detector takes for plates, and plates cut out wrongly."""

import random
from collections.abc import Iterator

import cv2
import numpy as np

from drivers.plates.rectify import READ_CUT, rectify
from drivers.plates.rows import side_by_side
from models.training.data import Sample, Split, samples
from models.training.plates import DrawnPlate
from models.training.recogniser.net import HEIGHT, WIDTH
from models.training.recogniser.views import Shot, shot_of

_LONGEST_SIDE = 640


def not_plates(split: Split, *, held_out: bool) -> list[np.ndarray]:
    """Cut-out grilles, lamps and signs: those that are held out, or all others."""
    chosen = [sample for sample in samples() if sample.kind == "not_plates"]
    return [s.picture() for s in chosen if split.holds_out(s.path.name) == held_out]


def streets(split: Split) -> list[np.ndarray]:
    """Photos in which no Chinese plate is to be seen: foreign ones may be."""
    return [_reduced(sample.picture()) for sample in _streets(split)]


def _streets(split: Split) -> Iterator[Sample]:
    for sample in samples():
        foreign = sample.kind == "backgrounds" and "Chinese" not in sample.plate_type
        if foreign and not split.holds_out(sample.path.stem):
            yield sample


def foreign_plates(split: Split) -> list[np.ndarray]:
    """The plates that are boxed in those photos, with a little around them."""
    found = []
    for sample in _streets(split):
        picture = sample.picture()
        found += [_around(picture, box) for box in sample.boxes]
    return [crop for crop in found if min(crop.shape[:2]) >= 8]


def _around(picture: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    left, top, right, bottom = (round(v) for v in box)
    return picture[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]


def _reduced(picture: np.ndarray) -> np.ndarray:
    share = min(1.0, _LONGEST_SIDE / max(picture.shape[:2]))
    return cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


def place_of_a_street(dice: random.Random, street: np.ndarray) -> np.ndarray:
    """Some place of a photo, cut out as if it were a plate."""
    high, wide = street.shape[:2]
    across = dice.uniform(0.05, 0.5) * wide
    down = across / dice.choice((3.1, 3.1, 2.0, 1.6))
    x, y = dice.uniform(0, wide - across), dice.uniform(0, max(1.0, high - down))
    corners = np.array([[x, y], [x + across, y], [x + across, y + down], [x, y + down]], np.float32)
    if dice.random() < 0.25:
        return side_by_side(street, corners, WIDTH, HEIGHT)
    return rectify(street, corners, READ_CUT, WIDTH, HEIGHT)


def wrongly_cut(dice: random.Random, plate: DrawnPlate, around: np.ndarray) -> np.ndarray:
    """Half a plate, much more than a plate, or its rows taken for what they are not."""
    shot = shot_of(dice, plate.image, around)
    if dice.random() < 0.5:
        if plate.rows == 2:
            return rectify(shot.picture, shot.corners, READ_CUT, WIDTH, HEIGHT)
        return side_by_side(shot.picture, shot.corners, WIDTH, HEIGHT)
    return rectify(shot.picture, _far_off(dice, shot), READ_CUT, WIDTH, HEIGHT)


def _far_off(dice: random.Random, shot: Shot) -> np.ndarray:
    right, down = shot.corners[1] - shot.corners[0], shot.corners[3] - shot.corners[0]
    way = dice.choice((-1, 1))
    if dice.random() < 0.7:
        moved = shot.corners + right * way * dice.uniform(0.24, 0.6)
    else:
        moved = shot.corners + down * way * dice.uniform(0.45, 0.8)
    return moved.astype(np.float32)
