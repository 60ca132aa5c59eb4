"""From four corners to degrees, on plates seen by a pinhole."""

import math

import numpy as np
import pytest

from gateway.lane.types import PlateColour
from gateway.survey.plateshape import shape_of

SIZE = (1280, 720)
BLUE, GREEN = PlateColour.BLUE, PlateColour.GREEN


def seen(*, yaw=0.0, pitch=0.0, roll=0.0, mm=(440, 140), px=160, far=20.0, middle=(640, 400)):
    """A plate `far` of its widths away, turned by so many degrees."""
    wide, high = 0.5, mm[1] / mm[0] / 2
    plate = np.array([[-wide, -high, 0], [wide, -high, 0], [wide, high, 0], [-wide, high, 0]])
    y, p, r = (math.radians(angle) for angle in (yaw, pitch, roll))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    place = plate @ (about_x @ about_y @ about_z).T + (0, 0, far)
    pixels = place[:, :2] / place[:, 2:] * px * far + middle
    return tuple((float(x), float(y)) for x, y in pixels)


def shape(corners, colour=BLUE, rows=1):
    return shape_of(corners, colour, rows, SIZE)


def test_a_plate_seen_straight_on_has_its_own_size_and_no_angles():
    straight = shape(seen())
    assert straight.width_px == pytest.approx(160)
    assert straight.height_px == pytest.approx(160 * 140 / 440)
    assert straight.tilt_deg == pytest.approx(0, abs=0.01)
    assert straight.edge_ratio == pytest.approx(1)
    assert straight.middle == pytest.approx((640, 400))
    assert max(straight.across_deg, straight.down_deg) < 1


@pytest.mark.parametrize("yaw", [-60, -40, -25, 25, 40, 60])
def test_a_view_from_the_side_is_measured(yaw):
    turned = shape(seen(yaw=yaw))
    assert turned.across_deg == pytest.approx(abs(yaw), abs=2)
    assert turned.down_deg < 6


@pytest.mark.parametrize("pitch", [20, 40, 55])
def test_a_view_from_above_is_measured(pitch):
    turned = shape(seen(pitch=pitch))
    assert turned.down_deg == pytest.approx(pitch, abs=2)
    assert turned.across_deg < 6


def test_a_view_from_the_side_and_above_is_both():
    turned = shape(seen(yaw=30, pitch=25))
    assert turned.across_deg == pytest.approx(30, abs=5)
    assert turned.down_deg == pytest.approx(25, abs=5)


@pytest.mark.parametrize(
    ("mm", "colour", "rows"),
    [
        ((480, 140), GREEN, 1),
        ((480, 140), PlateColour.YELLOW_GREEN, 1),
        ((440, 220), PlateColour.YELLOW, 2),
    ],
)
def test_each_size_of_plate_has_its_own_proportions(mm, colour, rows):
    assert shape(seen(mm=mm), colour, rows).down_deg < 1
    assert shape(seen(mm=mm), colour, rows).across_deg < 1
    assert shape(seen(mm=mm), BLUE, 1).down_deg + shape(seen(mm=mm), BLUE, 1).across_deg > 15


@pytest.mark.parametrize("roll", [-20, -5, 5, 20])
def test_a_tilt_has_a_sign_and_is_no_view_from_the_side(roll):
    tilted = shape(seen(roll=roll))
    assert tilted.tilt_deg == pytest.approx(roll, abs=0.1)
    assert max(tilted.across_deg, tilted.down_deg) < 2


def test_the_nearer_end_is_the_taller_one():
    near = shape(seen(yaw=30, far=5))
    assert near.edge_ratio == pytest.approx(1 / shape(seen(yaw=-30, far=5)).edge_ratio, rel=0.01)
    assert abs(near.edge_ratio - 1) > 0.05


def test_the_margin_counts_plate_heights_to_the_nearest_edge():
    high = 160 * 140 / 440
    assert shape(seen(middle=(640, 720 - high / 2))).margin == pytest.approx(0, abs=0.01)
    assert shape(seen(middle=(640, 1.5 * high))).margin == pytest.approx(1, abs=0.01)
    assert shape(seen(middle=(80 + 2 * high, 400))).margin == pytest.approx(2, abs=0.01)
    assert shape(seen(middle=(1280 - 80 - high, 400))).margin == pytest.approx(1, abs=0.01)
    assert shape(seen(middle=(1280, 400))).margin < -1


def test_corners_that_are_one_point_are_a_shape_too():
    nothing = shape(((5.0, 5.0),) * 4)
    assert (nothing.width_px, nothing.across_deg, nothing.down_deg) == (0, 0, 0)
