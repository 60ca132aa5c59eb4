"""How times, amounts and credits are typed after `lanegate tariff explain`."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

import click

from gateway.rules.clock import SHANGHAI
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    Charging,
    Credit,
    FreeUntil,
    MinutesOff,
    Payment,
    PercentOff,
    Visit,
)

FEN = 100
CREDITS = "amount:5.00, minutes:60, all, class:new_energy, until:2026-03-02T10:00 or percent:50"


def moment(text: str) -> datetime:
    """ISO 8601; without an offset it is the clock of Shanghai. Raises `ValueError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write it as 2026-03-02T08:00") from None
    return found.replace(tzinfo=SHANGHAI) if found.utcoffset() is None else found


def fen(text: str) -> int:
    """From yuan with at most two decimals. Raises `ValueError`."""
    wrong = f"{text!r} is no amount in yuan; write it as 12 or 12.50"
    try:
        amount = Decimal(text) * FEN
    except InvalidOperation:
        raise ValueError(wrong) from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise ValueError(wrong)
    return int(amount)


def payment(text: str) -> Payment:
    amount, at, when = text.partition("@")
    if not at:
        raise ValueError(f"{text!r} is no payment; write it as 5.00@2026-03-02T10:00")
    return Payment(fen(amount), moment(when))


def span(text: str) -> tuple[datetime, datetime]:
    begins, slash, ends = text.partition("/")
    if not slash:
        raise ValueError(
            f"{text!r} is no time from and to; write 2026-03-02T08:00/2026-03-02T09:00"
        )
    first, last = moment(begins), moment(ends)
    if last < first:
        raise ValueError(f"{text!r} ends before it begins; turn it round")
    return first, last


def charging(text: str) -> Charging:
    return Charging(*span(text))


def visit(text: str) -> Visit:
    area, colon, times = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is no visit; write inner:2026-03-02T08:10/2026-03-02T09:00")
    return Visit(area, *span(times))


def credit(text: str, credit_id: str) -> Credit:
    kind, _, value = text.partition(":")
    match kind:
        case "amount":
            return AmountOff(credit_id, fen(value))
        case "minutes":
            return MinutesOff(credit_id, _whole(value))
        case "percent":
            return PercentOff(credit_id, _whole(value))
        case "until":
            return FreeUntil(credit_id, moment(value))
        case "class" if value:
            return AsClass(credit_id, value)
        case "all" if not value:
            return AllOff(credit_id)
        case _:
            raise ValueError(f"{text!r} is no credit; write it as {CREDITS}")


def credits_of(texts: tuple[str, ...]) -> tuple[Credit, ...]:
    """Each with its number as its id, in the order typed."""
    return tuple(credit(text, str(number)) for text, number in zip(texts, count(1), strict=False))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number; write digits only") from None


class Moment(click.ParamType[datetime]):
    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
