"""More of what `lanegate tariff check` finds: prices that nobody pays, and drivers without one."""

import pytest

from tests.rules.tariff.test_loading import BANDS, HEAD, STEPS, told, written

REST = "        - {from: '08:00', to: '07:00', unit_min: 60, price_fen: 100}\n"
TOTALS = "{until_min: 30, total_fen: 200}, {until_min: 120, total_fen: 500}, {total_fen: 900}"
WRONG = {
    "a total of stays that are free": (
        f"- {{name: a, free: {{minutes: 30}}, steps: [{TOTALS}]}}",
        "5:58: plans.0.steps.0.total_fen: never reached: stays of 30 min or less are free",
    ),
    "a total that is free each day anew": (
        f"- {{name: a, per: 24h, free: {{minutes: 30, again: true}}, steps: [{TOTALS}]}}",
        "5:81: plans.0.steps.0.total_fen: never reached: stays of 30 min or less are free",
    ),
    "all is charged at 0 %": (
        "- {name: a, daily_free: {minutes: 60, then_percent: 0}, steps: [{price_fen: 1}]}",
        "5:39: plans.0.daily_free.then_percent: never reached: at 0 % nothing is ever charged",
    ),
    "a unit longer than its band": (
        BANDS + "        - {from: '07:00', to: '08:00', unit_min: 61, price_fen: 100}\n" + REST,
        (
            "8:11: plans.0.steps.0.bands.0: never reached: the end of its unit of 61 min; it has"
            " only 60 min; leave unit_min out"
        ),
    ),
    "a band that is dropped as a whole": (
        BANDS.replace("  steps", "  drop_remainder_min: 60\n  steps")
        + "        - {from: '07:00', to: '08:00', price_fen: 100}\n"
        + REST,
        (
            "9:11: plans.0.steps.0.bands.0: never reached: its price: 60 min or less are dropped,"
            " and it has only 60 min"
        ),
    ),
    "a step that is dropped as a whole": (
        (
            "- {name: a, drop_remainder_min: 20, steps: [{until_min: 15, unit_min: 30,"
            " price_fen: 1}, {price_fen: 2}]}"
        ),
        "5:45: plans.0.steps.0: never reached: its price: 20 min or less are dropped",
    ),
    "a unit above the cap": (
        STEPS + "{unit_min: 60, price_fen: 500}], per: 24h, cap_fen: [499, 300]}",
        (
            "5:21: plans.0.steps.0: never reached: all of its price of 5.00 yuan; the cap is 4.99;"
            " raise the cap or lower the price"
        ),
    ),
    "a band above the cap": (
        BANDS
        + "        - {from: '07:00', to: '08:00', price_fen: 5000}\n"
        + REST
        + "  per: 24h\n  cap_fen: 2000\n",
        "8:11: plans.0.steps.0.bands.0: never reached: all of its price of 50.00 yuan",
    ),
    "a later step above the cap": (
        STEPS + "{until_min: 60, price_fen: 1}, {price_fen: 9}], cap_fen: 8}",
        "5:52: plans.0.steps.1: never reached: all of its price of 0.09 yuan; the cap is 0.08",
    ),
    "a price only for who holds a right": (
        "- {name: a, right: staff, steps: [{price_fen: 0}]}",
        (
            "5:13: plans.0.right: contradictory: without the right 'staff' there is no price for"
            " any class; add a plan without right: for it"
        ),
    ),
    "a class only for who holds a right": (
        (
            "- {name: a, right: staff, classes: [car, bus], steps: [{price_fen: 0}]}\n"
            "- {name: b, classes: [car], steps: [{price_fen: 1}]}"
        ),
        "5:13: plans.0.right: contradictory: without the right 'staff' there is no price for bus",
    ),
    "one name for two plans": (
        (
            "- {name: a, classes: [car], steps: [{price_fen: 0}]}\n"
            "- {name: a, steps: [{price_fen: 1}]}"
        ),
        "6:4: plans.1.name: contradictory: a plan above has the name 'a' too",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_told_once_with_its_place(name, tmp_path):
    plans, expected = WRONG[name]
    (found,) = told(written(tmp_path, plans))
    assert found.startswith(f"tariff.yaml:{expected}")


JUST_RIGHT = {
    "a total that begins with the free minutes": (
        f"- {{name: a, free: {{minutes: 29}}, steps: [{TOTALS}]}}"
    ),
    "totals that count after the free minutes": (
        f"- {{name: a, free: {{minutes: 30, once_exceeded: kept}}, steps: [{TOTALS}]}}"
    ),
    "a total that the second day reaches": (
        f"- {{name: a, per: 24h, free: {{minutes: 30}}, steps: [{TOTALS}]}}"
    ),
    "a total that is part of what follows": (
        "- {name: a, free: {minutes: 30}, steps: [{until_min: 30, total_fen: 200}, {price_fen: 1}]}"
    ),
    "a unit as long as its band": (
        BANDS + "        - {from: '07:00', to: '08:00', unit_min: 60, price_fen: 100}\n" + REST
    ),
    "a unit that is finished after its band": (
        BANDS
        + "        - {from: '07:00', to: '08:00', unit_min: 90, price_fen: 1, finishes_unit: yes}\n"
        + REST
    ),
    "a band longer than what is dropped": (
        BANDS.replace("  steps", "  drop_remainder_min: 59\n  steps")
        + "        - {from: '07:00', to: '08:00', price_fen: 100}\n"
        + REST
    ),
    "a unit as dear as the cap": STEPS
    + "{unit_min: 60, price_fen: 500}], per: 24h, cap_fen: [300, 500]}",
    "a price for everybody else": (
        "- {name: a, right: staff, steps: [{price_fen: 0}]}\n- {name: b, steps: [{price_fen: 1}]}"
    ),
    "a price for the same class": (
        "- {name: a, right: staff, classes: [car], steps: [{price_fen: 0}]}\n"
        "- {name: b, classes: [car, bus], steps: [{price_fen: 1}]}"
    ),
}


@pytest.mark.parametrize("name", JUST_RIGHT)
def test_what_is_just_right_is_not_told(name, tmp_path):
    assert told(written(tmp_path, JUST_RIGHT[name])) == []


def test_a_holiday_table_of_another_year_is_told(tmp_path):
    plan = "- {name: a, steps: [{price_fen: 1}]}"
    table = "holidays: [{from: 2025-10-01, to: 2025-10-07}, {from: 2025-12-30, to: %s}]\n"
    (found,) = told(written(tmp_path, plan, table % "2025-12-31"))
    assert found.startswith(
        "tariff.yaml:4:1: holidays: never reached: every holiday of the table is over before"
        " 2026-01-01; copy the table of the year"
    )
    assert told(written(tmp_path, plan, table % "2026-01-01")) == []


def test_a_file_that_nobody_reads_is_told(tmp_path):
    plan = "- {name: a, steps: [{price_fen: 1}]}"
    written(tmp_path, plan, name="one.yaml")
    written(tmp_path, plan, name="two.yml", head=HEAD.replace("main", "roof"))
    (tmp_path / "notes.txt").touch()
    (found,) = told(tmp_path)
    assert found.endswith(
        "two.yml:1:1: never reached: only files *.yaml are read; call it two.yaml"
    )
