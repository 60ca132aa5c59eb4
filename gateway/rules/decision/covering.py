"""What of a stay the rights of a vehicle cover. Times in seconds of Shanghai."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.rules.clock import Calendar, datetime_of, local_s
from gateway.rules.decision.facts import Facts
from gateway.rules.rights import Right, RightKind, Span, Spans, charged, granting
from gateway.rules.rights.spans import joined, within, without
from gateway.rules.sessions import Session
from gateway.rules.tariff.stay import Waived

_RANK = {kind: rank for rank, kind in enumerate(RightKind)}


@dataclass(frozen=True, slots=True)
class Covering:
    """`parts`: each right that covers something of the stay, and what; `names` as for tariffs.

    `right`: the one that covers most of it, or else the one by whose plan it is charged.
    """

    stay: Span
    parts: tuple[tuple[Right, Spans], ...]
    names: frozenset[str]
    right: Right | None

    @property
    def whole(self) -> bool:
        return self.stay.length > 0 and joined(self._all) == (self.stay,)

    @property
    def _all(self) -> list[Span]:
        return [span for _, spans in self.parts for span in spans]

    def ways(self, *, paid: bool) -> list[tuple[Waived, ...]]:
        """All rights together, and each alone: more of them may cut one unit in two.

        Where something was `paid`, also none: a payment of before a right came keeps its grace.
        """
        ways = [joined(self._all), *(spans for _, spans in self.parts)]
        return [_waived(spans) for spans in dict.fromkeys([*ways, ()] if paid else ways)]


def covering(session: Session, at: datetime, facts: Facts, calendar: Calendar) -> Covering:
    """Every right is looked at again on leaving: one that was renewed meanwhile counts."""
    stay = _stay(session, at, facts)
    counting = [right for right in granting(facts.rights) if _counts(right, session)]
    found = [(right, _covered(right, session, stay, facts, calendar)) for right in counting]
    parts = [(right, spans) for right, spans in found if spans]
    parts.sort(key=lambda part: _most(part[0], part[1], session))
    held = [right for right in counting if _held(right, session, stay, facts)]
    by_plan = sorted((right for right in held if right.plan), key=_first)
    right = next((right for right in (*(right for right, _ in parts), *by_plan)), None)
    return Covering(stay, tuple(parts), _names(held), right)


def _stay(session: Session, at: datetime, facts: Facts) -> Span:
    """A fee is reckoned up to the last payment at least: so far a right has to cover, too."""
    assert session.entered_at is not None  # noqa: S101 -- who is inside has come in
    entered = local_s(session.entered_at)
    return Span(entered, max(entered, local_s(at), *(local_s(one.at) for one in facts.payments)))


def _counts(right: Right, session: Session) -> bool:
    """What is granted for a number of entries is for the stay that began by it, and no other."""
    if (right.uses is not None or right.no_show_s) and session.right_id != right.right_id:
        return False
    fits = not right.classes or session.vehicle.vehicle in right.classes
    return right.paid and fits


def _covered(right: Right, session: Session, stay: Span, facts: Facts, calendar: Calendar) -> Spans:
    """Of several plates for fewer spaces, this one is covered from when it has a space."""
    if right.plan:
        return ()
    since = stay.start
    if right.spaces is not None:
        since = max(since, facts.since.get(right.right_id, stay.end))
    parts = _time_in(session, right.areas, Span(since, stay.end))
    return joined(
        span for part in parts for span in without(part, charged([right], calendar, part))
    )


def _time_in(session: Session, areas: frozenset[str], limits: Span) -> Spans:
    """When the vehicle was in any of the areas; in none of them: anywhere."""
    if not areas:
        return joined([limits])
    visits = [
        (one.area, Span(local_s(one.entered_at), local_s(one.left_at or datetime_of(limits.end))))
        for one in session.inner
    ]
    inside = [span for area, span in visits if area in areas]
    around = without(limits, [span for _, span in visits]) if session.area in areas else ()
    return within([*around, *inside], limits)


def _held(right: Right, session: Session, stay: Span, facts: Facts) -> bool:
    """When it came, or when it leaves: as tariffs are those of the entry, so is who held what."""
    valid = Span(right.valid.start, right.valid.end + right.tolerance.renewal_s)
    had = right.spaces is None or right.right_id in facts.since
    was_there = bool(_time_in(session, right.areas, Span(stay.start, stay.end + 1)))
    return had and was_there and (stay.start in valid or stay.end in valid)


def _names(held: Iterable[Right]) -> frozenset[str]:
    """The words by which tariffs know the holders of rights: kinds, and plans of their own."""
    return frozenset(word for one in held for word in (str(one.kind), one.plan) if word)


def _most(right: Right, spans: Spans, session: Session) -> tuple[int, bool, int, str]:
    covered_s = sum(span.length for span in spans)
    return (-covered_s, right.right_id != session.right_id, *_first(right))


def _first(right: Right) -> tuple[int, str]:
    return _RANK[right.kind], right.right_id


def _waived(spans: Spans) -> tuple[Waived, ...]:
    return tuple(Waived(datetime_of(one.start), datetime_of(one.end)) for one in spans)
