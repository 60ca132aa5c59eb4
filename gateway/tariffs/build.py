"""From what an operator wrote to what is reckoned with; tells what cannot be meant."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from itertools import pairwise

from gateway.rules.clock import (
    DAY_S,
    SHANGHAI,
    Calendar,
    day_number,
    on_weekend,
)
from gateway.rules.tariff.finding import Finding, FindingKind
from gateway.rules.tariff.findings_steps import least_charge
from gateway.rules.tariff.shapes import (
    OPEN_END_S,
    Band,
    DailyFree,
    Exceeded,
    Free,
    Period,
    PeriodKind,
    Plan,
    Span,
    Step,
    Tariff,
    Units,
)
from gateway.tariffs.models import (
    MOST_MIN,
    BandText,
    DailyFreeText,
    PlanText,
    StepText,
    TariffText,
)

MINUTE_S = 60


def build(text: TariffText) -> tuple[Tariff, list[Finding]]:
    told = list(_of_dates(text))
    plans = []
    for index, plan in enumerate(text.plans):
        steps, found = _steps(plan, ("plans", index, "steps"))
        plans.append(_plan(plan, steps))
        told += found
    return _tariff(text, tuple(plans)), told


def _tariff(text: TariffText, plans: tuple[Plan, ...]) -> Tariff:
    holidays = frozenset(day for dates in text.holidays for day in dates.days)
    return Tariff(
        area=text.area,
        version=text.version,
        effective=datetime.combine(text.effective, time(), SHANGHAI),
        plans=plans,
        calendar=Calendar(holidays, frozenset(map(day_number, text.workdays))),
        grace_s=text.grace_min * MINUTE_S,
        pass_s=text.pass_through_min * MINUTE_S,
    )


def _plan(text: PlanText, steps: tuple[Step, ...]) -> Plan:
    free = text.free
    return Plan(
        name=text.name,
        steps=steps,
        classes=frozenset(text.classes),
        right=text.right,
        free=Free(free.minutes * MINUTE_S, free.once_exceeded, free.again),
        period=Period(text.per, text.cap_fen, text.steps_restart),
        drop_s=text.drop_remainder_min * MINUTE_S,
        daily=None if text.daily_free is None else _daily(text.daily_free),
    )


def _daily(text: DailyFreeText) -> DailyFree:
    return DailyFree(
        length_s=text.minutes * MINUTE_S,
        charging_s=text.charging_min * MINUTE_S,
        unused_below_s=text.unused_below_min * MINUTE_S,
        percent=text.then_percent,
    )


def _steps(plan: PlanText, where: tuple[str | int, ...]) -> tuple[tuple[Step, ...], list[Finding]]:
    """A total becomes the price of its step: what it adds to the steps before."""
    steps: list[Step] = []
    told: list[Finding] = []
    for index, text in enumerate(plan.steps):
        price_fen = text.price_fen
        if text.total_fen is not None:
            before_fen = _charged_before(steps, plan.drop_remainder_min * MINUTE_S)
            told += _of_total(text.total_fen, before_fen, (*where, index, "total_fen"))
            price_fen = max(0, text.total_fen - (before_fen or 0))
        steps.append(_step(text, price_fen or 0))
    told += _of_free_totals(plan, where)
    return tuple(steps), told


def _charged_before(steps: Sequence[Step], drop_s: int) -> int | None:
    """None where it depends on the time of day."""
    if any(isinstance(step, Units) and len(step.bands) > 1 for step in steps):
        return None
    begins = [0, *(step.until_s for step in steps)]
    lengths = (step.until_s - begin for step, begin in zip(steps, begins, strict=False))
    pairs = zip(steps, lengths, strict=True)
    return sum(least_charge(step, max(0, length), drop_s) for step, length in pairs)


def _of_total(
    total_fen: int, before_fen: int | None, where: tuple[str | int, ...]
) -> Iterator[Finding]:
    if before_fen is None:
        what = "no total is known here: the step before costs more or less by the time of day"
        fix = "give this step a price_fen:"
        yield Finding(FindingKind.CONTRADICTORY, where, what, fix)
    elif total_fen < before_fen:
        what = (
            f"a longer stay costs {total_fen / 100:.2f} yuan, a shorter one {before_fen / 100:.2f}"
        )
        fix = "let the totals rise"
        yield Finding(FindingKind.NOT_MONOTONE, where, what, fix)


def _of_free_totals(plan: PlanText, where: tuple[str | int, ...]) -> Iterator[Finding]:
    """A total of stays that are all free; it is no part of a price where a total follows."""
    once = plan.per is not PeriodKind.STAY and plan.steps_restart and not plan.free.again
    if once or plan.free.once_exceeded is Exceeded.KEPT:
        return
    for index, (step, after) in enumerate(pairwise(plan.steps)):
        ends_free = (step.until_min or MOST_MIN) <= plan.free.minutes
        if ends_free and step.total_fen and after.total_fen is not None:
            what = f"stays of {plan.free.minutes} min or less are free"
            fix = "let the first step end later, or give fewer free minutes"
            place = (*where, index, "total_fen")
            yield Finding(FindingKind.NEVER_REACHED, place, what, fix)


def _step(text: StepText, price_fen: int) -> Step:
    until_s = OPEN_END_S if text.until_min is None else text.until_min * MINUTE_S
    if text.bands:
        return Units(tuple(map(_band, text.bands)), until_s)
    if text.unit_min is None:
        return Span(price_fen, until_s)
    return Units((Band(price_fen, text.unit_min * MINUTE_S),), until_s)


def _band(text: BandText) -> Band:
    unit_s = DAY_S if text.unit_min is None else text.unit_min * MINUTE_S
    return Band(
        price_fen=text.price_fen,
        unit_s=unit_s,
        start_s=_seconds(text.start) % DAY_S,
        end_s=_seconds(text.end),
        days=frozenset(text.days),
        finishes=text.finishes_unit,
    )


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE_S


def _of_dates(text: TariffText) -> Iterator[Finding]:
    if text.holidays and max(dates.end for dates in text.holidays) < text.effective:
        what = f"every holiday of the table is over before {text.effective}"
        fix = "copy the table of the year from the notice of the State Council"
        yield Finding(FindingKind.NEVER_REACHED, ("holidays",), what, fix)
    seen: dict[int, str] = {}
    for index, dates in enumerate(text.holidays):
        if twice := [seen[day] for day in dates.days if day in seen]:
            what = f"some of these days are in {twice[0]} already"
            where = ("holidays", index)
            yield Finding(FindingKind.CONTRADICTORY, where, what, "list each day once")
        name = dates.name or f"{dates.start}"
        seen |= dict.fromkeys(dates.days, name)
    for index, day in enumerate(text.workdays):
        where = ("workdays", index)
        if day_number(day) in seen:
            what = f"{day} is a holiday too"
            fix = "take it out of one of the lists"
            yield Finding(FindingKind.CONTRADICTORY, where, what, fix)
        elif not on_weekend(day_number(day)):
            what = f"{day} is no weekend day and worked anyway"
            fix = "leave it out, or look at the date again"
            yield Finding(FindingKind.NEVER_REACHED, where, what, fix)
