"""Time that a right covers: what is left is charged as if the rest had not been."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.rules.tariff import NoTariffError, Stay, quote
from gateway.rules.tariff.stay import Waived
from tests.rules.tariff.fixtures import FILES, at, fee, tariff

ENTERED = at("03-02 18:00")
NAMES = [path.stem for path in FILES]


def waived(*spans):
    return tuple(Waived(at(began), at(ended)) for began, ended in spans)


def test_what_is_stayed_after_the_window_is_charged_from_its_end():
    night = waived(("03-02 18:00", "03-03 09:00"))
    assert fee("rolling-cap", "03-02 18:00", "03-03 09:30", waived=night) == 0
    assert fee("rolling-cap", "03-02 18:00", "03-03 11:00", waived=night) == fee(
        "rolling-cap", "03-03 09:00", "03-03 11:00"
    )


def test_the_free_minutes_are_granted_once_for_all_that_is_left():
    nights = waived(("03-02 18:00", "03-03 09:00"), ("03-03 09:20", "03-04 09:00"))
    assert fee("rolling-cap", "03-02 18:00", "03-04 09:10", waived=nights) == 0
    assert fee("rolling-cap", "03-02 18:00", "03-04 09:11", waived=nights) > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_stay_whose_beginning_is_waived_costs_what_one_costs_that_began_then(name):
    dice = random.Random(name)
    lot = tariff(name)
    for _ in range(60):
        free_s, left_s = dice.randint(1, 90_000), dice.randint(1, 200_000)
        began = ENTERED + timedelta(seconds=free_s)
        stay = Stay(lot.areas[0], "car", ENTERED, waived=(Waived(ENTERED, began),))
        left = began + timedelta(seconds=left_s)
        try:
            later = quote(lot, replace(stay, entered=began, waived=()), left)
        except NoTariffError:
            continue
        assert quote(lot, stay, left).total_fen == later.total_fen


@pytest.mark.parametrize("name", NAMES)
def test_a_stay_that_is_covered_from_end_to_end_costs_nothing(name):
    lot = tariff(name)
    covered = (Waived(ENTERED, ENTERED + timedelta(days=40)),)
    stay = Stay(lot.areas[0], "car", ENTERED, waived=covered)
    assert quote(lot, stay, ENTERED + timedelta(days=3)).total_fen == 0
