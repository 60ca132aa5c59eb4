"""Spans of time: from a second up to and without another. Lists of them are in order and apart."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def __contains__(self, second: object) -> bool:
        return isinstance(second, int) and self.start <= second < self.end

    def cut(self, to: "Span") -> "Span":
        """The part within `to`; its length is 0 or less where there is none."""
        return Span(max(self.start, to.start), min(self.end, to.end))


Spans = tuple[Span, ...]


def joined(spans: Iterable[Span]) -> Spans:
    """In order, those that touch as one, empty ones dropped."""
    found: list[Span] = []
    for span in sorted(spans):
        if span.length <= 0:
            continue
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def within(spans: Iterable[Span], limits: Span) -> Spans:
    return joined(span.cut(limits) for span in spans)


def without(whole: Span, taken: Iterable[Span]) -> Spans:
    """What of `whole` none of `taken` covers."""
    left, start = [], whole.start
    for span in within(taken, whole):
        left.append(Span(start, span.start))
        start = span.end
    return joined([*left, Span(start, whole.end)])
