"""A quick look at a frame: small, grey, without what is masked. Costs a fraction of reading."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from gateway.capture.view import View, window
from gateway.ports import Frame

WIDTH = 160
# Of any picture: one of 16 x 16384 pixels would take gigabytes at its own shape.
_LOWEST, _HIGHEST = 16, 640
_STEP = 4
_MASK_GREY = 128


@dataclass(frozen=True, slots=True)
class Look:
    """`grey`: uint8, 160 pixels wide; `dots`: single pixels, untouched, to compare exactly.

    `inside`: uint8, as large as `grey`, 1 where the region is. `size`: (width, height) of the
    frame.
    """

    at: float
    size: tuple[int, int]
    grey: Any
    dots: Any
    inside: Any
    recorded: bool = False


def look_at(frame: Frame, view: View, at: float) -> Look:
    luma = frame.luma
    if luma is None:
        luma = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
    height, width = luma.shape
    small = WIDTH, min(_HIGHEST, max(_LOWEST, round(WIDTH * height / width)))
    grey = cv2.resize(luma, small, interpolation=cv2.INTER_AREA)
    dots = luma[::_STEP, ::_STEP].copy()
    window(view, *small).paint(grey, _MASK_GREY)
    window(view, dots.shape[1], dots.shape[0]).paint(dots, _MASK_GREY)
    return Look(at, (width, height), grey, dots, _inside(view, *small), frame.recorded)


@lru_cache(maxsize=4)
def _inside(view: View, width: int, height: int) -> Any:
    return window(view, width, height).inside()


def same(one: Look, other: Look) -> bool:
    """Not one of the dots differs: a sensor's noise alone would change some."""
    return one.dots.shape == other.dots.shape and bool(np.array_equal(one.dots, other.dots))
