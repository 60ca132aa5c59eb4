"""What a picture is worth for reading, in figures. Needs numpy and OpenCV."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from gateway.lane.types import Corners

WHITE, BLACK = 250, 5
# A blurred step of height A rises by at most A / (sigma * sqrt(2 pi)) a pixel.
_RISE = float(np.sqrt(2 * np.pi))
_REACH = 11
_PICTURE_EDGE = 40
_SHARPER_QUARTER, _MIDDLE = 25, 50
_FEWEST_EDGES = 20
_GLANCE_WIDTH = 640
_PLATE_WIDTH = 128


@dataclass(frozen=True, slots=True)
class PictureLight:
    """`middle`: median grey, 0..255; shares 0..1 of pixels that are burnt out or black.

    `blur_px`: about the radius of the blur (Gaussian sigma) of the sharper edges, 0 where there
    are none; over one pixel it comes out too small, 2.0 as 1.2.
    """

    middle: float
    burnt: float
    black: float
    blur_px: float


@dataclass(frozen=True, slots=True)
class PlateLight:
    """The same of one plate. `white`, `contrast`: 95 % grey, and what lies between it and 5 %.

    `across_px` and `down_px` are the blur's radii along the plate and up and down.
    """

    white: float
    contrast: float
    burnt: float
    across_px: float
    down_px: float


def picture_light(image: Any) -> PictureLight:
    """`image`: uint8 [height, width, 3] BGR."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    step = max(1, grey.shape[1] // _GLANCE_WIDTH)
    glance = grey[::step, ::step]
    blur = max(_blur(side, _PICTURE_EDGE, _SHARPER_QUARTER) for side in (grey, grey.T))
    burnt, black = float(np.mean(glance >= WHITE)), float(np.mean(glance <= BLACK))
    return PictureLight(float(np.median(glance)), burnt, black, blur)


def plate_light(image: Any, corners: Corners) -> PlateLight | None:
    """None where the corners enclose nothing of the picture."""
    left, top, right, bottom = _hull(corners, image.shape)
    if right - left < 2 or bottom - top < 2:  # noqa: PLR2004 a difference needs two pixels
        return None
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    inside = _inside(grey, corners, left, top)
    dark, white = (float(np.percentile(inside, part)) for part in (5, 95))
    contrast = white - dark
    small, scale = _as_the_reader_sees(grey)
    across, down = (_blur(side, contrast / 2, _MIDDLE) / scale for side in (small, small.T))
    return PlateLight(white, contrast, float(np.mean(inside >= WHITE)), across, down)


def _as_the_reader_sees(plate: Any) -> tuple[Any, float]:
    """Reduced to the width a reader takes: finer blur than that costs it nothing."""
    scale = min(1.0, _PLATE_WIDTH / plate.shape[1])
    if scale == 1:
        return plate, scale
    size = (_PLATE_WIDTH, max(1, round(plate.shape[0] * scale)))
    return cv2.resize(plate, size, interpolation=cv2.INTER_AREA), scale


def _hull(corners: Corners, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    xs, ys = zip(*corners, strict=True)
    return (
        max(0, int(min(xs))),
        max(0, int(min(ys))),
        min(shape[1], int(max(xs)) + 1),
        min(shape[0], int(max(ys)) + 1),
    )


def _inside(grey: Any, corners: Corners, left: int, top: int) -> Any:
    outline = np.round(np.array(corners) - (left, top)).astype(np.int32)
    cover = np.zeros(grey.shape, np.uint8)
    cv2.fillConvexPoly(cover, outline, 1)
    return grey[cover > 0] if cover.any() else grey


def _blur(grey: Any, least_edge: float, part: int) -> float:
    """Along the rows: height of each edge by its steepest step. 0 where there is no edge."""
    rows = np.ascontiguousarray(grey)
    window = np.ones((1, _REACH), np.uint8)
    height = cv2.subtract(cv2.dilate(rows, window), cv2.erode(rows, window))
    steepest = cv2.dilate(cv2.absdiff(rows[:, 1:], rows[:, :-1]), window)
    height = height[:, 1:]
    edges = height >= max(least_edge, 1.0)
    if np.count_nonzero(edges) < _FEWEST_EDGES:
        return 0.0
    radii = height[edges] / np.maximum(steepest[edges], 1) / _RISE
    return float(np.percentile(radii, part))
