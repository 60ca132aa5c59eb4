"""Who was here with a vehicle: every presence that meets one of its own, in bounds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

SESSION, PASS = "session", "pass"
_SECOND = timedelta(seconds=1)


class Span(NamedTuple):
    """From `begin` to `end`, both with it; a moment has two times alike."""

    begin: datetime
    end: datetime

    def __and__(self, other: "Span") -> "Span | None":
        """What both have in common."""
        both = Span(max(self.begin, other.begin), min(self.end, other.end))
        return both if both.begin <= both.end else None

    def widened(self, by: timedelta) -> "Span":
        return Span(self.begin - by, self.end + by)

    @property
    def seconds(self) -> int:
        return (self.end - self.begin) // _SECOND


@dataclass(frozen=True, slots=True)
class Presence:
    """A vehicle that was here, as `proof` tells: a session, or a pass that no session tells of.

    `ref` is the id of that session or pass, `plate` is empty for a vehicle without one. `where`
    names the areas of a session, or the lane of a pass. `came` is None where nobody saw it come:
    then only the time at which it left is proved. `left` is None while it is inside. `ending`
    says how the session or the pass ended.
    """

    ref: str
    plate: str
    where: tuple[str, ...]
    came: datetime | None
    left: datetime | None
    proof: str = SESSION
    ending: str = ""

    def span(self, now: datetime) -> Span | None:
        """None where no time of it is known."""
        begin = self.came or self.left
        return Span(begin, max(begin, self.left or now)) if begin else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What of a vehicle's presences counts: from `since` to `until`; `most` contacts are told."""

    since: datetime
    until: datetime
    now: datetime
    most: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A presence that met the one whose id is `met`, widened on both sides, during `overlap`.

    `together_s` are the seconds in which both were here.
    """

    presence: Presence
    met: str
    overlap: Span
    together_s: int


@dataclass(frozen=True, slots=True)
class Traced:
    """`own` are the presences of the plate itself; `found` contacts there are.

    The contacts that were together longest stand first; where `cut`, the others are missing.
    """

    own: tuple[Presence, ...]
    contacts: tuple[Contact, ...]
    found: int

    @property
    def cut(self) -> bool:
        return self.found > len(self.contacts)


def trace(presences: Iterable[Presence], plate: str, around: timedelta, bounds: Bounds) -> Traced:
    """Each presence of another vehicle, once for each of the plate's own that it meets."""
    told = _told_once(presences, bounds.now)
    limits = Span(bounds.since, bounds.until)
    own = [(one, kept) for one, span in told if one.plate == plate and (kept := span & limits)]
    others = [(one, span) for one, span in told if one.plate != plate]
    contacts = [
        contact
        for mine, kept in own
        for other, span in others
        if (contact := _contact(mine, kept, other, span, around))
    ]
    contacts.sort(key=_rank)
    return Traced(tuple(mine for mine, _ in own), tuple(contacts[: bounds.most]), len(contacts))


def _contact(
    mine: Presence, kept: Span, other: Presence, span: Span, around: timedelta
) -> Contact | None:
    overlap = kept.widened(around) & span
    if overlap is None:
        return None
    both = kept & span
    return Contact(other, mine.ref, overlap, both.seconds if both else 0)


def _told_once(presences: Iterable[Presence], now: datetime) -> list[tuple[Presence, Span]]:
    """In order of time; without passes in the middle of a session of the same plate."""
    spans = [(one, span) for one in presences if (span := one.span(now))]
    stays: dict[str, list[Span]] = {}
    for one, span in spans:
        if one.proof == SESSION and one.plate:
            stays.setdefault(one.plate, []).append(span)
    kept = [pair for pair in spans if pair[0].proof == SESSION or not _within(*pair, stays)]
    return sorted(kept, key=lambda pair: (pair[1], pair[0].ref))


def _within(one: Presence, span: Span, stays: dict[str, list[Span]]) -> bool:
    return any(span & stay == span for stay in stays.get(one.plate, ()))


def _rank(contact: Contact) -> tuple[int, int, Span, str, str]:
    overlap = contact.overlap
    return (-contact.together_s, -overlap.seconds, overlap, contact.presence.ref, contact.met)


def window(own: Iterable[Presence], around: timedelta, bounds: Bounds) -> Iterator[Span]:
    """Where presences of others may meet these: all that has to be looked through."""
    limits = Span(bounds.since, bounds.until)
    for one in own:
        span = one.span(bounds.now)
        kept = span and span & limits
        if kept:
            yield kept.widened(around)
