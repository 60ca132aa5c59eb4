"""A pinhole camera beside the lane.

World axes in metres: x along the lane towards the camera, y to the camera's right, z up.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_PLACE = np.array([2.5, 1.4, 1.8])
_AIM = np.array([-3.2, 0.0, 0.55])
_FOCAL_WIDTHS = 1.7
_NEAR_M = 0.4


class Lens:
    """Looks down at the stop line from beyond the boom, with a picture of `width` x `height`."""

    def __init__(self, width: int, height: int) -> None:
        ahead = (_AIM - _PLACE) / np.linalg.norm(_AIM - _PLACE)
        right = np.cross(ahead, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        self._axes = np.stack([right, np.cross(ahead, right), ahead])
        self._focal_px = width * _FOCAL_WIDTHS
        self._centre = np.array([width / 2, height / 2])

    def project(self, polygon: Points) -> Points:
        """[n, 3] metres to [m, 2] pixels; what is behind the lens is cut off, maybe all of it."""
        seen = _cut_near((polygon - _PLACE) @ self._axes.T)
        pixels: Points = seen[:, :2] / seen[:, 2:] * self._focal_px + self._centre
        return pixels


def _cut_near(polygon: Points) -> Points:
    """The part of a polygon that lies beyond the near plane (Sutherland-Hodgman)."""
    if (polygon[:, 2] >= _NEAR_M).all():
        return polygon
    kept = []
    for here, after in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside, next_inside = here[2] >= _NEAR_M, after[2] >= _NEAR_M
        if inside:
            kept.append(here)
        if inside != next_inside:
            share = (_NEAR_M - here[2]) / (after[2] - here[2])
            kept.append(here + share * (after - here))
    return np.array(kept).reshape(-1, 3)
