"""A fee in words: each line for a driver or an operator, in Chinese or English."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.rules.clock import DAY_S, datetime_of, local_s
from gateway.rules.tariff.fee import Fee, Line, LineKind
from gateway.rules.tariff.shapes import OPEN_END_S, PeriodKind

MINUTE_S, HOUR_S = 60, 3600
FEN = 100


class Language(StrEnum):
    CHINESE = "zh-CN"
    ENGLISH = "en"


RULES: Mapping[Language, Mapping[LineKind, str]] = {
    Language.CHINESE: {
        LineKind.WAY_THROUGH: "穿行不超过{length}免费",
        LineKind.WAIVED: "权益覆盖，不计费",
        LineKind.FREE: "免费时长{length}",
        LineKind.DAILY_FREE: "当日免费时长{length}",
        LineKind.SPAN: "{step}共{price}元",
        LineKind.UNITS: "{band}{units}",
        LineKind.CAP: "{period}封顶{money}元",
        LineKind.PERCENT: "按{figure}%收取",
        LineKind.AS_CLASS: "优惠{ref}：按其他车型计费",
        LineKind.FREE_UNTIL: "优惠{ref}：免费至{time}",
        LineKind.MINUTES_OFF: "优惠{ref}：减免{figure}分钟",
        LineKind.PERCENT_OFF: "优惠{ref}：减免{figure}%",
        LineKind.AMOUNT_OFF: "优惠{ref}：减免{money}元",
        LineKind.ALL_OFF: "优惠{ref}：全免",
    },
    Language.ENGLISH: {
        LineKind.WAY_THROUGH: "a way through of at most {length} is free",
        LineKind.WAIVED: "covered by a right",
        LineKind.FREE: "{length} are free",
        LineKind.DAILY_FREE: "{length} are free today",
        LineKind.SPAN: "{price} yuan {step}",
        LineKind.UNITS: "{units}{band}",
        LineKind.CAP: "at most {money} yuan {period}",
        LineKind.PERCENT: "at {figure} %",
        LineKind.AS_CLASS: "credit {ref}: charged as another class",
        LineKind.FREE_UNTIL: "credit {ref}: free until {time}",
        LineKind.MINUTES_OFF: "credit {ref}: {figure} min less",
        LineKind.PERCENT_OFF: "credit {ref}: {figure} % less",
        LineKind.AMOUNT_OFF: "credit {ref}: {money} yuan less",
        LineKind.ALL_OFF: "credit {ref}: nothing to pay",
    },
}
FREE_BAND, WHOLE_BAND, EACH_UNIT = range(3)
UNITS = {
    Language.CHINESE: ("免费", "共{price}元", "每{unit}{price}元，计{units}次{dropped}"),
    Language.ENGLISH: ("free", "{price} yuan", "{units} x {price} yuan per {unit}{dropped}"),
}
PERIODS = {
    Language.CHINESE: {
        PeriodKind.STAY: "本次停车",
        PeriodKind.ROLLING: "每24小时",
        PeriodKind.CALENDAR_DAY: "每日（零点起）",
    },
    Language.ENGLISH: {
        PeriodKind.STAY: "for a stay",
        PeriodKind.ROLLING: "per 24 h",
        PeriodKind.CALENDAR_DAY: "per calendar day",
    },
}
SUMS = {
    Language.CHINESE: {
        "total": "停车费",
        "paid": "已付",
        "due": "应付",
        "overpaid": "多付",
        "grace": "已付清，请于{time}前离场",
    },
    Language.ENGLISH: {
        "total": "fee",
        "paid": "paid",
        "due": "due",
        "overpaid": "paid too much",
        "grace": "paid; leave by {time}",
    },
}


def yuan(fen: int) -> str:
    """`-0.50`, `12.00`."""
    whole, part = divmod(abs(fen), FEN)
    return f"{'-' * (fen < 0)}{whole}.{part:02}"


def length_words(seconds: int, language: Language) -> str:
    """`1 h 30 min`, `45 s`; hours go on beyond 24."""
    hours, rest = divmod(seconds, HOUR_S)
    minutes, left = divmod(rest, MINUTE_S)
    if language is Language.CHINESE:
        parts = ((hours, "小时"), (minutes, "分钟"), (left, "秒"))
        return "".join(f"{count}{unit}" for count, unit in parts if count) or "0分钟"
    named = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{count} {unit}" for count, unit in named if count) or "0 min"


def rule_words(line: Line, language: Language) -> str:
    """The rule behind a line, without its time and its amount."""
    return RULES[language][line.kind].format(
        length=length_words(line.figure, language),
        step=_step(line, language),
        price=yuan(line.amount_fen),
        band=_band(line, language),
        units=_units(line, language),
        period=PERIODS[language].get(PeriodKind(line.ref), "") if line.kind is LineKind.CAP else "",
        money=yuan(line.figure),
        figure=line.figure,
        time=_time(line),
        ref=line.ref,
    )


def _units(line: Line, language: Language) -> str:
    if line.price_fen == 0:
        told = FREE_BAND
    else:
        told = WHOLE_BAND if line.unit_s == DAY_S and line.units == 1 else EACH_UNIT
    return UNITS[language][told].format(
        price=yuan(line.price_fen),
        unit=length_words(line.unit_s, language),
        units=line.units,
        dropped=_dropped(line, language),
    )


def _step(line: Line, language: Language) -> str:
    open_end = line.figure >= OPEN_END_S
    if language is Language.CHINESE:
        return "一次" if open_end else f"至{length_words(line.figure, language)}"
    return "once" if open_end else f"up to {length_words(line.figure, language)}"


def _time(line: Line) -> str:
    at_time = line.kind is LineKind.FREE_UNTIL
    return f"{datetime_of(line.figure):%m-%d %H:%M:%S}" if at_time else ""


def _band(line: Line, language: Language) -> str:
    if line.band_start_s == line.band_end_s % DAY_S:
        return ""
    span = f"{_clock(line.band_start_s)}-{_clock(line.band_end_s)}"
    return span if language is Language.CHINESE else f" ({span})"


def _clock(second: int) -> str:
    return f"{second // HOUR_S:02}:{second % HOUR_S // MINUTE_S:02}"


def _dropped(line: Line, language: Language) -> str:
    if not line.dropped_s:
        return ""
    rest = length_words(line.dropped_s, language)
    return f"，余{rest}不计" if language is Language.CHINESE else f", {rest} dropped"


def fee_words(fee: Fee, language: Language) -> list[str]:
    """The whole fee, a line each; the amounts stand in a column and add up."""
    lines = [_head(fee, language), *(_told(line, language) for line in fee.lines)]
    lines.append(_sum("total", fee.total_fen, language))
    lines += [_told(line, language) for line in fee.discounts]
    if fee.paid_fen:
        lines.append(_sum("paid", -fee.paid_fen, language))
    if fee.overpaid_fen:
        lines.append(_sum("overpaid", fee.overpaid_fen, language))
    if fee.discounts or fee.paid_fen:
        lines.append(_sum("due", fee.due_fen, language))
    if fee.grace_until is not None:
        lines.append(SUMS[language]["grace"].format(time=f"{fee.grace_until:%m-%d %H:%M:%S}"))
    return lines


def _head(fee: Fee, language: Language) -> str:
    stay = f"{fee.entered:%Y-%m-%d %H:%M:%S} - {fee.until:%Y-%m-%d %H:%M:%S}"
    length = length_words(local_s(fee.until) - local_s(fee.entered), language)
    return f"{fee.tariff}, {fee.plan}, {fee.vehicle}: {stay}, {length}"


def _told(line: Line, language: Language) -> str:
    times = f"{line.start:%m-%d %H:%M:%S} - {line.end:%m-%d %H:%M:%S}"
    return f"{times} {yuan(line.amount_fen):>9}  {rule_words(line, language)}"


def _sum(name: str, fen: int, language: Language) -> str:
    return f"{yuan(fen):>41}  {SUMS[language][name]}"
