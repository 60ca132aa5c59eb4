"""Caps that nothing reaches, or that the very first step is above."""

from collections.abc import Iterator, Sequence

from gateway.rules.clock import DAY_S
from gateway.rules.tariff.finding import Finding, FindingKind
from gateway.rules.tariff.shapes import PeriodKind, Plan, Span, Step, Units

Path = tuple[str | int, ...]


def of_caps(plan: Plan, where: Path) -> Iterator[Finding]:
    caps, place = plan.period.caps_fen, (*where, "cap_fen")
    if len(caps) > 1 and plan.period.kind is PeriodKind.STAY:
        what, fix = "a stay has one period, so only its first cap holds", "say per: 24h or per: day"
        yield Finding(FindingKind.NEVER_REACHED, (*place, 1), what, fix)
    first = plan.steps[0]
    if caps and isinstance(first, Span) and first.price_fen > max(caps):
        what = (
            f"the first step alone costs {first.price_fen / 100:.2f} yuan, which is above the cap"
        )
        yield Finding(FindingKind.CONTRADICTORY, place, what, "raise the cap or lower the step")
    elif caps:
        yield from _of_prices(plan.steps, max(caps), where)
    most_fen = most_charged(plan)
    for index, cap_fen in enumerate(caps):
        if most_fen is not None and most_fen < cap_fen:
            here = (*place, index) if len(caps) > 1 else place
            what = f"24 h never cost {cap_fen / 100:.2f} yuan, at most {most_fen / 100:.2f}"
            yield Finding(FindingKind.NEVER_REACHED, here, what, "lower the cap or leave it out")


def _of_prices(steps: Sequence[Step], cap_fen: int, where: Path) -> Iterator[Finding]:
    """Prices that nobody ever pays in full."""
    for index, step in enumerate(steps):
        place = (*where, "steps", index)
        match step:
            case Span(price):
                priced = [(place, price)]
            case Units((band,)):
                priced = [(place, band.price_fen)]
            case Units(bands):
                places = ((*place, "bands", number) for number in range(len(bands)))
                priced = list(zip(places, (band.price_fen for band in bands), strict=True))
        for here, price_fen in priced:
            if price_fen > cap_fen:
                cap = f"{cap_fen / 100:.2f}"
                what = f"all of its price of {price_fen / 100:.2f} yuan; the cap is {cap}"
                fix = "raise the cap or lower the price"
                yield Finding(FindingKind.NEVER_REACHED, here, what, fix)


def most_charged(plan: Plan) -> int | None:
    """What 24 h cost at most without a cap, if anything is sure to be above it."""
    if plan.period.kind is PeriodKind.STAY or not plan.period.steps_restart:
        return None
    most_fen = begins_s = 0
    for step in plan.steps:
        length = min(step.until_s, DAY_S) - begins_s
        if length > 0:
            most_fen += _most(step, length)
        begins_s = max(begins_s, step.until_s)
    return most_fen


def _most(step: Step, length: int) -> int:
    match step:
        case Span(price):
            return price
        case Units((band,)):
            return -(-length // band.unit_s) * band.price_fen
        case Units(bands):
            # A window of 24 h may begin inside a band and see it twice: one unit more.
            spans = ((one.end_s - one.start_s) % DAY_S or DAY_S for one in bands)
            pairs = zip(bands, spans, strict=True)
            return sum((-(-min(length, s) // b.unit_s) + 1) * b.price_fen for b, s in pairs)
