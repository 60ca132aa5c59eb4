"""Many readings of one vehicle, one plate."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.lane.types import Candidate, PlateReading

KEPT = 48
TOP = 3
# The wider plate is the nearer one; with less difference than this nobody can say so.
_NEARER = 1.3
_DOUBT_WEIGHT = 0.25


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

        Only the nearest plate has a vote: another vehicle's, further away, has none. A second
        text with more than half the weight of the first leaves the vote open: two plates, or
        one that is hard to read, deserve another look.
        """
        nearest = _nearest(self.readings)
        ranking = _ranked(nearest)
        if not ranking or ranking[0].frames < agree_frames:
            return None
        if len(ranking) > 1 and _weight(nearest, ranking[1]) * 2 > _weight(nearest, ranking[0]):
            return None
        if ranking[0].min_char < agree_char:
            return None
        chosen = (reading for reading in nearest if reading.text == ranking[0].text)
        return max(chosen, key=lambda reading: reading.min_char)

    def top(self, count: int = TOP) -> tuple[Candidate, ...]:
        """What the plate may say, doubtful readings included, the likeliest first."""
        return tuple(_ranked(self.readings)[:count])


def _nearest(readings: Iterable[PlateReading]) -> list[PlateReading]:
    """The sure ones of the widest plate that is followed, and of all that are about as wide.

    A plate that was lost and found again has two numbers, so they may be one. A plate that is
    known for sure and came so near that it can only be guessed is as wide as it is now.
    """
    tracks: defaultdict[int, list[PlateReading]] = defaultdict(list)
    for reading in readings:
        tracks[reading.track].append(reading)
    known = {
        number: _width(track) for number, track in tracks.items() if any(one.sure for one in track)
    }
    widest = max(known.values(), default=0.0)
    near = {number for number, width in known.items() if width * _NEARER >= widest}
    return [reading for reading in readings if reading.sure and reading.track in near]


def _width(track: list[PlateReading]) -> float:
    return max(reading.width_px for reading in track)


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
