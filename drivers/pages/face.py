"""What a screen shows at one moment, as markup: lines of text, and a QR code beside them."""

import math
import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import groupby

import segno

from drivers.pages.sheet import NARROWEST, WIDEST

MOST_LINES, MOST_SIGNS, BIG_LINES = 6, 80, 2
QUIET = 4
_BROAD_EM, _CAPITAL_EM, _NARROW_EM = 0.96, 0.74, 0.6


def face(lines: Sequence[str], code: str = "") -> str:
    """Lines that are empty are left out; what a page cannot show is cut."""
    told = [line[:MOST_SIGNS] for line in lines if line.strip()][:MOST_LINES]
    words = "".join(_line(number, line) for number, line in enumerate(told))
    kind = "face coded" if code else "face"
    return (
        f'<div class="{kind}"><div class="words">{words}</div>{drawn(code) if code else ""}</div>'
    )


def drawn(code: str) -> str:
    """The QR code as SVG with its quiet zone: as coarse as it can be, then as robust."""
    rows = segno.make_qr(code, error="l", mode="byte", encoding="utf-8").matrix
    whole = len(rows) + 2 * QUIET
    path = "".join(_row(row, y) for y, row in enumerate(rows, QUIET))
    return (
        f'<svg class="code" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/><path d="{path}"/></svg>'
    )


def _row(row: Sequence[int], y: int) -> str:
    """A rectangle for each run of dark modules."""
    drawn_row, x = "", QUIET
    for dark, run in groupby(row):
        width = len(list(run))
        if dark:
            drawn_row += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return drawn_row


def _line(number: int, text: str) -> str:
    size = "big" if number < BIG_LINES else "small"
    return f'<p class="{size} w{half_ems(text)}">{escape(text)}</p>'


def half_ems(text: str) -> int:
    """How wide a line is at most, in halves of a Chinese sign, whatever the font."""
    return min(max(math.ceil(2 * sum(map(_em, text))), NARROWEST), WIDEST)


def _em(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if sign in "MWmw@%":
        return _BROAD_EM
    return _CAPITAL_EM if sign.isupper() else _NARROW_EM
