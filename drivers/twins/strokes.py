"""Letters and digits as pen strokes, near the shapes on a plate of GA 36-2018.

A general typeface reads differently to a plate reader: its 6 curls, its M runs to the ground.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray


class _Corner(NamedTuple):
    """A point of a stroke on a grid 10 wide and 20 high; `radius` rounds the turn at it."""

    x: float
    y: float
    radius: float = 0.0


_BOWL = "5,{top} 10,{top},4.7 10,{end},4.7 0,{end},4.7 0,{top},4.7 5,{top}"
# Strokes end beyond 0..10 and 0..20 where the cell's edge shall cut them square.
_STROKES = {
    "0": _BOWL.format(top=0, end=20),
    "1": "5,-1 5,20; 5,0 3,2; 2,20 8,20",
    "2": "0,5.4 0,0,4.7 10,0,4.7 10,8.5,3 0,20 11,20",
    "3": "-1,0 9.6,0 4.6,8 10,8,4.6 10,20,4.7 0,20,4.7 0,15",
    "4": "7.6,-1 0,14.2 11,14.2; 8,4 8,21",
    "5": "10,0 1.2,0 0.3,9 2,7.6,1 10,7.6,4.6 10,20,4.7 0,20,4.7 0,15",
    "6": "7,-1 0.6,11.5; " + _BOWL.format(top=8, end=20),
    "7": "-1,0 10,0 4.6,11,6 4.2,21",
    "8": "5,0 9.2,0,4.2 9.2,8.8,4.2 0.8,8.8,4.2 0.8,0,4.2 5,0; " + _BOWL.format(top=8.8, end=20),
    "9": "3,21 9.4,8.5; " + _BOWL.format(top=0, end=12),
    "A": "-0.3,21 5,-1 10.3,21; 2,14.4 8,14.4",
    "B": "0,-1 0,21; 0,0 9.3,0,4.3 9.3,9.4,4.3 0,9.4; 0,9.4 10,9.4,4.6 10,20,4.6 0,20",
    "C": "10,6 10,0,4.7 0,0,4.7 0,20,4.7 10,20,4.7 10,14",
    "D": "0,-1 0,21; 0,0 10,0,4.6 10,20,4.6 0,20",
    "E": "0,-1 0,21; 0,0 11,0; 0,9.6 9,9.6; 0,20 11,20",
    "F": "0,-1 0,21; 0,0 11,0; 0,9.6 9,9.6",
    "G": "10,5.6 10,0,4.7 0,0,4.7 0,20,4.7 10,20,4.7 10,11.2 5.4,11.2",
    "H": "0,-1 0,21; 10,-1 10,21; 0,9.8 10,9.8",
    "J": "8.6,-1 8.6,20,4.3 0,20,4.3 0,14.6",
    "K": "0,-1 0,21; 10.2,-1 0,12.4; 3.6,8 10.4,21",
    "L": "0,-1 0,20 11,20",
    "M": "0,21 0,-1 5,11 10,-1 10,21",
    "N": "0,21 0,-1 10,21 10,-1",
    "O": _BOWL.format(top=0, end=20),
    "P": "0,-1 0,21; 0,0 10,0,4.7 10,11,4.7 0,11",
    "Q": _BOWL.format(top=0, end=20) + "; 5.4,13.6 11,21",
    "R": "0,-1 0,21; 0,0 10,0,4.7 10,10.6,4.7 0,10.6; 4.6,10.6 10.4,21",
    "S": "10,5 10,0,4.7 0,0,4.7 0,7.6,3 10,11.6,3 10,20,4.7 0,20,4.7 0,15",
    "T": "-1,0 11,0; 5,0 5,21",
    "U": "0,-1 0,20,4.7 10,20,4.7 10,-1",
    "V": "-0.4,-1 5,21 10.4,-1",
    "W": "-0.4,-1 2.4,21 5,1 7.6,21 10.4,-1",
    "X": "-0.4,-1 10.4,21; 10.4,-1 -0.4,21",
    "Y": "-0.4,-1 5,10.6 10.4,-1; 5,10 5,21",
    "Z": "-1,0 10,0 0,20 11,20",
}
DRAWN_SIGNS = frozenset(_STROKES)
_PEN_SHARE = 0.2
_PEN_SHARE_OF_HEIGHT = 0.14
_FINER = 4


@lru_cache(maxsize=256)
def latin_glyph(character: str, width: int, height: int) -> NDArray[np.uint8]:
    """Ink of a letter or digit in its cell: uint8 [height, width], 255 = ink."""
    cell = np.zeros((height * _FINER, width * _FINER), np.uint8)
    pen = round(_FINER * min(width * _PEN_SHARE, height * _PEN_SHARE_OF_HEIGHT))
    reach = np.array([(cell.shape[1] - pen) / 10, (cell.shape[0] - pen) / 20])
    for stroke in _STROKES[character].split(";"):
        line = np.round(_rounded(_corners(stroke)) * reach + pen / 2).astype(np.int32)
        cv2.polylines(cell, [line], isClosed=False, color=255, thickness=pen)
    return cv2.resize(cell, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _corners(stroke: str) -> list[_Corner]:
    return [_Corner(*map(float, corner.split(","))) for corner in stroke.split()]


def _rounded(corners: list[_Corner]) -> NDArray[np.float64]:
    """The stroke as points, each turn with a radius bent into a curve."""
    points = [np.array(corners[0][:2])]
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        turn = np.array(here[:2])
        enter = turn + _towards(here, before) * here.radius
        leave = turn + _towards(here, after) * here.radius
        share = np.linspace(0, 1, 12 if here.radius else 1)[:, None]
        curve = (1 - share) ** 2 * enter + 2 * share * (1 - share) * turn + share**2 * leave
        points.extend(curve)
    points.append(np.array(corners[-1][:2]))
    return np.array(points)


def _towards(start: _Corner, end: _Corner) -> NDArray[np.float64]:
    way = np.array([end.x - start.x, end.y - start.y])
    length = float(np.hypot(*way))
    return way / length if length else way
