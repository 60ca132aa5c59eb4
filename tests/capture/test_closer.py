"""A second look at the place of a doubt."""

import numpy as np

from gateway.capture.closer import closer
from gateway.lane.types import PlateCandidate, PlateColour

PICTURE = np.zeros((400, 600, 3), np.uint8)


def plate(text, sureness, left, top, width=60.0):
    corners = ((left, top), (left + width, top), (left + width, top + 20), (left, top + 20))
    return PlateCandidate(text, PlateColour.BLUE, (sureness,) * 7, 0.9, corners)


def looked(found, near, place):
    """`near` is given in pixels of what is cut out."""
    shapes = []

    def read(image):
        shapes.append(image.shape[:2])
        return near

    return closer(found, read, PICTURE, place.corners), shapes


def test_the_surer_of_both_looks_stands_and_where_it_is_in_the_whole_picture():
    doubt = plate("京A12345", 0.3, 300.0, 200.0)
    found, shapes = looked([doubt], [plate("京A12346", 0.9, 92.0, 91.0)], doubt)
    assert [(one.text, one.corners[0]) for one in found] == [("京A12346", (302.0, 201.0))]
    assert shapes == [(200, 240)]
    found, _ = looked([doubt], [plate("京A12346", 0.2, 92.0, 91.0)], doubt)
    assert found == [doubt]


def test_what_only_the_closer_look_finds_is_added_and_other_plates_stay():
    other, gone = plate("沪B77777", 0.9, 20.0, 20.0), plate("京A12345", 0.3, 300.0, 200.0)
    found, _ = looked([other], [plate("京A12345", 0.8, 90.0, 90.0)], gone)
    assert [one.text for one in found] == ["沪B77777", "京A12345"]


def test_at_the_edge_of_the_picture_only_what_is_there_is_cut_out():
    corner = plate("京A12345", 0.3, 560.0, 390.0)
    _, shapes = looked([corner], [], corner)
    assert shapes == [(100, 130)]


def test_a_place_that_is_hardly_in_the_picture_is_not_looked_at():
    outside = plate("京A12345", 0.3, 660.0, 390.0)
    found, shapes = looked([outside], [], outside)
    assert (found, shapes) == ([outside], [])
