"""Many readings of one vehicle, one plate."""

from collections import Counter
from dataclasses import dataclass

from gateway.lane.types import PlateReading

KEPT = 32


@dataclass(frozen=True, slots=True)
class Ballot:
    """The readings of one visit, oldest first."""

    readings: tuple[PlateReading, ...] = ()

    def cast(self, reading: PlateReading) -> "Ballot":
        return Ballot((*self.readings, reading)[-KEPT:])

    def winner(self, agree_frames: int) -> PlateReading | None:
        """The surest reading of the text that at least `agree_frames` frames agree on.

        A second text with more than half as many frames leaves the vote open: two plates, or
        one that is hard to read, deserve another look.
        """
        ranking = Counter(reading.text for reading in self.readings).most_common(2)
        if not ranking or ranking[0][1] < agree_frames:
            return None
        if len(ranking) > 1 and ranking[1][1] * 2 > ranking[0][1]:
            return None
        return max(
            (reading for reading in self.readings if reading.text == ranking[0][0]),
            key=lambda reading: reading.min_char,
        )
