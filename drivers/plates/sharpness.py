"""How sharp a plate is in the picture: one figure for focus, motion and size together."""

import cv2
import numpy as np

from drivers.plates.rectify import Cut, rectify

_SIZE = (144, 40)
_FINE_PX = 1.2


def sharpness_of(picture: np.ndarray, corners: np.ndarray) -> float:
    """0 (flat) .. about 0.6: the share of a plate's contrast that lies in fine detail.

    Taken at one size for all plates, so that a small one, which has no detail, is not sharp.
    """
    grey = cv2.cvtColor(rectify(picture, corners, Cut(), *_SIZE), cv2.COLOR_BGR2GRAY)
    plate = grey.astype(np.float32)
    fine = plate - cv2.GaussianBlur(plate, (0, 0), _FINE_PX)
    return float(fine.std() / (plate.std() + 1))
