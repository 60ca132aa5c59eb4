"""From four corners to an upright plate."""

from typing import NamedTuple

import cv2
import numpy as np


class Cut(NamedTuple):
    """A part of a plate, in shares of its width and height; beyond 0..1 is its surroundings."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


# What of a plate is read: a little more than the plate itself.
READ_CUT = Cut(-0.02, -0.06, 1.02, 1.06)


def rectify(
    image: np.ndarray, corners: np.ndarray, cut: Cut, width: int, height: int
) -> np.ndarray:
    """That part as uint8 [height, width, 3]. `corners`: [4, 2], clockwise from the top left."""
    shrink = _shrink(corners, cut, width)
    size = (width * shrink, height * shrink)
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), _target(cut, size))
    plate = cv2.warpPerspective(
        image, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if shrink == 1:
        return plate
    return cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)


def _shrink(corners: np.ndarray, cut: Cut, width: int) -> int:
    """A near plate is warped larger and then averaged: one bilinear step would drop strokes."""
    across = float(np.linalg.norm(corners[1] - corners[0])) * (cut.right - cut.left)
    return int(np.clip(round(across / width), 1, 8))


def _target(cut: Cut, size: tuple[int, int]) -> np.ndarray:
    """Where the plate's own corners lie in the cut."""
    shares = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    origin = np.array([cut.left, cut.top])
    extent = np.array([cut.right - cut.left, cut.bottom - cut.top])
    target: np.ndarray = (shares - origin) / extent * np.array(size)
    return target.astype(np.float32)
