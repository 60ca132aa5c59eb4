"""The part of the picture that counts."""

import numpy as np
import pytest
from pydantic import ValidationError

from gateway.capture.view import View, Window
from gateway.config.view import ViewConfig
from gateway.lane.types import PlateCandidate, PlateColour

TRIANGLE = View(region=((0.5, 0.25), (1.0, 1.0), (0.25, 1.0)))


def candidate(left: float, top: float, width=40.0, height=10.0) -> PlateCandidate:
    right, bottom = left + width, top + height
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return PlateCandidate("京A12345", PlateColour.BLUE, (0.9,) * 7, 0.9, corners)


def test_without_a_view_the_picture_is_taken_as_it_is():
    picture = np.zeros((100, 200, 3), np.uint8)
    window = Window(View(), 200, 100)
    assert window.cut(picture) is not None
    assert window.cut(picture).shape == picture.shape
    assert np.shares_memory(window.cut(picture), picture), "no copy for nothing"
    assert window.back([candidate(3, 4)]) == [candidate(3, 4)]


def test_the_region_is_cut_out_and_corners_are_those_of_the_whole_picture():
    picture = np.arange(200 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    window = Window(TRIANGLE, 200, 100)
    part = window.cut(picture)
    assert part.shape == (75, 150, 3)
    assert (part[0, 0] == picture[25, 50]).all()
    (found,) = window.back([candidate(50, 40)])
    assert found.corners[0] == (100, 65)


def test_a_plate_whose_middle_is_outside_the_polygon_does_not_count():
    window = Window(TRIANGLE, 200, 100)
    assert window.back([candidate(0, 0), candidate(100, 0), candidate(50, 60)]) == [
        window.back([candidate(50, 60)])[0]
    ]


def test_masks_are_painted_in_the_mean_grey_and_the_picture_itself_stays_as_it_is():
    picture = np.full((100, 200, 3), 60, np.uint8)
    picture[:20, :100] = 255
    window = Window(View(masks=((0.0, 0.0, 0.5, 0.2),)), 200, 100)
    part = window.cut(picture)
    assert part[10, 50, 0] == part[0, 0, 2]
    assert 60 <= part[10, 50, 0] < 130
    assert (part[30] == 60).all()
    assert picture[0, 0, 0] == 255


def test_a_mask_is_painted_where_it_lies_in_a_cut_out_region():
    view = View(region=((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)), masks=((0.4, 0.4, 0.6, 0.6),))
    picture = np.full((100, 200, 3), 10, np.uint8)
    picture[50:60, 100:120] = 250
    part = Window(view, 200, 100).cut(picture)
    assert part.shape == (50, 100, 3)
    assert part.max() < 250
    assert part.min() == 10


def test_what_the_configuration_says_arrives_in_the_child():
    config = ViewConfig(
        region=((0.1, 0.2), (0.9, 0.2), (0.5, 0.9)), masks=((0, 0, 0.5, 0.1),), size=(1280, 720)
    )
    view = View.of(config.model_dump(mode="json"))
    assert view.region == config.region
    assert view.masks == config.masks
    assert view.size == (1280, 720)
    assert View.of({}) == View() == View.of(ViewConfig().model_dump(mode="json"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"region": [[0, 0], [1, 1]]}, "3 different corners"),
        ({"region": [[0, 0], [0.5, 0.5], [1, 1]]}, "enclose nothing"),
        ({"region": [[0, 0], [1.2, 0.5], [1, 1]]}, "less than or equal to 1"),
        ({"region": [[0, 0, 1], [1, 0.5], [1, 1]]}, "a corner is"),
        ({"masks": [[0.5, 0, 0.4, 1]]}, "mask 1 is empty"),
        ({"masks": [[0.5, 0, 1]]}, "a mask is"),
        ({"size": [1280]}, "a size is"),
        ({"size": [1280, 7]}, "greater than or equal"),
        ({"frozen_s": -1}, "greater than or equal"),
    ],
)
def test_a_view_that_cannot_be_right_is_refused(asked, told):
    with pytest.raises(ValidationError, match=told):
        ViewConfig.model_validate(asked)
