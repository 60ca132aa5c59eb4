"""Counting what was read against what is there."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from bench.peers.client import Answer
from bench.reader.samples import Sample
from gateway.lane.plates import kind_of
from models.training.data import as_spelt

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong`: something that could be a plate, and is none of the picture's."""

    sample: Sample
    right: bool
    wrong: bool
    ms: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Share:
    """`low` and `high`: the 95 % interval of Wilson for `count` of `total`."""

    count: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.count / self.total if self.total else float("nan")

    def interval(self) -> tuple[float, float]:
        """In percent."""
        if not self.total:
            return 0.0, 100.0
        share, square = self.count / self.total, Z95 * Z95 / self.total
        middle = share + square / 2
        spread = Z95 * sqrt(share * (1 - share) / self.total + square / self.total / 4)
        low, high = (middle - spread) / (1 + square), (middle + spread) / (1 + square)
        return 100 * max(low, 0.0), 100 * min(high, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A reader's results on some pictures. Shares are of pictures."""

    name: str
    pictures: int
    right: Share
    wrong: Share
    failed: int
    median_ms: float
    p95_ms: float


def as_read(text: str) -> str:
    """One spelling for all readers: no dots and spaces, wide letters narrow, O and I as digits."""
    kept = "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())
    return as_spelt(kept)


def could_be_a_plate(text: str) -> bool:
    """By the grammar alone: a street sign that a general reader reads is no misread plate."""
    return kind_of(text) is not None


def outcome(sample: Sample, answer: Answer, row: str) -> Outcome:
    texts = {as_read(text) for text in answer.texts.get(row, ())}
    others = {as_read(text) for text in sample.others | {sample.label}}
    return Outcome(
        sample=sample,
        right=bool(sample.label) and as_read(sample.label) in texts,
        wrong=any(could_be_a_plate(text) for text in texts - others),
        ms=answer.ms,
        failed=bool(answer.failed),
    )


def lines(outcomes: Sequence[Outcome], key: Callable[[Sample], str]) -> list[Line]:
    """One for each value of `key`, in the order of their first pictures."""
    names = dict.fromkeys(key(one.sample) for one in outcomes)
    return [line(name, [one for one in outcomes if key(one.sample) == name]) for name in names]


def line(name: str, outcomes: Sequence[Outcome]) -> Line:
    labelled = [one for one in outcomes if one.sample.label]
    times = [one.ms for one in outcomes]
    return Line(
        name=name,
        pictures=len(outcomes),
        right=Share(sum(one.right for one in labelled), len(labelled)),
        wrong=Share(sum(one.wrong for one in outcomes), len(outcomes)),
        failed=sum(one.failed for one in outcomes),
        median_ms=quantile(times, 0.5),
        p95_ms=quantile(times, 0.95),
    )


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0
