"""What is pasted into pictures: plates, drawn and real, and things that are not plates."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from models.training import data
from models.training.plates import draw_plate

_REAL, _OTHERS = ("crops", "lane_crops"), ("not_plates",)
_LOOSE = 0.3
_RECTIFIED_WIDTHS = (94, 136)
_RECTIFIED_ASPECT = (2.9, 3.5)


@dataclass(frozen=True, slots=True)
class Piece:
    """`trust`: how exactly the picture's own corners are the plate's."""

    image: np.ndarray
    two_rows: bool
    trust: float

    def aspect(self, dice: Random) -> float:
        """Of the plate. A crop that a machine stretched to one size has lost its own."""
        height, width = (float(side) for side in self.image.shape[:2])
        if self.trust < 1 and width in _RECTIFIED_WIDTHS:
            return dice.uniform(*_RECTIFIED_ASPECT)
        return width / height


@dataclass(frozen=True, slots=True)
class Pool:
    drawn: list[Piece]
    real: list[Piece]
    others: list[np.ndarray]
    real_share: float = 0.3

    def plate(self, dice: Random) -> Piece:
        if self.real and dice.random() < self.real_share:
            return dice.choice(self.real)
        return dice.choice(self.drawn)


def pool(dice: Random, *, drawn: int, keep: Callable[[str], bool]) -> Pool:
    """`drawn`: how many plates are drawn. `keep` says by a plate's text which real ones are in."""
    plates = [draw_plate(dice) for _ in range(drawn)]
    return Pool(
        drawn=[Piece(plate.image, plate.rows > 1, 1.0) for plate in plates],
        real=[Piece(image, two_rows=False, trust=_LOOSE) for image in _pictures(_REAL, keep)],
        others=_pictures(_OTHERS, keep),
    )


def _pictures(kinds: tuple[str, ...], keep: Callable[[str], bool]) -> list[np.ndarray]:
    """Labelled plates, and things that are none and so have no label but a file name."""
    chosen = [s for s in data.samples() if s.kind in kinds and (s.label or kinds == _OTHERS)]
    return [s.picture() for s in chosen if keep(s.label or s.path.stem)]
