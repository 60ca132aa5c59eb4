"""How a picture is: each fault is named in time, and nothing else is taken for one."""

import cv2
import numpy as np
import pytest

from gateway.capture.condition import Inspector
from gateway.capture.motion import Motion
from gateway.capture.view import View
from gateway.sight import Condition
from tests.capture.looking import dimmed, look, noisy, shifted, with_car, yard

OK, FROZEN, BLACK = Condition.OK, Condition.FROZEN, Condition.BLACK
BLINDED, MOVED, WRONG_SIZE = Condition.BLINDED, Condition.MOVED, Condition.WRONG_SIZE
SCENE = yard(320, 180)


class Watch:
    """A camera at `fps`, judged as the child does it."""

    def __init__(self, view: View | None = None, fps: float = 4) -> None:
        self.view = view or View()
        self.inspector, self.motion = Inspector(self.view), Motion()
        self.at, self.turn, self.step = 100.0, 0, 1 / fps

    def see(self, scene, seconds, *, noise=2.5, occupied=False, recorded=False):
        """Every condition in these seconds, each with the second at which it was first said."""
        begun, said = self.at, {}
        while self.at < begun + seconds:
            self.turn += 1
            self.at += self.step
            picture = noisy(scene, self.turn, noise) if noise else scene
            seen = look(picture, self.at, self.view, recorded=recorded)
            still = not self.motion.seen(seen)
            condition = self.inspector.judged(seen, still=still, occupied=occupied)
            said.setdefault(condition, self.at - begun)
        return said


def test_a_good_picture_is_well_for_as_long_as_it_lasts():
    assert set(Watch().see(SCENE, 30)) == {OK}


@pytest.mark.parametrize("fps", [1, 4, 15])
def test_a_frozen_picture_is_named_within_three_seconds_and_is_over_when_it_lives(fps):
    watch = Watch(fps=fps)
    watch.see(SCENE, 5)
    said = watch.see(SCENE, 6, noise=0)
    assert 1.5 <= said[FROZEN] <= 3.0
    assert "restart the camera" in watch.inspector.words
    assert watch.see(SCENE, 3)[OK] <= 3.0
    assert set(watch.see(SCENE, 3)) == {OK}
    assert watch.inspector.words == ""


def test_a_frozen_sensor_stays_frozen_though_its_encoder_begins_anew_every_two_seconds():
    """Its key picture is another one than those before it, and so are the first few after it."""
    watch = Watch(fps=15)
    watch.see(SCENE, 5)
    watch.see(SCENE, 2, noise=0)
    for _ in range(10):
        assert set(watch.see(SCENE, 0.3, noise=1.0)) == {FROZEN}
        assert watch.inspector.doubts, "every picture is wanted, to see when it ends"
        assert set(watch.see(SCENE, 1.7, noise=0)) == {FROZEN}


def test_a_camera_that_gives_each_picture_twice_is_found_alive_again():
    watch = Watch(fps=10)
    watch.see(SCENE, 2, noise=0)
    said = {}
    for _ in range(25):
        said |= watch.see(SCENE, 0.1)
        watch.turn -= 1
        said |= watch.see(SCENE, 0.1)
    assert said.keys() >= {FROZEN, OK}
    assert set(watch.see(SCENE, 1)) == {OK}


def test_a_picture_after_a_silence_is_not_frozen_because_it_is_the_last_one_again():
    watch = Watch()
    watch.see(SCENE, 1, noise=0.0)
    watch.see(SCENE, 0.25, noise=2.5)
    watch.turn -= 1
    watch.at += 5
    assert set(watch.see(SCENE, 0.25, noise=2.5)) == {OK}
    assert watch.inspector.repeats, "it may be stale: it is not read"


def test_two_pictures_that_are_the_same_are_known_at_once():
    watch = Watch()
    watch.see(SCENE, 1)
    assert not watch.inspector.repeats
    watch.see(SCENE, 0.5, noise=0)
    assert watch.inspector.repeats
    assert watch.inspector.doubts, "more pictures are wanted until that is sure"


def test_a_clock_in_the_picture_does_not_hide_that_the_rest_is_frozen():
    view = View(masks=((0, 0, 0.5, 0.15),))
    watch = Watch(view)
    watch.see(SCENE, 2)
    said = {}
    for second in range(4):
        ticking = SCENE.copy()
        cv2.putText(ticking, f"12:00:0{second}", (5, 20), 0, 0.5, (255, 255, 255), 1)
        said |= watch.see(ticking, 1, noise=0)
    assert FROZEN in said
    assert FROZEN not in Watch(View(frozen_s=0)).see(SCENE, 5, noise=0)


def test_what_comes_from_a_file_is_never_frozen_or_of_the_wrong_size():
    watch = Watch()
    assert set(watch.see(SCENE, 5, noise=0, recorded=True)) == {OK}
    assert set(watch.see(yard(160, 90), 2, noise=0, recorded=True)) == {OK}


@pytest.mark.parametrize(
    ("scene", "condition"),
    [
        (np.full((180, 320, 3), 4, np.uint8), BLACK),
        (dimmed(SCENE, 0.08), BLACK),
        (np.full((180, 320, 3), 250, np.uint8), BLINDED),
        (np.full((180, 320, 3), 120, np.uint8), BLINDED),
    ],
    ids=["black", "nearly black", "white", "covered"],
)
def test_black_and_blinded_are_named_in_two_seconds_but_not_for_a_moment(scene, condition):
    watch = Watch()
    watch.see(SCENE, 3)
    assert set(watch.see(scene, 0.5, noise=1.0)) == {OK}
    watch.see(SCENE, 1)
    assert watch.see(scene, 3, noise=1.0)[condition] <= 2.0
    assert watch.inspector.words
    assert OK in watch.see(SCENE, 2)


def test_night_with_a_lamp_and_headlights_is_neither_black_nor_blinded():
    night = dimmed(SCENE, 0.15)
    cv2.circle(night, (160, 90), 20, (255, 255, 255), -1)
    watch = Watch()
    assert set(watch.see(night, 5)) == {OK}
    for x in range(0, 300, 60):
        lit = night.copy()
        cv2.circle(lit, (x, 100), 45, (255, 255, 255), -1)
        assert set(watch.see(lit, 0.5)) == {OK}


def test_a_dark_night_is_not_black():
    assert set(Watch().see(dimmed(SCENE, 0.25), 4)) == {OK}


def test_only_the_region_is_judged_by_its_light():
    view = View(region=((0, 0.5), (1, 0.5), (1, 1), (0, 1)), masks=((0, 0.9, 1, 1),))
    scene = SCENE.copy()
    scene[90:] = 5
    assert BLACK in Watch(view).see(scene, 3)


def test_another_size_than_the_expected_one_is_named_at_once():
    watch = Watch(View(size=(1280, 720)))
    assert set(watch.see(SCENE, 1)) == {WRONG_SIZE}
    assert "320x180 pixels, not 1280x720" in watch.inspector.words


def test_a_change_of_size_in_mid_stream_is_named_until_it_is_back():
    watch = Watch()
    watch.see(SCENE, 2)
    assert set(watch.see(yard(160, 90), 2)) == {WRONG_SIZE}
    assert set(watch.see(SCENE, 2)) == {OK}


@pytest.mark.parametrize(("right", "down"), [(20, 0), (-12, 8), (0, -20), (45, 15)])
def test_a_camera_that_was_knocked_is_named_in_three_seconds(right, down):
    watch = Watch()
    watch.see(SCENE, 10)
    assert watch.see(shifted(SCENE, right, down), 6)[MOVED] <= 3.0
    assert set(watch.see(SCENE, 3)) >= {OK}


def test_a_camera_that_looks_elsewhere_is_named_after_ten_seconds():
    watch = Watch()
    watch.see(SCENE, 10)
    said = watch.see(yard(320, 180, seed=8), 15)
    assert 9 <= said[MOVED] <= 13


def test_a_new_place_counts_as_the_right_one_in_the_end():
    watch, elsewhere = Watch(fps=0.2), yard(320, 180, seed=8)
    watch.see(SCENE, 60)
    assert MOVED in watch.see(elsewhere, 630)
    assert set(watch.see(elsewhere, 20)) == {OK}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_car_that_stands_there_is_not_a_moved_camera(share):
    watch = Watch()
    watch.see(SCENE, 10)
    assert MOVED not in watch.see(with_car(SCENE, share), 40)
    assert MOVED not in watch.see(SCENE, 20)


def test_a_lorry_that_hides_everything_is_not_one_either_while_it_is_on_a_loop():
    watch = Watch()
    watch.see(SCENE, 10)
    lorry = yard(320, 180, seed=12)
    assert MOVED not in watch.see(lorry, 40, occupied=True)
    assert MOVED not in watch.see(SCENE, 10)


def test_dusk_and_the_switch_to_night_are_not_a_moved_camera():
    watch = Watch()
    watch.see(SCENE, 10)
    for share in np.linspace(1, 0.25, 20):
        assert MOVED not in watch.see(dimmed(SCENE, share), 2)
    grey = cv2.cvtColor(cv2.cvtColor(SCENE, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert MOVED not in watch.see(grey, 20)


def test_a_scene_without_edges_is_never_moved():
    plain = np.tile(np.linspace(60, 140, 320).astype(np.uint8)[None, :, None], (180, 1, 3))
    watch = Watch()
    watch.see(plain, 10)
    assert MOVED not in watch.see(shifted(plain, 30, 0), 20)


def test_a_region_that_masks_cover_is_judged_by_the_whole_picture():
    view = View(region=((0.2, 0.2), (0.4, 0.2), (0.4, 0.4)), masks=((0.0, 0.0, 0.5, 0.5),))
    assert set(Watch(view).see(SCENE, 3)) == {OK}


@pytest.mark.parametrize("shape", [(16384, 16), (16, 16384), (8, 4000)])
def test_a_picture_of_a_strange_shape_is_looked_at_without_a_mountain_of_memory(shape):
    watch = Watch(fps=2)
    strip = np.full((*shape, 3), 90, np.uint8)
    strip[::7, ::3] = 200
    watch.see(strip, 4)
    assert look(strip, 1.0).grey.size < 1 << 20
