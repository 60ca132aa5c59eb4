"""What a right says to a vehicle, in words for an operator, in Chinese or English. Pure."""

from collections.abc import Mapping

from gateway.rules.clock import datetime_of
from gateway.rules.rights.judging import Answer, Why
from gateway.rules.rights.right import Right, RightKind
from gateway.rules.rights.spans import Spans
from gateway.rules.tariff.words import Language, length_words

KINDS: Mapping[Language, Mapping[RightKind, str]] = {
    Language.CHINESE: {
        RightKind.STAFF: "员工",
        RightKind.FLEET: "车队",
        RightKind.MONTH_CARD: "月卡",
        RightKind.RENTAL: "租位",
        RightKind.RESERVATION: "预约",
        RightKind.SHARED_SPACE: "共享车位",
        RightKind.VISITOR: "访客",
        RightKind.BLOCKED: "禁行",
    },
    Language.ENGLISH: {kind: str(kind).replace("_", " ") for kind in RightKind},
}
WORDS: Mapping[Language, Mapping[Why, str]] = {
    Language.CHINESE: {
        Why.COVERED: "有效",
        Why.SPACES_TAKEN: "{spaces}个车位已占满",
        Why.OUTSIDE_WINDOW: "不在允许的时段内",
        Why.RELEASED: "开始后{no_show}内未到，已释放",
        Why.USED_UP: "{uses}次已用完",
        Why.UNPAID: "尚未付费",
        Why.NOT_YET: "{start}起才有效",
        Why.EXPIRED: "已于{end}到期",
        Why.OTHER_AREA: "只限区域{areas}",
        Why.OTHER_CLASS: "只限车型{classes}",
    },
    Language.ENGLISH: {
        Why.COVERED: "covers",
        Why.SPACES_TAKEN: "all of its {spaces} spaces are taken",
        Why.OUTSIDE_WINDOW: "outside its windows",
        Why.RELEASED: "released: nobody came within {no_show} of its beginning",
        Why.USED_UP: "used up: {uses} entries",
        Why.UNPAID: "not paid",
        Why.NOT_YET: "not valid before {start}",
        Why.EXPIRED: "expired at {end}",
        Why.OTHER_AREA: "for area {areas} only",
        Why.OTHER_CLASS: "for class {classes} only",
    },
}
MORE = {
    Language.CHINESE: {
        "join": "，",
        "blocks": "禁止通行",
        "days": "还剩{days}天",
        "renewal": "已到期，在续费宽限内",
        "spaces": "前提是{spaces}个车位还有空位",
        "plan": "按收费方案{plan}计费",
        "charged": "计费 {start} - {end}，{length}",
        "nothing": "这段时间不收费",
    },
    Language.ENGLISH: {
        "join": ", ",
        "blocks": "may not pass",
        "days": "{days} days left",
        "renewal": "expired, but may still be renewed",
        "spaces": "while one of its {spaces} spaces is free",
        "plan": "charged by the plan {plan}",
        "charged": "charged {start} - {end}, {length}",
        "nothing": "nothing of the stay is charged",
    },
}


def answer_words(answer: Answer, at: int, language: Language) -> str:
    """`month card card-7: covers, 5 days left`; `at` is the second that was asked about."""
    right = answer.right
    said = [WORDS[language][answer.why].format(**_figures(right, language))]
    if answer.why is Why.COVERED and right.kind is RightKind.BLOCKED:
        said = [MORE[language]["blocks"]]
    elif answer.why is Why.COVERED:
        said += _conditions(answer, at, language)
    head = f"{KINDS[language][right.kind]} {right.right_id}"
    return f"{head}: {MORE[language]['join'].join(said)}"


def _conditions(answer: Answer, at: int, language: Language) -> list[str]:
    right, more = answer.right, MORE[language]
    said = []
    if right.spaces is not None:
        said.append(more["spaces"].format(spaces=right.spaces))
    if right.plan:
        said.append(more["plan"].format(plan=right.plan))
    if at >= right.valid.end:
        said.append(more["renewal"])
    elif answer.days_left is not None:
        said.append(more["days"].format(days=answer.days_left))
    return said


def _figures(right: Right, language: Language) -> dict[str, str]:
    return {
        "spaces": str(right.spaces),
        "uses": str(right.uses),
        "no_show": length_words(right.no_show_s, language),
        "start": _time(right.valid.start),
        "end": _time(right.valid.end),
        "areas": ", ".join(sorted(right.areas)),
        "classes": ", ".join(sorted(right.classes)),
    }


def charged_words(spans: Spans, language: Language) -> list[str]:
    """A line for each span of a stay that no right covers."""
    more = MORE[language]
    told = [
        more["charged"].format(
            start=_time(span.start), end=_time(span.end), length=length_words(span.length, language)
        )
        for span in spans
    ]
    return told or [more["nothing"]]


def _time(second: int) -> str:
    return f"{datetime_of(second):%Y-%m-%d %H:%M:%S}"
