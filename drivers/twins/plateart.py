"""Number plates as pictures, in the proportions of GA 36-2018.

Hanzi come from Noto Sans CJK (SIL Open Font License 1.1), squeezed into the plate's character
cells; letters and digits are pen strokes. Lengths in millimetres; two pixels a millimetre.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import manimgx_fonts_cjk
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from drivers.twins.strokes import latin_glyph
from gateway.lane.types import PlateColour

Picture = NDArray[np.uint8]

PX_PER_MM = 2
HEIGHT_MM = 140
_TOP_MM, _TALL_MM = 25, 90
_FONT = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED_CHINESE = 2
_DRAWN_PX = 240
_HANZI_WEIGHT = 640
_INK = 64
_LEFT_PARTS = {"桂": (0.42, 0.48)}  # Share of the width in the font, and on the plate.

Bgr = tuple[int, int, int]
_WHITE, _BLACK = (245, 245, 245), (18, 18, 18)


@dataclass(frozen=True, slots=True)
class _Style:
    """`top` fades into `bottom`; `cells` are (left, width) of the characters."""

    width_mm: int
    top: Bgr
    bottom: Bgr
    ink: Bgr
    cells: tuple[tuple[float, float], ...]
    dot_mm: float | None


def _cells(gaps_mm: tuple[float, ...], wide_mm: float) -> tuple[tuple[float, float], ...]:
    """Cells from the left edge; the first is always 45 mm wide."""
    left, width, cells = 15.5, 45.0, [(15.5, 45.0)]
    for gap in gaps_mm:
        left, width = left + width + gap, wide_mm
        cells.append((left, width))
    return tuple(cells)


_SEVEN = _cells((12, 34, 12, 12, 12, 12), 45)
_EIGHT = _cells((9, 49, 9, 9, 9, 9, 9), 43)
_STYLES = {
    PlateColour.BLUE: _Style(440, (170, 70, 16), (170, 70, 16), _WHITE, _SEVEN, 134.5),
    PlateColour.YELLOW: _Style(440, (25, 185, 245), (25, 185, 245), _BLACK, _SEVEN, 134.5),
    PlateColour.GREEN: _Style(480, (225, 248, 205), (85, 215, 40), _BLACK, _EIGHT, None),
}


@lru_cache(maxsize=256)
def plate_art(text: str, colour: PlateColour) -> Picture:
    """The plate seen straight on: uint8 [280, 880 or 960, 3] BGR, read-only.

    Raises `ValueError` for a colour that is not drawn or a text that does not fit its cells.
    """
    style = _STYLES.get(colour)
    if style is None or len(text) != len(style.cells):
        raise ValueError(f"a {colour} plate {text!r} cannot be drawn")
    picture = _blank(style)
    for character, (left_mm, wide_mm) in zip(text, style.cells, strict=True):
        _print(picture, _glyph(character, _px(wide_mm), _px(_TALL_MM)), _px(left_mm), style.ink)
    picture.setflags(write=False)
    return picture


def _px(millimetres: float) -> int:
    return round(millimetres * PX_PER_MM)


def _blank(style: _Style) -> Picture:
    """Ground, rim, bolts and the separating dot."""
    height, width = _px(HEIGHT_MM), _px(style.width_mm)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    ground = np.array(style.top) * (1 - down) + np.array(style.bottom) * down
    picture = np.ascontiguousarray(np.broadcast_to(ground, (height, width, 3)).astype(np.uint8))
    inset = _px(4)
    cv2.rectangle(picture, (inset, inset), (width - inset, height - inset), style.ink, _px(1.5))
    for x_mm in (105, style.width_mm - 105):
        for y_mm in (12.5, HEIGHT_MM - 12.5):
            cv2.circle(picture, (_px(x_mm), _px(y_mm)), _px(5), (150, 150, 150), -1, cv2.LINE_AA)
    if style.dot_mm is not None:
        centre = (_px(style.dot_mm), _px(HEIGHT_MM / 2))
        cv2.circle(picture, centre, _px(5), style.ink, -1, cv2.LINE_AA)
    return picture


def _print(picture: Picture, mask: Picture, left: int, ink: Bgr) -> None:
    height, width = mask.shape
    top = _px(_TOP_MM)
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
