"""`lanegate tariff explain`: what is asked beyond a plain stay, and what cannot be meant."""

import json

import pytest
from click.testing import CliRunner

from gateway.commands.tariff import tariff as command
from tests.rules.tariff.fixtures import TARIFFS

ROLLING = TARIFFS / "rolling-cap.yaml"
NESTED = TARIFFS / "nested"
TWO_HOURS = ("--in", "2026-03-02T10:00", "--out", "2026-03-02T12:00")
DAYS = ("--in", "2026-03-02T18:00", "--out", "2026-03-03T11:00")


def explained(*words):
    return CliRunner().invoke(command, ["explain", *map(str, words)])


def fee_of(*words):
    return json.loads(explained(*words, "--json").output)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--paid", "5@2026-03-02T12:00:01"), "--paid at 2026-03-02 12:00:01 is not from --in to"),
        (("--paid", "5@2026-03-02T09:59"), "--paid at 2026-03-02 09:59:00 is not from --in to"),
        (("--paid", "1e999999999@2026-03-02T11:00"), "'1e999999999' is no amount in yuan"),
        (("--paid", "1e5000@2026-03-02T11:00"), "'1e5000' is no amount in yuan"),
        (("--credit", "amount:-Infinity"), "'-Infinity' is no amount in yuan"),
        (("--out", "2036-03-20T10:00"), "more than ten years; look at the years again"),
        (("--waived", "2026-03-02T10:00"), "is no time from and to"),
        (("--visit", "inner:2026-03-02T09:50/2026-03-02T11:00"), "each --visit must lie from --in"),
        (("--visit", "inner:2026-03-02T10:50/2026-03-02T12:01"), "each --visit must lie from --in"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(words, sentence):
    done = explained(ROLLING, *TWO_HOURS, *words)
    assert done.exit_code == 2
    assert sentence in done.output


def test_visits_go_one_after_the_other():
    first, second = "2026-03-02T10:05/2026-03-02T11:00", "2026-03-02T10:59/2026-03-02T11:30"
    asked = (NESTED, *TWO_HOURS, "--area", "outer", "--visit", f"inner:{first}")
    assert "one after the other" in explained(*asked, "--visit", f"inner:{second}").output
    after = second.replace("10:59", "11:00")
    assert fee_of(*asked, "--visit", f"inner:{after}")["total_fen"] == 400 + 200


def test_a_payment_at_the_exit_is_part_of_the_stay():
    assert fee_of(ROLLING, *TWO_HOURS, "--paid", "10@2026-03-02T12:00")["due_fen"] == 0


def test_what_a_right_covers_has_a_line_of_its_own():
    told = fee_of(ROLLING, *DAYS, "--waived", "2026-03-02T18:00/2026-03-03T09:00")
    lines = [(line["kind"], line["amount_fen"], line["end"][11:16]) for line in told["lines"]]
    assert lines == [("waived", 0, "09:00"), ("units", 1000, "11:00")]


def test_a_class_that_no_plan_knows_saves_nothing():
    path = TARIFFS / "new-energy.yaml"
    told = fee_of(path, *TWO_HOURS, "--credit", "class:bus", "--credit", "amount:1")
    assert (told["due_fen"], len(told["discounts"])) == (400, 1)


def test_a_class_without_a_plan_is_told_with_those_that_have_one():
    done = explained(TARIFFS / "new-energy.yaml", *TWO_HOURS, "--class", "bus")
    assert done.exit_code == 1
    assert "no plan for the class 'bus'; it knows car, new_energy" in done.output


def test_three_years_are_reckoned_to_the_fen():
    years = ("--in", "2026-03-02T10:00", "--out", "2029-03-02T10:00")
    assert fee_of(ROLLING, *years)["total_fen"] == 1096 * 2800
    path = TARIFFS / "escalating-cap.yaml"
    assert fee_of(path, *years)["total_fen"] == 3000 + 4000 + 1094 * 5000


def test_a_summer_time_elsewhere_changes_nothing():
    """02:00 and 03:00 of that night in Berlin are the same instant."""
    began, ended = "2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"
    assert fee_of(ROLLING, "--in", began, "--out", ended)["total_fen"] == 500
