"""A clock that jumps is told; one that nobody sets is not trusted."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from gateway.clockwatch import (
    doubt,
    kernel_synchronised,
    step_words,
    stepped_s,
    synchronised,
    watch_clock,
)
from gateway.lane.events import Noticed
from gateway.lane.reports import AlarmCode
from gateway.lane.types import Now

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def now(mono, wall=NOON):
    return Now(mono, wall, "0" * 32)


@pytest.mark.parametrize(
    ("wall_s", "stepped"),
    [(5.0, 0.0), (7.0, 0.0), (3.0, 0.0), (7.01, 2.01), (2.99, -2.01), (3605.0, 3600.0)],
)
def test_only_more_than_two_seconds_are_a_step(wall_s, stepped):
    after = now(105.0, NOON + timedelta(seconds=wall_s))
    assert stepped_s(now(100.0), after) == pytest.approx(stepped)


def test_a_step_is_told_with_its_way_and_its_length():
    assert "forward by 3600.0 s" in step_words(3600.0)
    assert "back by 2.1 s" in step_words(-2.1)


def test_a_clock_is_trusted_once_a_server_sets_it():
    assert doubt(NOON, synchronised=True) == ""
    assert "time server" in doubt(NOON, synchronised=False)
    assert "adjtimex" in doubt(NOON, synchronised=None)


def test_a_clock_from_before_this_program_is_not_trusted_whatever_the_kernel_says():
    last = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert "2025-12-31" in doubt(last, synchronised=True)
    assert doubt(last + timedelta(seconds=1), synchronised=True) == ""


def test_the_kernel_answers_without_rights_or_not_at_all():
    assert kernel_synchronised() in (True, False, None)


@pytest.mark.parametrize("word", [True, False])
def test_the_kernels_word_counts_before_all(tmp_path, word):
    touched = tmp_path / "synchronized"
    touched.touch()
    assert synchronised(lambda: word, touched) is word


def test_where_the_kernel_may_not_be_asked_the_file_of_timesyncd_counts_while_it_is_fresh(tmp_path):
    touched = tmp_path / "synchronized"
    assert synchronised(lambda: None, touched) is None
    touched.touch()
    assert synchronised(lambda: None, touched) is True
    old = time.time() - 13 * 3600
    os.utime(touched, (old, old))
    assert synchronised(lambda: None, touched) is False


def played(clocks, kernel):
    """What was told while the clock said this and the kernel that, one look after another."""
    left, trust = iter(clocks), iter(kernel)
    untrusted, told = [], []

    async def story():
        watch = watch_clock(
            lambda: next(left),
            untrusted=untrusted.append,
            tell_lanes=told.append,
            synchronised=lambda: next(trust),
            look_s=0.0,
        )
        # The list of clocks runs out: that ends it.
        with pytest.raises(RuntimeError, match="StopIteration"):
            await watch

    asyncio.run(story())
    return untrusted, told


def test_each_step_is_told_once_and_to_every_lane(caplog):
    clocks = [
        now(0.0),
        now(0.0),
        now(5.0, NOON + timedelta(seconds=5)),
        now(10.0, NOON + timedelta(hours=1)),
        now(15.0, NOON + timedelta(hours=1, seconds=5)),
        now(20.0, NOON + timedelta(seconds=20)),
    ]
    untrusted, told = played(clocks, [True] * 5)
    assert told == [
        Noticed(AlarmCode.CLOCK_STEPPED, step_words(3590.0)),
        Noticed(AlarmCode.CLOCK_STEPPED, step_words(-3590.0)),
    ]
    assert untrusted == [""] * 5


def test_what_is_untrusted_is_told_at_each_look_and_logged_when_it_changes(caplog):
    caplog.set_level("INFO")
    untrusted, told = played(
        [now(float(n), NOON + timedelta(seconds=n)) for n in range(5)], [False, False, True, None]
    )
    assert [bool(words) for words in untrusted] == [True, True, False, True]
    assert len(caplog.records) == 3
    assert "trusted again" in caplog.text
    assert told == []
