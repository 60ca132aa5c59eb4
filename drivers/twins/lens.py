"""A pinhole camera beside the lane.

World axes in metres: x along the lane towards the camera, y to the camera's right, z up.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_NEAR_M = 0.4


class Mount(NamedTuple):
    """Where the camera hangs and aims, metres, and its focal length in picture widths."""

    place: tuple[float, float, float] = (2.5, 1.4, 1.8)
    aim: tuple[float, float, float] = (-3.2, 0.0, 0.55)
    focal_widths: float = 1.7


USUAL_MOUNT = Mount()


class Lens:
    """Looks down at the stop line from beyond the boom, with a picture of `width` x `height`."""

    def __init__(self, width: int, height: int, mount: Mount = USUAL_MOUNT) -> None:
        self._place = np.array(mount.place)
        way = np.array(mount.aim) - self._place
        ahead = way / np.linalg.norm(way)
        right = np.cross(ahead, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        self._axes = np.stack([right, np.cross(ahead, right), ahead])
        self._focal_px = width * mount.focal_widths
        self._centre = np.array([width / 2, height / 2])

    def project(self, polygon: Points) -> Points:
        """[n, 3] metres to [m, 2] pixels; what is behind the lens is cut off, maybe all of it."""
        seen = _cut_near((polygon - self._place) @ self._axes.T)
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
