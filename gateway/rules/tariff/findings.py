"""What is wrong with a tariff before anybody is charged by it, as paths into its YAML."""

from collections.abc import Iterator, Sequence

from gateway.rules.clock import DAY_S
from gateway.rules.tariff.finding import Finding, FindingKind
from gateway.rules.tariff.findings_caps import of_caps
from gateway.rules.tariff.findings_steps import of_steps
from gateway.rules.tariff.shapes import Exceeded, PeriodKind, Plan, Tariff


def findings_of(tariff: Tariff) -> Iterator[Finding]:
    for index, plan in enumerate(tariff.plans):
        where = ("plans", index)
        yield from _of_choice(tariff.plans, index)
        yield from _of_holders(tariff.plans, index)
        yield from _of_name(tariff.plans, index)
        yield from _of_free(plan, where)
        yield from _of_daily(plan, where)
        yield from of_steps(plan, tariff.calendar, where)
        yield from of_caps(plan, where)


def _of_choice(plans: Sequence[Plan], index: int) -> Iterator[Finding]:
    """Whether an earlier plan takes the classes of this one."""
    plan, where = plans[index], ("plans", index)
    rights = frozenset({plan.right} - {""})
    taken: dict[str, str] = {}
    for earlier in plans[:index]:
        if earlier.right and earlier.right not in rights:
            continue
        classes = plan.classes if not earlier.classes else plan.classes & earlier.classes
        taken |= dict.fromkeys(classes - taken.keys(), earlier.name)
        if not earlier.classes and not plan.classes:
            yield _never(where, f"plan {plan.name!r} comes after {earlier.name!r}, which fits all")
            return
    for name in sorted(taken):
        what = f"class {name} of plan {plan.name!r} is taken by {taken[name]!r} above"
        yield _never((*where, "classes"), what)


def _of_holders(plans: Sequence[Plan], index: int) -> Iterator[Finding]:
    """Whether whoever has lost the right of this plan has a plan too."""
    plan = plans[index]
    others = [other for other in plans if not other.right]
    if not plan.right or any(not other.classes for other in others):
        return
    priced = frozenset(name for other in others for name in other.classes)
    unpriced = sorted(plan.classes - priced) if plan.classes else ["any class"] * (not priced)
    for name in unpriced:
        yield Finding(
            FindingKind.CONTRADICTORY,
            ("plans", index, "right"),
            f"without the right {plan.right!r} there is no price for {name}",
            "add a plan without right: for it",
        )


def _of_name(plans: Sequence[Plan], index: int) -> Iterator[Finding]:
    if any(earlier.name == plans[index].name for earlier in plans[:index]):
        what = f"a plan above has the name {plans[index].name!r} too, and a fee names its plan"
        where = ("plans", index, "name")
        yield Finding(FindingKind.CONTRADICTORY, where, what, "give each its own name")


def _never(where: tuple[str | int, ...], what: str) -> Finding:
    return Finding(FindingKind.NEVER_REACHED, where, what, "put the narrower plan first")


def _of_free(plan: Plan, where: tuple[str | int, ...]) -> Iterator[Finding]:
    free, place = plan.free, (*where, "free")
    if free.again and plan.period.kind is PeriodKind.STAY:
        yield Finding(
            FindingKind.NEVER_REACHED,
            (*place, "again"),
            "the free minutes come again in each period, but the plan has only one",
            "say per: 24h or per: day, or leave again: out",
        )
    elif free.again and free.length_s >= DAY_S:
        yield Finding(
            FindingKind.CONTRADICTORY,
            place,
            "each day is free as a whole, so nothing is ever charged",
            "give fewer minutes, or one step with price_fen: 0",
        )
    if free.again and not free.length_s:
        yield Finding(
            FindingKind.CONTRADICTORY,
            (*place, "again"),
            "no free minutes come again",
            "give minutes:, or leave again: out",
        )


def _of_daily(plan: Plan, where: tuple[str | int, ...]) -> Iterator[Finding]:
    daily, place = plan.daily, (*where, "daily_free")
    if daily is None:
        return
    if daily.percent == 0:
        yield Finding(
            FindingKind.NEVER_REACHED,
            (*place, "then_percent"),
            "at 0 % nothing is ever charged, however long a stay is",
            "give the percentage that a longer stay pays",
        )
    most_s = daily.length_s + daily.charging_s
    if plan.free.exceeded is Exceeded.BILLED and most_s <= plan.free.length_s:
        yield Finding(
            FindingKind.NEVER_REACHED,
            place,
            "every stay that it would free is free already",
            "give more minutes than under free:",
        )
    if daily.unused_below_s > most_s:
        yield Finding(
            FindingKind.CONTRADICTORY,
            (*place, "unused_below_min"),
            "no free stay is ever long enough to use up the day's free time",
            f"give at most {most_s // 60}",
        )
