"""Four corners in space and in pictures: seen from an angle, moved, pasted."""

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
_MOST_TILT_DEG = 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A plate in a picture. `quad`: float32 [4, 2] in pixels, clockwise from its own top left.

    `trust`, 0..1: how exact the corners are. `known` False: perhaps a plate, learn nothing here.
    """

    quad: np.ndarray
    two_rows: bool = False
    trust: float = 1.0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """How a pasted plate takes on the light of its place."""

    gain: float
    lift: float
    shadow: tuple[float, float, float, float] | None

    @classmethod
    def drawn(cls, dice: Random) -> "Look":
        shadow = None
        if dice.random() < 0.25:
            slope = dice.uniform(-1, 1), dice.uniform(-1, 1)
            shadow = (*slope, dice.uniform(-0.4, 0.6), dice.uniform(0.3, 0.8))
        return cls(dice.uniform(0.5, 1.15), dice.uniform(-15, 20), shadow)


def seen_plate(
    dice: Random, centre: tuple[float, float], width: float, aspect: float
) -> np.ndarray:
    """A plate of `width` pixels turned in space and seen by a camera, its middle at `centre`."""
    pitch, yaw = dice.gauss(0, 15), dice.gauss(0, 23)
    turn = _turned(math.radians(pitch), math.radians(yaw), _roll(dice))
    flat = (_SQUARE - 0.5) * np.array([1, 1 / aspect], np.float32)
    space = np.hstack([flat, np.zeros((4, 1), np.float32)]) @ turn.T
    distance = dice.uniform(2.5, 15)
    seen = space[:, :2] * distance / (distance + space[:, 2:])
    length = float(np.linalg.norm(seen[1] - seen[0]))
    seen = (seen - seen.mean(0)) * (width / max(length, 1e-3))
    return _exact(seen + np.array(centre))


def _roll(dice: Random) -> float:
    roll = dice.gauss(0, 6) if dice.random() < 0.75 else dice.uniform(-1, 1) * _MOST_TILT_DEG
    return math.radians(min(max(roll, -_MOST_TILT_DEG), _MOST_TILT_DEG))


def _turned(pitch: float, yaw: float, roll: float) -> np.ndarray:
    def about(angle: float, first: int, second: int) -> np.ndarray:
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
        return turn

    limit = math.radians(60)
    yaw = min(max(yaw, -limit), limit)
    turn: np.ndarray = about(roll, 0, 1) @ about(pitch, 1, 2) @ about(yaw, 2, 0)
    return turn


def replaced(quad: np.ndarray, dice: Random, *, was: float, aspect: float) -> np.ndarray:
    """Another plate in the plane of one of aspect `was`: about as wide, a little moved."""
    to_picture = cv2.getPerspectiveTransform(_SQUARE * np.array([was, 1], np.float32), quad)
    width = was * dice.uniform(0.85, 1.2)
    middle = np.array([was / 2 + dice.gauss(0, 0.12), 0.5 + dice.gauss(0, 0.08)])
    corners = (_SQUARE - 0.5) * np.array([width, width / aspect]) + middle
    return moved(corners.astype(np.float32), to_picture)


def moved(quad: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The corners after a 3 x 3 warp of the picture."""
    ends = np.hstack([quad, np.ones((4, 1))]) @ matrix.T
    return _exact(ends[:, :2] / ends[:, 2:])


def grown(quad: np.ndarray, factor: float) -> np.ndarray:
    middle = quad.mean(0)
    return _exact((quad - middle) * factor + middle)


def mirrored(quad: np.ndarray) -> np.ndarray:
    """Of a picture that was turned left to right: its own top left is where the right was."""
    return _exact(quad[[1, 0, 3, 2]])


def _exact(values: np.ndarray) -> np.ndarray:
    exact: np.ndarray = values.astype(np.float32)
    return exact


def width_of(quad: np.ndarray) -> float:
    return float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2


def height_of(quad: np.ndarray) -> float:
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2


def box_of(quad: np.ndarray) -> np.ndarray:
    """x1, y1, x2, y2 of the upright box around it."""
    box: np.ndarray = np.concatenate([quad.min(0), quad.max(0)])
    return box


def shown(quad: np.ndarray, width: int, height: int) -> float:
    """The share of its upright box that lies inside a picture of that size."""
    x1, y1, x2, y2 = box_of(quad)
    inside = max(0.0, min(width, x2) - max(0, x1)) * max(0.0, min(height, y2) - max(0, y1))
    return float(inside / max((x2 - x1) * (y2 - y1), 1e-6))


def apart(quad: np.ndarray, others: list[np.ndarray]) -> bool:
    """Whether it touches none of the others, with a little room between."""
    x1, y1, x2, y2 = box_of(grown(quad, 1.15))
    boxes = [box_of(other) for other in others]
    return all(x2 < b[0] or b[2] < x1 or y2 < b[1] or b[3] < y1 for b in boxes)


def paste(image: np.ndarray, plate: np.ndarray, quad: np.ndarray, look: Look) -> None:
    """Lay a straight-on plate over the quad, in place, with soft edges.

    A pixel's middle has the coordinate n + 0.5 in quads and n in OpenCV.
    """
    height, width = image.shape[:2]
    x1, y1 = np.maximum(np.floor(quad.min(0)).astype(int) - 2, 0)
    x2, y2 = np.minimum(np.ceil(quad.max(0)).astype(int) + 3, [width, height])
    if x2 - x1 < 3 or y2 - y1 < 3:
        return
    small, size = _reduced(plate, width_of(quad)), (int(x2 - x1), int(y2 - y1))
    source = _SQUARE * np.array(small.shape[1::-1], np.float32) - np.float32(0.5)
    warp = cv2.getPerspectiveTransform(source, (quad - [x1 + 0.5, y1 + 0.5]).astype(np.float32))
    laid = cv2.warpPerspective(small, warp, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.GaussianBlur(_cover((quad - [x1, y1]), size), (3, 3), 0.6)[..., None]
    part = image[y1:y2, x1:x2]
    lit = _lit(laid.astype(np.float32), look)
    part[:] = (part * (1 - cover) + lit * cover).astype(np.uint8)


def _cover(quad: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """1 inside the quad, falling to 0 across the pixel that an edge runs through."""
    x = np.arange(size[0], dtype=np.float32)[None] + np.float32(0.5)
    y = np.arange(size[1], dtype=np.float32)[:, None] + np.float32(0.5)
    cover = np.ones(size[::-1], np.float32)
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
        inside = along[0] * (y - start[1]) - along[1] * (x - start[0])
        np.minimum(cover, inside + np.float32(0.5), out=cover)
    return np.clip(cover, 0, 1)


def _reduced(plate: np.ndarray, width: float) -> np.ndarray:
    """Averaged down first: one bilinear step would drop strokes."""
    share = width * 1.3 / plate.shape[1]
    if share > 0.75:
        return plate
    size = max(6, round(plate.shape[1] * share)), max(4, round(plate.shape[0] * share))
    return cv2.resize(plate, size, interpolation=cv2.INTER_AREA)


def _lit(plate: np.ndarray, look: Look) -> np.ndarray:
    lit = plate * look.gain + look.lift
    if look.shadow is not None:
        down, across, edge, dark = look.shadow
        rows = np.linspace(0, 1, plate.shape[0], dtype=np.float32)[:, None] * down
        columns = np.linspace(0, 1, plate.shape[1], dtype=np.float32)[None] * across
        lit *= np.where(rows + columns > edge, np.float32(dark), np.float32(1))[..., None]
    return _exact(np.clip(lit, 0, 255))
