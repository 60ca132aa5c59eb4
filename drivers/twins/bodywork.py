"""Cars, lorries and the boom as flat shapes in space, far ones first. Metres; see `lens`."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from drivers.twins.lens import Points
from drivers.twins.scene import SeenCar

Bgr = tuple[float, float, float]
Outline = Sequence[tuple[float, float]]


class Shape(NamedTuple):
    """`glows`: keeps its brightness in the dark."""

    polygon: Points
    colour: Bgr
    glows: bool = False


LORRY_FROM_M = 6.0
_PAINTS: tuple[Bgr, ...] = (
    (225, 228, 230), (60, 60, 64), (150, 152, 155), (48, 40, 140), (110, 70, 40), (70, 90, 70),
    (190, 200, 205), (35, 35, 38),
)  # fmt: skip
_GLASS: Bgr = (70, 62, 52)
_DARK: Bgr = (28, 28, 30)
_LAMP: Bgr = (235, 245, 250)
_CHROME: Bgr = (165, 165, 168)
_ORANGE: Bgr = (30, 120, 235)
_CAR_HALF, _LORRY_HALF = 0.9, 1.1
_CAR_PLATE_Z, _LORRY_PLATE_Z = 0.47, 0.62
# Half the car's width, and the lower and upper edge.
_CAR_LAMPS, _LORRY_LAMPS = (_CAR_HALF, 0.58, 0.71), (_LORRY_HALF, 0.66, 0.8)
_LAMP_OUTER, _LAMP_INNER = 0.05, 0.4
_PIVOT_Y, _PIVOT_Z = -2.0, 0.95
_ARM_M, _ARM_THICK, _STRIPES = 3.7, 0.1, 9


def plate_corners(car: SeenCar, width_m: float, height_m: float) -> Points:
    """Corners of the front plate, clockwise from its own top left: [4, 3]."""
    middle = _LORRY_PLATE_Z if car.length_m > LORRY_FROM_M else _CAR_PLATE_Z
    half, x = width_m / 2, car.front_m + 0.01
    left, right = car.offset_m - half, car.offset_m + half
    top, bottom = middle + height_m / 2, middle - height_m / 2
    return np.array([[x, left, top], [x, right, top], [x, right, bottom], [x, left, bottom]])


def lamp_centres(car: SeenCar) -> Points:
    """The middles of both headlamps: [2, 3]."""
    half, low, high = _LORRY_LAMPS if car.length_m > LORRY_FROM_M else _CAR_LAMPS
    y, z = half - (_LAMP_OUTER + _LAMP_INNER) / 2, (low + high) / 2
    return np.array([[car.front_m + 0.02, car.offset_m + side * y, z] for side in (-1, 1)])


def car_shapes(car: SeenCar) -> Iterator[Shape]:
    paint = _PAINTS[car.number % len(_PAINTS)]
    yield from _shadow(car)
    if car.length_m > LORRY_FROM_M:
        yield from _lorry(car, paint)
    else:
        yield from _saloon(car, paint)


def boom_shapes(boom_deg: float) -> Iterator[Shape]:
    """The housing and the striped arm, which turns about its pivot across the lane."""
    angle = math.radians(boom_deg)
    along = np.array([0.0, math.cos(angle), math.sin(angle)])
    across = np.array([0.0, -math.sin(angle), math.cos(angle)]) * _ARM_THICK / 2
    pivot = np.array([0.0, _PIVOT_Y, _PIVOT_Z])
    for stripe in range(_STRIPES):
        start = pivot + along * (_ARM_M * stripe / _STRIPES)
        end = pivot + along * (_ARM_M * (stripe + 1) / _STRIPES)
        colour = (40, 40, 205) if stripe % 2 else (235, 235, 235)
        yield Shape(np.array([start + across, end + across, end - across, start - across]), colour)
    y, side = _PIVOT_Y, 0.18
    yield _upright(0.15, ((y - side, 0), (y + side, 0), (y + side, 1.1), (y - side, 1.1)), _ORANGE)


def _saloon(car: SeenCar, paint: Bgr) -> Iterator[Shape]:
    half, long = _CAR_HALF, car.length_m
    darker = _shaded(paint, 0.72)
    roof_m, tail_m = long - 1.3, long - 0.6
    body = ((0, 0.25), (0, 0.75), (0.95, 1.0), (tail_m, 1.0), (long, 0.95), (long, 0.25))
    yield _side(car, half, body, darker)
    cabin = ((0.95, 0.9, 1.0), (1.7, 0.68, 1.46), (roof_m, 0.68, 1.46), (tail_m, 0.9, 1.0))
    yield _leaning(car, cabin, darker)
    panes = ((1.25, 0.88, 1.02), (1.8, 0.7, 1.4), (roof_m, 0.7, 1.4), (roof_m + 0.4, 0.88, 1.02))
    yield _leaning(car, panes, _GLASS)
    yield from (_wheel(car, half, back_m) for back_m in (0.85, long - 0.9))
    yield _sloped(car, ((1.7, 0.68, 1.46), (roof_m, 0.68, 1.46)), _shaded(paint, 0.95))
    yield _sloped(car, ((0.95, 0.9, 1.0), (1.7, 0.68, 1.46)), _GLASS)
    yield _sloped(car, ((0.0, half, 0.75), (0.95, 0.9, 1.0)), _shaded(paint, 0.9))
    yield _front(car, ((-half, 0.24), (half, 0.24), (half, 0.75), (-half, 0.75)), paint)
    yield _front(car, ((-0.62, 0.27), (0.62, 0.27), (0.56, 0.36), (-0.56, 0.36)), _DARK)
    yield _front(car, ((-0.4, 0.59), (0.4, 0.59), (0.45, 0.71), (-0.45, 0.71)), _DARK)
    yield _front(car, ((-0.4, 0.645), (0.4, 0.645), (0.4, 0.66), (-0.4, 0.66)), _CHROME)
    yield from _lamps(car, *_CAR_LAMPS)


def _lorry(car: SeenCar, paint: Bgr) -> Iterator[Shape]:
    half, long = _LORRY_HALF, car.length_m
    yield _side(car, half, ((2.2, 0.9), (2.2, 3.0), (long, 3.0), (long, 0.9)), (150, 150, 145))
    yield _side(car, half, ((0, 0.4), (0, 2.6), (2.0, 2.6), (2.0, 0.4)), _shaded(paint, 0.72))
    yield _side(car, half, ((0.3, 1.6), (0.3, 2.4), (1.4, 2.4), (1.4, 1.6)), _GLASS)
    yield from (_wheel(car, half, back_m) for back_m in (1.0, long - 1.2))
    yield _front(car, ((-half, 0.35), (half, 0.35), (half, 2.6), (-half, 2.6)), paint)
    yield _front(car, ((-1.0, 1.55), (1.0, 1.55), (0.95, 2.4), (-0.95, 2.4)), _GLASS)
    yield _front(car, ((-0.8, 1.0), (0.8, 1.0), (0.8, 1.4), (-0.8, 1.4)), _DARK)
    yield _front(car, ((-half, 0.35), (half, 0.35), (half, 0.85), (-half, 0.85)), (70, 70, 72))
    yield from _lamps(car, *_LORRY_LAMPS)


def _lamps(car: SeenCar, half: float, low: float, high: float) -> Iterator[Shape]:
    for side in (-1, 1):
        outer, inner = side * (half - _LAMP_OUTER), side * (half - _LAMP_INNER)
        lens = ((outer, low + 0.03), (inner, low), (inner, high - 0.03), (outer, high))
        yield _front(car, lens, _LAMP, glows=True)


def _shadow(car: SeenCar) -> Iterator[Shape]:
    front, back, y = car.front_m + 0.15, car.front_m - car.length_m, car.offset_m
    corners = [[front, y - 1, 0], [front, y + 1, 0], [back, y + 1.1, 0], [back, y - 1.1, 0]]
    yield Shape(np.array(corners, float), (38, 38, 40))


def _front(car: SeenCar, outline: Outline, colour: Bgr, *, glows: bool = False) -> Shape:
    moved = tuple((y + car.offset_m, z) for y, z in outline)
    return _upright(car.front_m, moved, colour)._replace(glows=glows)


def _upright(x: float, outline: Outline, colour: Bgr) -> Shape:
    return Shape(np.array([(x, y, z) for y, z in outline]), colour)


def _side(car: SeenCar, half: float, outline: Outline, colour: Bgr) -> Shape:
    """A shape on the flank next to the camera; `outline` is (metres behind the front, height)."""
    y = car.offset_m + half
    return Shape(np.array([(car.front_m - back, y, z) for back, z in outline]), colour)


def _leaning(car: SeenCar, outline: Sequence[tuple[float, float, float]], colour: Bgr) -> Shape:
    """A face that leans inwards: (metres behind the front, half width there, height)."""
    corners = [(car.front_m - back, car.offset_m + half, z) for back, half, z in outline]
    return Shape(np.array(corners), colour)


def _sloped(car: SeenCar, edges: Sequence[tuple[float, float, float]], colour: Bgr) -> Shape:
    """A face between two level edges: (metres behind the front, half width, height)."""
    (back_a, half_a, z_a), (back_b, half_b, z_b) = edges
    x_a, x_b, y = car.front_m - back_a, car.front_m - back_b, car.offset_m
    corners = [(x_a, y - half_a, z_a), (x_a, y + half_a, z_a), (x_b, y + half_b, z_b)]
    return Shape(np.array([*corners, (x_b, y - half_b, z_b)]), colour)


def _wheel(car: SeenCar, half: float, back_m: float) -> Shape:
    turns = np.linspace(0, 2 * math.pi, 16, endpoint=False)
    rim = tuple((back_m + 0.33 * math.cos(t), 0.33 + 0.33 * math.sin(t)) for t in turns)
    return _side(car, half, rim, _DARK)


def _shaded(colour: Bgr, share: float) -> Bgr:
    blue, green, red = colour
    return blue * share, green * share, red * share
