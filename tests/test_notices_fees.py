"""What a driver is told about rights and fees, and the code that it pays by."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.lane.events import OpenCase
from gateway.lane.reports import Case
from gateway.lane.states import Closing, Deciding, Idle, Lane, Open, Opening, Waiting
from gateway.lane.types import (
    Decision,
    Direction,
    Inputs,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Terms,
    Verdict,
    Visit,
)
from gateway.lane.voting import Ballot
from gateway.notices import notice_of, standing_notice
from gateway.signage import Pace, Signage
from gateway.texts import AT_THE_FEE, Notice, NoticeKind, worded

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
CORNERS = ((0, 0), (100, 0), (100, 30), (0, 30))
PLATE = PlateReading("京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.9, 0.9, CORNERS)
TERMS = Terms(session_id="s1", due_fen=1250, ticket="https://pay.example.cn/p?t=abc")
LANGUAGES = pytest.mark.parametrize("language", ["zh-CN", "en"])


def visit(verdict, reason, terms=TERMS, reading=PLATE):
    return Visit("p1", NOW, Decision(verdict, reason), reading, terms=terms)


def waiting(reason, **changes):
    return Lane(Waiting(visit(Verdict.DENY, reason, **changes), 1.0, Ballot()))


def let_through(reason, terms=TERMS):
    return Lane(Open(visit(Verdict.ALLOW, reason, terms), 1.0))


FEE = Notice(NoticeKind.FEE_DUE, "京A12345", fee_fen=1250, code=TERMS.ticket)

# --- which notice ------------------------------------------------------------------------


def test_who_has_to_pay_is_told_how_much_and_gets_a_code():
    assert standing_notice(waiting(Reason.PAY), EXIT) == FEE


@pytest.mark.parametrize("reason", [Reason.PAY, Reason.FULL])
def test_who_is_judged_again_still_reads_what_came_of_it_before(reason):
    before = waiting(reason)
    again = Lane(Deciding(before.state.visit, 1.0, Ballot(), "京A12345"))
    assert notice_of(before, again, (), EXIT) is None
    assert notice_of(again, before, (), EXIT) is None


def test_a_vehicle_without_a_plate_pays_by_the_code_too():
    told = standing_notice(waiting(Reason.PAY, reading=None), EXIT)
    assert told == Notice(NoticeKind.PAY_HERE, fee_fen=1250, code=TERMS.ticket)


def test_terms_that_nobody_reckoned_make_a_fee_of_nothing_and_no_code():
    told = standing_notice(waiting(Reason.PAY, terms=None), EXIT)
    assert told == Notice(NoticeKind.FEE_DUE, "京A12345")


@pytest.mark.parametrize("reason", [Reason.FULL, Reason.OWES, Reason.NO_ENTRY, Reason.NO_TARIFF])
def test_whoever_is_refused_for_another_reason_gets_no_code(reason):
    told = standing_notice(waiting(reason), EXIT)
    assert told == Notice(NoticeKind.REFUSED, "京A12345", reason)


@pytest.mark.parametrize(("days", "kind"), [(5, NoticeKind.DAYS_LEFT), (0, NoticeKind.DAYS_LEFT)])
def test_a_right_that_ends_soon_is_told_on_coming_in(days, kind):
    told = standing_notice(let_through(Reason.RIGHT, replace(TERMS, days_left=days)), ENTRY)
    assert told == Notice(kind, "京A12345", days_left=days)


def test_a_right_with_many_days_left_is_a_plain_welcome():
    told = standing_notice(let_through(Reason.RIGHT), ENTRY)
    assert told == Notice(NoticeKind.WELCOME, "京A12345", Reason.RIGHT)


def test_days_left_are_of_the_right_it_passes_by_and_told_on_coming_in_only():
    terms = replace(TERMS, days_left=3)
    assert standing_notice(let_through(Reason.RIGHT, terms), EXIT).kind is NoticeKind.GOODBYE
    assert standing_notice(let_through(Reason.AGENT, terms), ENTRY).kind is NoticeKind.WELCOME


# --- in which words ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "line", "spoken"),
    [
        (Reason.PAID, "已付款", "京 A 1 2 3 4 5，已付款，一路平安"),
        (Reason.CREDIT, "已优惠抵扣", "京 A 1 2 3 4 5，已优惠抵扣，一路平安"),
        (Reason.FREE, "本次免费", "京 A 1 2 3 4 5，本次免费，一路平安"),
        (Reason.OWING, "已挂账12.50元", "京 A 1 2 3 4 5，停车费12元5角已挂账，一路平安"),
        (Reason.DEDUCTED, "已扣费12.50元", "京 A 1 2 3 4 5，已扣费12元5角，一路平安"),
    ],
)
def test_a_goodbye_names_what_became_of_the_fee(reason, line, spoken):
    words = worded(standing_notice(let_through(reason), EXIT), "zh-CN")
    assert words.lines == ("京A12345", line, "一路平安", "欢迎再来")
    assert words.spoken == spoken


def test_a_goodbye_in_english_names_it_too():
    words = worded(standing_notice(let_through(Reason.OWING), EXIT), "en")
    assert words.lines == ("京A12345", "Owe 12.50 yuan", "Goodbye", "Drive safely")
    assert words.spoken == "京 A 1 2 3 4 5, you owe 12.50 yuan, goodbye"


def test_a_fee_that_was_deducted_whole_is_told_without_an_amount():
    paid = replace(TERMS, due_fen=0)
    words = worded(standing_notice(let_through(Reason.DEDUCTED, paid), EXIT), "zh-CN")
    assert words.lines[1] == "已扣费"


@pytest.mark.parametrize("reason", [Reason.ALLOW_LIST, Reason.RIGHT, Reason.AGENT, Reason.FIRE])
def test_a_reason_that_is_nobodys_business_is_not_told_on_passing(reason):
    for direction, greeting in ((ENTRY, "欢迎光临"), (EXIT, "一路平安")):
        words = worded(standing_notice(let_through(reason), direction), "zh-CN")
        assert words.lines[:2] == ("京A12345", greeting)
        assert words.spoken == f"京 A 1 2 3 4 5，{greeting}"


def test_a_visitor_is_told_so_on_coming_in():
    words = worded(standing_notice(let_through(Reason.TEMPORARY), ENTRY), "zh-CN")
    assert words.lines[:2] == ("京A12345", "临时车辆")


@LANGUAGES
@pytest.mark.parametrize("kind", [NoticeKind.WELCOME, NoticeKind.GOODBYE])
@pytest.mark.parametrize("reason", Reason)
def test_every_word_on_passing_fits_a_small_sign(reason, kind, language):
    words = worded(Notice(kind, "粤Z1234港", reason, fee_fen=123456), language)
    assert max(len(line.encode("gbk")) for line in words.lines) <= 16
    assert "{" not in words.spoken
    assert "，，" not in words.spoken
    assert ", ," not in words.spoken


@LANGUAGES
@pytest.mark.parametrize("kind", sorted(AT_THE_FEE))
def test_who_has_to_pay_reads_the_amount_and_what_to_do(kind, language):
    words = worded(Notice(kind, fee_fen=1250), language)
    assert "12.50" in words.lines[0]
    assert any(word in words.lines[1] for word in ("扫码", "Scan"))


# --- at the lane -------------------------------------------------------------------------


class CodeSign:
    """A display with codes: keeps the first two lines and the code of all that it showed."""

    def __init__(self):
        self.shown, self.said = [], []

    async def show(self, lines):
        self.shown.append((*lines[:2], ""))

    async def show_code(self, lines, code):
        self.shown.append((*lines[:2], code or "an empty code"))

    async def say(self, text):
        self.said.append(text)


class WordSign:
    def __init__(self):
        self.shown = []

    async def show(self, lines):
        self.shown.append(tuple(lines))

    async def say(self, text):
        pass


def played(display, story, **pace):
    """Run `story(signage)` at an exit; the display is there from the start."""

    async def run():
        idle = Notice(NoticeKind.IDLE_EXIT)
        signage = Signage("exit-1", idle, display=display, pace=Pace(**pace))
        running = asyncio.create_task(signage.run())
        await asyncio.wait_for(story(signage), 60)
        running.cancel()

    asyncio.run(run())


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


IDLE = Lane(Idle())
CODED_FEE = ("京A12345", "请付12.50元", TERMS.ticket)


def test_a_driver_reads_the_fee_pays_by_the_code_and_is_let_out():
    """The whole visit, as the lane's steps tell it."""
    paid = visit(Verdict.ALLOW, Reason.PAID, replace(TERMS, due_fen=0, ticket=""))
    case = OpenCase(Case("c", NOW, "waits", waiting(Reason.PAY).state.visit, Inputs()))
    steps = [
        (waiting(Reason.PAY), (), CODED_FEE),
        (waiting(Reason.PAY), (case,), CODED_FEE),
        (Lane(Opening(paid, 1.0)), (), ("京A12345", "已付款", "")),
        (Lane(Open(paid, 1.0)), (), ("京A12345", "已付款", "")),
        (Lane(Closing(1.0)), (), ("一路平安", "一车一杆", "")),
    ]
    sign = CodeSign()

    async def story(signage):
        before = IDLE
        for after, commands, seen in steps:
            notice = notice_of(before, after, commands, EXIT)
            if notice is not None:
                signage.tell(notice)
            await until(lambda seen=seen: sign.shown and sign.shown[-1] == seen)
            before = after

    played(sign, story)
    assert [
        face
        for face, after in zip(sign.shown, [*sign.shown[1:], None], strict=True)
        if face != after
    ] == [
        CODED_FEE,
        ("京A12345", "已付款", ""),
        ("一路平安", "一车一杆", ""),
    ]
    assert sign.said[-1] == "京 A 1 2 3 4 5，已付款，一路平安"


def test_a_fee_stays_until_the_lane_says_otherwise():
    sign = CodeSign()

    async def story(signage):
        signage.tell(FEE)
        await until(lambda: len(sign.shown) >= 5)

    played(sign, story, standing_s=0.01, brief_s=0.01, refresh_s=0.05)
    assert set(sign.shown) == {CODED_FEE}


def test_help_that_was_called_is_said_and_leaves_the_code_where_it_is():
    sign = CodeSign()

    async def story(signage):
        signage.tell(FEE)
        await until(lambda: sign.said)
        signage.tell(Notice(NoticeKind.AGENT_CALLED))
        await until(lambda: len(sign.said) >= 2 and len(sign.shown) >= 3)

    played(sign, story, refresh_s=0.05)
    assert set(sign.shown) == {CODED_FEE}
    assert sign.said == ["京 A 1 2 3 4 5，请付停车费12元5角", "已呼叫管理员，请稍候"]


def test_help_for_whoever_has_nothing_to_pay_is_shown():
    sign = CodeSign()

    async def story(signage):
        signage.tell(Notice(NoticeKind.REFUSED, "京A12345", Reason.FULL))
        await until(lambda: sign.shown)
        signage.tell(Notice(NoticeKind.AGENT_CALLED))
        await until(lambda: sign.shown[-1][0] == "已呼叫管理员")

    played(sign, story)


def test_a_fresh_code_for_the_same_fee_is_shown_and_not_said_again():
    sign = CodeSign()

    async def story(signage):
        signage.tell(FEE)
        await until(lambda: sign.shown and sign.said)
        signage.tell(replace(FEE, code="another"))
        await until(lambda: sign.shown[-1] == ("京A12345", "请付12.50元", "another"))
        signage.tell(replace(FEE, code="third", fee_fen=1500))
        await until(lambda: len(sign.said) > 1)

    played(sign, story)
    assert [said[-6:] for said in sign.said] == ["费12元5角", "停车费15元"]


def test_a_fee_without_a_code_is_shown_in_words():
    sign = CodeSign()

    async def story(signage):
        signage.tell(replace(FEE, code=""))
        await until(lambda: sign.shown)

    played(sign, story)
    assert sign.shown[0] == ("京A12345", "请付12.50元", "")


def test_a_display_without_codes_shows_the_words_alone():
    sign = WordSign()

    async def story(signage):
        signage.tell(FEE)
        await until(lambda: sign.shown)

    played(sign, story)
    assert sign.shown[0] == ("京A12345", "请付12.50元", "请扫码付款")
