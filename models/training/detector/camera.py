"""What a camera, the weather and the night do to a whole picture. Nothing moves by this."""

import math
from collections.abc import Callable
from random import Random

import cv2
import numpy as np

from models.training.detector.quads import box_of, width_of

_CLOCK_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)
_FRAME_COLOURS = ((0, 0, 255), (0, 255, 0), (0, 255, 255), (255, 255, 255), (255, 60, 0))
_STEADY_UNDER = 26.0
_NO_PLATE = 60.0

Quads = list[np.ndarray]


def filmed(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:
    """A degraded copy; `quads` are the plates in it: blur must leave the smallest one a plate."""
    for share, change in _CHANGES:
        if dice.random() < share:
            image = change(dice, image, quads)
    return image


def _bytes(values: np.ndarray) -> np.ndarray:
    limited: np.ndarray = np.clip(values, 0, 255).astype(np.uint8)
    return limited


def _narrowest(quads: Quads) -> float:
    return min((width_of(quad) for quad in quads), default=_NO_PLATE)


def _coarse(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:
    """A far camera, enlarged: what a second look at a small plate gets."""
    share = dice.uniform(max(0.3, min(0.8, 18 / _narrowest(quads))), 0.9)
    size = max(8, round(image.shape[1] * share)), max(8, round(image.shape[0] * share))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _motion(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:
    narrowest = _narrowest(quads)
    longest = 3 if narrowest < _STEADY_UNDER else min(11, int(narrowest / 9))
    length = dice.randint(2, max(3, longest))
    angle = dice.gauss(0, 0.5) if dice.random() < 0.6 else dice.uniform(0, math.pi)
    kernel = np.zeros((length, length), np.float32)
    middle, half = (length - 1) / 2, length / 2
    dx, dy = math.cos(angle) * half, math.sin(angle) * half
    ends = [(round(middle + sign * dx), round(middle + sign * dy)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    kernel[length // 2, length // 2] = 1
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _defocus(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:
    narrowest = _narrowest(quads)
    most = 0.8 if narrowest < _STEADY_UNDER else min(2.2, narrowest / 40)
    return cv2.GaussianBlur(image, (0, 0), dice.uniform(0.35, max(0.5, most)))


def _night(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    """Dark, with lamps that shine into the lens."""
    dark = image.astype(np.float32) * dice.uniform(0.18, 0.6)
    height, width = image.shape[:2]
    for _ in range(dice.randint(0, 4)):
        _add_lamp(dice, dark, dice.uniform(0, width), dice.uniform(0, height))
    return _bytes(dark)


def _add_lamp(dice: Random, dark: np.ndarray, x: float, y: float) -> None:
    height, width = dark.shape[:2]
    reach = dice.uniform(4, 34)
    across = (np.arange(width, dtype=np.float32) - x) ** 2
    down = (np.arange(height, dtype=np.float32) - y) ** 2
    glow = np.outer(np.exp(-down / (2 * reach**2)), np.exp(-across / (2 * reach**2)))
    if dice.random() < 0.3:  # the streak of a dirty windscreen or lens
        glow += 0.4 * np.outer(np.exp(-down / 8), np.exp(-across / (2 * (4 * reach) ** 2)))
    tint = np.array([dice.uniform(0.6, 1), dice.uniform(0.8, 1), 1], np.float32)
    dark += glow[..., None] * tint * dice.uniform(90, 330)


def _rain(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    height, width = image.shape[:2]
    drops = np.zeros((height, width), np.uint8)
    slope, length = dice.gauss(0, 0.25), dice.randint(4, 16)
    for _ in range(dice.randint(20, 120)):
        x, y = dice.randrange(width), dice.randrange(height)
        end = round(x + slope * length), y + length
        cv2.line(drops, (x, y), end, dice.randint(30, 110), 1, cv2.LINE_AA)
    return cv2.add(image, cv2.cvtColor(drops, cv2.COLOR_GRAY2BGR))


def _haze(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    share = dice.uniform(0.15, 0.55)
    veil = np.full_like(image, dice.randint(120, 230))
    return cv2.addWeighted(image, 1 - share, veil, share, 0)


def _exposure(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    """Brightness, contrast and gamma, by a table for each colour: white balance too."""
    steps = np.linspace(0, 1, 256, dtype=np.float32)
    gamma, gain, lift = dice.uniform(0.6, 1.6), dice.uniform(0.65, 1.3), dice.uniform(-20, 25)
    balance = np.array([dice.uniform(0.85, 1.15) for _ in range(3)], np.float32)
    table = (255 * steps**gamma * gain + lift)[:, None] * balance
    return np.asarray(cv2.LUT(image, _bytes(table)[None]))


def _infrared(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    grey = image @ np.array(dice.choice(((0.1, 0.6, 0.3), (0.34, 0.33, 0.33), (0.1, 0.2, 0.7))))
    bright = _bytes(grey * dice.uniform(0.8, 1.3))
    return np.asarray(cv2.cvtColor(bright, cv2.COLOR_GRAY2BGR))


def _noise(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    source = np.random.default_rng(dice.getrandbits(32))
    grain = source.standard_normal(image.shape[:2], np.float32) * dice.uniform(1, 11)
    return _bytes(image + grain[..., None])


def _jpeg(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    quality = dice.randint(28, 88)
    _, stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))


def _clock(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:  # noqa: ARG001
    """Date and time, written into the picture by the camera."""
    text = f"20{dice.randint(10, 40)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02} "
    text += f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:{dice.randint(0, 59):02}"
    if dice.random() < 0.3:
        text = f"CAM{dice.randint(1, 20):02} {text[-8:]}"
    height = image.shape[0]
    y = dice.choice((dice.randint(8, 26), dice.randint(height - 22, height - 3)))
    place = dice.randint(0, image.shape[1] // 3), y
    image = image.copy()
    font, size = dice.choice(_CLOCK_FONTS), dice.uniform(0.25, 0.7)
    shadow = place[0] + 1, place[1] + 1
    cv2.putText(image, text, shadow, font, size, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(image, text, place, font, size, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def _frames(dice: Random, image: np.ndarray, quads: Quads) -> np.ndarray:
    """Coloured rectangles, some around plates: what other programs paint says nothing."""
    image = image.copy()
    for _ in range(dice.randint(1, 2)):
        around = dice.choice(quads) if quads and dice.random() < 0.6 else None
        x1, y1, x2, y2 = _frame(dice, image, around)
        colour = dice.choice(_FRAME_COLOURS)
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, dice.randint(1, 2))
        if dice.random() < 0.5:
            label = x1 + (x2 - x1) // 3, y1 - max(2, (y2 - y1) // 5)
            cv2.rectangle(image, (x1, y1), label, colour, -1)
    return image


def _frame(dice: Random, image: np.ndarray, around: np.ndarray | None) -> list[int]:
    if around is not None:
        x1, y1, x2, y2 = box_of(around)
        room = (y2 - y1) * dice.uniform(0.08, 0.5)
        return [round(float(side)) for side in (x1 - room, y1 - room, x2 + room, y2 + room)]
    x, y = dice.randint(-20, image.shape[1] - 20), dice.randint(-10, image.shape[0] - 20)
    width = dice.randint(20, 140)
    return [x, y, x + width, y + round(width / dice.uniform(1.2, 4))]


_Change = Callable[[Random, np.ndarray, Quads], np.ndarray]
_CHANGES: tuple[tuple[float, _Change], ...] = (
    (0.12, _coarse),
    (0.2, _motion),
    (0.25, _defocus),
    (0.15, _night),
    (0.05, _haze),
    (0.05, _rain),
    (0.65, _exposure),
    (0.08, _infrared),
    (0.5, _noise),
    (0.15, _frames),
    (0.15, _clock),
    (0.35, _jpeg),
)
