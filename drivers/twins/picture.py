"""What the lane's camera sees, as a picture: a cached background, and the cars drawn upon it."""

import random
from collections.abc import Iterator
from functools import lru_cache
from zlib import crc32

import cv2
import numpy as np

from drivers.twins.bodywork import Shape, boom_shapes, car_shapes, lamp_centres, plate_corners
from drivers.twins.dirt import soiled
from drivers.twins.lens import USUAL_MOUNT, Lens, Mount, Points
from drivers.twins.night import NOISE_MARGIN_PX, Noise, darkness, dazzle
from drivers.twins.plateart import PX_PER_MM, Picture, plate_art
from drivers.twins.roadside import Roadside
from drivers.twins.scene import Scene, SeenCar

_DARKEST, _LEVELS = 0.3, 16
_PLATE_DARKEST = 0.55
_SUBPIXEL_BITS = 4
_TILT_DEG = 1.2
_MOTION_PX_PER_MPS = 0.25
_SMALLEST_PLATE_PX = 8
_LAMP_POWER = (0.7, 1.2)
_UP = np.array([0.0, 0.0, 0.1])


class ScenePainter:
    """Paints scenes for one camera. The same seed and scene give the same picture but for noise."""

    def __init__(self, *, width: int, height: int, seed: int, mount: Mount = USUAL_MOUNT) -> None:
        self._seed = seed
        self._size = (width, height)
        self._lens = Lens(width, height, mount)
        self._roadside = Roadside(self._lens, width, height, seed)
        self._noise = Noise(width, height, seed)
        self._dice = random.Random(seed)  # noqa: S311 simulation

    def paint(self, scene: Scene) -> Picture:
        """uint8 [height, width, 3] BGR; the caller owns it."""
        light = _DARKEST + (1 - _DARKEST) * round(scene.light * _LEVELS) / _LEVELS
        lamps = darkness(scene.light)
        picture = self._roadside.lit(light).copy()
        cars = sorted(scene.cars, key=lambda car: car.front_m)
        for car in (car for car in cars if car.front_m < 0):
            self._paint_car(picture, car, light, lamps)
        self._paint_shapes(picture, boom_shapes(scene.boom_deg), light)
        for car in (car for car in cars if car.front_m >= 0):
            self._paint_car(picture, car, light, lamps)
        return self._grain(picture, scene.light)

    def _paint_car(self, picture: Picture, car: SeenCar, light: float, lamps: float) -> None:
        self._paint_shapes(picture, car_shapes(car), light)
        if car.plate:
            self._paint_plate(picture, car, light)
        if lamps:
            self._paint_glare(picture, car, lamps)

    def _paint_shapes(self, picture: Picture, shapes: Iterator[Shape], light: float) -> None:
        for shape in shapes:
            outline = self._lens.project(shape.polygon)
            if len(outline) >= 3:  # noqa: PLR2004 a surface
                share = 1.0 if shape.glows else light
                colour = tuple(round(part * share) for part in shape.colour)
                points = np.round(outline * (1 << _SUBPIXEL_BITS)).astype(np.int32)
                cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, _SUBPIXEL_BITS)

    def _paint_plate(self, picture: Picture, car: SeenCar, light: float) -> None:
        art = plate_art(car.plate, car.kind or car.colour)
        height_m, width_m = (side / PX_PER_MM / 1000 for side in art.shape[:2])
        corners = self._lens.project(plate_corners(car, width_m, height_m))
        if len(corners) != 4 or np.ptp(corners[:, 0]) < _SMALLEST_PLATE_PX:  # noqa: PLR2004
            return
        dice = random.Random(f"{self._seed}/{car.number}/{car.plate}")  # noqa: S311 simulation
        corners = _turned(corners, car.tilt_deg + dice.uniform(-_TILT_DEG, _TILT_DEG))
        shine = max(_PLATE_DARKEST, light) * dice.uniform(0.85, 1.0)
        blur_px = dice.uniform(0.5, 0.9) + _MOTION_PX_PER_MPS * abs(car.speed_mps)
        small = _at_size(car, _level(corners, art.shape[1]))
        _lay(picture, small, corners, shine, blur_px)

    def _paint_glare(self, picture: Picture, car: SeenCar, lamps: float) -> None:
        dice = random.Random(f"{self._seed}/{car.number}/lamps")  # noqa: S311 simulation
        power = lamps * dice.uniform(*_LAMP_POWER)
        for centre in lamp_centres(car):
            seen = self._lens.project(np.stack([centre, centre + _UP]))
            if len(seen) == 2:  # noqa: PLR2004 both are before the lens
                (x, y), above = seen
                px_per_m = float(np.hypot(*(above - (x, y)))) / _UP[2]
                dazzle(picture, (x, y), px_per_m, power)

    def _grain(self, picture: Picture, light: float) -> Picture:
        """Sensor noise: a stored field, shifted by chance."""
        top, left = (self._dice.randrange(NOISE_MARGIN_PX) for _ in range(2))
        width, height = self._size
        fields = self._noise.fields(light)
        bright, dark = (field[top : top + height, left : left + width] for field in fields)
        cv2.add(picture, bright, dst=picture)
        cv2.subtract(picture, dark, dst=picture)
        return picture


def _turned(corners: Points, degrees: float) -> Points:
    """A plate is never screwed on quite straight."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = corners.mean(axis=0)
    turned: Points = (corners - middle) @ turn + middle
    return turned


def _level(corners: Points, art_px: int) -> int:
    """How often to halve the art so that laying it down skips no pixels."""
    wide = max(1.0, float(np.ptp(corners[:, 0])))
    return max(0, min(4, int(np.log2(art_px / wide))))


def _at_size(car: SeenCar, halvings: int) -> Picture:
    return _shrunk(car.plate, car.kind or car.colour, car.dirt, halvings)


@lru_cache(maxsize=64)
def _shrunk(plate: str, kind: str, dirt: float, halvings: int) -> Picture:
    art = plate_art(plate, kind)
    if dirt:
        art = soiled(art, dirt, crc32(plate.encode()))
    size = (art.shape[1] >> halvings, art.shape[0] >> halvings)
    return cv2.resize(art, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _lay(picture: Picture, art: Picture, corners: Points, shine: float, blur_px: float) -> None:
    """Lay `art` into the four corners, blending its soft edge with what is there."""
    first = np.floor(corners.min(axis=0)).astype(int) - 4
    last = np.ceil(corners.max(axis=0)).astype(int) + 4
    left, top = np.maximum(first, 0)
    right, bottom = np.minimum(last, picture.shape[1::-1])
    if right - left < _SMALLEST_PLATE_PX or bottom - top < _SMALLEST_PLATE_PX // 2:
        return
    high, wide = art.shape[:2]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    move = cv2.getPerspectiveTransform(source, (corners - (left, top)).astype(np.float32))
    size = (int(right - left), int(bottom - top))
    laid = cv2.warpPerspective(art, move, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), move, size)
    laid = cv2.GaussianBlur(laid, (0, 0), blur_px)
    share = cv2.GaussianBlur(cover, (3, 3), 0.7)[:, :, None].astype(np.float32) / 255
    place = picture[top:bottom, left:right]
    place[:] = (laid * (shine * share) + place * (1 - share)).astype(np.uint8)
