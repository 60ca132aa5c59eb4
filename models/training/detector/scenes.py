"""One training picture: a real or drawn place, plates in it, other things, a camera."""

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from models.training.detector import quads
from models.training.detector.bodies import ground, recess, vehicle
from models.training.detector.camera import filmed
from models.training.detector.cars import sign, street
from models.training.detector.photos import Photo
from models.training.detector.pool import Pool
from models.training.detector.quads import Look, Mark
from models.training.detector.views import Framing, view

_PHOTO_SHARE, _FOREIGN_SHARE, _EMPTY_SHARE = 0.36, 0.28, 0.06
_KEEP, _EXCHANGE = 0.42, 0.36
_FLATTEST = 5.0
_CHINESE_ASPECT = 440 / 140


@dataclass(frozen=True, slots=True)
class Sources:
    """`chinese` photos have known plates, `foreign` unknown ones, `empty` none."""

    chinese: list[Photo]
    foreign: list[Photo]
    empty: list[Photo]
    pool: Pool


def scene(dice: Random, sources: Sources, framing: Framing) -> tuple[np.ndarray, list[Mark]]:
    """uint8 [height, width, 3] and every plate in it."""
    chance = dice.random()
    for photos, share in (
        (sources.chinese, _PHOTO_SHARE),
        (sources.foreign, _FOREIGN_SHARE),
        (sources.empty, _EMPTY_SHARE),
    ):
        if chance < share and photos:
            image, marks = _photographed(dice, dice.choice(photos), sources.pool, framing)
            break
        chance -= share
    else:
        image, marks = _drawn(dice, sources.pool, framing)
    image = filmed(dice, image, [mark.quad for mark in marks if mark.known])
    return image, [_judged(mark, image) for mark in marks]


def _photographed(
    dice: Random, photo: Photo, pool: Pool, framing: Framing
) -> tuple[np.ndarray, list[Mark]]:
    """As taken, with other plates in the old places, or with none."""
    chance = dice.random()
    keep = chance < _KEEP or not photo.marks
    image, matrix = view(dice, photo, framing, erased=not keep)
    old = [_moved(mark, matrix) for mark in photo.marks]
    marks: list[Mark] = old if keep else []
    if not keep and chance < _KEEP + _EXCHANGE:
        marks = [_exchanged(dice, image, mark, pool) for mark in old]
    _hard_things(dice, image, pool, marks, 0.4)
    if dice.random() < (0.2 if marks else 0.5):
        _scatter(dice, image, pool, marks, framing)
    return image, marks


def _moved(mark: Mark, matrix: np.ndarray) -> Mark:
    quad = quads.moved(mark.quad, matrix)
    if np.linalg.det(matrix) < 0:
        quad = quads.mirrored(quad)
    return Mark(quad, mark.two_rows, mark.trust, mark.known)


def _exchanged(dice: Random, image: np.ndarray, old: Mark, pool: Pool) -> Mark:
    piece = pool.plate(dice)
    was = _CHINESE_ASPECT if old.known else quads.width_of(old.quad) / quads.height_of(old.quad)
    quad = quads.replaced(old.quad, dice, was=was, aspect=piece.aspect(dice))
    if dice.random() < 0.3:
        recess(dice, image, _middle(quad), quads.width_of(quad))
    quads.paste(image, piece.image, quad, Look.drawn(dice))
    return Mark(quad, piece.two_rows, piece.trust)


def _drawn(dice: Random, pool: Pool, framing: Framing) -> tuple[np.ndarray, list[Mark]]:
    image = street(dice, framing.width, framing.height)
    marks: list[Mark] = []
    for _ in range(dice.randint(0, 3)):
        sign(dice, image)
    if dice.random() < 0.3:
        vehicle(dice, image, *_somewhere(dice, framing), dice.uniform(20, 110))
    _hard_things(dice, image, pool, marks, 0.45)
    for _ in range(dice.choices((0, 1, 2, 3), (0.1, 0.6, 0.22, 0.08))[0]):
        _scatter(dice, image, pool, marks, framing)
    return image, marks


def _scatter(
    dice: Random, image: np.ndarray, pool: Pool, marks: list[Mark], framing: Framing
) -> None:
    """One more plate where there is room, on a vehicle, on a board or on nothing."""
    piece = pool.plate(dice)
    width = framing.plate_width(dice)
    place = framing.plate_place(dice, width)
    quad = quads.seen_plate(dice, place, width, piece.aspect(dice))
    taken = [mark.quad for mark in marks]
    chance = dice.random()
    if not quads.apart(quads.grown(quad, 1.6), taken):
        return
    if chance < 0.55 and quads.apart(ground(*place, width), taken):
        vehicle(dice, image, *place, width)
    elif chance < 0.75:
        recess(dice, image, place, width)
    quads.paste(image, piece.image, quad, Look.drawn(dice))
    marks.append(Mark(quad, piece.two_rows, piece.trust))


def _hard_things(
    dice: Random, image: np.ndarray, pool: Pool, marks: list[Mark], share: float
) -> None:
    """Grilles, lamps and lettering that were once taken for plates, and drawn signs."""
    taken = [mark.quad for mark in marks]
    while dice.random() < share:
        width = math.exp(dice.uniform(math.log(18), math.log(150)))
        place = dice.uniform(0, image.shape[1]), dice.uniform(0, image.shape[0])
        quad = quads.seen_plate(dice, place, width, dice.uniform(2.5, 4.2))
        if pool.others and quads.apart(quad, taken):
            thing = dice.choice(pool.others)
            flip = dice.random() < 0.3
            quads.paste(image, cv2.flip(thing, 1) if flip else thing, quad, Look.drawn(dice))
    if not marks and dice.random() < share:
        sign(dice, image)


def _somewhere(dice: Random, framing: Framing) -> tuple[float, float]:
    return dice.uniform(0, framing.width), dice.uniform(0, framing.height)


def _middle(quad: np.ndarray) -> tuple[float, float]:
    x, y = quad.mean(0)
    return float(x), float(y)


def _judged(mark: Mark, image: np.ndarray) -> Mark:
    """A plate that dark, glare or blur has wiped out is nothing to learn from."""
    x1, y1, x2, y2 = (round(float(side)) for side in quads.box_of(mark.quad))
    part = image[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
    if not part.size or cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).std() >= _FLATTEST:
        return mark
    return Mark(mark.quad, mark.two_rows, mark.trust, known=False)
