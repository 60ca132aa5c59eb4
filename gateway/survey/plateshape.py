"""How a plate stands to the camera, from its four corners alone."""

from dataclasses import dataclass
from math import acos, asin, atan2, cos, degrees, hypot, sin, sqrt

from gateway.lane.types import Corners, PlateColour

# Sizes of GA 36-2018 in millimetres: ordinary, new energy, and those of two rows.
ORDINARY_MM, NEW_ENERGY_MM, TWO_ROWS_MM = (440.0, 140.0), (480.0, 140.0), (440.0, 220.0)
NEW_ENERGY_COLOURS = (PlateColour.GREEN, PlateColour.YELLOW_GREEN)

Vector = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlateShape:
    """Pixels and degrees of one plate in one picture.

    `tilt_deg`: its lower edge against the horizontal, positive where the right end hangs lower.
    `edge_ratio`: left edge by right edge; above 1 the left end is nearer. `across_deg` and
    `down_deg`: about how far the camera stands beside and above the plate's own axis, without
    a sign. They come from how narrow the plate looks, so under 20 degrees they are mostly noise.
    """

    middle: Vector
    width_px: float
    height_px: float
    tilt_deg: float
    edge_ratio: float
    across_deg: float
    down_deg: float
    margin: float


def shape_of(corners: Corners, colour: PlateColour, rows: int, size: tuple[int, int]) -> PlateShape:
    """`size`: width and height of the picture.

    `margin`: from the plate to the nearest edge of the picture, in plate heights; under 0 it is
    cut off.
    """
    top_left, top_right, low_right, low_left = corners
    along = _mean(_way(top_left, top_right), _way(low_left, low_right))
    down = _mean(_way(top_left, low_left), _way(top_right, low_right))
    left, right = hypot(*_way(top_left, low_left)), hypot(*_way(top_right, low_right))
    across_deg, down_deg = _view_angles(along, down, _size_mm(colour, rows))
    height = hypot(*down)
    return PlateShape(
        middle=_mean(_mean(top_left, low_right), _mean(top_right, low_left)),
        width_px=hypot(*along),
        height_px=height,
        tilt_deg=degrees(atan2(along[1], along[0])),
        edge_ratio=left / max(right, 1e-6),
        across_deg=across_deg,
        down_deg=down_deg,
        margin=_to_the_edge(corners, size) / max(height, 1e-6),
    )


def _size_mm(colour: PlateColour, rows: int) -> Vector:
    if rows > 1:
        return TWO_ROWS_MM
    return NEW_ENERGY_MM if colour in NEW_ENERGY_COLOURS else ORDINARY_MM


def _view_angles(along: Vector, down: Vector, size_mm: Vector) -> tuple[float, float]:
    """Degrees to the side and above, for a camera far away against the plate's size.

    The plate's millimetres become pixels by a 2 x 2 matrix. Its greater singular value is the
    scale; the smaller one is that scale by the cosine of the angle of view, and its direction
    in the picture is the way the plate is turned.
    """
    (ax, ay), (bx, by) = (_by(along, size_mm[0]), _by(down, size_mm[1]))
    xx, yy, xy = ax * ax + bx * bx, ay * ay + by * by, ax * ay + bx * by
    middle, spread = (xx + yy) / 2, hypot((xx - yy) / 2, xy)
    if middle + spread <= 0:
        return 0.0, 0.0
    narrow = sqrt(max(0.0, middle - spread) / (middle + spread))
    turned = sin(acos(min(1.0, narrow)))
    longest = atan2(2 * xy, xx - yy) / 2
    # The short axis stands at a right angle to the long one.
    return degrees(asin(turned * abs(sin(longest)))), degrees(asin(turned * abs(cos(longest))))


def _to_the_edge(corners: Corners, size: tuple[int, int]) -> float:
    xs, ys = zip(*corners, strict=True)
    width, height = size
    return min(*xs, *ys, width - max(xs), height - max(ys))


def _way(start: Vector, end: Vector) -> Vector:
    return end[0] - start[0], end[1] - start[1]


def _mean(one: Vector, other: Vector) -> Vector:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _by(vector: Vector, length: float) -> Vector:
    return vector[0] / length, vector[1] / length
