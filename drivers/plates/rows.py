"""A plate of two rows, laid out as one: the recogniser knows plates of one row only."""

import numpy as np

from drivers.plates.rectify import Cut, rectify

# On double-row plates of GA 36-2018 (440 x 220 mm) two or three characters stand above and five
# below. The recogniser is trained on this very layout.
UPPER = Cut(0.12, -0.02, 0.88, 0.42)
LOWER = Cut(-0.01, 0.37, 1.01, 1.03)
UPPER_SHARE = 5 / 16


def side_by_side(image: np.ndarray, corners: np.ndarray, width: int, height: int) -> np.ndarray:
    """The lower row to the right of the upper one: uint8 [height, width, 3]."""
    left = round(width * UPPER_SHARE)
    upper = rectify(image, corners, UPPER, left, height)
    return np.hstack([upper, rectify(image, corners, LOWER, width - left, height)])
