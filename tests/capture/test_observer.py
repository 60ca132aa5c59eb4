"""What a camera's child tells: readings, a sign of life, and how the picture is."""

import hashlib
import time

import cv2
import numpy as np
import pytest

from gateway.capture import observer
from gateway.capture.attention import Attention
from gateway.capture.observer import Observer
from gateway.capture.view import View
from gateway.lane.plates import Gate
from gateway.lane.types import PlateCandidate, PlateColour
from gateway.ports import DeviceError, Frame
from gateway.sight import Condition
from tests.capture.looking import noisy, yard

SCENE = yard(320, 180)


class Reader:
    """Sees one plate in every picture, and counts them."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def read(self, image):
        self.shapes.append(image.shape)
        corners = ((10.0, 10.0), (50.0, 10.0), (50.0, 20.0), (10.0, 20.0))
        return [PlateCandidate("京A12345", PlateColour.BLUE, (0.99,) * 7, 0.99, corners)]


class LaneCamera:
    """A live camera that only remembers what it is asked for."""

    def __init__(self) -> None:
        self.trouble = ""
        self.paces: list[float] = []

    def frames(self):
        yield from ()

    def pace(self, every_s: float) -> None:
        self.paces.append(every_s)


@pytest.fixture
def scene():
    """(camera, reader, attention, observer)"""
    camera, reader, attention = LaneCamera(), Reader(), Attention()
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0))
    return camera, reader, attention, Observer(camera, reader, gate, View(), attention)


def frame(turn: int, age_s: float = 0.0) -> Frame:
    return Frame(noisy(SCENE, turn), time.monotonic() - age_s)


def test_every_new_picture_is_read_while_a_loop_is_occupied(scene):
    camera, reader, attention, eyes = scene
    attention.told(occupied=True)
    messages = [eyes.observed(frame(turn)) for turn in range(5)]
    assert len(reader.shapes) == 5
    assert all(message.read and message.readings for message in messages)
    assert messages[0].age_s < 1
    assert camera.paces[-1] == 0


def test_an_idle_lane_is_read_once_and_then_only_watched(scene):
    camera, reader, attention, eyes = scene
    attention.told(occupied=False)
    for turn in range(20):
        eyes.observed(frame(turn))
    assert len(reader.shapes) == 1
    assert camera.paces[-1] > 0


def test_a_picture_that_came_more_than_a_second_ago_is_never_read(scene):
    _, reader, attention, eyes = scene
    attention.told(occupied=True)
    assert eyes.observed(frame(1, age_s=1.1)) is None
    assert not reader.shapes
    assert eyes.observed(frame(2, age_s=0.5)).read


def test_the_same_picture_is_not_read_twice_so_that_it_cannot_agree_with_itself(scene):
    _, reader, attention, eyes = scene
    attention.told(occupied=True)
    for _ in range(5):
        eyes.observed(frame(1))
    assert len(reader.shapes) == 1
    eyes.observed(frame(2))
    assert len(reader.shapes) == 2


def test_a_photo_that_stands_still_is_read_again_and_again(scene):
    _, reader, attention, eyes = scene
    attention.told(occupied=True)
    for _ in range(3):
        eyes.observed(Frame(SCENE, time.monotonic(), recorded=True))
    assert len(reader.shapes) == 3


def test_a_child_that_does_not_read_says_that_it_lives(scene):
    _, _, attention, eyes = scene
    attention.told(occupied=False)
    eyes.observed(frame(1))
    eyes._told_at -= observer.BEAT_S
    beat = eyes.observed(frame(2))
    assert (beat.read, beat.condition, beat.words) == (False, Condition.OK, "")
    assert eyes.observed(frame(3)) is None, "not with every picture"


def test_nothing_is_said_to_be_well_before_there_was_a_picture(scene):
    *_, eyes = scene
    eyes._told_at -= 10
    assert eyes.observed(None) is None


def test_silence_is_told_with_the_cameras_own_words_and_ends_with_a_picture(scene):
    camera, _, _, eyes = scene
    eyes.observed(frame(1))
    eyes._silent_after -= 10
    camera.trouble = "camera rtsp://h/x: the camera hung up"
    said = eyes.observed(None)
    assert (said.condition, said.words) == (Condition.SILENT, camera.trouble)
    assert eyes.observed(frame(2)).condition is Condition.OK


def test_pictures_that_are_all_late_are_a_silent_camera(scene):
    *_, eyes = scene
    eyes.observed(frame(1))
    eyes._silent_after -= 10
    assert "late" in eyes.observed(frame(2, age_s=2)).words


def test_a_driver_that_hangs_without_a_word_is_given_up(scene):
    camera, _, _, eyes = scene
    eyes._silent_after -= 100
    camera.trouble = "it says so"
    assert eyes.observed(None).condition is Condition.SILENT
    camera.trouble = ""
    with pytest.raises(DeviceError, match="driver hangs"):
        eyes.observed(None)


def test_only_the_region_goes_to_the_reader_and_corners_come_back_whole():
    reader, attention = Reader(), Attention()
    view = View(region=((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)))
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0))
    eyes = Observer(LaneCamera(), reader, gate, view, attention)
    message = eyes.observed(frame(1))
    assert reader.shapes == [(90, 160, 3)]
    assert message.readings[0].corners[0] == (170.0, 100.0)


def test_a_photo_is_the_whole_new_picture_also_where_nobody_reads_and_answers_all_who_wait(scene):
    _, reader, attention, eyes = scene
    attention.told(occupied=False)
    for turn in range(5):
        eyes.observed(frame(turn))
    attention.want_photo(7)
    attention.want_photo(8)
    message = eyes.observed(frame(6))
    ((name, jpeg),) = message.pictures.items()
    assert message.photos == {7: name, 8: name}
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (180, 320, 3)
    assert hashlib.sha256(jpeg).hexdigest() == name
    assert not message.read
    assert eyes.observed(frame(7)) is None, "once is enough"
    assert len(reader.shapes) == 1


def test_a_stream_that_rests_is_asked_for_every_picture_while_a_photo_is_wanted(scene):
    camera, _, attention, eyes = scene
    attention.told(occupied=False)
    for turn in range(5):
        eyes.observed(frame(turn))
    assert camera.paces[-1] > 0
    attention.want_photo(7)
    assert eyes.observed(frame(1, age_s=1.1)) is None, "it is more than a second old"
    assert camera.paces[-1] == 0
    assert eyes.observed(frame(6)).photos
    assert camera.paces[-1] > 0


def test_a_photo_goes_with_the_readings_of_its_picture(scene):
    _, _, attention, eyes = scene
    attention.told(occupied=True)
    attention.want_photo(7)
    message = eyes.observed(frame(1))
    assert message.readings
    assert {message.photos[7], *message.readings[0].evidence} == set(message.pictures)
    assert len(message.pictures) == 2, "that of the plate has the plate in it, the photo has not"


def test_neither_a_photo_nor_a_second_look_is_of_a_frozen_or_repeated_picture(scene):
    _, reader, attention, eyes = scene
    attention.told(occupied=True)
    eyes.observed(frame(1))
    attention.want_photo(7)
    attention.look_again(time.monotonic())
    repeated = eyes.observed(frame(1))
    assert repeated is None
    eyes._inspector._still._frozen = True
    eyes._inspector._still._stopped_at = time.monotonic()
    frozen = eyes.observed(frame(2))
    assert (frozen.condition, frozen.photos, frozen.read) == (Condition.FROZEN, {}, False)
    assert len(reader.shapes) == 1


def test_a_second_look_reads_every_picture_for_two_seconds_whatever_stands_still(scene):
    camera, reader, attention, eyes = scene
    attention.told(occupied=False)
    for turn in range(5):
        eyes.observed(frame(turn))
    assert len(reader.shapes) == 1
    attention.look_again(time.monotonic())
    for turn in range(5, 10):
        eyes.observed(frame(turn))
    assert len(reader.shapes) == 6
    assert camera.paces[-1] == 0
    attention.look_again(time.monotonic() - 2)
    eyes.observed(frame(10))
    assert len(reader.shapes) == 6


class Doubter(Reader):
    """Is in doubt about a plate far away, and sure of it where it sees it by itself."""

    def read(self, image):
        self.shapes.append(image.shape)
        is_close = image.shape[1] < 320
        at = 60.0 if is_close else 100.0
        corners = ((at, at), (at + 40, at), (at + 40, at + 12), (at, at + 12))
        sureness = 0.9 if is_close else 0.3
        return [PlateCandidate("京A12345", PlateColour.BLUE, (sureness,) * 7, 0.99, corners)]


@pytest.mark.parametrize(
    ("region", "whole", "close"),
    [
        ((), (180, 320, 3), (132, 160, 3)),
        (((0, 0.1), (1, 0.1), (1, 1), (0, 1)), (162, 320, 3), (122, 160, 3)),
    ],
)
def test_a_second_look_goes_closer_to_the_last_doubt_and_has_one_say(region, whole, close):
    reader, attention = Doubter(), Attention()
    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0) | {"min_char": 0.5})
    eyes = Observer(LaneCamera(), reader, gate, View(region=region), attention)
    attention.told(occupied=True)
    (doubt,) = eyes.observed(frame(1)).readings
    eyes.observed(frame(2))
    assert reader.shapes == [whole, whole], "only where it is wanted"
    attention.look_again(time.monotonic())
    (sure,) = eyes.observed(frame(3)).readings
    assert (doubt.sure, sure.sure) == (False, True)
    assert sure.corners == doubt.corners
    assert reader.shapes[2:] == [whole, close]


def test_the_lane_hears_of_the_nearest_plate_first_be_it_in_doubt():
    class Two:
        def read(self, image):
            wide = ((0.0, 0.0), (90.0, 0.0), (90.0, 20.0), (0.0, 20.0))
            small = ((100.0, 0.0), (140.0, 0.0), (140.0, 9.0), (100.0, 9.0))
            return [
                PlateCandidate("京A12345", PlateColour.BLUE, (0.9,) * 7, 0.99, small),
                PlateCandidate("京A99999", PlateColour.BLUE, (0.2,) * 7, 0.99, wide),
            ]

    gate = Gate(**dict.fromkeys(Gate.__dataclass_fields__, 0.0) | {"min_char": 0.5})
    eyes = Observer(LaneCamera(), Two(), gate, View(), Attention())
    readings = eyes.observed(frame(1)).readings
    assert [reading.text for reading in readings] == ["京A99999", "京A12345"]


def test_a_driver_that_says_the_same_for_ten_minutes_gets_a_new_process(scene):
    camera, _, _, eyes = scene
    camera.trouble = "camera rtsp://h/x: it does not answer"
    eyes._silent_after -= observer.GIVEN_UP_S + 10
    with pytest.raises(DeviceError, match="begun afresh: camera rtsp://h/x"):
        eyes.observed(None)
