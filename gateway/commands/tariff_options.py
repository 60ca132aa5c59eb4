"""How times, amounts and credits are typed after `lanegate tariff explain`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
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
    Waived,
)

FEN = 100
MOST_FEN = 10**12
LONGEST = timedelta(days=3660)
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
    try:
        amount = Decimal(text) * FEN
    except ArithmeticError:
        amount = Decimal("nan")
    whole = amount.is_finite() and amount == amount.to_integral_value()
    if not whole or not 0 <= amount <= MOST_FEN:
        raise ValueError(f"{text!r} is no amount in yuan; write it as 12 or 12.50")
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


def waived(text: str) -> Waived:
    return Waived(*span(text))


def visit(text: str) -> Visit:
    area, colon, times = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is no visit; write inner:2026-03-02T08:10/2026-03-02T09:00")
    return Visit(area, *span(times))


def check_stay(entered: datetime, left: datetime) -> None:
    """Raises `ValueError`."""
    if left < entered:
        raise ValueError("--out is before --in; turn them round")
    if left - entered > LONGEST:
        raise ValueError("--in to --out is more than ten years; look at the years again")


def check_within(
    entered: datetime, left: datetime, payments: Sequence[Payment], visits: Sequence[Visit]
) -> None:
    """What is paid and visited must be part of the stay. Raises `ValueError`."""
    for one in payments:
        if not entered <= one.at <= left:
            raise ValueError(f"--paid at {one.at:%Y-%m-%d %H:%M:%S} is not from --in to --out")
    times = [entered, *(at for one in visits for at in (one.entered, one.left or left)), left]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise ValueError(
            "each --visit must lie from --in to --out, one after the other; look at their times"
        )


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
