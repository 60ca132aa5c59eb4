"""A judgement in one sentence: for the log, the cloud, and a person who has to help."""

from collections.abc import Mapping

from gateway.lane.types import DecidedBy, Reason, Verdict
from gateway.rules.clock import DAY_S, date_of, datetime_of
from gateway.rules.decision.facts import Arriving
from gateway.rules.decision.judgement import Judgement
from gateway.rules.rights import Answer, Why
from gateway.rules.rights.words import KINDS
from gateway.rules.tariff.words import Language, yuan

ZH, EN = Language.CHINESE, Language.ENGLISH

NOBODY = {ZH: "无牌车", EN: "a vehicle without a plate"}
VERDICTS = {
    ZH: {Verdict.ALLOW: "放行", Verdict.DENY: "不放行"},
    EN: {Verdict.ALLOW: "may pass", Verdict.DENY: "may not pass"},
}
REASONS: Mapping[Language, Mapping[Reason, str]] = {
    ZH: {
        Reason.ALLOW_LIST: "在白名单内",
        Reason.BLOCK_LIST: "在黑名单内",
        Reason.FREE_VEHICLE: "此类车辆免费",
        Reason.ALREADY_INSIDE: "记录显示已在场内",
        Reason.NOT_ATTESTED: "未通过核验",
        Reason.RIGHT: "凭权益通行",
        Reason.UNKNOWN_PLATE: "此处不接待临时车",
        Reason.OWES: "有欠费未缴",
        Reason.FULL: "车位已满",
        Reason.TEMPORARY: "临时车",
        Reason.NO_ENTRY: "没有入场记录",
        Reason.NO_TARIFF: "没有适用的收费标准",
        Reason.PAID: "已付费",
        Reason.CREDIT: "优惠已抵扣全部费用",
        Reason.FREE: "无需付费",
        Reason.DEDUCTED: "由无感支付扣费",
        Reason.OWING: "云端不在线，先离场后补缴",
        Reason.PAY: "请先付费",
    },
    EN: {
        Reason.ALLOW_LIST: "on the allow list",
        Reason.BLOCK_LIST: "on the block list",
        Reason.FREE_VEHICLE: "a vehicle of this kind never pays",
        Reason.ALREADY_INSIDE: "already inside by the records",
        Reason.NOT_ATTESTED: "not attested",
        Reason.RIGHT: "by a right",
        Reason.UNKNOWN_PLATE: "only vehicles with a right may come in here",
        Reason.OWES: "it owes for earlier stays",
        Reason.FULL: "all places are taken",
        Reason.TEMPORARY: "a visitor who pays",
        Reason.NO_ENTRY: "nobody saw it come in",
        Reason.NO_TARIFF: "no tariff fits",
        Reason.PAID: "paid",
        Reason.CREDIT: "credits cover the whole fee",
        Reason.FREE: "nothing to pay",
        Reason.DEDUCTED: "the fee is taken without stopping",
        Reason.OWING: "the cloud is away, the fee is owed",
        Reason.PAY: "the fee is to be paid first",
    },
}
WHYS: Mapping[Language, Mapping[Why, str]] = {
    ZH: {
        Why.COVERED: "有效至{until}",
        Why.SPACES_TAKEN: "{spaces}个车位已被占用",
        Why.OUTSIDE_WINDOW: "不在可用时段内",
        Why.RELEASED: "逾期未到，已释放",
        Why.USED_UP: "{uses}次已用完",
        Why.UNPAID: "未缴费",
        Why.NOT_YET: "{begins}起生效",
        Why.EXPIRED: "已于{until}到期",
        Why.OTHER_AREA: "仅限{areas}",
        Why.OTHER_CLASS: "仅限车型{classes}",
    },
    EN: {
        Why.COVERED: "good until {until}",
        Why.SPACES_TAKEN: "its {spaces} spaces are taken",
        Why.OUTSIDE_WINDOW: "not at this time",
        Why.RELEASED: "released, as nobody came in time",
        Why.USED_UP: "its {uses} entries are used up",
        Why.UNPAID: "not paid",
        Why.NOT_YET: "begins {begins}",
        Why.EXPIRED: "expired {until}",
        Why.OTHER_AREA: "only for {areas}",
        Why.OTHER_CLASS: "only for the class {classes}",
    },
}
MONEY = {
    ZH: {"total": "停车费{yuan}元", "discounted": "优惠{yuan}元", "paid": "已付{yuan}元",
         "due": "应付{yuan}元", "owed": "欠{yuan}元", "overpaid": "多付{yuan}元"},
    EN: {"total": "fee {yuan} yuan", "discounted": "{yuan} off", "paid": "{yuan} paid",
         "due": "{yuan} due", "owed": "{yuan} owed", "overpaid": "{yuan} paid too much"},
}  # fmt: skip
DAYS = {ZH: "剩余{days}天", EN: "{days} days left"}
LINKED = {ZH: "上次未见离场", EN: "not seen to leave before"}
LIKELY = {ZH: "可能是场内另外{count}辆车之一", EN: "may be one of {count} others inside"}
THE_ONE = {ZH: "可能是场内另一辆车", EN: "may be another one that is inside"}
OFFLINE = {ZH: "离线判定", EN: "decided offline"}


def sentence(judgement: Judgement, arriving: Arriving, language: Language) -> str:
    """Who, yes or no, and why, with what there is in figures."""
    who = arriving.vehicle.plate or NOBODY[language]
    verdict = VERDICTS[language][judgement.decision.verdict]
    parts = [_reason(judgement, language), *_right(judgement, language)]
    parts += [*_money(judgement, language), *_doubts(judgement, language)]
    if language is ZH:
        return f"{who}：{verdict}，{'，'.join(parts)}。"
    return f"{who} {verdict}: {', '.join(parts)}."


def _reason(judgement: Judgement, language: Language) -> str:
    reason, why = judgement.decision.reason, judgement.terms.why
    if reason is Reason.NO_TARIFF and why:
        return why
    return REASONS[language].get(reason, str(reason))


def _right(judgement: Judgement, language: Language) -> list[str]:
    answer = judgement.answer
    if answer is None:
        return []
    told = [right_words(answer, language)]
    days = judgement.terms.days_left
    return told if days is None else [*told, DAYS[language].format(days=days)]


def right_words(answer: Answer, language: Language) -> str:
    """A right by its kind and id, and that it covers, or why it does not."""
    right = answer.right
    why = WHYS[language][answer.why].format(
        until=_end(right.valid.end),
        begins=f"{datetime_of(right.valid.start):%Y-%m-%d %H:%M}",
        spaces=right.spaces,
        uses=right.uses,
        areas=", ".join(sorted(right.areas)),
        classes=", ".join(sorted(right.classes)),
    )
    return f"{KINDS[language][right.kind]} {right.right_id} {why}"


def _end(second: int) -> str:
    """Midnight belongs to the day before: `2026-03-31 24:00`."""
    if second % DAY_S == 0:
        return f"{date_of(second // DAY_S - 1)} 24:00"
    return f"{datetime_of(second):%Y-%m-%d %H:%M}"


def _money(judgement: Judgement, language: Language) -> list[str]:
    """Each sum that is not nothing."""
    fee = judgement.fee
    if fee is None:
        return []
    allowed = judgement.decision.verdict is Verdict.ALLOW
    sums = {
        "total": fee.total_fen,
        "discounted": fee.discounted_fen,
        "paid": fee.paid_fen,
        "owed" if allowed else "due": fee.due_fen,
        "overpaid": fee.overpaid_fen,
    }
    words = MONEY[language]
    return [words[name].format(yuan=yuan(fen)) for name, fen in sums.items() if fen]


def _doubts(judgement: Judgement, language: Language) -> list[str]:
    terms, told = judgement.terms, []
    if terms.linked:
        told.append(LINKED[language])
    if terms.likely:
        words = THE_ONE if len(terms.likely) == 1 else LIKELY
        told.append(words[language].format(count=len(terms.likely)))
    if judgement.decision.decided_by is DecidedBy.EDGE_OFFLINE:
        told.append(OFFLINE[language])
    return told
