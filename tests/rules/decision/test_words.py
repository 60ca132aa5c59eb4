"""One sentence for each judgement: who, yes or no, and why, with the figures."""

from datetime import timedelta
from random import Random

import pytest

from gateway.rules.decision import Passback
from gateway.rules.decision.words import REASONS, WHYS, sentence
from gateway.rules.rights import RightKind, Use, Why
from gateway.rules.rights.words import KINDS
from gateway.rules.tariff.stay import AmountOff
from gateway.rules.tariff.words import Language
from tests.rules.decision.cases import (
    EXIT,
    HOUR,
    NIGHT,
    NOON,
    Case,
    a_right,
    a_session,
    at,
    coming,
    gone,
    minutes,
    paid,
    span,
)
from tests.rules.decision.random_cases import a_case
from tests.rules.decision.test_decider import REASONS as JUDGED

ZH, EN = Language.CHINESE, Language.ENGLISH
HOURS_2 = timedelta(hours=2)
OWING = {"owe_fen": 400, "owe_all_fen": 400}


def told(case: Case, language: Language) -> str:
    return sentence(case.judged, case.arriving, language)


@pytest.mark.parametrize(
    ("case", "zh", "en"),
    [
        (
            coming(a_right(valid=span(at(1), at(20)))),
            "京A12345：放行，凭权益通行，月卡 card 有效至2026-11-19 24:00，剩余2天。",
            (
                "京A12345 may pass: by a right, month card card good until 2026-11-19 24:00,"
                " 2 days left."
            ),
        ),
        (
            coming(a_right(valid=span(at(1), at(17, 11, 30)))),
            "京A12345：放行，临时车，月卡 card 已于2026-11-17 11:30到期。",
            "京A12345 may pass: a visitor who pays, month card card expired 2026-11-17 11:30.",
        ),
        (
            coming().knowing(places_left=0),
            "京A12345：不放行，车位已满。",
            "京A12345 may not pass: all places are taken.",
        ),
        (
            gone(after=HOURS_2).knowing(credits=(AmountOff("c", 150),), payments=paid(100, NOON)),
            "京A12345：不放行，请先付费，停车费4.00元，优惠1.50元，已付1.00元，应付1.50元。",
            (
                "京A12345 may not pass: the fee is to be paid first, fee 4.00 yuan, 1.50 off,"
                " 1.00 paid, 1.50 due."
            ),
        ),
        (
            gone(after=HOURS_2, **OWING).knowing(online=False),
            "京A12345：放行，云端不在线，先离场后补缴，停车费4.00元，欠4.00元，离线判定。",
            (
                "京A12345 may pass: the cloud is away, the fee is owed, fee 4.00 yuan, 4.00 owed,"
                " decided offline."
            ),
        ),
        (
            Case(EXIT).of(plate="").knowing(likely=(a_session(), a_session(session_id="s2"))),
            "无牌车：不放行，没有入场记录，可能是场内另外2辆车之一。",
            (
                "a vehicle without a plate may not pass: nobody saw it come in, may be one of"
                " 2 others inside."
            ),
        ),
        (
            Case(EXIT).knowing(likely=(a_session(),)),
            "京A12345：不放行，没有入场记录，可能是场内另一辆车。",
            "京A12345 may not pass: nobody saw it come in, may be another one that is inside.",
        ),
        (
            coming(passback=Passback.HARD).knowing(inside=(a_session(),)),
            "京A12345：不放行，记录显示已在场内，上次未见离场。",
            "京A12345 may not pass: already inside by the records, not seen to leave before.",
        ),
        (
            gone(
                a_right(windows=(NIGHT,)), after=timedelta(hours=16), session=a_session(at(17, 18))
            ),
            (
                "京A12345：不放行，请先付费，月卡 card 有效至2026-11-29 24:00，"
                "停车费2.00元，应付2.00元。"
            ),
            (
                "京A12345 may not pass: the fee is to be paid first, month card card good until"
                " 2026-11-29 24:00, fee 2.00 yuan, 2.00 due."
            ),
        ),
        (
            gone(after=minutes(30)).knowing(payments=paid(100, NOON)),
            "京A12345：放行，已付费，已付1.00元，多付1.00元。",
            "京A12345 may pass: paid, 1.00 paid, 1.00 paid too much.",
        ),
    ],
)
def test_a_judgement_in_a_sentence(case, zh, en):
    assert (told(case, ZH), told(case, EN)) == (zh, en)


@pytest.mark.parametrize(
    ("changes", "use", "zh", "en"),
    [
        ({"spaces": 2}, Use(2), "2个车位已被占用", "its 2 spaces are taken"),
        ({"windows": (NIGHT,)}, Use(), "不在可用时段内", "not at this time"),
        ({"uses": 3}, Use(0, 3), "3次已用完", "its 3 entries are used up"),
        ({"paid": False}, Use(), "未缴费", "not paid"),
        (
            {"valid": span(at(18), at(20))},
            Use(),
            "2026-11-18 00:00起生效",
            "begins 2026-11-18 00:00",
        ),
        ({"areas": frozenset({"b2", "b1"})}, Use(), "仅限b1, b2", "only for b1, b2"),
        ({"classes": frozenset({"large"})}, Use(), "仅限车型large", "only for the class large"),
        (
            {"valid": span(at(17, 11), at(18)), "no_show_s": HOUR - 1},
            Use(),
            "逾期未到，已释放",
            "released, as nobody came in time",
        ),
    ],
)
def test_why_the_nearest_right_does_not_cover(changes, use, zh, en):
    right = a_right(kind=RightKind.RESERVATION, **changes)
    case = coming(right).knowing(uses={"card": use})
    assert f"预约 card {zh}" in told(case, ZH)
    assert f"reservation card {en}" in told(case, EN)


def test_what_no_tariff_fits_is_told_by_the_tariffs_own_words():
    nowhere = a_session(area="roof")
    case = gone(after=HOURS_2, session=nowhere)
    assert "area 'roof' has no tariff" in told(case, EN)


def test_nothing_lacks_its_words_in_either_language():
    assert set(KINDS[ZH]) == set(KINDS[EN]) == set(RightKind)
    assert set(WHYS[ZH]) == set(WHYS[EN]) == set(Why)
    assert set(REASONS[ZH]) == set(REASONS[EN]) >= JUDGED


def test_every_judgement_is_one_short_sentence_in_both_languages():
    dice = Random("words")
    for _ in range(2_000):
        case = a_case(dice)
        if dice.random() < 0.1:
            case = case.of(plate="")
        reason = str(case.judged.decision.reason)
        zh, en = told(case, ZH), told(case, EN)
        assert zh.endswith("。")
        assert en.endswith(".")
        assert "{" not in zh + en
        assert "None" not in zh + en
        assert f"，{reason}" not in zh
        assert "_" not in en
        assert len(en) < 260
        assert len(zh) < 150
