"""Drawn streets, cars and signs: rough, but of every colour, size and light."""

from random import Random

import cv2
import numpy as np

Colour = tuple[int, int, int]
_FONTS = (0, 2, 3, 4, 6, 7)
_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -:/"
_DIGITS = "0123456789-"
_SIGN_COLOURS: tuple[Colour, ...] = (
    (150, 70, 10),
    (40, 120, 30),
    (20, 190, 240),
    (240, 240, 240),
    (30, 30, 200),
)
_BRIGHT = 420


def street(dice: Random, width: int, height: int) -> np.ndarray:
    """Sky, ground, house fronts, lines and kerbs: uint8 [height, width, 3]."""
    horizon = dice.randint(height // 12, height * 2 // 3)
    image = np.empty((height, width, 3), np.float32)
    image[:horizon] = _fade(dice, horizon, width)
    image[horizon:] = _fade(dice, height - horizon, width) * dice.uniform(0.4, 1)
    image += _clouds(dice, (height, width), dice.randint(3, 8), dice.uniform(2, 14))
    image += _clouds(dice, (height, width), dice.randint(16, 60), dice.uniform(3, 20))
    drawn = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(dice.randint(0, 8)):
        _front(dice, drawn, horizon)
    for _ in range(dice.randint(0, 5)):
        ends = [(dice.randint(-60, width + 60), dice.randint(horizon, height + 40)) for _ in "ab"]
        cv2.line(drawn, ends[0], ends[1], any_colour(dice), dice.randint(1, 12), cv2.LINE_AA)
    if dice.random() < 0.35:
        _kerb(dice, drawn)
    return drawn


def any_colour(dice: Random) -> Colour:
    """Cars and houses are mostly grey, some strongly coloured."""
    grey, strength = dice.randint(5, 245), dice.random() ** 2
    blue, green, red = (round(grey + (dice.randint(0, 255) - grey) * strength) for _ in range(3))
    return blue, green, red


def _fade(dice: Random, height: int, width: int) -> np.ndarray:
    top, bottom, right = (np.array(any_colour(dice), np.float32) for _ in range(3))
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    faded: np.ndarray = top * (1 - down) + bottom * down + (right - top) * across * np.float32(0.4)
    return faded


def _clouds(dice: Random, size: tuple[int, int], grain: int, strength: float) -> np.ndarray:
    source = np.random.default_rng(dice.getrandbits(32))
    coarse = source.standard_normal(
        (max(2, size[0] // grain), max(2, size[1] // grain)), np.float32
    )
    large = cv2.resize(coarse * np.float32(strength), size[::-1], interpolation=cv2.INTER_LINEAR)
    return large[..., None]


def _front(dice: Random, image: np.ndarray, horizon: int) -> None:
    """A house, a hoarding or a lorry's side, perhaps with windows or ribs."""
    x, y = dice.randint(-40, image.shape[1]), dice.randint(-40, max(10, horizon))
    width, height = dice.randint(8, 140), dice.randint(8, 120)
    cv2.rectangle(image, (x, y), (x + width, y + height), any_colour(dice), -1)
    if dice.random() < 0.4:
        colour = any_colour(dice)
        for edge in range(x, x + width, dice.randint(4, 16)):
            cv2.line(image, (edge, y), (edge, y + height), colour, 1)


def _kerb(dice: Random, image: np.ndarray) -> None:
    x, y = dice.randint(-20, image.shape[1]), dice.randint(0, image.shape[0])
    step, height = dice.randint(6, 20), dice.randint(4, 12)
    colours = dice.sample([(240, 240, 240), (20, 20, 200), (10, 200, 240), (20, 20, 20)], 2)
    for place in range(dice.randint(3, 9)):
        left = x + place * step
        cv2.rectangle(image, (left, y), (left + step, y + height), colours[place % 2], -1)


def sign(dice: Random, image: np.ndarray) -> None:
    """A panel that is not a plate: many lines, one long line, bare, striped, or loose text."""
    height, width = image.shape[:2]
    wide, x, y = dice.randint(14, 120), dice.randint(-10, width - 20), dice.randint(-5, height - 15)
    ground = dice.choice((*_SIGN_COLOURS, any_colour(dice)))
    ink: Colour = (255, 255, 255) if sum(ground) < _BRIGHT else (12, 12, 12)
    kind = dice.randrange(5)
    if kind == 0:
        high = round(wide * dice.uniform(0.5, 1.3))
        cv2.rectangle(image, (x, y), (x + wide, y + high), ground, -1)
        for line in range(dice.randint(3, 5)):
            place = x + 2, y + round((line + 0.8) * high / 4)
            _write(dice, image, place, max(0.2, high / 130), ink)
    elif kind == 1:
        high = max(5, round(wide * dice.uniform(0.07, 0.16)))
        cv2.rectangle(image, (x, y), (x + wide, y + high), ground, -1)
        _write(dice, image, (x + 1, y + high * 4 // 5), high / 30, ink)
    elif kind == 2:
        _striped(dice, image, (x, y, wide), ground, ink)
    elif kind == 3:
        _write(dice, image, (x, y), wide / 110, any_colour(dice))
    else:
        radius = max(2, wide // 8)
        for ring in range(dice.randint(2, 5)):
            centre = x + ring * wide // 5, y
            cv2.circle(image, centre, radius, ink, dice.choice((1, 2, -1)), cv2.LINE_AA)


def _write(
    dice: Random, image: np.ndarray, place: tuple[int, int], size: float, ink: Colour
) -> None:
    letters = dice.choice((_SIGNS, _DIGITS))
    text = "".join(dice.choices(letters, k=dice.randint(3, 14)))
    cv2.putText(image, text, place, dice.choice(_FONTS), size, ink, 1, cv2.LINE_AA)


def _striped(
    dice: Random, image: np.ndarray, place: tuple[int, int, int], ground: Colour, ink: Colour
) -> None:
    """A panel in a plate's shape, bare or with ribs: a grille, a vent, a reflector."""
    x, y, wide = place
    high = round(wide / dice.uniform(1.8, 5))
    cv2.rectangle(image, (x, y), (x + wide, y + high), ground, -1)
    if dice.random() < 0.65:
        step, lean = dice.randint(3, 9), dice.randint(0, 4)
        for edge in range(x, x + wide, step):
            cv2.line(image, (edge, y), (edge - lean, y + high), ink, max(1, step // 3))
    elif dice.random() < 0.5:
        for line in range(y, y + high, dice.randint(3, 6)):
            cv2.line(image, (x, line), (x + wide, line), ink, 1)
