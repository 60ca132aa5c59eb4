"""Light and sharpness, on pictures of which they are known."""

import cv2
import numpy as np
import pytest

from gateway.survey.measuring import picture_light, plate_light
from tests.survey.paper import shade, stripes

WHOLE = ((120.0, 40.0), (360.0, 40.0), (360.0, 120.0), (120.0, 120.0))


def smeared(picture, length, axis):
    kernel = np.ones((1, length) if axis == "x" else (length, 1)) / length
    return cv2.filter2D(picture, -1, kernel)


def test_a_plain_picture_has_no_edges_to_be_blurred():
    light = picture_light(shade(90))
    assert (light.middle, light.burnt, light.black, light.blur_px) == (90, 0, 0, 0)


def test_burnt_and_black_parts_are_shares_of_the_picture():
    picture = shade(90)
    picture[:120] = 255
    picture[240:] = 0
    light = picture_light(picture)
    assert (light.burnt, light.black) == pytest.approx((0.25, 0.5))


@pytest.mark.parametrize("turn", [False, True])
def test_the_blur_of_a_picture_is_found_whichever_way_its_edges_stand(turn):
    blurs = []
    for sigma in (0.5, 1.0, 1.5, 2.0):
        bars = np.repeat(stripes(pitch=48)[80:81], 160, axis=0)
        picture = cv2.GaussianBlur(bars, (0, 0), sigma)
        picture = np.ascontiguousarray(picture.swapaxes(0, 1)) if turn else picture
        blurs.append(picture_light(picture).blur_px)
    assert blurs == sorted(blurs)
    assert blurs == pytest.approx([0.5, 0.7, 1.0, 1.2], abs=0.1)


def test_contrast_and_white_are_of_the_plate_and_not_of_what_is_around_it():
    picture = stripes(low=40, high=200)
    picture[:30] = 255
    light = plate_light(picture, WHOLE)
    assert (light.white, light.contrast, light.burnt) == pytest.approx((200, 160, 0), abs=3)


def test_a_slanted_plate_is_measured_within_its_corners():
    picture = shade(250)
    corners = ((100.0, 100.0), (300.0, 200.0), (300.0, 260.0), (100.0, 160.0))
    cv2.fillConvexPoly(picture, np.array(corners, np.int32), (70, 70, 70))
    light = plate_light(picture, corners)
    assert light.white == pytest.approx(70, abs=2)
    assert light.burnt < 0.02


def test_a_plates_blur_grows_and_a_smear_has_a_direction():
    cross = stripes()
    cross = np.maximum(cross, np.ascontiguousarray(stripes(160, 480).swapaxes(0, 1)))
    sharp = plate_light(cross, WHOLE)
    soft = plate_light(cv2.GaussianBlur(cross, (0, 0), 3), WHOLE)
    assert soft.across_px > 1.6 * sharp.across_px
    along, down = (plate_light(smeared(cross, 9, axis), WHOLE) for axis in "xy")
    assert along.across_px > 1.4 * along.down_px
    assert down.down_px > 1.4 * down.across_px


def test_a_plate_is_measured_as_the_reader_sees_it_and_told_in_the_pictures_pixels():
    near = cv2.resize(stripes(), None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    corners = tuple((4 * x, 4 * y) for x, y in WHOLE)
    assert plate_light(near, corners).across_px == pytest.approx(
        4 * plate_light(stripes(), WHOLE).across_px, rel=0.25
    )


@pytest.mark.parametrize(
    "corners",
    [
        ((-50.0, -50.0), (-10.0, -50.0), (-10.0, -20.0), (-50.0, -20.0)),
        ((900.0, 40.0), (990.0, 40.0), (990.0, 90.0), (900.0, 90.0)),
        ((7.0, 7.0),) * 4,
    ],
)
def test_corners_outside_the_picture_enclose_nothing(corners):
    assert plate_light(stripes(), corners) is None
