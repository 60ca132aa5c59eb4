"""Plates as pictures, straight on, half a pixel a millimetre, new or worn."""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from gateway.lane.types import PlateColour, PlateType
from models.training import wear
from models.training.data import glyph_folder
from models.training.glyphs import Glyphs
from models.training.kinds import Bgr, Form, Kind, any_kind

PX_PER_MM = 0.5
_FINER = 2
_WHITE, _BLACK, _RED = (245, 245, 245), (16, 16, 16), (30, 25, 205)
_FONT_SHARE = 0.2
_THICKNESS = (-2, -1, 0, 0, 0, 1, 2)

_GROUNDS: dict[PlateColour, tuple[Bgr, Bgr]] = {
    PlateColour.BLUE: ((175, 70, 12), (215, 110, 40)),
    PlateColour.YELLOW: ((5, 165, 235), (60, 205, 255)),
    PlateColour.WHITE: ((225, 225, 225), (252, 252, 252)),
    PlateColour.BLACK: ((8, 8, 8), (45, 42, 40)),
}
_PAPER_BLUE, _PAPER_BROWN = (235, 215, 185), (150, 195, 225)
_FADED_TOP, _NEW_ENERGY_GREEN = (235, 250, 225), (105, 205, 70)
_DEEP_GREEN = (75, 130, 20)


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """`image`: uint8 [h, w, 3] BGR that the plate fills: 220 x 70 for 440 x 140 mm."""

    image: np.ndarray
    text: str
    colour: PlateColour
    type: PlateType
    rows: int
    kind: str


class _Words(NamedTuple):
    """What is printed, where, and in which inks."""

    kind: Kind
    form: Form
    text: str
    inks: tuple[Bgr, Bgr]


def draw_plate(dice: random.Random, kind: Kind | None = None, text: str = "") -> DrawnPlate:
    """A plate of any kind, by their shares, or of `kind`, with `text` or one made up."""
    kind = kind or any_kind(dice)
    text = text or kind.text(dice)
    form = dice.choice([form for form in kind.forms if len(form.cells) >= len(text)])
    ground = _ground(dice, kind, form)
    inks = _inks(dice, kind)
    _furnish(dice, ground, kind, form, inks[0])
    _print(dice, ground, _Words(kind, form, text, inks))
    size = (round(form.width * PX_PER_MM), round(form.height * PX_PER_MM))
    image = cv2.resize(ground.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    image = wear.worn(dice, image)
    return DrawnPlate(image, text, kind.colour, kind.type, form.rows, kind.name)


@lru_cache(maxsize=1)
def _glyphs() -> Glyphs:
    return Glyphs(glyph_folder())


def _px(millimetres: float) -> int:
    return round(millimetres * PX_PER_MM * _FINER)


def _ground(dice: random.Random, kind: Kind, form: Form) -> np.ndarray:
    """float32 [h, w, 3]: the bare plate at twice its final size."""
    size = (_px(form.height), _px(form.width))
    top, bottom, left = _ground_colours(dice, kind)
    down = np.linspace(0, 1, size[0], dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - down) + np.array(bottom, np.float32) * down
    ground = np.ascontiguousarray(np.broadcast_to(column, (*size, 3)))
    if left is not None:
        ground[:, : _px(form.width * 0.28)] = left
    return ground


def _ground_colours(dice: random.Random, kind: Kind) -> tuple[Bgr, Bgr, Bgr | None]:
    """At the top, at the bottom, and of the left part where it has another."""
    if kind.type is PlateType.TEMPORARY:
        paper = _PAPER_BLUE if kind.colour is PlateColour.BLUE else _PAPER_BROWN
        return paper, paper, None
    if kind.type in (PlateType.FARM, PlateType.AIRPORT):
        return _DEEP_GREEN, _DEEP_GREEN, None
    if kind.colour is PlateColour.GREEN:
        return _FADED_TOP, _NEW_ENERGY_GREEN, None
    if kind.colour is PlateColour.YELLOW_GREEN:
        return _NEW_ENERGY_GREEN, _NEW_ENERGY_GREEN, _between(dice, *_GROUNDS[PlateColour.YELLOW])
    colour = _between(dice, *_GROUNDS[kind.colour])
    return colour, colour, None


def _between(dice: random.Random, low: Bgr, high: Bgr) -> Bgr:
    blue, green, red = (dice.uniform(a, b) for a, b in zip(low, high, strict=True))
    return round(blue), round(green), round(red)


def _inks(dice: random.Random, kind: Kind) -> tuple[Bgr, Bgr]:
    """The ink of most characters, and of those that the kind prints in red."""
    white_ink = kind.colour in (PlateColour.BLUE, PlateColour.BLACK) or kind.type in (
        PlateType.FARM,
        PlateType.AIRPORT,
    )
    if kind.type is PlateType.TEMPORARY or not white_ink:
        shade = dice.randint(0, 45)
        return (shade, shade, shade), (
            dice.randint(15, 60),
            dice.randint(10, 50),
            dice.randint(170, 225),
        )
    shade = dice.randint(195, 250)
    # Embassies and consulates have a red 使 or 领 on old plates and a white one on newer.
    red = _RED if dice.random() < 0.5 else (shade, shade, shade)
    return (shade, shade, shade), red


def _furnish(dice: random.Random, ground: np.ndarray, kind: Kind, form: Form, ink: Bgr) -> None:
    """Rim, bolt holes and the dot."""
    height, width = ground.shape[:2]
    inset = _px(dice.uniform(2, 5))
    if kind.type is not PlateType.TEMPORARY or dice.random() < 0.5:
        cv2.rectangle(
            ground,
            (inset, inset),
            (width - inset - 1, height - inset - 1),
            ink,
            _px(dice.uniform(1.5, 3)),
        )
    if form.dot:
        x, y = form.dot
        cv2.circle(ground, (_px(x), _px(y)), _px(5), ink, -1, cv2.LINE_AA)
    if kind.type is PlateType.NEW_ENERGY:
        _badge(dice, ground, form)


def _badge(dice: random.Random, ground: np.ndarray, form: Form) -> None:
    """The round sign of new energy between office and serial."""
    centre = (_px(136), _px(form.height / 2))
    cv2.circle(ground, centre, _px(14), (215, 215, 215), -1, cv2.LINE_AA)
    cv2.ellipse(ground, centre, (_px(14), _px(14)), 0, 90, 270, (180, 120, 60), -1, cv2.LINE_AA)
    cv2.circle(ground, centre, _px(6), (dice.randint(60, 200),) * 3, _px(3), cv2.LINE_AA)


def _print(dice: random.Random, ground: np.ndarray, words: _Words) -> None:
    kind, form, text, inks = words
    drawn, thickness = dice.random() < _FONT_SHARE, dice.choice(_THICKNESS)
    dx, dy = dice.uniform(-2, 2), dice.uniform(-2, 2)
    for place, (sign, cell) in enumerate(zip(text, form.cells, strict=False)):
        left, top, wide, high = cell
        glyph = _glyphs().ink(_series(kind, form, place, sign), sign, drawn=drawn)
        glyph = cv2.resize(glyph, (_px(wide), _px(high)), interpolation=cv2.INTER_AREA)
        glyph = _bolder(glyph, thickness if sign.isascii() else int(np.clip(thickness, -1, 1)))
        x, y = _px(left + dx + dice.uniform(-1, 1)), _px(top + dy + dice.uniform(-1, 1))
        _stamp(ground, glyph, x, y, inks[place in kind.red])


def _series(kind: Kind, form: Form, place: int, sign: str) -> str:
    if kind.type is PlateType.NEW_ENERGY:
        return "green"
    if form.rows == 1:
        return "140"
    if sign.isascii() and sign.isalpha():
        return "220_up" if place < len(form.cells) - 5 else "220_down"
    return "220"


def _bolder(glyph: np.ndarray, pixels: int) -> np.ndarray:
    if not pixels:
        return glyph
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(glyph, np.ones((abs(pixels) + 1,) * 2, np.uint8))


def _stamp(ground: np.ndarray, glyph: np.ndarray, x: int, y: int, ink: Bgr) -> None:
    x, y = max(0, x), max(0, y)
    place = ground[y : y + glyph.shape[0], x : x + glyph.shape[1]]
    share = glyph[: place.shape[0], : place.shape[1], None]
    place += (np.array(ink, np.float32) - place) * share
