"""From a plate to what the recogniser is given: seen by a camera, found by a detector, cut out."""

import random
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.plates.rectify import READ_CUT, rectify
from drivers.plates.rows import side_by_side
from models.training.camera import blurred, compressed, rained_on
from models.training.recogniser.net import HEIGHT, WIDTH

_NARROWEST_PX, _WIDEST_PX = 38, 280
_LOOSE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture with a plate in it. `corners`: float32 [4, 2], the plate's true ones."""

    picture: np.ndarray
    corners: np.ndarray


def shot_of(dice: random.Random, plate: np.ndarray, around: np.ndarray, tilt: float = 1.0) -> Shot:
    """A drawn plate as a camera sees it, tilted and small; `around` is any picture."""
    wide = np.exp(dice.uniform(np.log(_NARROWEST_PX), np.log(_WIDEST_PX)))
    corners = _seen_from_aside(dice, wide, wide * plate.shape[0] / plate.shape[1], tilt)
    size = tuple(int(v) for v in np.ceil(corners.max(0) + 0.12 * wide + 2))
    corners += 0.06 * wide
    canvas = cv2.resize(around, size, interpolation=cv2.INTER_AREA)
    _lay(plate, corners, canvas)
    canvas = blurred(dice, canvas, wide / 45)
    if dice.random() < 0.05:
        canvas = rained_on(dice, canvas)
    if dice.random() < 0.3:
        canvas = compressed(dice, canvas)
    return Shot(canvas, corners.astype(np.float32))


def _seen_from_aside(dice: random.Random, wide: float, high: float, tilt: float) -> np.ndarray:
    """Four corners from (0, 0) on: narrower, turned, sheared, in perspective."""
    wide, high = wide * dice.uniform(0.72, 1.0), high * dice.uniform(0.85, 1.1)
    quad = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)
    far = dice.gauss(0, 0.06)
    quad[[1, 2], 1] = high / 2 + (quad[[1, 2], 1] - high / 2) * (1 + far)
    slant, turn = dice.gauss(0, 0.1 * tilt), np.deg2rad(np.clip(dice.gauss(0, 4.5 * tilt), -30, 30))
    quad[:, 0] += quad[:, 1] * slant
    quad = quad @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    result: np.ndarray = quad - quad.min(0)
    return result


def _lay(plate: np.ndarray, corners: np.ndarray, canvas: np.ndarray) -> None:
    """Halved first where it must shrink, so that no stroke falls between pixels."""
    across = np.linalg.norm(corners[1] - corners[0])
    if across < plate.shape[1] * 0.8:
        share = max(1.15 * across / plate.shape[1], 0.1)
        plate = cv2.resize(plate, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    high, wide = plate.shape[:2]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    move = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    cv2.warpPerspective(
        plate, move, canvas.shape[1::-1], dst=canvas, borderMode=cv2.BORDER_TRANSPARENT
    )


def boxed(dice: random.Random, plate: np.ndarray, around: np.ndarray) -> Shot:
    """A plate whose corners nobody knows: cut out by the upright box around it, tilt and all."""
    shot = shot_of(dice, plate, around, tilt=2.2)
    (left, top), (right, bottom) = shot.corners.min(0), shot.corners.max(0)
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return Shot(shot.picture, np.array(corners, np.float32))


def real_shot(dice: random.Random, crop: np.ndarray) -> Shot:
    """A real cut-out plate: its corners are about the picture's own."""
    if dice.random() < 0.35:
        wide = dice.randint(48, 110)
        size = (wide, max(10, round(wide * crop.shape[0] / crop.shape[1])))
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    crop = blurred(dice, crop, crop.shape[1] / 75)
    if dice.random() < 0.1:
        crop = compressed(dice, crop)
    high, wide = crop.shape[:2]
    left, right = (dice.uniform(-0.04, 0.05) * wide for _ in range(2))
    top, bottom = (dice.uniform(-0.07, 0.1) * high for _ in range(2))
    corners = [
        [left, top],
        [wide - right, top],
        [wide - right, high - bottom],
        [left, high - bottom],
    ]
    return Shot(crop, np.array(corners, np.float32))


def cut_out(dice: random.Random, shot: Shot, rows: int, error: float = 0.05) -> np.ndarray:
    """Upright, as at run time, from corners that are wrong by `error` of the plate's height."""
    corners = _wrong_by(dice, shot.corners, error)
    if dice.random() < _LOOSE_SHARE:
        corners = _loose(dice, corners)
    if rows == 2:
        return side_by_side(shot.picture, corners, WIDTH, HEIGHT)
    return rectify(shot.picture, corners, READ_CUT, WIDTH, HEIGHT)


def _loose(dice: random.Random, corners: np.ndarray) -> np.ndarray:
    """With some of the surroundings on each side, as a detector sees it that is not sure."""
    right, down = corners[1] - corners[0], corners[3] - corners[0]
    left, beyond = dice.uniform(-0.02, 0.12), dice.uniform(-0.02, 0.12)
    above, below = dice.uniform(-0.05, 0.25), dice.uniform(-0.05, 0.25)
    sides = np.array([[-left, -above], [beyond, -above], [beyond, below], [-left, below]])
    return (corners + sides @ np.stack([right, down])).astype(np.float32)


def _wrong_by(dice: random.Random, corners: np.ndarray, error: float) -> np.ndarray:
    """Each corner by itself, and all of them together: moved, grown and turned."""
    right, down = corners[1] - corners[0], corners[3] - corners[0]
    high = float(np.linalg.norm(down))
    each = np.array([[dice.gauss(0, error) for _ in range(2)] for _ in range(4)]) * high * 0.7
    middle = corners.mean(0)
    moved = middle + dice.gauss(0, 0.02) * right + dice.gauss(0, error) * down
    grown = 1 + dice.gauss(0.01, 0.03), 1 + dice.gauss(0.03, 1.5 * error)
    along, aside = (
        (corners - middle) @ right / (right @ right),
        (corners - middle) @ down / (down @ down),
    )
    result = moved + along[:, None] * grown[0] * right + aside[:, None] * grown[1] * down + each
    return result.astype(np.float32)
