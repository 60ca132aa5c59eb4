"""Which troubles of a camera go into the records."""

from gateway.sight import Condition
from gateway.troubles import EACH_S, Troubles

OK, LOST, SILENT, FROZEN = Condition.OK, Condition.LOST, Condition.SILENT, Condition.FROZEN


def told(*story):
    """What is told of (seconds, condition, why): (code, words)."""
    troubles = Troubles()
    news = [troubles.news(condition, why, at) for at, condition, why in story]
    return [(one.code.value, one.detail) for one in news if one is not None]


def test_each_kind_of_trouble_is_one_alarm_and_its_end_another():
    story = [
        (OK, ""), (SILENT, "a"), (LOST, "b"), (SILENT, "c"), (OK, ""), (FROZEN, "d"), (FROZEN, "e"),
        (OK, ""), (Condition.MOVED, "f"), (Condition.WRONG_SIZE, "g"), (OK, ""), (OK, ""),
    ]  # fmt: skip
    assert told(*((at, *step) for at, step in enumerate(story))) == [
        ("vision_lost", "camera lost: a"),
        ("vision_back", "camera sees again: it was lost"),
        ("vision_lost", "camera frozen: d"),
        ("vision_back", "camera sees again: it was frozen"),
        ("vision_doubted", "camera moved: f"),
        ("vision_doubted", "camera wrong size: g"),
        ("vision_back", "camera sees again: it was wrong_size"),
    ]


def test_a_camera_that_comes_and_goes_is_one_alarm_in_ten_minutes_with_the_number_of_times():
    flaps = [(at, LOST if at % 10 == 0 else OK, "loose plug") for at in range(0, 1300, 5)]
    assert told(*flaps) == [
        ("vision_lost", "camera lost: loose plug"),
        ("vision_back", "camera sees again: it was lost"),
        ("vision_lost", "camera lost: loose plug; 60 times since the last such alarm"),
        ("vision_back", "camera sees again: it was lost"),
        ("vision_lost", "camera lost: loose plug; 60 times since the last such alarm"),
        ("vision_back", "camera sees again: it was lost"),
    ]


def test_a_trouble_that_came_back_too_soon_and_stays_is_told_when_its_time_has_come():
    story = [(0, LOST, "a"), (5, OK, ""), (20, SILENT, "b"), (EACH_S - 1, LOST, "c")]
    assert len(told(*story)) == 2
    assert told(*story, (EACH_S, LOST, "d"))[2:] == [("vision_lost", "camera lost: d")]


def test_a_trouble_that_was_over_before_its_time_had_come_is_never_told_and_has_no_end():
    assert len(told((0, LOST, "a"), (5, OK, ""), (20, LOST, "b"), (30, OK, ""), (900, OK, ""))) == 2


def test_another_trouble_is_told_at_once_however_new_the_first_one_is():
    assert len(told((0, LOST, "a"), (1, FROZEN, "b"), (2, LOST, "a"), (3, FROZEN, "b"))) == 2
