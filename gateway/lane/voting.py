"""Many readings of one vehicle, one plate.

The wider a plate is in the picture (`width_px`), the nearer is its vehicle: plates are about as
wide as each other. Only the nearest vehicle is the one at the boom.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import dist

from gateway.lane.types import Candidate, PlateReading

KEPT = 48
TOP = 3
# With less difference in width than this nobody can say which of two plates is the nearer one.
_NEARER = 1.3
_DOUBT_WEIGHT = 0.25
# A doubt that was seen in one picture, and in so many sure ones since not again, was a glint.
_GLINT_AFTER = 6
# So many characters of a plate in doubt may be other ones than when it was read.
_MISREAD = 2
_STANDS_WIDTHS, _STANDS_GROWTH = 0.25, 1.1


@dataclass(frozen=True, slots=True)
class _Track:
    """One followed plate, and the places of its readings in the ballot."""

    readings: tuple[PlateReading, ...]
    places: tuple[int, ...]
    was_nearest: bool

    @property
    def is_known(self) -> bool:
        return any(reading.sure for reading in self.readings)

    @property
    def width(self) -> float:
        """At its nearest. A plate that came so near that it is in doubt is as wide as it is now."""
        return max(reading.width_px for reading in self.readings)

    @property
    def moves(self) -> bool:
        first = self.readings[0]
        widths = [reading.width_px for reading in self.readings]
        grows = max(widths) > _STANDS_GROWTH * min(widths)
        return grows or any(
            dist(_middle(first), _middle(reading)) > _STANDS_WIDTHS * first.width_px
            for reading in self.readings
        )

    def is_before(self, other: "_Track") -> bool:
        return self.width >= _NEARER * other.width

    def may_be(self, other: "_Track") -> bool:
        """A plate that was lost and found again: nearly the same text, never both at once."""
        apart = self.places[0] > other.places[-1] or self.places[-1] < other.places[0]
        return apart and any(
            _is_alike(one.text, known.text) for one in self.readings for known in other.readings
        )


@dataclass(frozen=True, slots=True)
class Ballot:
    """The readings of one visit, oldest first: at most `KEPT` sure ones and as many doubts."""

    readings: tuple[PlateReading, ...] = ()

    def cast(self, reading: PlateReading) -> "Ballot":
        """The oldest of its sort makes room: many doubts must not drive out the sure ones."""
        sort = [place for place, old in enumerate(self.readings) if old.sure is reading.sure]
        out = sort[0] if len(sort) >= KEPT else len(self.readings)
        return Ballot((*self.readings[:out], *self.readings[out + 1 :], reading))

    def winner(self, agree_frames: int, agree_char: float = 0.0) -> PlateReading | None:
        """The surest reading of the text that at least `agree_frames` frames agree on.

        One of them must be sure of each character by `agree_char`: frames of one vehicle are
        wrong in the same way.

        Only the nearest plate has a vote: another vehicle's, further away, has none, even while
        the nearer one can only be guessed. A second text with more than half the weight of the
        first leaves the vote open: two plates, or one that is hard to read, deserve another look.
        """
        tracks = _tracks(self.readings)
        near = _nearest(tracks)
        nearest = [reading for track in near for reading in track.readings if reading.sure]
        ranking = _ranked(nearest)
        if not ranking or ranking[0].frames < agree_frames:
            return None
        if len(ranking) > 1 and _weight(nearest, ranking[1]) * 2 > _weight(nearest, ranking[0]):
            return None
        if ranking[0].min_char < agree_char or _is_hidden(near, tracks):
            return None
        chosen = (reading for reading in nearest if reading.text == ranking[0].text)
        return max(chosen, key=lambda reading: reading.min_char)

    def top(self, count: int = TOP) -> tuple[Candidate, ...]:
        """What the plate may say, doubtful readings included, the likeliest first.

        Not what the vehicle behind or a parked car says.
        """
        return tuple(_ranked(self._of_the_vehicle())[:count])

    def evidence(self) -> tuple[str, ...]:
        """The pictures of the reading that says most of this vehicle, be it in doubt."""
        shown = (reading for reading in self._of_the_vehicle() if reading.evidence)
        best = max(shown, key=lambda reading: (reading.sure, reading.min_char), default=None)
        return best.evidence if best is not None else ()

    def _of_the_vehicle(self) -> list[PlateReading]:
        tracks = _tracks(self.readings)
        return [
            reading
            for track in tracks
            if not _is_scenery(track, tracks)
            for reading in track.readings
        ]


def _tracks(readings: Iterable[PlateReading]) -> list[_Track]:
    found: defaultdict[int, list[tuple[int, PlateReading]]] = defaultdict(list)
    newest: dict[int, float] = {}
    nearest = set()
    for place, reading in enumerate(readings):
        found[reading.track].append((place, reading))
        newest[reading.track] = reading.width_px
        if reading.width_px * _NEARER >= max(newest.values()):
            nearest.add(reading.track)
    return [
        _Track(tuple(one for _, one in seen), tuple(at for at, _ in seen), number in nearest)
        for number, seen in found.items()
    ]


def _nearest(tracks: list[_Track]) -> list[_Track]:
    """The widest plate that was read for sure, and all that are about as wide.

    A plate that was lost and found again has two numbers, so they may be one.
    """
    known = [track for track in tracks if track.is_known]
    widest = max((track.width for track in known), default=0.0)
    return [track for track in known if track.width * _NEARER >= widest]


def _is_hidden(near: list[_Track], tracks: list[_Track]) -> bool:
    """A plate in doubt is before all that were read: then those are of vehicles behind it."""
    return any(
        all(track.is_before(known) for known in near)
        and not _is_glint(track, near)
        and not any(track.may_be(known) for known in near)
        for track in tracks
        if not track.is_known
    )


def _is_glint(track: _Track, near: list[_Track]) -> bool:
    since = [
        place
        for known in near
        for place, reading in zip(known.places, known.readings, strict=True)
        if reading.sure and place > track.places[-1]
    ]
    return len(track.readings) == 1 and len(since) >= _GLINT_AFTER


def _is_scenery(track: _Track, tracks: list[_Track]) -> bool:
    """A plate was before it that was more than a glint, and it stands or was always behind."""
    is_behind = any(
        other.is_before(track) and (other.is_known or len(other.readings) > 1) for other in tracks
    )
    return is_behind and not (track.was_nearest and track.moves)


def _is_alike(one: str, other: str) -> bool:
    differing = sum(a != b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) and differing <= _MISREAD


def _middle(reading: PlateReading) -> tuple[float, float]:
    xs, ys = zip(*reading.corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def _ranked(readings: Iterable[PlateReading]) -> list[Candidate]:
    texts: defaultdict[str, list[PlateReading]] = defaultdict(list)
    for reading in readings:
        texts[reading.text].append(reading)
    found = [
        Candidate(text, len(seen), max(reading.min_char for reading in seen))
        for text, seen in texts.items()
    ]
    weights = {text: sum(map(_vote, seen)) for text, seen in texts.items()}
    return sorted(found, key=lambda candidate: weights[candidate.text], reverse=True)


def _weight(readings: list[PlateReading], candidate: Candidate) -> float:
    return sum(_vote(reading) for reading in readings if reading.text == candidate.text)


def _vote(reading: PlateReading) -> float:
    """A frame counts by its least sure character; a doubt counts little."""
    return reading.min_char * (1.0 if reading.sure else _DOUBT_WEIGHT)
