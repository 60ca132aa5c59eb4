"""When the full set of rights is asked for."""

import itertools

from gateway.sync.rightswords import Edition
from gateway.sync.wish import LONGEST_PAUSE_S, Wish

OLD, NEW = Edition(40, "a" * 64), Edition(41, "b" * 64)


def asked_at(wish: Wish, held: Edition, until: int, start: int = 0) -> list[int]:
    return [now for now in range(start, until) if wish.due(held, float(now)) is not None]


def test_nothing_is_asked_for_before_the_cloud_said_what_there_is():
    assert asked_at(Wish(), Edition(0, ""), 1000) == []


def test_it_is_asked_for_again_later_and_later_and_never_more_seldom_than_each_ten_minutes():
    wish = Wish()
    wish.aim(NEW, 0.0)
    times = asked_at(wish, OLD, 4000)
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert times[0] == 1
    assert pauses[:6] == [30, 60, 120, 240, 480, 600]
    assert set(pauses[5:]) == {LONGEST_PAUSE_S}


def test_the_same_word_again_changes_nothing_and_another_begins_anew():
    wish = Wish()
    wish.aim(NEW, 0.0)
    assert asked_at(wish, OLD, 40) == [1, 31]
    wish.aim(NEW, 40.0)
    assert asked_at(wish, OLD, 100, 40) == [91]
    wish.aim(Edition(42, "c" * 64), 100.0)
    assert asked_at(wish, OLD, 140, 100) == [101, 131]


def test_what_is_held_is_not_asked_for_and_another_hash_of_the_same_version_is():
    wish = Wish()
    wish.aim(NEW, 0.0)
    assert asked_at(wish, NEW, 100) == []
    assert asked_at(wish, Edition(41, "c" * 64), 110, 100) == [100]


def test_parts_that_come_put_the_next_question_off():
    wish = Wish()
    wish.aim(NEW, 0.0)
    assert asked_at(wish, OLD, 30) == [1]
    wish.moves(30.0)
    assert asked_at(wish, OLD, 100, 30) == [60]


def test_what_failed_is_asked_for_once_with_its_reason_even_if_nothing_is_wanted():
    wish = Wish()
    wish.aim(NEW, 0.0)
    wish.failed("right 3 has no plate", 10.0)
    assert wish.due(NEW, 10.5) is None
    assert wish.due(NEW, 11.0) == "right 3 has no plate"
    assert asked_at(wish, NEW, 1000, 12) == []
    wish.failed("again", 1000.0)
    wish.came(1000.0)
    assert asked_at(wish, NEW, 2000, 1000) == []


def test_a_reason_is_said_once():
    wish = Wish()
    wish.aim(NEW, 0.0)
    wish.failed("bad", 0.0)
    assert [wish.due(OLD, now) for now in (1.0, 31.0)] == ["bad", ""]


def test_a_set_that_came_is_given_time_for_the_word_of_it():
    wish = Wish()
    wish.aim(OLD, 0.0)
    assert wish.due(OLD, 50.0) is None
    wish.came(50.0)
    assert wish.due(NEW, 50.5) is None
    wish.aim(NEW, 50.6)
    assert asked_at(wish, NEW, 100, 51) == []


def test_after_a_goal_was_reached_the_pauses_are_short_again():
    wish = Wish()
    wish.aim(NEW, 0.0)
    assert asked_at(wish, OLD, 200) == [1, 31, 91]
    assert wish.due(NEW, 300.0) is None
    assert asked_at(wish, OLD, 400, 301) == [301, 331, 391]
