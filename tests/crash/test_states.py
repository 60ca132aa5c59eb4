"""A power cut at any moment takes nothing that the store had promised."""

import logging

import pytest

from tests.crash.explore import Search
from tests.crash.judge import Outcome
from tests.crash.played import of_a_day, of_a_mending
from tests.crash.recorder import Rename

STATES = 650
MENDINGS = 100


@pytest.fixture(autouse=True)
def quiet():
    """Damaged files by the hundred are no news here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_a_power_cut_leaves_holds_all_that_was_promised_and_goes_on(seed):
    report = of_a_day(Search(STATES, seed))
    assert report.broken == []
    assert report.distinct >= STATES
    assert set(report.outcomes) == {Outcome.KEPT}


def test_a_power_cut_while_a_damaged_file_is_mended_costs_no_more_than_the_damage():
    report = of_a_mending(Search(MENDINGS, 1))
    assert report.broken == []
    assert report.distinct >= MENDINGS


def test_a_disk_that_lies_is_nearly_always_found_out_and_the_lane_starts_all_the_same():
    report = of_a_day(Search(60, 1, lies=True), calls=12)
    assert report.outcomes[Outcome.KEPT] < report.states
    assert report.untold * 10 < report.told
    assert [said for said in report.wrong if "does not start" in said] == []


# --- the search can fail: each of these is a store that somebody might have written ----------


def test_a_store_that_does_not_wait_for_the_disk_loses_what_it_promised():
    report = of_a_day(Search(60, 1), "normal", calls=12)
    assert report.outcomes[Outcome.OLDER] > 0
    assert report.lost > 0


@pytest.mark.parametrize(
    ("kind", "says"),
    [("tells_later", "what the outbox does not tell"), ("marks_beforehand", "acknowledged to")],
)
def test_a_store_with_two_halves_is_seen(kind, says):
    report = of_a_day(Search(60, 1), kind, calls=12)
    assert any(says in wrong for wrong in report.wrong)


def test_a_folder_that_is_not_made_sure_of_is_seen():
    report = of_a_day(Search(60, 1), "folder_may_go", calls=5)
    assert report.broken


@pytest.mark.parametrize("kind", ["mends_unsynced", "mends_in_any_order"])
def test_a_mended_file_that_takes_its_place_too_early_is_seen(kind):
    search = Search(30, 1, near=lambda op: isinstance(op, Rename))
    assert any("are gone" in wrong for wrong in of_a_mending(search, kind).wrong)
    assert of_a_mending(search).wrong == []
