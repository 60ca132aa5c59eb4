"""A fee tells itself, in Chinese and in English."""

import pytest

from gateway.rules.tariff import LineKind, Payment, Stay, Visit, quote
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    FreeUntil,
    MinutesOff,
    PercentOff,
)
from gateway.rules.tariff.words import (
    RULES,
    Language,
    fee_words,
    length_words,
    rule_words,
    yuan,
)
from tests.rules.tariff.fixtures import FILES, at, tariff

CHINESE, ENGLISH = Language.CHINESE, Language.ENGLISH


def rules(name, entered, left, language, **more):
    lot, stay = (
        tariff(name),
        Stay(more.pop("area", "main"), more.pop("vehicle", "car"), at(entered)),
    )
    fee = quote(lot, stay, at(left), (), more.pop("granted", ()))
    return [rule_words(line, language) for line in (*fee.lines, *fee.discounts)]


def test_bands_and_caps_in_both_languages():
    asked = ("free-else-from-start", "03-02 08:00", "03-02 20:10")
    assert rules(*asked, ENGLISH) == [
        "22 x 1.00 yuan per 30 min (07:00-19:00)",
        "2 x 0.50 yuan per 1 h (19:00-07:00)",
        "at most 20.00 yuan per 24 h",
    ]
    assert rules(*asked, CHINESE) == [
        "07:00-19:00每30分钟1.00元，计22次",
        "19:00-07:00每1小时0.50元，计2次",
        "每24小时封顶20.00元",
    ]


def test_a_first_span_and_a_dropped_remainder_in_both_languages():
    asked = ("remainder-dropped", "03-02 10:00", "03-02 14:10:30")
    assert rules(*asked, ENGLISH) == [
        "5.00 yuan up to 3 h",
        "1 x 1.00 yuan per 1 h, 10 min 30 s dropped",
    ]
    assert rules(*asked, CHINESE) == ["至3小时共5.00元", "每1小时1.00元，计1次，余10分钟30秒不计"]


def test_free_and_whole_bands_in_both_languages():
    asked = ("free-not-repeated", "03-02 18:00", "03-02 21:00")
    assert rules(*asked, ENGLISH)[-1] == "free (19:00-05:00)"
    assert rules(*asked, CHINESE)[-1] == "19:00-05:00免费"
    asked = ("day-night", "03-02 22:00", "03-03 01:00")
    assert rules(*asked, ENGLISH) == ["5.00 yuan (20:00-08:00)"]
    assert rules(*asked, CHINESE) == ["20:00-08:00共5.00元"]


def test_free_time_and_a_price_for_each_time_in_both_languages():
    assert rules("stepped", "03-02 10:00", "03-02 10:05", ENGLISH) == ["10 min are free"]
    assert rules("stepped", "03-02 10:00", "03-02 10:05", CHINESE) == ["免费时长10分钟"]
    assert rules("per-time", "03-02 10:00", "03-02 10:05", ENGLISH) == ["5.00 yuan once"]
    assert rules("per-time", "03-02 10:00", "03-02 10:05", CHINESE) == ["一次共5.00元"]


def test_half_price_in_both_languages():
    asked = ("new-energy-daily", "03-02 10:00", "03-02 12:00")
    assert rules(*asked, ENGLISH, vehicle="new_energy")[-1] == "at 50 %"
    assert rules(*asked, CHINESE, vehicle="new_energy")[-1] == "按50%收取"


def test_each_credit_in_both_languages():
    granted = (
        AsClass("1", "new_energy"),
        FreeUntil("2", at("03-02 13:10")),
        MinutesOff("3", 60),
        PercentOff("4", 50),
        AmountOff("5", 40),
        AllOff("6"),
    )
    asked = ("new-energy", "03-02 10:00", "03-02 17:00")
    assert rules(*asked, ENGLISH, granted=granted)[-6:] == [
        "credit 1 (new_energy): charged as another class",
        "credit 2: free until 03-02 13:10:00",
        "credit 3: 60 min less",
        "credit 4: 50 % less",
        "credit 5: 0.40 yuan less",
        "credit 6: nothing to pay",
    ]
    assert rules(*asked, CHINESE, granted=granted)[-6:] == [
        "优惠1 (new_energy)：按其他车型计费",
        "优惠2：免费至03-02 13:10:00",
        "优惠3：减免60分钟",
        "优惠4：减免50%",
        "优惠5：减免0.40元",
        "优惠6：全免",
    ]


def test_a_whole_fee_adds_up_from_top_to_bottom():
    stay = Stay("outer", "car", at("03-02 08:00"), visits=(Visit("inner", at("03-02 08:10")),))
    payments = (Payment(400, at("03-02 09:30")),)
    fee = quote(tariff("nested"), stay, at("03-02 09:40"), payments, (AmountOff("x", 100),))
    assert fee_words(fee, ENGLISH) == [
        "outer 2026-1, all vehicles, car: 2026-03-02 08:00:00 - 2026-03-02 09:30:00, 1 h 30 min",
        "03-02 08:00:00 - 03-02 08:10:00      0.00  a way through of at most 15 min is free",
        "03-02 08:10:00 - 03-02 09:30:00      4.00  2 x 2.00 yuan per 1 h",
        "                                     4.00  fee",
        "03-02 08:00:00 - 03-02 09:30:00     -1.00  credit x: 1.00 yuan less",
        "                                    -4.00  paid",
        "                                     1.00  paid too much",
        "                                     0.00  due",
        "paid; leave by 03-02 09:45:00",
    ]


@pytest.mark.parametrize("language", Language)
def test_every_kind_of_line_has_words(language):
    assert set(RULES[language]) == set(LineKind)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_tariff_that_ships_has_words_for_each_of_its_lines(path, language):
    area = "outer" if path.is_dir() else "main"
    stay = Stay(area, "car", at("03-02 08:00"))
    fee = quote(tariff(path.stem), stay, at("03-05 08:00"))
    words = fee_words(fee, language)
    assert len(words) == len(fee.lines) + 2
    assert not any("{" in line for line in words)


def test_amounts_and_lengths_are_written_out():
    assert [yuan(fen) for fen in (0, 5, 1200, -50, -1234)] == [
        "0.00",
        "0.05",
        "12.00",
        "-0.50",
        "-12.34",
    ]
    assert [length_words(s, ENGLISH) for s in (0, 59, 3600, 90061)] == [
        "0 min",
        "59 s",
        "1 h",
        "25 h 1 min 1 s",
    ]
    assert length_words(90061, CHINESE) == "25小时1分钟1秒"
