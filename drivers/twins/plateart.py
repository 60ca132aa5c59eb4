"""Number plates of every kind as pictures, in the proportions of the standards.

Hanzi come from Noto Sans CJK (SIL Open Font License 1.1), squeezed into the plate's character
cells; letters and digits are pen strokes. Lengths in millimetres; two pixels a millimetre.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import manimgx_fonts_cjk
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from drivers.twins.plateforms import Cell, Form, Livery, livery_named
from drivers.twins.strokes import DRAWN_SIGNS, latin_glyph
from gateway.lane.types import PlateColour, PlateType

Picture = NDArray[np.uint8]

PX_PER_MM = 2
_FONT = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED_CHINESE = 2
_DRAWN_PX = 240
_HANZI_WEIGHT = 640
_INK = 64
_LEFT_PARTS = {"桂": (0.42, 0.48)}  # Share of the width in the font, and on the plate.

Bgr = tuple[int, int, int]
_WHITE, _BLACK, _RED = (245, 245, 245), (18, 18, 18), (35, 30, 200)
_BOLT = (150, 150, 150)
_BOLT_FROM_SIDE_MM, _BOLT_FROM_EDGE_MM = 105, 12.5
_WIDE_MM, _BOLT_SHARE = 400, 0.24
_YELLOW_PART_MM = 134.5


@dataclass(frozen=True, slots=True)
class _Ground:
    """`top` fades into `bottom`; `left`: of the first two characters, where it is another."""

    top: Bgr
    bottom: Bgr
    ink: Bgr
    left: Bgr | None = None


_DEEP_GREEN = _Ground((62, 118, 22), (62, 118, 22), _WHITE)
_GROUNDS = {
    PlateColour.BLUE: _Ground((170, 70, 16), (170, 70, 16), _WHITE),
    PlateColour.YELLOW: _Ground((25, 185, 245), (25, 185, 245), _BLACK),
    PlateColour.GREEN: _Ground((225, 248, 205), (85, 215, 40), _BLACK),
    PlateColour.YELLOW_GREEN: _Ground((75, 205, 70), (75, 205, 70), _BLACK, (25, 185, 245)),
    PlateColour.WHITE: _Ground((238, 238, 238), (238, 238, 238), _BLACK),
    PlateColour.BLACK: _Ground((26, 22, 20), (26, 22, 20), _WHITE),
}
_PAPERS = {
    PlateColour.BLUE: _Ground((236, 214, 184), (236, 214, 184), _BLACK),
    PlateColour.YELLOW: _Ground((152, 196, 226), (152, 196, 226), _BLACK),
}
_GROUNDS_OF_TYPE = {PlateType.FARM: _DEEP_GREEN, PlateType.AIRPORT: _DEEP_GREEN}


@lru_cache(maxsize=16)
def plate_art(text: str, kind: str) -> Picture:
    """The plate seen straight on, uint8 [h, w, 3] BGR, read-only: [280, 880] for 440 x 140 mm.

    `kind`: the name of a livery or of a colour. Raises `ValueError` for one that is not drawn,
    or a text that does not fit its cells.
    """
    livery = livery_named(kind)
    fitting = [form for form in livery.forms if len(form.cells) == len(text)] if livery else []
    if livery is None or not fitting or not _has_ink(text):
        raise ValueError(f"a {kind} plate {text!r} cannot be drawn")
    form = random.Random(text).choice(fitting)  # noqa: S311 simulation
    ground = _ground(livery)
    picture = _blank(livery, form, ground)
    for place, (character, cell) in enumerate(zip(text, form.cells, strict=True)):
        _print(picture, character, cell, _RED if place in livery.red else ground.ink)
    picture.setflags(write=False)
    return picture


def _has_ink(text: str) -> bool:
    return all(sign in DRAWN_SIGNS or not sign.isascii() for sign in text)


def _ground(livery: Livery) -> _Ground:
    if livery.type is PlateType.TEMPORARY:
        return _PAPERS[livery.colour]
    return _GROUNDS_OF_TYPE.get(livery.type) or _GROUNDS[livery.colour]


def _px(millimetres: float) -> int:
    return round(millimetres * PX_PER_MM)


def _blank(livery: Livery, form: Form, ground: _Ground) -> Picture:
    """Ground, rim, bolts and the separating dot; paper has its ground only."""
    height, width = _px(form.height), _px(form.width)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = np.array(ground.top) * (1 - down) + np.array(ground.bottom) * down
    picture = np.ascontiguousarray(np.broadcast_to(column, (height, width, 3)).astype(np.uint8))
    if livery.type is PlateType.TEMPORARY:
        return picture
    if ground.left is not None:
        picture[:, : _px(_YELLOW_PART_MM)] = ground.left
    inset = _px(4)
    cv2.rectangle(picture, (inset, inset), (width - inset, height - inset), ground.ink, _px(1.5))
    _bolts(picture, form)
    if form.dot is not None:
        centre = (_px(form.dot[0]), _px(form.dot[1]))
        cv2.circle(picture, centre, _px(5), ground.ink, -1, cv2.LINE_AA)
    return picture


def _bolts(picture: Picture, form: Form) -> None:
    wide = form.width >= _WIDE_MM
    from_side = _BOLT_FROM_SIDE_MM if wide else form.width * _BOLT_SHARE
    for x_mm in (from_side, form.width - from_side):
        for y_mm in (_BOLT_FROM_EDGE_MM, form.height - _BOLT_FROM_EDGE_MM):
            cv2.circle(picture, (_px(x_mm), _px(y_mm)), _px(5), _BOLT, -1, cv2.LINE_AA)


def _print(picture: Picture, character: str, cell: Cell, ink: Bgr) -> None:
    left, top, width, height = map(_px, cell)
    mask = _glyph(character, width, height)
    place = picture[top : top + height, left : left + width]
    share = mask[:, :, None].astype(np.float32) / 255
    place[:] = (place * (1 - share) + np.array(ink, np.float32) * share).astype(np.uint8)


@lru_cache(maxsize=256)
def _glyph(character: str, width: int, height: int) -> Picture:
    """Ink of one character in its cell: uint8 [height, width], 255 = ink."""
    draw = latin_glyph if character.isascii() else hanzi_glyph
    return draw(character, width, height)


def hanzi_glyph(character: str, width: int, height: int) -> Picture:
    """Ink of a hanzi that fills its cell: uint8 [height, width], 255 = ink."""
    hanzi = cv2.resize(_hanzi(character), (width, height), interpolation=cv2.INTER_AREA)
    return hanzi.astype(np.uint8, copy=False)


def _hanzi(character: str) -> Picture:
    """The character in the font's own proportions, cut to its ink."""
    side = _DRAWN_PX * 2
    canvas = Image.new("L", (side, side), 0)
    ImageDraw.Draw(canvas).text((_DRAWN_PX // 2, 0), character, font=_font(), fill=255)
    ink = np.asarray(canvas)
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > _INK) for axis in (1, 0))
    return _widened(character, ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _widened(character: str, ink: Picture) -> Picture:
    """The left part of some hanzi is wider on a plate than in the font."""
    if character not in _LEFT_PARTS:
        return np.ascontiguousarray(ink)
    height, width = ink.shape
    cut, room = (round(width * share) for share in _LEFT_PARTS[character])
    left = cv2.resize(ink[:, :cut], (room, height), interpolation=cv2.INTER_AREA)
    right = cv2.resize(ink[:, cut:], (width - room, height), interpolation=cv2.INTER_AREA)
    return np.hstack([left, right]).astype(np.uint8, copy=False)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(_FONT), _DRAWN_PX, index=_SIMPLIFIED_CHINESE)
    font.set_variation_by_axes([_HANZI_WEIGHT])
    return font
