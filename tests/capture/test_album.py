"""Which pictures are sent of which plate."""

import hashlib
from dataclasses import replace

import numpy as np

from gateway.capture import album as album_of_eyes
from gateway.capture.album import Album, Print
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
    assert len(pictures) == 2
    assert (none, same.evidence) == ({}, first.evidence)
    assert better
    for name, jpeg in pictures.items():
        assert hashlib.sha256(jpeg).hexdigest() == name


def test_a_plate_in_doubt_shows_its_best_picture_so_far_whatever_it_says():
    album, doubt = Album(), replace(a_reading(min_char=0.2), track=7, sure=False)
    first, pictures = shown(album, doubt, 1.0)
    other, none = shown(album, replace(doubt, text="京A99999", min_char=0.22), 1.1)
    better, more = shown(album, replace(doubt, min_char=0.4), 1.2, np.ones((40, 60, 3), np.uint8))
    assert (len(pictures), set(first.evidence)) == (2, set(pictures))
    assert (none, other.evidence) == ({}, first.evidence), "hardly better: not sent"
    assert set(better.evidence) == set(more) != set(pictures)
    assert shown(album, replace(doubt, track=8), 1.3)[1], "another plate has its own"
    assert shown(album, doubt, 12.0)[1], "what was held may be gone by then"


def test_a_frame_of_many_plates_is_sent_whole_once():
    readings = [replace(a_reading(), track=number, sure=False) for number in range(4)]
    image = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    named, pictures = Album().with_evidence(readings, print_of(image), 1.0)
    assert len({reading.evidence[1] for reading in named}) == 1
    assert len(pictures) == 2, "the whole frame, and four times the same plate"


def test_a_frame_that_no_message_could_carry_is_left_out(monkeypatch):
    """One of 8K full of noise; the plate itself always fits."""
    monkeypatch.setattr(album_of_eyes, "PICTURE_LIMIT", 4000)
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    told, pictures = shown(Album(), a_reading(min_char=0.8), 1.0, noise)
    assert len(told.evidence) == len(pictures) == 1
    assert max(map(len, pictures.values())) <= 4000
    (photo,) = print_of(noise).photo().values()
    assert len(photo) <= 4000, "a photo of the lane is made smaller instead"
