"""The colour of a plate's background."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from gateway.lane.types import PlateColour

_NO_COLOUR_AT_ALL = 5
_FAINT = 0.03
_MOST = 0.5
_ANY = 9.0


class _Look(NamedTuple):
    """A row of the table: from .. below for chroma and hue, and the least share of the plate."""

    colour: PlateColour
    chroma: tuple[float, float]
    hue: tuple[float, float]
    share: float


# Set on 4,030 real crops and scenes; what lies between the rows is unknown, on purpose.
_DARKER_THAN_STROKES = (
    _Look(PlateColour.BLACK, (0.00, 0.08), (0, 180), 0.0),
    _Look(PlateColour.BLUE, (0.11, _ANY), (89, 141), 0.0),
)
_LIGHTER_THAN_STROKES = (
    _Look(PlateColour.WHITE, (0.00, 0.04), (0, 180), 0.0),
    _Look(PlateColour.GREEN, (0.06, _ANY), (37, 89), _MOST),
    _Look(PlateColour.YELLOW, (0.10, _ANY), (10, 37), 0.0),
    _Look(PlateColour.BLUE, (0.10, _ANY), (89, 141), 0.0),
)


@dataclass(frozen=True, slots=True)
class _Tone:
    """The darker or the lighter part of a plate. `chroma`: 0 grey .. 1, by the plate's light.

    `share` is its part of the plate's area, `hue` is in OpenCV's half degrees, 0..179.
    """

    share: float
    chroma: float
    hue: float

    @property
    def weight(self) -> float:
        return self.share * self.chroma


def colour_of(plate: np.ndarray) -> PlateColour:
    """Of an upright plate in BGR. Unknown where it is in doubt, and where a camera sees none.

    Strokes are white or black, so the background is the tone with more of the colour; only
    where neither has any it is the larger one. Headlamps, dusk and a camera's own cast shift
    hues: what a wrong name would cost is a good plate refused, so doubt is a result.
    """
    inner = _without_rim(plate)
    spread = inner.max(2).astype(np.int16) - inner.min(2)
    if np.percentile(spread, 95) < _NO_COLOUR_AT_ALL:
        return PlateColour.UNKNOWN
    dark, light = _two_tones(inner, spread)
    faint = max(dark.weight, light.weight) < _FAINT
    dark_ground = dark.share >= _MOST if faint else dark.weight >= light.weight
    if dark_ground:
        return _named(dark, _DARKER_THAN_STROKES)
    return _named(light, _LIGHTER_THAN_STROKES)


def _named(ground: _Tone, looks: tuple[_Look, ...]) -> PlateColour:
    for look in looks:
        (faintest, strongest), (first, beyond) = look.chroma, look.hue
        fits = faintest <= ground.chroma < strongest and first <= ground.hue < beyond
        if fits and ground.share >= look.share:
            return look.colour
    return PlateColour.UNKNOWN


def _without_rim(plate: np.ndarray) -> np.ndarray:
    height, width = plate.shape[:2]
    dy, dx = height // 8, width // 16
    return plate[dy : height - dy, dx : width - dx]


def _two_tones(plate: np.ndarray, spread: np.ndarray) -> tuple[_Tone, _Tone]:
    grey = cv2.cvtColor(plate, cv2.COLOR_BGR2GRAY)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    full_light = max(float(np.percentile(plate.max(2), 95)), 1.0)
    dark = grey <= level
    return (
        _tone(plate[dark], spread[dark], grey.size, full_light),
        _tone(plate[~dark], spread[~dark], grey.size, full_light),
    )


def _tone(pixels: np.ndarray, spread: np.ndarray, total: int, full_light: float) -> _Tone:
    if not len(pixels):
        return _Tone(0.0, 0.0, 0.0)
    middle = np.median(pixels, 0).astype(np.uint8)
    hue = float(cv2.cvtColor(middle[None, None], cv2.COLOR_BGR2HSV)[0, 0, 0])
    return _Tone(len(pixels) / total, float(np.median(spread)) / full_light, hue)
