"""When to look and when to read."""

import numpy as np
import pytest

from gateway.capture.attention import HOLD_S, IDLE_READ_S, Attention
from gateway.capture.motion import Motion
from gateway.capture.view import View
from tests.capture.looking import dimmed, look, noisy, with_car, yard

SCENE = yard(320, 180)


def moving(pictures, view: View | None = None, fps: float = 5) -> list[bool]:
    motion = Motion()
    return [
        motion.seen(look(picture, 10 + turn / fps, view)) for turn, picture in enumerate(pictures)
    ]


def test_noise_is_no_motion_by_day_and_by_night():
    assert not any(moving(noisy(SCENE, turn, 4) for turn in range(100)))
    assert not any(moving(noisy(dimmed(SCENE, 0.2), turn, 8) for turn in range(100)))


def test_a_car_that_drives_is_motion_at_once_and_one_that_stands_is_not():
    still = [noisy(SCENE, turn) for turn in range(20)]
    drives = [noisy(with_car(SCENE, turn / 20), turn) for turn in range(20)]
    stands = [noisy(with_car(SCENE, 0.95), turn) for turn in range(20)]
    seen = moving([*still, *drives, *stands])
    assert not any(seen[:20])
    assert all(seen[20:40])
    assert not any(seen[45:])


def test_a_slow_car_is_motion_too_even_at_fifteen_pictures_a_second():
    drives = [noisy(with_car(SCENE, turn / 600), turn) for turn in range(150)]
    assert sum(moving(drives, fps=15)[30:]) > 30


def test_clouds_and_lamps_that_change_the_light_of_everything_are_no_motion():
    assert not any(moving(noisy(dimmed(SCENE, 1 - turn / 300), turn) for turn in range(100)))
    middle = np.clip(SCENE, 60, 200)
    assert not any(moving(noisy(middle + 20 * (turn // 10 % 2), turn) for turn in range(60)))


def test_what_flickers_all_the_time_is_learnt():
    def sign(turn):
        picture = SCENE.copy()
        picture[20:40, 250:300] = 255 if turn % 2 else 0
        return noisy(picture, turn)

    seen = moving((sign(turn) for turn in range(500)), fps=2)
    assert any(seen[:10])
    assert not any(seen[-50:])


def test_motion_outside_the_region_or_under_a_mask_does_not_count():
    pictures = [noisy(with_car(SCENE, turn / 20), turn) for turn in range(20)]
    top = View(region=((0, 0), (1, 0), (1, 0.3), (0, 0.3)))
    assert not any(moving(pictures, top))
    masked = View(masks=((0, 0.3, 1, 1),))
    assert not any(moving(pictures, masked))


def test_another_size_begins_anew():
    seen = moving([noisy(SCENE, 1), np.zeros((100, 100, 3), np.uint8), noisy(SCENE, 2)])
    assert seen == [False, False, False]


def test_an_idle_lane_is_read_once_in_a_few_seconds():
    attention, reads = Attention(), []
    attention.told(occupied=False)
    for tick in range(300):
        at = 50 + tick / 10
        if attention.wants_reading(at):
            attention.read(at)
            reads.append(at)
    assert len(reads) == pytest.approx(30 / IDLE_READ_S, abs=1)


def test_an_occupied_loop_opens_at_once_and_stays_open():
    attention = Attention()
    attention.told(occupied=False)
    attention.read(10.0)
    assert not attention.wants_reading(10.1)
    attention.told(occupied=True)
    assert attention.wants_reading(10.1)
    attention.read(10.1)
    assert attention.wants_reading(10.2)
    assert attention.is_awake(9999.0)
    assert attention.pace_s(10.2) == 0


def test_motion_opens_for_a_while():
    attention = Attention()
    attention.told(occupied=False)
    attention.read(10.0)
    attention.moved(10.5)
    assert attention.wants_reading(10.5)
    assert not attention.wants_reading(10.6 + HOLD_S)


def test_a_lane_without_loops_is_looked_at_more_often():
    with_loops, without = Attention(), Attention()
    with_loops.told(occupied=False)
    assert 0 < without.pace_s(10) < with_loops.pace_s(10) <= 1.0
