"""The part of the picture that counts: a region, without masks, and back to the whole picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from gateway.lane.types import Corners, PlateCandidate

FROZEN_S = 1.5
_STEP = 16

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    """Places are shares, 0 to 1, of the picture's width and height.

    `region`: a polygon, or empty for everything; `masks`: boxes [left, top, right, bottom];
    `size`: the [width, height] that is expected; `frozen_s`: 0 where a picture may stand still.
    """

    region: tuple[Point, ...] = ()
    masks: tuple[Box, ...] = ()
    size: tuple[int, int] | None = None
    frozen_s: float = FROZEN_S

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> "View":
        """From the configuration's `view`, as JSON has it."""
        size = order.get("size")
        return cls(
            region=tuple((x, y) for x, y in order.get("region") or ()),
            masks=tuple(
                (left, top, right, low) for left, top, right, low in order.get("masks") or ()
            ),
            size=None if size is None else (size[0], size[1]),
            frozen_s=order.get("frozen_s", FROZEN_S),
        )


@lru_cache(maxsize=8)
def window(view: View, width: int, height: int) -> "Window":
    return Window(view, width, height)


class Window:
    """A view of pictures of one size."""

    def __init__(self, view: View, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._polygon = np.array([(x * width, y * height) for x, y in view.region], np.float32)
        self._masks = [_pixels(box, width, height) for box in view.masks]
        self.left, self.top, self._right, self._bottom = 0, 0, width, height
        if view.region:
            xs, ys = zip(*view.region, strict=True)
            around = (min(xs), min(ys), max(xs), max(ys))
            self.left, self.top, self._right, self._bottom = _pixels(around, width, height)

    def cut(self, image: Any) -> Any:
        """The region's bounding box. Masks are painted over in its mean grey, on a copy."""
        part = image[self.top : self._bottom, self.left : self._right]
        if not self._masks:
            return part
        part = part.copy()
        self.paint(part, part[::_STEP, ::_STEP].mean(), (self.left, self.top))
        return part

    def paint(self, image: Any, grey: float, corner: tuple[int, int] = (0, 0)) -> None:
        """Every mask in one grey. `corner`: where in the whole picture this one begins."""
        x, y = corner
        for left, top, right, bottom in self._masks:
            image[max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)] = grey

    def inside(self) -> Any:
        """uint8 [height, width]: 1 in the region, without the masks."""
        if len(self._polygon):
            inside = np.zeros((self._height, self._width), np.uint8)
            cv2.fillPoly(inside, [np.round(self._polygon).astype(np.int32)], 1)
        else:
            inside = np.ones((self._height, self._width), np.uint8)
        self.paint(inside, 0)
        return inside

    def back(self, candidates: Sequence[PlateCandidate]) -> list[PlateCandidate]:
        """In pixels of the whole picture; those whose middle is outside the region are gone."""
        return [moved for moved in map(self._moved, candidates) if self._holds(moved)]

    def inwards(self, corners: Corners) -> Corners:
        """From pixels of the whole picture to those of what `cut` gives."""
        return _shifted(corners, -self.left, -self.top)

    def _moved(self, candidate: PlateCandidate) -> PlateCandidate:
        return replace(candidate, corners=_shifted(candidate.corners, self.left, self.top))

    def _holds(self, candidate: PlateCandidate) -> bool:
        if not len(self._polygon):
            return True
        xs, ys = zip(*candidate.corners, strict=True)
        middle = (float(sum(xs)) / 4, float(sum(ys)) / 4)
        return cv2.pointPolygonTest(self._polygon, middle, False) >= 0  # noqa: FBT003


def _shifted(corners: Corners, right: float, down: float) -> Corners:
    first, second, third, fourth = ((x + right, y + down) for x, y in corners)
    return first, second, third, fourth


def _pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels around a box of shares; never empty."""
    left, top = int(box[0] * width), int(box[1] * height)
    right, bottom = -int(-box[2] * width // 1), -int(-box[3] * height // 1)
    return left, top, min(width, max(right, left + 1)), min(height, max(bottom, top + 1))
