"""A picture of every kind of plate that is drawn, new and worn."""

import random

import cv2
import numpy as np

from models.training.kinds import KINDS
from models.training.plates import draw_plate

_ACROSS = 6
_SIZE = {1: (220, 70), 2: (220, 110)}


def draw_sheet(dice: random.Random) -> np.ndarray:
    """uint8 [h, w, 3]: a row of six for each kind."""
    return np.vstack([_row(dice, place) for place in range(len(KINDS))])


def _row(dice: random.Random, place: int) -> np.ndarray:
    kind = KINDS[place]
    size = _SIZE[kind.forms[0].rows]
    return np.hstack([cv2.resize(draw_plate(dice, kind).image, size) for _ in range(_ACROSS)])
