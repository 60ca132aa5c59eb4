"""What an operator wrote wrong is told by file, line and column, with the next step."""

from textwrap import dedent

import pytest

from gateway.config.problems import ConfigError
from gateway.tariffs import load, read
from tests.rules.tariff.fixtures import FILES

HEAD = """\
area: main
version: "1"
effective: 2026-01-01
"""


def written(folder, plans, more="", name="tariff.yaml", head=HEAD):
    path = folder / name
    path.write_text(f"{head}{dedent(more)}plans:\n{dedent(plans)}", "utf-8")
    return path


def told(path):
    """Without the folder, so that a line of the test is a line of the file."""
    found = read(path)
    problems = sorted({*found.broken, *found.doubts})
    return [str(problem).replace(f"{path.parent}/", "") for problem in problems]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_what_ships(path):
    assert told(path) == []
    assert load(path).tariffs


STEPS = "- {name: a, steps: ["
BANDS = """\
- name: a
  steps:
    - bands:
"""
WRONG = {
    "steps out of order": (
        STEPS + "{until_min: 60, price_fen: 5}, {until_min: 30, price_fen: 6}, {price_fen: 7}]}",
        "5:52: plans.0.steps.1: contradictory: ends after 30 min, but begins after 60 min",
    ),
    "no end": (
        STEPS + "{until_min: 60, price_fen: 5}]}",
        "5:13: plans.0.steps: contradictory: nothing is said of what is parked after 60 min",
    ),
    "a step after the last": (
        STEPS + "{price_fen: 5}, {price_fen: 6}]}",
        "5:37: plans.0.steps.1: never reached: the step before has no until_min and never ends",
    ),
    "a step after 24 h": (
        STEPS + "{until_min: 1440, price_fen: 5}, {price_fen: 6}], per: 24h}",
        "5:54: plans.0.steps.1: never reached: begins after 1440 min, but the steps start again",
    ),
    "a step above the cap": (
        STEPS + "{until_min: 60, unit_min: 30, price_fen: 500}, {price_fen: 6}], cap_fen: 1000}",
        "5:68: plans.0.steps.1: never reached: the cap is reached before it begins, at 10.00 yuan",
    ),
    "totals that fall": (
        STEPS + "{until_min: 60, unit_min: 30, price_fen: 300}, {total_fen: 500}]}",
        (
            "5:69: plans.0.steps.1.total_fen: not monotone: a longer stay costs 5.00 yuan, a"
            " shorter one 6.00; let the totals rise"
        ),
    ),
    "a unit that does not fit": (
        STEPS + "{until_min: 100, unit_min: 30, price_fen: 300}, {price_fen: 500}]}",
        "5:21: plans.0.steps.0: never reached: the end of its last unit of 30 min; only 10 min",
    ),
    "a remainder longer than the unit": (
        "- {name: a, drop_remainder_min: 31, steps: [{unit_min: 30, price_fen: 300}]}",
        (
            "5:13: plans.0.drop_remainder_min: contradictory: a remainder of 31 min is dropped, but"
            " a unit has only 30 min; give at most 30"
        ),
    ),
    "a cap below the first step": (
        STEPS + "{price_fen: 500}], cap_fen: 400}",
        "5:40: plans.0.cap_fen: contradictory: the first step alone costs 5.00 yuan, which is",
    ),
    "a cap that nothing reaches": (
        STEPS + "{unit_min: 60, price_fen: 100}], per: 24h, cap_fen: 2500}",
        "5:64: plans.0.cap_fen: never reached: 24 h never cost 25.00 yuan, at most 24.00",
    ),
    "a cap of a list that nothing reaches": (
        STEPS + "{unit_min: 60, price_fen: 100}], per: 24h, cap_fen: [1000, 2500]}",
        "5:80: plans.0.cap_fen.1: never reached: 24 h never cost 25.00 yuan, at most 24.00",
    ),
    "a second cap for one stay": (
        STEPS + "{unit_min: 60, price_fen: 100}], cap_fen: [1000, 2500]}",
        "5:70: plans.0.cap_fen.1: never reached: a stay has one period, so only its first cap",
    ),
    "free minutes again without a period": (
        "- {name: a, free: {minutes: 10, again: true}, steps: [{price_fen: 1}]}",
        "5:33: plans.0.free.again: never reached: the free minutes come again in each period, but",
    ),
    "free days": (
        "- {name: a, per: day, free: {minutes: 1440, again: true}, steps: [{price_fen: 1}]}",
        "5:23: plans.0.free: contradictory: each day is free as a whole, so nothing is ever",
    ),
    "no free minutes again": (
        "- {name: a, per: day, free: {minutes: 0, again: true}, steps: [{price_fen: 1}]}",
        "5:42: plans.0.free.again: contradictory: no free minutes come again",
    ),
    "a daily free time that is free already": (
        "- {name: a, free: {minutes: 60}, daily_free: {minutes: 60}, steps: [{price_fen: 1}]}",
        "5:34: plans.0.daily_free: never reached: every stay that it would free is free already",
    ),
    "a daily free time that is never used up": (
        "- {name: a, daily_free: {minutes: 60, unused_below_min: 61}, steps: [{price_fen: 1}]}",
        "5:39: plans.0.daily_free.unused_below_min: contradictory: no free stay is ever long",
    ),
    "a total after prices by the time of day": (
        (
            "- {name: a, steps: [{until_min: 60, bands: ["
            "{from: '07:00', to: '19:00', price_fen: 1}, {from: '19:00', to: '07:00', price_fen: 2}"
            "]}, {total_fen: 9}]}"
        ),
        "5:136: plans.0.steps.1.total_fen: contradictory: no total is known here: the step before",
    ),
    "a gap between bands": (
        BANDS + "        - {from: '07:00', to: '19:30', price_fen: 1}",
        (
            "7:7: plans.0.steps.0: contradictory: no band has a price from 19:30 on (holiday,"
            " weekend, workday); add a band, with price_fen: 0 where it is free"
        ),
    ),
    "a gap on holidays": (
        BANDS + "        - {from: '00:00', to: '24:00', days: [workday, weekend], price_fen: 1}",
        "7:7: plans.0.steps.0: contradictory: no band has a price from 00:00 on (holiday)",
    ),
    "bands that overlap": (
        BANDS + "        - {from: '07:00', to: '19:00', price_fen: 1}\n"
        "        - {from: '18:00', to: '07:00', price_fen: 2}",
        (
            "9:11: plans.0.steps.0.bands.1: contradictory: part of its time has a price already, in"
            " band 0"
        ),
    ),
    "a band under another": (
        BANDS + "        - {from: '00:00', to: '24:00', price_fen: 1}\n"
        "        - {from: '12:00', to: '13:00', price_fen: 2}",
        "9:11: plans.0.steps.0.bands.1: never reached: all of its time has a price already",
    ),
    "a band for holidays that are not listed": (
        BANDS + "        - {from: '00:00', to: '24:00', days: [workday, weekend], price_fen: 1}\n"
        "        - {from: '00:00', to: '24:00', days: [holiday], price_fen: 2}",
        "9:11: plans.0.steps.0.bands.1: never reached: holds on holidays, but none is listed",
    ),
    "a class that is taken": (
        (
            "- {name: a, classes: [car, large], steps: [{price_fen: 1}]}\n"
            "- {name: b, classes: [car, bus], steps: [{price_fen: 1}]}"
        ),
        (
            "6:13: plans.1.classes: never reached: class car of plan 'b' is taken by 'a' above; put"
            " the narrower plan first"
        ),
    ),
    "a plan after one for all": (
        "- {name: a, steps: [{price_fen: 1}]}\n- {name: b, steps: [{price_fen: 1}]}",
        "6:3: plans.1: never reached: plan 'b' comes after 'a', which fits all",
    ),
    "two prices": (
        STEPS + "{price_fen: 5, total_fen: 5}]}",
        "5:21: plans.0.steps.0: a step has one of price_fen, total_fen and bands, not 2 of them",
    ),
    "a unit without a price": (
        STEPS + "{total_fen: 5, unit_min: 5}]}",
        "5:21: plans.0.steps.0: unit_min goes with price_fen; a band has its own unit_min",
    ),
    "an unknown key": (
        STEPS + "{price_fn: 5}]}",
        "5:22: plans.0.steps.0.price_fn: unknown key 'price_fn'; did you mean price_fen?",
    ),
    "yuan instead of fen": (
        STEPS + "{price_fen: 5.50}]}",
        "5:33: plans.0.steps.0.price_fen: '5.50' is not a whole number",
    ),
    "a time that is none": (
        BANDS + "        - {from: '7:00', to: '25:00', price_fen: 1}",
        "8:18: plans.0.steps.0.bands.0.from: '7:00' is not written as it must be",
    ),
    "a unit to finish that there is not": (
        BANDS + "        - {from: '07:00', to: '07:00', price_fen: 1, finishes_unit: true}",
        "8:11: plans.0.steps.0.bands.0: finishes_unit needs a unit_min; leave it out",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name, tmp_path):
    plans, expected = WRONG[name]
    found = told(written(tmp_path, plans))
    assert any(line.startswith(f"tariff.yaml:{expected}") for line in found), found


def test_nothing_else_is_told_of_them(tmp_path):
    """One mistake, one problem; a gap over midnight is two, and so are two wrong times."""
    several = {"a gap between bands", "a time that is none"}
    for name, (plans, _) in WRONG.items():
        if name not in several:
            assert len(told(written(tmp_path, plans))) == 1, name


@pytest.mark.parametrize(
    "plans",
    [
        STEPS + "{until_min: 60, total_fen: 500}, {total_fen: 500}]}",
        STEPS + "{price_fen: 500}], per: 24h, cap_fen: 500}",
        STEPS + "{unit_min: 60, price_fen: 100}], per: 24h, cap_fen: 2400}",
        STEPS + "{until_min: 120, unit_min: 60, price_fen: 100}, {price_fen: 1}], cap_fen: 201}",
        "- {name: a, drop_remainder_min: 30, steps: [{unit_min: 30, price_fen: 300}]}",
    ],
)
def test_what_is_just_right_is_not_told(plans, tmp_path):
    assert told(written(tmp_path, plans)) == []


HOLIDAYS = """\
holidays:
  - {from: 2026-10-01, to: 2026-10-07, name: 国庆节}
  - {from: 2026-10-07, to: 2026-10-08}
workdays: [2026-10-10, 2026-10-12, 2026-10-03]
"""


def test_a_holiday_table_that_contradicts_itself_is_told(tmp_path):
    found = told(written(tmp_path, "- {name: a, steps: [{price_fen: 1}]}", HOLIDAYS))
    assert [line.split(";")[0] for line in found] == [
        "tariff.yaml:6:5: holidays.1: contradictory: some of these days are in 国庆节 already",
        (
            "tariff.yaml:7:24: workdays.1: never reached: 2026-10-12 is no weekend day and worked"
            " anyway"
        ),
        "tariff.yaml:7:36: workdays.2: contradictory: 2026-10-03 is a holiday too",
    ]


def test_a_holiday_that_ends_before_it_begins_is_told(tmp_path):
    more = "holidays: [{from: 2026-10-07, to: 2026-10-01}, {from: 2026-01-01, to: 3026-01-01}]\n"
    first, second = told(written(tmp_path, "- {name: a, steps: [{price_fen: 1}]}", more))
    assert "2026-10-01 is before 2026-10-07; put the first day under from:" in first
    assert "longer than any holiday" in second


def test_a_tariff_that_cannot_be_meant_is_not_loaded_but_one_with_a_doubt_is(tmp_path):
    doubt, _ = WRONG["a cap that nothing reaches"]
    assert load(written(tmp_path, doubt)).areas == ("main",)
    contradiction, _ = WRONG["a gap between bands"]
    with pytest.raises(ConfigError, match="no band has a price"):
        load(written(tmp_path, contradiction))


def test_a_folder_holds_every_version_of_every_area(tmp_path):
    plan = "- {name: a, steps: [{price_fen: 1}]}"
    written(tmp_path, plan, name="one.yaml")
    second = HEAD.replace('"1"', '"2"').replace("2026-01-01", "2026-07-01")
    written(tmp_path, plan, name="two.yaml", head=second)
    written(tmp_path, plan, name="roof.yaml", head=HEAD.replace("main", "roof"))
    written(tmp_path, "nonsense", name=".hidden.yaml")
    assert load(tmp_path).areas == ("main", "roof")
    assert len(load(tmp_path).tariffs) == 3


def test_two_tariffs_of_an_area_from_one_day_on_contradict_each_other(tmp_path):
    plan = "- {name: a, steps: [{price_fen: 1}]}"
    written(tmp_path, plan, name="one.yaml")
    written(tmp_path, plan, name="two.yaml", head=HEAD.replace('"1"', '"2"'))
    later = HEAD.replace("2026-01-01", "2026-07-01")
    written(tmp_path, plan, name="too.yaml", head=later)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    first, second = caught.value.problems
    assert str(first).startswith(f"{tmp_path}/too.yaml:2:1: version: contradictory: {tmp_path}/one")
    assert str(second).startswith(f"{tmp_path}/two.yaml:3:1: effective: contradictory: ")


def test_what_is_no_tariff_at_all_is_told(tmp_path):
    with pytest.raises(ConfigError, match="this folder holds no tariff; put a file"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="no mapping of `key: value` lines; area:, version:"):
        load(tmp_path / "list.yaml")
