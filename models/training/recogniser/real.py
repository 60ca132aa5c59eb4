"""Real plates to learn from: cut-out ones, those in scenes, and new texts made of them."""

import random
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.plates.rectify import READ_CUT, rectify
from gateway.lane.plates import kind_of
from models.training.data import Split, samples
from models.training.glyphs import Glyphs
from models.training.kinds import PROVINCES
from models.training.recogniser.net import ALPHABET, COLOURS, SLOTS, TYPES

IGNORED = -100
_SEVEN = 7


@dataclass(frozen=True, slots=True)
class RealPlate:
    """`colour` and `type` are indices, IGNORED where nobody said."""

    image: np.ndarray
    text: str
    source: str
    colour: int = IGNORED
    type: int = IGNORED


def real_plates(split: Split, *, held_out: bool) -> list[RealPlate]:
    """Those that are held out, or all others; none where there is no data."""
    plates = [plate for plate in _all_plates() if _readable(plate.text)]
    return [plate for plate in plates if split.holds_out(plate.text) == held_out]


def _readable(text: str) -> bool:
    return 0 < len(text) <= SLOTS and all(sign in ALPHABET for sign in text)


def _all_plates() -> list[RealPlate]:
    found = []
    for sample in samples():
        if sample.kind in ("crops", "lane_crops"):
            found.append(_plate(sample.picture(), sample.label, sample.kind, sample.plate_type))
        if sample.kind == "scenes":
            picture = sample.picture()
            for plate in sample.plates:
                image = rectify(picture, plate.corners, READ_CUT, 176, 52)
                found.append(_plate(image, plate.text, "scenes", sample.plate_type))
    return found


def _plate(image: np.ndarray, text: str, source: str, colour: str) -> RealPlate:
    kind = kind_of(text)
    return RealPlate(
        image,
        text,
        source,
        COLOURS.index(colour) if colour in ("blue", "yellow", "green") else IGNORED,
        TYPES.index(kind.type.value) if kind else IGNORED,
    )


def weights(plates: list[RealPlate]) -> list[float]:
    """Rare provinces more often, plates that were photographed many times less often."""
    provinces = Counter(plate.text[0] for plate in plates)
    texts = Counter(plate.text for plate in plates)
    share = {"lane_crops": 0.6, "crops": 1.0, "scenes": 2.0}
    return [share[p.source] * provinces[p.text[0]] ** -0.35 * texts[p.text] ** -0.7 for p in plates]


def with_another_province(dice: random.Random, plate: RealPlate, glyphs: Glyphs) -> RealPlate:
    """The same photo with a drawn province sign: the real ones come from few provinces.

    For one-row plates of seven characters, whose first cell is known to be 45 of 440 mm.
    """
    if len(plate.text) != _SEVEN or plate.text[0] not in PROVINCES:
        return plate
    image = cv2.resize(plate.image, (176, 52), interpolation=cv2.INTER_AREA).astype(np.float32)
    sign = dice.choice(PROVINCES)
    ground, ink = _two_tones(image)
    cell = image[9:43, 6 + dice.randint(-1, 1) :][:, :18]
    glyph = cv2.resize(glyphs.ink("140", sign), (18, 34), interpolation=cv2.INTER_AREA)
    glyph = cv2.GaussianBlur(glyph, (0, 0), dice.uniform(0.4, 1.4))[..., None]
    image[5:47, 3:26] = ground + (image[5:47, 3:26] - ground) * 0.1
    cell[:] = ground + (ink - ground) * glyph
    fresh = np.clip(image, 0, 255).astype(np.uint8)
    return RealPlate(fresh, sign + plate.text[1:], plate.source, plate.colour, plate.type)


def _two_tones(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ground and ink of the sign's neighbour: strokes are the smaller part."""
    near = image[9:43, 27:50].astype(np.uint8)
    grey = cv2.cvtColor(near, cv2.COLOR_BGR2GRAY)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright, dark = near[grey > level], near[grey <= level]
    if not len(bright) or not len(dark):
        middle = near.reshape(-1, 3).mean(0)
        return middle, middle
    light, deep = np.median(bright, 0), np.median(dark, 0)
    return (deep, light) if len(dark) >= len(bright) else (light, deep)
