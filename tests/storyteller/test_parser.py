from pathlib import Path

import pytest

from gateway.config.problems import ConfigError
from gateway.lane.sensors import Timing
from gateway.lane.types import Direction, Verdict
from tests.storyteller.grammar import EXPECTATIONS, HAPPENINGS, find
from tests.storyteller.parser import read
from tests.storyteller.story import Expects, Happens

README = (Path(__file__).parents[1] / "stories" / "README.md").read_text(encoding="utf-8")


def a_file(folder, text):
    path = folder / "story.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder, *steps, head=""):
    lines = "\n".join(f"  - {step}" for step in steps)
    path = a_file(folder, f"story: One\n{head}steps:\n{lines}\n")
    with pytest.raises(ConfigError) as wrong:
        read(path)
    return str(wrong.value).replace(f"{folder}/", "")


def test_a_story_says_what_is_known_before_and_what_happens(tmp_path):
    story = read(
        a_file(
            tmp_path,
            "story: One\n"
            "lane: {direction: exit, unknown: allow, limits: no, timing: {clear_s: 1.5}}\n"
            "allow: [粤b·12345]\n"
            "steps:\n"
            "  - at 1.5 s beam on\n"
            "  - after 0.5 s camera reads yellow 京A12345 in doubt behind\n"
            "  - expect open within 2 s\n",
        )
    )
    first, second, third = story.lines
    assert (story.lane.direction, story.lane.limits) == (Direction.EXIT, False)
    assert story.lane.timing == Timing(clear_s=1.5)
    assert (story.access.allow, story.access.unknown) == ({"粤B12345"}, Verdict.ALLOW)
    assert isinstance(first, Happens)
    assert (first.at_s, first.place) == (1.5, f"{tmp_path}/story.yaml:5")
    assert isinstance(second, Happens)
    assert (second.at_s, second.after_s, second.said["colour"]) == (None, 0.5, "yellow")
    assert second.said["doubt"]
    assert second.said["behind"]
    assert isinstance(third, Expects)
    assert third.within_s == 2
    assert story.fitted == {"beam"}


def test_an_unknown_sentence_is_told_with_its_line_and_the_nearest_one(tmp_path):
    told = problems(tmp_path, "at 1.0 s loop A on", "at 2.0 s lop B on", "expect opens")
    assert "story.yaml:4:5: steps.1: nobody knows how to play `lop B on`" in told
    assert "nearest: `loop A on`" in told
    assert "story.yaml:5:5: steps.2: nobody knows how to expect `opens`" in told
    assert "nearest: `expect open`" in told


def test_a_step_that_is_neither_is_told_how_steps_begin(tmp_path):
    assert "a step is `at 1.5 s ...`" in problems(tmp_path, "loop A on")
    assert "a step is `at 1.5 s ...`" in problems(tmp_path, "at 1,5 s loop A on")
    assert "a step is `at 1.5 s ...`" in problems(tmp_path, "{at: 1}")


def test_times_go_forward(tmp_path):
    told = problems(tmp_path, "at 3.0 s loop A on", "at 2.0 s loop A off")
    assert "story.yaml:4:5: steps.1: 2 s lies before the 3 s above" in told


@pytest.mark.parametrize(
    "step",
    [
        "at 1.0 s camera reads 京A1234",
        "expect pass recorded as passed with plate ABC",
        "expect case opened with candidates 京A12345, XYZ",
        "at 1.0 s rules are reloaded and allow 京A12345, X",
    ],
)
def test_a_plate_that_no_car_can_have_is_told(tmp_path, step):
    assert "no plate looks like" in problems(tmp_path, step)


def test_an_unknown_key_or_figure_is_told_with_the_nearest_one(tmp_path):
    told = problems(
        tmp_path,
        "at 1.0 s loop A on",
        head="alow: [京A12345]\nlane: {directon: exit, timing: {clear_s: soon, cleer_s: 1}}\n",
    )
    assert "did you mean `allow:`?" in told
    assert "did you mean `direction:`?" in told
    assert "did you mean `clear_s:`?" in told
    assert "`clear_s: soon` means nothing; usual is 1.0" in told


def test_a_story_without_title_or_steps_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no `story:`"):
        read(a_file(tmp_path, "steps:\n  - at 1.0 s loop A on\n"))
    with pytest.raises(ConfigError, match="no `steps:`"):
        read(a_file(tmp_path, "story: One\n"))
    with pytest.raises(ConfigError, match="this file is empty"):
        read(a_file(tmp_path, ""))


@pytest.mark.parametrize("sentence", [*HAPPENINGS, *EXPECTATIONS], ids=lambda one: one.example)
def test_every_example_is_understood_and_explained(sentence):
    text = sentence.example.removeprefix("expect ")
    known = EXPECTATIONS if sentence in EXPECTATIONS else HAPPENINGS
    found = find(text, known)
    assert not isinstance(found, str)
    assert found[0] is sentence
    assert f"`{sentence.example}`" in README
