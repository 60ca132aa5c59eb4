"""Following plates from picture to picture, so that two vehicles are not taken for one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import dist

from gateway.lane.types import PlateReading

FORGOTTEN_S = 1.5
# A plate moves by less than its own width between two pictures, and hardly grows.
_FARTHEST_WIDTHS = 1.0
_MOST_GROWTH = 1.6
MOST_NUMBERS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    reading: PlateReading
    seen_at: float


class Tracks:
    """Numbers plates after `last`; the same plate keeps its number while it is seen.

    After a million it begins again with 1.
    """

    def __init__(self, last: int = 0) -> None:
        self._tracks: list[_Track] = []
        self._last = last

    def numbered(self, readings: Iterable[PlateReading], at: float) -> list[PlateReading]:
        """The readings of one picture, each with its number. `at`: monotonic seconds."""
        free = [track for track in self._tracks if at - track.seen_at <= FORGOTTEN_S]
        found = []
        for reading in readings:
            match = min(
                (track for track in free if _may_be(track.reading, reading)),
                key=lambda track: _apart(track.reading, reading),
                default=None,
            )
            if match is not None:
                free.remove(match)
            found.append(replace(reading, track=match.number if match else self._next()))
        self._tracks = free + [_Track(reading.track, reading, at) for reading in found]
        return found

    def _next(self) -> int:
        self._last = self._last % MOST_NUMBERS + 1
        return self._last


def _may_be(before: PlateReading, now: PlateReading) -> bool:
    wide, narrow = sorted((before.width_px, now.width_px), reverse=True)
    return wide <= _MOST_GROWTH * narrow and _apart(before, now) <= _FARTHEST_WIDTHS * wide


def _apart(one: PlateReading, other: PlateReading) -> float:
    return dist(_middle(one), _middle(other))


def _middle(reading: PlateReading) -> tuple[float, float]:
    xs, ys = zip(*reading.corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4
