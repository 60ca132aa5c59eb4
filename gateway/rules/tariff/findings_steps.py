"""Steps that end before they begin or are never reached, and bands that leave a gap or overlap."""

from collections.abc import Iterator
from itertools import groupby

from gateway.rules.clock import DAY_S, Calendar, DayKind
from gateway.rules.tariff.finding import Finding, FindingKind
from gateway.rules.tariff.shapes import OPEN_END_S, PeriodKind, Plan, Span, Step, Units

Path = tuple[str | int, ...]


def of_steps(plan: Plan, calendar: Calendar, where: Path) -> Iterator[Finding]:
    begins_s = 0
    for index, step in enumerate(plan.steps):
        place = (*where, "steps", index)
        yield from _of_reach(plan, step, begins_s, place)
        if isinstance(step, Units):
            yield from _of_units(plan, step, begins_s, place)
            yield from _of_bands(step, calendar, place)
        begins_s = max(begins_s, step.until_s)
    if begins_s < _needed_s(plan):
        what = f"nothing is said of what is parked after {begins_s // 60} min"
        fix = "end with a step that has no until_min"
        yield Finding(FindingKind.CONTRADICTORY, (*where, "steps"), what, fix)


def _needed_s(plan: Plan) -> int:
    """How far the steps must reach."""
    restarts = plan.period.steps_restart and plan.period.kind is not PeriodKind.STAY
    return DAY_S if restarts else OPEN_END_S


def _of_reach(plan: Plan, step: Step, begins_s: int, place: Path) -> Iterator[Finding]:
    if begins_s >= OPEN_END_S:
        what, fix = "the step before has no until_min and never ends", "give that step until_min:"
    elif step.until_s <= begins_s:
        what = f"ends after {step.until_s // 60} min, but begins after {begins_s // 60} min"
        yield Finding(FindingKind.CONTRADICTORY, place, what, "put the steps in order of time")
        return
    elif begins_s >= _needed_s(plan):
        what = f"begins after {begins_s // 60} min, but the steps start again each 24 h"
        fix = "leave it out, or say steps_restart: false"
    elif (reached := _cap_reached(plan, begins_s)) is not None:
        what = f"the cap is reached before it begins, at {reached / 100:.2f} yuan"
        fix = "raise the cap, or leave the step out"
    else:
        return
    yield Finding(FindingKind.NEVER_REACHED, place, what, fix)


def _cap_reached(plan: Plan, begins_s: int) -> int | None:
    """The least that is charged before a step begins, where that is the highest cap or more."""
    caps = plan.period.caps_fen
    if not caps or (not plan.period.steps_restart and plan.period.kind is not PeriodKind.STAY):
        return None
    least_fen = before = 0
    for step in plan.steps:
        if before >= begins_s:
            break
        least_fen += least_charge(step, step.until_s - before, plan.drop_s)
        before = step.until_s
    return least_fen if before == begins_s and 0 < max(caps) <= least_fen else None


def least_charge(step: Step, length: int, drop_s: int) -> int:
    """What a step that is used up costs at least; 0 where that depends on the time of day."""
    match step:
        case Span(price):
            return price
        case Units((band,)):
            units, rest_s = divmod(length, band.unit_s)
            return (units + (rest_s > drop_s)) * band.price_fen
        case _:
            return 0


def _of_units(plan: Plan, step: Units, begins_s: int, place: Path) -> Iterator[Finding]:
    shortest_s = min(band.unit_s for band in step.bands)
    if plan.drop_s > shortest_s:
        drop, unit = plan.drop_s // 60, shortest_s // 60
        what = f"a remainder of {drop} min is dropped, but a unit has only {unit} min"
        where = (*place[:2], "drop_remainder_min")
        yield Finding(FindingKind.CONTRADICTORY, where, what, f"give at most {unit}")
    yield from _of_lengths(plan, step, begins_s, place)
    length = step.until_s - begins_s
    if plan.drop_s >= length > 0:
        return
    if len(step.bands) == 1 and step.until_s < OPEN_END_S and length > 0 and length % shortest_s:
        last = length % shortest_s // 60
        what = f"the end of its last unit of {shortest_s // 60} min; only {last} min of it are used"
        fix = "let until_min end with a unit"
        yield Finding(FindingKind.NEVER_REACHED, place, what, fix)


def _of_lengths(plan: Plan, step: Units, begins_s: int, place: Path) -> Iterator[Finding]:
    """Whether a step, or each of its bands, is long enough for its price."""
    several = len(step.bands) > 1
    for index, band in enumerate(step.bands):
        here = (*place, "bands", index) if several else place
        length = (band.end_s - band.start_s) % DAY_S or DAY_S
        length = min(length, step.until_s - begins_s)
        if 0 < length <= plan.drop_s and not band.finishes:
            drop, whole = plan.drop_s // 60, length // 60
            what = f"its price: {drop} min or less are dropped, and it has only {whole} min"
            fix = "drop less, or make it longer"
            yield Finding(FindingKind.NEVER_REACHED, here, what, fix)
        elif several and length < band.unit_s < DAY_S and not band.finishes:
            unit, whole = band.unit_s // 60, length // 60
            what = f"the end of its unit of {unit} min; it has only {whole} min"
            fix = "leave unit_min out: the price is then for the whole band"
            yield Finding(FindingKind.NEVER_REACHED, here, what, fix)


def _of_bands(step: Units, calendar: Calendar, place: Path) -> Iterator[Finding]:
    edges = sorted({0, *(band.start_s for band in step.bands), *(e.end_s for e in step.bands)})
    holding = {
        (second, kind): [i for i, band in enumerate(step.bands) if band.holds(second, kind)]
        for kind in DayKind
        for second in edges
        if second < DAY_S
    }
    yield from _of_gaps(holding, place)
    for index, band in enumerate(step.bands):
        here = (*place, "bands", index) if len(step.bands) > 1 else place
        if band.days == {DayKind.HOLIDAY} and not calendar.holidays:
            what, fix = "holds on holidays, but none is listed", "list them under holidays:"
            yield Finding(FindingKind.NEVER_REACHED, here, what, fix)
            continue
        mine = [found for found in holding.values() if index in found]
        ahead = [found[0] for found in mine if found[0] != index]
        if not ahead:
            continue
        whole = len(ahead) == len(mine)
        kind = FindingKind.NEVER_REACHED if whole else FindingKind.CONTRADICTORY
        what = f"{'all' if whole else 'part'} of its time has a price already, in band {ahead[0]}"
        yield Finding(kind, here, what, "let each time of the day have one band")


def _of_gaps(holding: dict[tuple[int, DayKind], list[int]], place: Path) -> Iterator[Finding]:
    empty = sorted((second, kind) for (second, kind), found in holding.items() if not found)
    for second, group in groupby(empty, lambda one: one[0]):
        days = ", ".join(kind for _, kind in group)
        what = f"no band has a price from {second // 3600:02}:{second // 60 % 60:02} on ({days})"
        fix = "add a band, with price_fen: 0 where it is free"
        yield Finding(FindingKind.CONTRADICTORY, place, what, fix)
