"""What a reader saw in one picture, and, picture by picture, of one plate."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.lane.plates import Gate, judge
from gateway.lane.types import Corners, PlateCandidate, PlateReading
from gateway.ports import Reader


@dataclass(frozen=True, slots=True)
class Accepted:
    """A candidate that is a plate and passed the gate, and the reading that became of it."""

    candidate: PlateCandidate
    reading: PlateReading

    def as_json(self) -> dict[str, Any]:
        reading = self.reading
        return {
            "text": reading.text,
            "type": reading.type.value,
            "colour": reading.colour.value,
            "confidence": round(reading.confidence, 4),
            "min_char": round(reading.min_char, 4),
            "rows": self.candidate.rows,
            "box_score": round(self.candidate.box_score, 4),
            **_place(reading.corners),
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """A candidate that grammar or gate did not let pass, and why: a sentence."""

    candidate: PlateCandidate
    why: str

    @property
    def min_char(self) -> float:
        return min(self.candidate.characters, default=0.0)

    def as_json(self) -> dict[str, Any]:
        candidate = self.candidate
        return {
            "text": candidate.text,
            "why": self.why,
            "colour": candidate.colour.value,
            "min_char": round(self.min_char, 4),
            "rows": candidate.rows,
            "box_score": round(candidate.box_score, 4),
            **_place(candidate.corners),
        }


@dataclass(frozen=True, slots=True)
class Sighting:
    """One picture. `at_s`: seconds since its video or stream began; `ms`: what reading took."""

    accepted: tuple[Accepted, ...] = ()
    refused: tuple[Refused, ...] = ()
    ms: float = 0.0
    number: int = 0
    at_s: float = 0.0

    @property
    def texts(self) -> frozenset[str]:
        return frozenset(seen.reading.text for seen in self.accepted)


NOTHING = Sighting()


def look(
    image: Any, reader: Reader, gate: Gate, *, crop: bool = False, number: int = 0, at_s: float = 0
) -> Sighting:
    """Read one picture. Raises `DeviceError` for what is no picture."""
    started = time.perf_counter()
    candidates = [reader.read_crop(image)] if crop else reader.read(image)
    ms = (time.perf_counter() - started) * 1000
    accepted, refused = sorted_out(candidates, gate)
    return Sighting(accepted, refused, ms, number, at_s)


def sorted_out(
    candidates: Iterable[PlateCandidate], gate: Gate
) -> tuple[tuple[Accepted, ...], tuple[Refused, ...]]:
    accepted, refused = [], []
    for candidate in candidates:
        verdict = judge(candidate, gate)
        if isinstance(verdict, PlateReading):
            accepted.append(Accepted(candidate, verdict))
        else:
            refused.append(Refused(candidate, verdict.why))
    return tuple(accepted), tuple(refused)


@dataclass(frozen=True, slots=True)
class Appearance:
    """One plate in a video or a stream. `best`: where its least sure character was surest."""

    text: str
    frames: int
    first_s: float
    last_s: float
    best: Accepted
    best_s: float

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "type": self.best.reading.type.value,
            "colour": self.best.reading.colour.value,
            "frames": self.frames,
            "first_s": round(self.first_s, 3),
            "last_s": round(self.last_s, 3),
            "best": {"at_s": round(self.best_s, 3), **self.best.as_json()},
        }


def by_plate(sightings: Sequence[Sighting]) -> tuple[Appearance, ...]:
    """Every accepted plate once, in the order of their first appearance."""
    found: dict[str, list[tuple[Sighting, Accepted]]] = {}
    for sighting in sightings:
        for seen in sighting.accepted:
            found.setdefault(seen.reading.text, []).append((sighting, seen))
    return tuple(_appearance(text, times) for text, times in found.items())


def _appearance(text: str, times: list[tuple[Sighting, Accepted]]) -> Appearance:
    best_in, best = max(times, key=lambda pair: pair[1].reading.min_char)
    frames = len({sighting.number for sighting, _ in times})
    return Appearance(text, frames, times[0][0].at_s, times[-1][0].at_s, best, best_in.at_s)


def _place(corners: Corners) -> dict[str, Any]:
    xs, ys = zip(*corners, strict=True)
    return {
        "box": [round(v, 1) for v in (min(xs), min(ys), max(xs), max(ys))],
        "corners": [[round(x, 1), round(y, 1)] for x, y in corners],
    }
