"""The simulation as the judge: see docs/testing.md."""

import json
import subprocess
import sys

import pytest

from tests.simulator import judge, mutants
from tests.simulator.copies import mutated_lane
from tests.simulator.episode import Episode
from tests.simulator.gate import STEPS, seeds_of, tried
from tests.simulator.story import told
from tests.simulator.table import PAGE, row
from tests.simulator.weather import WEATHERS
from tests.simulator.whole import judge as whole_judge
from tests.simulator.whole import mutants as whole_mutants
from tests.storyteller import parser

STEPS_IN_ALL, PARTS = 1_000_000, 20
ALL_MUTANTS = [*mutants.MUTANTS, *(one.mutant for one in whole_mutants.MUTANTS)]


def _named(mutant):
    return f"{mutant.property}: {mutant.name}"


def _stories(found):
    return "\n\n".join(f"{one.property}: {one.violation.words}\n{told(one)}" for one in found)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_million_steps_of_the_lane_break_no_property(part):
    taken, seed = 0, 1 + 1000 * part
    while taken < STEPS_IN_ALL / PARTS:
        history = judge.played(seed)
        assert not (found := judge.judged(history)), _stories(found)
        taken, seed = taken + history.steps, seed + 1


@pytest.mark.parametrize("seed", range(len(WEATHERS)))
def test_the_whole_box_breaks_no_property_in_any_weather(seed):
    _, found = whole_judge.judged(seed)
    assert not found, _stories(found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=_named)
def test_a_mutant_of_the_lane_is_killed_by_its_property(mutant, tmp_path):
    assert tried(mutant, tmp_path).seeds, f"{_named(mutant)} lives"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("around", whole_mutants.MUTANTS, ids=lambda one: _named(one.mutant))
def test_a_mutant_of_what_is_around_the_lane_is_killed(around, tmp_path):
    assert whole_mutants.tried(around, tmp_path).seeds, f"{_named(around.mutant)} lives"


@pytest.mark.parametrize("holds", whole_judge.WHOLE, ids=lambda holds: holds.__name__)
def test_every_property_has_a_mutant_and_says_what_it_compares_with(holds):
    assert holds.__name__ in {mutant.property for mutant in ALL_MUTANTS}
    assert len(holds.__doc__) > 40


def test_the_same_seed_tells_the_same_story_to_the_last_word():
    first, second = (Episode(9).run(3000) for _ in range(2))
    assert (first.orders, first.entries, first.happened) == (
        second.orders, second.entries, second.happened,
    )  # fmt: skip


def test_the_same_seed_sends_the_same_frames_at_the_same_time():
    first, second = (whole_judge.played(5, seconds=20.0) for _ in range(2))
    assert [one.sent for one in first] == [one.sent for one in second]


def test_a_violation_is_told_as_a_story_that_can_be_played(tmp_path):
    mutant = next(one for one in mutants.MUTANTS if one.name == "absence is believed at once")
    machine = mutated_lane(tmp_path, "story", mutant.file, mutant.old, mutant.new)
    seed = next(seeds_of(mutant.weather))
    found = judge.judged(Episode(seed, machine).run(STEPS))
    path = tmp_path / "found.yaml"
    path.write_text(told(found[0]), encoding="utf-8")
    story = parser.read(path)
    assert story.lines


def test_the_page_lists_every_mutant():
    page = PAGE.read_text(encoding="utf-8")
    missing = [_named(one) for one in ALL_MUTANTS if row(one) not in page]
    assert not missing, "write the table anew: python -m tests.simulator --mutants --write"


def test_the_command_reports_in_json_and_is_content():
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulator", "--steps", "3000", "--json"],
        capture_output=True, check=False, text=True, timeout=120,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (done.returncode, report["violations"]) == (0, 0), done.stderr
    assert report["steps"] >= 3000
    assert report["steps_per_s"] > 0
