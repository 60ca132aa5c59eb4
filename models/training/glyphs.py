"""The ink of single characters: pictures of real plates' glyphs where they are, else a font.

The pictures come from the folder `glyphs/font_model` of the training data (MIT licence, see the
data's README); what it lacks is drawn as the simulated lane draws it: hanzi of Noto Sans CJK
(SIL Open Font License 1.1), letters and digits as pen strokes.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from drivers.twins.plateart import hanzi_glyph
from drivers.twins.strokes import latin_glyph

_LIKE = {"O": "0", "I": "1"}
_FONT_CELL = (90, 180)


class Glyphs:
    """`folder` may be missing: then everything is drawn."""

    def __init__(self, folder: Path | None) -> None:
        self._pictures = _pictures(folder) if folder else {}

    def ink(self, series: str, sign: str, *, drawn: bool = False) -> np.ndarray:
        """float32 [h, w], 1 = ink. `series`: 140, green, 220, 220_up or 220_down."""
        names = () if drawn else (f"{series}_{sign}", f"{series[:3]}_{sign}", f"140_{sign}")
        for name in names:
            if name in self._pictures:
                return self._pictures[name]
        return _drawn(_LIKE.get(sign, sign))


def _pictures(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: _ink(path) for path in sorted(folder.glob("*.jpg"))}


def _ink(path: Path) -> np.ndarray:
    """Cut to its ink, so that every glyph fills its cell."""
    grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError(f"{path}: is no picture")
    ink = 1 - grey.astype(np.float32) / 255
    if path.stem.endswith(("_1", "_I")):
        return ink
    rows, columns = (np.flatnonzero(ink.max(axis) > 0.5) for axis in (1, 0))
    return np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@lru_cache(maxsize=256)
def _drawn(sign: str) -> np.ndarray:
    draw = latin_glyph if sign.isascii() else hanzi_glyph
    return draw(sign, *_FONT_CELL).astype(np.float32) / 255
