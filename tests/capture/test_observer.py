"""What a camera's child tells: readings, a sign of life, and how the picture is."""

import time

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
