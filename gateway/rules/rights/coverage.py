"""When a right covers, and what of a stay it leaves to be charged."""

from collections.abc import Iterable, Iterator

from gateway.rules.clock import DAY_S, Calendar, date_of
from gateway.rules.rights.right import Right, Tolerance, Window
from gateway.rules.rights.spans import Span, Spans, joined, within, without


def covered(right: Right, calendar: Calendar, limits: Span) -> Spans:
    """Within `limits`, without any tolerance but that for a late renewal."""
    valid = Span(right.valid.start, right.valid.end + right.tolerance.renewal_s).cut(limits)
    if not right.windows or valid.length <= 0:
        return joined([valid])
    return within(_windows(right.windows, calendar, valid), valid)


def _windows(windows: Iterable[Window], calendar: Calendar, limits: Span) -> Iterator[Span]:
    first, last = limits.start // DAY_S - 1, limits.end // DAY_S
    for window in windows:
        for day in range(first, last + 1):
            if date_of(day).weekday() in window.weekdays and calendar.kind(day) in window.kinds:
                start = day * DAY_S + window.start_s
                yield Span(start, start + window.length_s)


def covers(right: Right, calendar: Calendar, at: int) -> bool:
    """Whether a vehicle that comes at `at` comes under the right."""
    soon = Span(at, at + right.tolerance.early_s + 1)
    return bool(covered(right, calendar, soon))


def charged(rights: Iterable[Right], calendar: Calendar, stay: Span) -> Spans:
    """What of the stay no right covers, and no tolerance forgives; one with a plan waives nothing.

    A right that was renewed meanwhile counts as it is now: whoever came with an expired one and
    leaves with a good one is judged by the good one.
    """
    taken = [
        span
        for right in rights
        if not right.plan
        for span in _stretched(covered(right, calendar, stay), right.tolerance, stay)
    ]
    return without(stay, taken)


def _stretched(spans: Spans, tolerance: Tolerance, stay: Span) -> Spans:
    """Tolerance is for the beginning and for the end of a stay, not for what lies between."""
    if not spans:
        return ()
    first, last = spans[0], spans[-1]
    early = Span(stay.start, first.start)
    late = Span(last.end, stay.end)
    forgiven = [early] if early.length <= tolerance.early_s else []
    return joined([*spans, *forgiven, *([late] if late.length <= tolerance.late_s else [])])
