"""The lane without cars: sky, wall, asphalt, kerbs and the loops' cuts, lit as needed."""

from functools import lru_cache

import cv2
import numpy as np

from drivers.twins.cars import ARMING_LOOP, CLOSING_LOOP, STOP_LINE_M
from drivers.twins.lens import Lens, Points
from drivers.twins.plateart import Picture

Bgr = tuple[int, int, int]
_FAR_M, _NEAR_M = -60.0, 1.9
_KERB_Y, _KERB_WIDE = 1.75, 0.25
_LOOP_HALF = 0.8
_WALL_M = -30.0
_SKY, _WALL, _ASPHALT = (225, 205, 190), (150, 158, 165), (112, 114, 116)
_KERB, _PAINT, _CUT = (185, 190, 190), (215, 215, 215), (62, 62, 64)


class Roadside:
    """One camera's background; `lit` pictures are shared and must not be written to."""

    def __init__(self, lens: Lens, width: int, height: int, seed: int) -> None:
        self._lens = lens
        self._day = self._painted(width, height, np.random.default_rng(seed))
        self.lit = lru_cache(maxsize=32)(self._lit)

    def _lit(self, light: float) -> Picture:
        return cv2.convertScaleAbs(self._day, alpha=light).astype(np.uint8, copy=False)

    def _painted(self, width: int, height: int, dice: np.random.Generator) -> Picture:
        picture = np.full((height, width, 3), _SKY, np.uint8)
        self._wall(picture, dice)
        self._fill(picture, _flat(_FAR_M, _NEAR_M, -20, 20), _ASPHALT)
        for side in (-1, 1):
            inner, outer = side * _KERB_Y, side * (_KERB_Y + _KERB_WIDE)
            self._fill(picture, _flat(_FAR_M, _NEAR_M, inner, outer), _KERB)
        self._fill(picture, _flat(STOP_LINE_M + 0.25, STOP_LINE_M + 0.5, -1.5, 1.5), _PAINT)
        for first, last in (ARMING_LOOP, CLOSING_LOOP):
            cut = self._lens.project(_flat(first, last, -_LOOP_HALF, _LOOP_HALF))
            cv2.polylines(picture, [np.round(cut).astype(np.int32)], True, _CUT, 2, cv2.LINE_AA)  # noqa: FBT003
        return _grainy(picture, dice)

    def _wall(self, picture: Picture, dice: np.random.Generator) -> None:
        """A building across the street with windows."""
        self._fill(picture, _upright(-20, 20, 0, 4), _WALL)
        for column in range(-9, 9):
            left = column * 2.1 + float(dice.uniform(-0.2, 0.2))
            shade = int(dice.integers(60, 110))
            glass = (shade + 15, shade + 5, shade)
            self._fill(picture, _upright(left, left + 1.2, 1.2, 2.7), glass)

    def _fill(self, picture: Picture, polygon: Points, colour: Bgr) -> None:
        outline = self._lens.project(polygon)
        if len(outline):
            cv2.fillPoly(picture, [np.round(outline).astype(np.int32)], colour, cv2.LINE_AA)


def _flat(first_m: float, last_m: float, left: float, right: float) -> Points:
    """A rectangle on the ground."""
    corners = [(first_m, left), (first_m, right), (last_m, right), (last_m, left)]
    return np.array([(x, y, 0.0) for x, y in corners])


def _upright(left: float, right: float, low: float, high: float) -> Points:
    """A rectangle on the wall."""
    corners = [(left, low), (right, low), (right, high), (left, high)]
    return np.array([(_WALL_M, y, z) for y, z in corners])


def _grainy(picture: Picture, dice: np.random.Generator) -> Picture:
    """Stains and the grain of stone, so that nothing is one flat colour."""
    height, width = picture.shape[:2]
    stains = dice.normal(0, 1, (height // 24 + 1, width // 24 + 1)).astype(np.float32)
    grain = dice.normal(0, 4, (height, width)).astype(np.float32)
    wide = cv2.resize(stains, (width, height), interpolation=cv2.INTER_CUBIC) * 6
    rough = picture.astype(np.float32) + (wide + grain)[:, :, None]
    return cv2.GaussianBlur(np.clip(rough, 0, 255), (3, 3), 0.6).astype(np.uint8)
