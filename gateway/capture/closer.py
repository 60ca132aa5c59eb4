"""A second look: the place of a doubtful plate by itself, so that nothing of it is scaled away."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import dist
from typing import Any

from gateway.lane.types import Corners, PlateCandidate

# Around a plate, in its widths: enough for a vehicle that rolls a little.
_AROUND = 1.5
_LEAST_PIXELS = 64
# Two that are nearer to each other than this share of their width are one plate.
_SAME_PLACE = 0.5

Read = Callable[[Any], Sequence[PlateCandidate]]


def closer(
    found: Sequence[PlateCandidate], read: Read, image: Any, place: Corners
) -> list[PlateCandidate]:
    """`found`, and for what is read around `place` the surer of both.

    So one picture still has one say about one plate. `image`: what `found` was read in.
    """
    best = list(found)
    left, top, right, bottom = _around(place, image.shape[1], image.shape[0])
    if right - left < _LEAST_PIXELS or bottom - top < _LEAST_PIXELS:
        return best
    for near in read(image[top:bottom, left:right]):
        moved = _moved(near, left, top)
        twin = next((one for one in best if _is_at(one, moved)), None)
        if twin is None:
            best.append(moved)
        elif _sureness(moved) > _sureness(twin):
            best[best.index(twin)] = moved
    return best


def _around(place: Corners, width: int, height: int) -> tuple[int, int, int, int]:
    xs, ys = zip(*place, strict=True)
    margin = _AROUND * (max(xs) - min(xs))
    return (
        max(0, int(min(xs) - margin)),
        max(0, int(min(ys) - margin)),
        min(width, int(max(xs) + margin)),
        min(height, int(max(ys) + margin)),
    )


def _moved(one: PlateCandidate, left: int, top: int) -> PlateCandidate:
    first, second, third, fourth = ((x + left, y + top) for x, y in one.corners)
    return replace(one, corners=(first, second, third, fourth))


def _is_at(one: PlateCandidate, other: PlateCandidate) -> bool:
    width = max(one.width_px, other.width_px)
    return dist(_middle(one.corners), _middle(other.corners)) < _SAME_PLACE * width


def _middle(corners: Corners) -> tuple[float, float]:
    xs, ys = zip(*corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def _sureness(one: PlateCandidate) -> float:
    return min(one.characters, default=0.0)
