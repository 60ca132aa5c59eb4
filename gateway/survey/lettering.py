"""Writing on pictures, hanzi too where the OpenCV at hand can draw them.

OpenCV 5 brings a font with hanzi. OpenCV 4 has Latin letters only: there a province is written
as its two letters of ISO 3166-2:CN in brackets (`[BJ]A12345`), which no two share, as pinyin
does (Jin is 津 and 晋).
"""

from typing import Any

STAND_INS = {
    "京": "BJ", "津": "TJ", "冀": "HE", "晋": "SX", "蒙": "NM", "辽": "LN", "吉": "JL", "黑": "HL",
    "沪": "SH", "苏": "JS", "浙": "ZJ", "皖": "AH", "闽": "FJ", "赣": "JX", "鲁": "SD", "豫": "HA",
    "鄂": "HB", "湘": "HN", "粤": "GD", "桂": "GX", "琼": "HI", "渝": "CQ", "川": "SC", "贵": "GZ",
    "云": "YN", "藏": "XZ", "陕": "SN", "甘": "GS", "青": "QH", "宁": "NX", "新": "XJ",
    "港": "HK", "澳": "MO", "警": "police", "学": "trainer", "挂": "trailer", "使": "embassy",
    "领": "consulate", "军": "army", "民": "civil ", "航": "aviation", "应": "emer", "急": "gency",
}  # fmt: skip

Bgr = tuple[int, int, int]
_MARGIN = 0.25
_HERSHEY_HEIGHT = 30.0
_DARK: Bgr = (20, 20, 20)


def latin(text: str) -> str:
    """In letters that every font has; what has no stand-in becomes `?`."""
    return "".join(
        sign if sign.isascii() else f"[{STAND_INS[sign]}]" if sign in STAND_INS else "?"
        for sign in text
    ).replace("][", "")


def write(
    picture: Any, text: str, at: tuple[float, float], *, height: int, colour: Bgr, hanzi: bool
) -> int:
    """One line on a dark ground with its top left at `at`, moved to be inside the picture.

    `height` in pixels, less where the line is too long. Gives its height with its ground.
    """
    import cv2

    text = text if hanzi else latin(text)
    room = picture.shape[1] - 2 * round(height * _MARGIN)
    height = max(1, min(height, height * room // max(1, _width(text, height, hanzi=hanzi))))
    margin = round(height * _MARGIN)
    wide, tall = _width(text, height, hanzi=hanzi) + 2 * margin, line_height(height)
    left = max(0, min(round(at[0]), picture.shape[1] - wide))
    top = max(0, min(round(at[1]), picture.shape[0] - tall))
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), _DARK, -1)
    foot = (left + margin, top + margin + round(height * 0.85))
    if hanzi:
        cv2.putText(picture, text, foot, colour, cv2.FontFace("sans"), height)
    else:
        scale = height / _HERSHEY_HEIGHT
        weight = max(1, round(height / 14))
        cv2.putText(
            picture, text, foot, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, weight, cv2.LINE_AA
        )
    return tall


def line_height(letters: int) -> int:
    """Pixels of a line with its ground, for letters of this height."""
    return letters + 2 * round(letters * _MARGIN)


def can_write_hanzi() -> bool:
    import cv2

    return hasattr(cv2, "FontFace")


def _width(text: str, height: int, *, hanzi: bool) -> int:
    import cv2

    if hanzi:
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), cv2.FontFace("sans"), height)
        return int(width)
    (width, _), _ = cv2.getTextSize(
        text, cv2.FONT_HERSHEY_SIMPLEX, height / _HERSHEY_HEIGHT, max(1, round(height / 14))
    )
    return int(width)
