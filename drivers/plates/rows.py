"""A plate of two rows, laid out as one: the recogniser knows plates of one row only."""

import numpy as np

from drivers.plates.rectify import Cut, rectify

# A double-row plate of GA 36-2018 is 440 x 220 mm: two characters above, five below. Cut so,
# they stand where they stand on a plate of 440 x 140 mm. The two cuts differ where drawn
# plates of that size were misread most: the letter read twice.
UPPER = (Cut(0.15, 0.0, 0.83, 0.46), Cut(0.11, 0.0, 0.83, 0.46))
LOWER = Cut(0.0, 0.3, 1.0, 1.03)
_UPPER_SHARE = 40 / 128


def side_by_side(
    image: np.ndarray, corners: np.ndarray, width: int, height: int
) -> list[np.ndarray]:
    """The lower row beside the upper one, a view for each of `UPPER`: uint8 [height, width, 3]."""
    left = round(width * _UPPER_SHARE)
    below = rectify(image, corners, LOWER, width - left, height)
    return [np.hstack([rectify(image, corners, cut, left, height), below]) for cut in UPPER]
