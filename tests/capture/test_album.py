"""Which pictures are sent of which plate."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from gateway.capture.album import JPEG_QUALITY, PICTURE_BYTES, Album, Print
from gateway.capture.thumbnail import thumbnail_of
from gateway.pictures import decoded
from gateway.ports import Frame
from tests.lane.playing import a_reading


def print_of(image) -> Print:
    return Print(Frame(image, 0.0))


def shown(album: Album, reading, at: float, image=None):
    """(the reading, the pictures that go with it)"""
    image = np.zeros((40, 60, 3), np.uint8) if image is None else image
    (named,), pictures = album.with_evidence([reading], print_of(image), at)
    return named, pictures


def test_the_pictures_of_a_plate_are_sent_once_and_again_only_when_better():
    album = Album()
    first, pictures = shown(album, a_reading(min_char=0.8), 1.0)
    same, none = shown(album, a_reading(min_char=0.7), 1.1)
    _, better = shown(album, a_reading(min_char=0.9), 1.2)
    assert len(pictures) == 1
    assert (none, same.evidence) == ({}, first.evidence)
    assert better
    for name, jpeg in pictures.items():
        assert hashlib.sha256(jpeg).hexdigest() == name


def test_a_plate_in_doubt_shows_its_best_picture_so_far_whatever_it_says():
    album, doubt = Album(), replace(a_reading(min_char=0.2), track=7, sure=False)
    first, pictures = shown(album, doubt, 1.0)
    other, none = shown(album, replace(doubt, text="京A99999", min_char=0.22), 1.1)
    better, more = shown(album, replace(doubt, min_char=0.4), 1.2, np.ones((40, 60, 3), np.uint8))
    assert (len(pictures), set(first.evidence)) == (1, set(pictures))
    assert (none, other.evidence) == ({}, first.evidence), "hardly better: not sent"
    assert set(better.evidence) == set(more) != set(pictures)
    assert shown(album, replace(doubt, track=8), 1.3)[1], "another plate has its own"
    assert shown(album, doubt, 12.0)[1], "what was held may be gone by then"


def noise(width: int, height: int):
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


def reading_at(left: float, top: float, width: float, height: float):
    right, low = left + width, top + height
    return replace(a_reading(), corners=((left, top), (right, top), (right, low), (left, low)))


def test_the_picture_of_a_plate_is_the_whole_frame_with_the_very_crop_in_it():
    image = noise(640, 360)
    (jpeg,) = print_of(image).plate(reading_at(100, 200, 120, 40)).values()
    assert decoded(jpeg).shape == image.shape
    crop = decoded(thumbnail_of(jpeg))
    assert crop.shape[:2] == (40 + 2 * 20 + 1, 120 + 2 * 20 + 1)
    made = cv2.imencode(".jpg", image[180:261, 80:241], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    assert thumbnail_of(jpeg) == made.tobytes()


def test_four_plates_of_one_frame_have_a_picture_each():
    readings = [
        replace(reading_at(20.0 * place, 10, 16, 8), track=place, sure=False) for place in range(4)
    ]
    named, pictures = Album().with_evidence(readings, print_of(noise(160, 120)), 1.0)
    assert {reading.evidence for reading in named} == {(name,) for name in pictures}
    assert len(pictures) == 4


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (7680, 1200), (300, 4000)])
def test_no_picture_is_larger_than_a_slow_line_bears_whatever_the_frame(width, height):
    """Noise is the worst that a camera can give; the plate keeps every pixel."""
    print_ = print_of(noise(width, height))
    (photo,) = print_.photo().values()
    (jpeg,) = print_.plate(reading_at(50, 50, 140, 44)).values()
    assert max(len(photo), len(jpeg)) <= PICTURE_BYTES
    assert len(photo) > PICTURE_BYTES // 3, "not smaller than need be"
    assert decoded(thumbnail_of(jpeg)).shape[:2] == (44 + 2 * 22 + 1, 140 + 2 * 22 + 1)


def test_a_plate_that_fills_a_large_frame_loses_quality_rather_than_its_place():
    (jpeg,) = print_of(noise(1280, 720)).plate(reading_at(0, 0, 1280, 720)).values()
    assert len(jpeg) <= PICTURE_BYTES
    assert decoded(thumbnail_of(jpeg)).shape[0] < 720, "even of lower quality it is too large"
    (near,) = print_of(noise(1280, 720)).plate(reading_at(100, 100, 330, 100)).values()
    assert decoded(thumbnail_of(near)).shape[:2] == (100 + 2 * 50 + 1, 330 + 2 * 50 + 1)
