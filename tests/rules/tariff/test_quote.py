"""Versions, payments and their grace, credits and their order, closed fees."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.rules.tariff import (
    Account,
    LineKind,
    NoTariffError,
    Payment,
    Stay,
    TariffSet,
    quote,
)
from gateway.rules.tariff.fields import as_fields, fee_of
from gateway.rules.tariff.shapes import Band, Plan, Units
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    FreeUntil,
    MinutesOff,
    PercentOff,
    Visit,
)
from tests.rules.tariff.fixtures import at, tariff

ROLLING = tariff("rolling-cap")
"""10:30 0; then 5 an hour to 12:00, 3 an hour after; at most 28 in 24 hours."""

STAY = Stay("main", "car", at("03-02 10:00"))


def due(left, payments=(), credits_=(), stay=STAY):
    return quote(ROLLING, stay, at(left), payments, credits_).due_fen


def paid(yuan, when):
    return Payment(yuan * 100, at(when))


# --- which tariff ------------------------------------------------------------------------


def test_the_version_in_force_at_the_entry_holds_to_the_exit():
    (old,) = ROLLING.tariffs
    new = replace(old, version="2", effective=at("03-02 10:00:01"), plans=dearer(old.plans))
    lot = TariffSet((new, old))
    later = replace(STAY, entered=at("03-02 10:00:01"))
    assert quote(lot, STAY, at("03-02 11:00")).total_fen == 500
    assert quote(lot, later, at("03-02 11:00")).total_fen == 700
    assert quote(lot, later, at("03-02 11:00")).tariff == "main 2"


def dearer(plans):
    return tuple(replace(one, steps=(Units((Band(700, 3600),)),)) for one in plans)


def test_without_a_tariff_in_force_there_is_no_fee():
    with pytest.raises(NoTariffError, match=r"'main' has no tariff in force at 2025-12-31 23:59"):
        quote(ROLLING, replace(STAY, entered=at("2025-12-31 23:59")), at("03-02 10:00"))
    with pytest.raises(NoTariffError, match="areas with tariffs: main"):
        quote(ROLLING, replace(STAY, area="roof"), at("03-02 11:00"))
    visits = (Visit("inner", at("03-02 10:10"), at("03-02 10:20")),)
    with pytest.raises(NoTariffError, match="'inner' has no tariff"):
        quote(ROLLING, replace(STAY, visits=visits), at("03-02 11:00"))


def test_without_a_plan_for_the_class_there_is_no_fee():
    with pytest.raises(NoTariffError, match=r"no plan for the class 'bus'; it knows car, new_en"):
        quote(tariff("new-energy"), replace(STAY, vehicle="bus"), at("03-02 11:00"))


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has no zone"):
        quote(ROLLING, STAY, datetime(2026, 3, 2, 11))  # noqa: DTZ001 -- that is the point


def test_the_zone_of_a_time_does_not_matter():
    for zone in (UTC, timezone(timedelta(hours=-5))):
        stay = replace(STAY, entered=STAY.entered.astimezone(zone))
        told = quote(ROLLING, stay, at("03-02 12:00:01").astimezone(zone))
        assert told == quote(ROLLING, STAY, at("03-02 12:00:01"))


def test_fractions_of_a_second_are_dropped():
    late = at("03-02 10:30:00") + timedelta(microseconds=999_999)
    assert quote(ROLLING, STAY, late).total_fen == 0


def test_an_exit_before_the_entry_costs_nothing():
    told = quote(ROLLING, STAY, at("03-01 10:00"))
    assert (told.total_fen, told.lines, told.until) == (0, (), STAY.entered)


def test_only_whole_units_count_where_a_whole_unit_is_dropped():
    plan = Plan("whole hours", (Units((Band(100, 3600),)),), drop_s=3600)
    lot = TariffSet((replace(ROLLING.tariffs[0], plans=(plan,)),))
    asked = [
        quote(lot, STAY, at(f"03-02 {left}")).total_fen for left in ("10:59:59", "11:00", "11:59")
    ]
    assert asked == [0, 100, 100]


# --- paying first ------------------------------------------------------------------------


def test_within_the_grace_nothing_more_is_due():
    payments = (paid(10, "03-02 11:55"),)
    told = quote(ROLLING, STAY, at("03-02 12:10:00"), payments)
    assert (told.total_fen, told.due_fen, told.overpaid_fen) == (1000, 0, 0)
    assert (told.until, told.grace_until) == (at("03-02 11:55"), at("03-02 12:10"))


def test_after_the_grace_all_since_the_entry_less_what_was_paid_is_due():
    payments = (paid(10, "03-02 11:55"),)
    told = quote(ROLLING, STAY, at("03-02 12:10:01"), payments)
    assert (told.total_fen, told.paid_fen, told.due_fen) == (1300, 1000, 300)
    assert told.grace_until is None


def test_the_free_minutes_do_not_come_again_after_a_payment():
    assert due("03-02 12:25", (paid(10, "03-02 12:00"),)) == 300


def test_the_cap_does_not_begin_again_after_a_payment():
    assert due("03-03 09:00", (paid(28, "03-02 20:00"),)) == 0
    assert due("03-03 10:00:01", (paid(28, "03-02 20:00"),)) == 500


def test_a_part_paid_opens_no_grace():
    assert due("03-02 12:00", (paid(9, "03-02 11:55"),)) == 100
    in_three = (paid(4, "03-02 11:54"), paid(5, "03-02 11:55"), paid(1, "03-02 11:58"))
    assert due("03-02 12:13:00", in_three) == 0
    assert due("03-02 12:13:01", in_three) == 300


def test_a_payment_for_nothing_opens_no_grace():
    told = quote(ROLLING, STAY, at("03-02 10:31"), (paid(1, "03-02 10:29"),))
    assert (told.due_fen, told.grace_until) == (400, None)


def test_the_last_payment_counts_for_the_grace():
    payments = (paid(10, "03-02 11:55"), paid(3, "03-02 12:55"))
    assert due("03-02 13:10:00", payments) == 0
    assert due("03-02 13:10:01", payments) == 300


def test_what_was_paid_too_much_is_told():
    told = quote(ROLLING, STAY, at("03-02 11:00"), (paid(8, "03-02 10:50"),))
    assert (told.total_fen, told.due_fen, told.overpaid_fen) == (500, 0, 300)


def test_a_payment_of_nothing_is_none():
    with pytest.raises(ValueError, match="a refund is an event"):
        Payment(0, at("03-02 11:00"))


# --- credits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "granted", "yuan"),
    [
        ("12:00:01", AmountOff("a", 400), 13 - 4),
        ("12:00:01", AmountOff("a", 5000), 0),
        ("12:00:00", MinutesOff("a", 60), 5),
        ("12:00:01", MinutesOff("a", 60), 10),
        ("12:00:01", MinutesOff("a", 90), 5),
        ("12:00:01", MinutesOff("a", 91), 0),
        ("12:00:01", AllOff("a"), 0),
        ("12:00:01", PercentOff("a", 33), 8.71),
        ("12:00:01", PercentOff("a", 100), 0),
        ("12:00:01", FreeUntil("a", at("03-02 11:00")), 13 - 5),
        ("12:00:01", FreeUntil("a", at("03-02 11:00:01")), 13 - 10),
        ("12:00:01", FreeUntil("a", at("03-02 15:00")), 0),
        ("12:00:01", FreeUntil("a", at("03-02 09:00")), 13),
    ],
)
def test_each_kind_of_credit_takes_off_what_it_says(left, granted, yuan):
    assert due(f"03-02 {left}", (), (granted,)) == round(yuan * 100)


def test_another_class_is_charged_where_that_is_less():
    lot, car = tariff("new-energy"), replace(STAY, vehicle="car")
    credit = (AsClass("a", "new_energy"),)
    told = quote(lot, car, at("03-02 13:00:01"), (), credit)
    assert (told.total_fen, told.discounted_fen, told.due_fen) == (600, 350, 250)
    van = replace(STAY, vehicle="new_energy")
    told = quote(lot, van, at("03-02 13:00:01"), (), (AsClass("a", "car"),))
    assert (told.due_fen, told.discounts) == (250, ())


def test_time_is_taken_off_another_class_where_that_is_charged():
    """Five hours are 4.50 for a new-energy car, four are 3.50; a car pays 8 and 7."""
    granted = (AsClass("a", "new_energy"), MinutesOff("b", 60))
    told = quote(tariff("new-energy"), STAY, at("03-02 15:00:01"), (), granted)
    assert (told.total_fen, told.due_fen) == (800, 350)


def test_credits_are_taken_in_their_order_whatever_came_first():
    """13 yuan; an hour less is 10; half of it 5; 2 yuan less is 3."""
    granted = (AmountOff("a", 200), PercentOff("b", 50), MinutesOff("c", 60))
    told = quote(ROLLING, STAY, at("03-02 12:00:01"), (), granted)
    kinds = [LineKind.MINUTES_OFF, LineKind.PERCENT_OFF, LineKind.AMOUNT_OFF]
    assert [(line.kind, line.amount_fen) for line in told.discounts] == list(
        zip(kinds, (-300, -500, -200), strict=True)
    )
    assert told.due_fen == 300


def test_of_a_percentage_the_fraction_of_a_fen_stays_to_be_paid():
    """13 yuan; 33 % less is 8.71, of which 50 % are 4.355."""
    assert due("03-02 12:00:01", (), (PercentOff("a", 33), PercentOff("b", 50))) == 436


def test_a_credit_that_saves_nothing_is_not_used_up():
    granted = (AllOff("all"), AmountOff("amount", 500))
    told = quote(ROLLING, STAY, at("03-02 10:45"), (), granted)
    assert [line.ref for line in told.discounts] == ["amount"]
    free = quote(ROLLING, STAY, at("03-02 10:30"), (), granted)
    assert (free.discounts, free.due_fen) == ((), 0)


def test_of_two_free_times_the_later_one_counts_and_minutes_go_on_from_it():
    first, second = FreeUntil("a", at("03-02 11:00")), FreeUntil("b", at("03-02 12:00"))
    assert due("03-02 13:00:01", (), (first, second)) == 1600 - 1000
    assert due("03-02 13:00:01", (), (first, second, MinutesOff("c", 60))) == 300
    assert due("03-02 13:00:01", (), (second, MinutesOff("c", 61))) == 0


def test_minutes_may_reach_back_to_before_the_way_into_the_garage():
    """Two hours outside are 8 yuan, 20 minutes inside free; 100 less are 40 outside."""
    visits = (Visit("inner", at("03-02 10:00"), at("03-02 10:20")),)
    stay = Stay("outer", "car", at("03-02 08:00"), visits=visits)
    told = quote(tariff("nested"), stay, at("03-02 10:20"), (), (MinutesOff("a", 100),))
    assert (told.total_fen, told.due_fen) == (800, 400)


def test_the_free_hour_of_a_day_is_granted_in_one_area_only():
    (outside,) = tariff("new-energy-daily").tariffs
    lot = TariffSet((outside, replace(outside, area="inner")))
    visits = (Visit("inner", at("03-02 10:40"), at("03-02 11:20")),)
    stay = Stay("main", "new_energy", at("03-02 10:00"), visits=visits)
    assert quote(lot, stay, at("03-02 11:20")).total_fen == 250


def test_a_credit_and_a_payment_are_reckoned_together():
    half = (PercentOff("a", 50),)
    assert due("03-02 12:00", (), half) == 500
    assert due("03-02 12:10", (paid(5, "03-02 12:00"),), half) == 0
    assert due("03-02 12:30", (paid(5, "03-02 12:00"),), half) == 150


def test_a_credit_that_is_taken_back_is_simply_no_longer_given():
    payments = (paid(5, "03-02 12:00"),)
    assert due("03-02 12:10", payments, (PercentOff("a", 50),)) == 0
    assert due("03-02 12:10", payments) == 800


@pytest.mark.parametrize(
    "wrong",
    [lambda: PercentOff("a", 101), lambda: AmountOff("a", -1), lambda: MinutesOff("a", -1)],
)
def test_a_credit_that_would_add_to_the_fee_is_refused(wrong):
    with pytest.raises(ValueError, match="credit a: "):
        wrong()


# --- closed ------------------------------------------------------------------------------


def test_a_closed_fee_is_kept_as_it_was_and_comes_back_from_json():
    lot = tariff("nested")
    visits = (Visit("inner", at("03-02 10:10"), at("03-02 14:00")),)
    stay = Stay("outer", "car", at("03-02 10:00"), visits=visits)
    granted = (MinutesOff("c", 10), AmountOff("d", 100))
    account = Account(stay, (paid(4, "03-02 13:00"),), granted).close(lot, at("03-02 14:20"))
    assert account.closed is not None
    assert fee_of(json.loads(json.dumps(as_fields(account.closed)))) == account.closed
    assert account.fee(TariffSet(()), at("2030-01-01 00:00")) is account.closed


def test_json_holds_the_grace_and_the_days_used_up():
    stay = Stay("main", "new_energy", at("03-02 10:00"))
    lot, payments = tariff("new-energy-daily"), (paid(5, "03-02 11:30"),)
    told = quote(lot, stay, at("03-02 11:40"), payments)
    assert told.grace_until == at("03-02 11:45")
    assert told.quota_days == (at("03-02 00:00").date(),)
    assert fee_of(json.loads(json.dumps(as_fields(told)))) == told
