"""What part of a photo a training picture shows, and at which size."""

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from models.training.detector import quads
from models.training.detector.photos import Photo

_PADDING = 114
_NARROW, _WIDE_SHARE = 10.0, 0.75
_LARGEST = 1.6
_ZOOM_SIZE, _ZOOM_ACROSS, _ZOOM_LARGEST = (256, 128), 2.6, 3.5


@dataclass(frozen=True, slots=True)
class Framing:
    """A picture's size. `near`: as the reader's second look, one plate in the middle."""

    width: int
    height: int
    near: bool = False

    def plate_width(self, dice: Random) -> float:
        """Small plates are many: as many of 10 to 20 pixels as of 50 to 100."""
        if self.near:
            return self.width / _ZOOM_ACROSS * math.exp(dice.gauss(0, 0.16))
        widest = self.width * _WIDE_SHARE
        return math.exp(dice.uniform(math.log(_NARROW), math.log(widest)))

    def plate_place(self, dice: Random, width: float) -> tuple[float, float]:
        """Of a plate's middle: mostly whole in the picture, at times cut by its edge."""
        if self.near:
            return self.width / 2 + dice.gauss(0, 8), self.height / 2 + dice.gauss(0, 5)
        if dice.random() < 0.1:
            return dice.uniform(0, self.width), dice.uniform(0, self.height)
        x = _between(dice, width * 0.52, self.width)
        return x, _between(dice, width * 0.25, self.height)

    @property
    def largest(self) -> float:
        return _ZOOM_LARGEST if self.near else _LARGEST


ZOOM = Framing(*_ZOOM_SIZE, near=True)


def _between(dice: Random, room: float, length: float) -> float:
    room = min(room, length * 0.45)
    return dice.uniform(room, length - room)


def view(
    dice: Random, photo: Photo, framing: Framing, *, erased: bool
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [height, width, 3], and the 3 x 3 warp from the photo's pixels to it.

    An erased photo has no lettering, so half of them are turned left to right.
    """
    matrix = _matrix(dice, photo, framing)
    if erased and dice.random() < 0.5:
        matrix = np.array([[-1, 0, framing.width], [0, 1, 0], [0, 0, 1]]) @ matrix
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    levels = photo.erased if erased else photo.levels
    level = int(np.clip(math.floor(-math.log2(scale * 1.05)), 0, len(levels) - 1))
    source = levels[level]
    back = np.diag(
        [photo.image.shape[1] / source.shape[1], photo.image.shape[0] / source.shape[0], 1]
    )
    # A quad's pixel n has its middle at n + 0.5, OpenCV's at n: half a pixel there and back.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    warp = np.linalg.inv(half) @ matrix @ back @ half
    image = cv2.warpAffine(
        source,
        warp[:2],
        (framing.width, framing.height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_border(dice),
    )
    return image, matrix


def _border(dice: Random) -> tuple[int, int, int]:
    if dice.random() < 0.6:
        return (_PADDING, _PADDING, _PADDING)
    return dice.randint(0, 255), dice.randint(0, 255), dice.randint(0, 255)


def _matrix(dice: Random, photo: Photo, framing: Framing) -> np.ndarray:
    """Scaled, turned and moved so that one plate, or some place, comes where it should."""
    height, width = photo.image.shape[:2]
    if photo.marks and (framing.near or dice.random() < 0.8):
        quad = dice.choice(photo.marks).quad
        focus, here = quad.mean(0), quads.width_of(quad)
    else:
        focus = np.array([dice.uniform(0, width), dice.uniform(0, height)])
        here = width * dice.uniform(0.08, 0.3)
    wanted = framing.plate_width(dice)
    scale = min(max(wanted / here, _least(dice, photo, framing)), framing.largest)
    matrix = _turned(dice, scale)
    place = np.array(framing.plate_place(dice, here * scale))
    if not framing.near:
        place = _filled(place, focus * scale, (width * scale, height * scale), framing)
    matrix[:2, 2] = place - matrix[:2, :2] @ focus
    return matrix


def _least(dice: Random, photo: Photo, framing: Framing) -> float:
    """Mostly the photo fills the picture; at times it is small, so that its plates are."""
    height, width = (float(side) for side in photo.image.shape[:2])
    sides = framing.width / width, framing.height / height
    share, chosen = dice.choices(((1.0, max), (0.7, max), (0.8, min)), (0.6, 0.25, 0.15))[0]
    return share * chosen(sides)


def _turned(dice: Random, scale: float) -> np.ndarray:
    angle, shear = math.radians(dice.gauss(0, 4)), dice.gauss(0, 0.05)
    down = scale * dice.uniform(0.9, 1.12)
    cosine, sine = math.cos(angle), math.sin(angle)
    matrix = np.eye(3)
    matrix[:2, :2] = [
        [scale * cosine, -down * sine + shear * down],
        [scale * sine, down * cosine],
    ]
    return matrix


def _filled(
    place: np.ndarray, focus: np.ndarray, size: tuple[float, float], framing: Framing
) -> np.ndarray:
    """Moved so that the photo covers most of the picture, where it is large enough."""
    frame = np.array([framing.width, framing.height], np.float64)
    rest = 0.08 * frame
    lowest, highest = frame - (np.array(size) - focus) - rest, focus + rest
    fits = lowest < highest
    moved: np.ndarray = np.where(fits, np.clip(place, lowest, highest), place)
    return moved
