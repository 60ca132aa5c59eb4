"""Drawn fronts and rears of vehicles around a place for a plate."""

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from models.training.detector.cars import Colour, any_colour

_LAMPS: tuple[Colour, ...] = ((235, 235, 235), (40, 40, 200), (110, 190, 235), (60, 60, 60))


@dataclass(frozen=True, slots=True)
class Body:
    """Where a drawn vehicle stands: its plate's middle and width, its own middle and width."""

    x: float
    y: float
    plate: float
    middle: float
    width: float
    top: float
    bottom: float
    paint: Colour


def vehicle(dice: Random, image: np.ndarray, x: float, y: float, plate: float) -> None:
    """A car or lorry, in place, whose plate of that width would be at (x, y)."""
    body = Body(
        x=x,
        y=y,
        plate=plate,
        middle=x + dice.gauss(0, 0.25) * plate,
        width=plate * dice.uniform(3, 5.6),
        top=y - plate * dice.uniform(1.2, 4.5),
        bottom=y + plate * dice.uniform(0.35, 1.1),
        paint=any_colour(dice),
    )
    _shell(dice, image, body)
    _grille(dice, image, body)
    _lamps(dice, image, body)
    if dice.random() < 0.5:
        recess(dice, image, (x, y), plate)
    _shade(dice, image, body)


def ground(x: float, y: float, plate: float) -> np.ndarray:
    """Four corners around all that `vehicle` may paint over."""
    left, right, top, low = x - 3.6 * plate, x + 3.6 * plate, y - 4.5 * plate, y + 1.5 * plate
    return np.array([[left, top], [right, top], [right, low], [left, low]], np.float32)


def recess(dice: Random, image: np.ndarray, centre: tuple[float, float], plate: float) -> None:
    """The niche or holder behind a plate."""
    half = plate * dice.uniform(0.53, 0.75), plate * dice.uniform(0.17, 0.4)
    tone = dice.choice((dice.randint(5, 60), dice.randint(120, 240)))
    colour = dice.choice(((tone, tone, tone), any_colour(dice)))
    _box(image, centre, half, colour)


def _shell(dice: Random, image: np.ndarray, body: Body) -> None:
    """Shadow, bodywork, window and bumper."""
    left, right = body.middle - body.width / 2, body.middle + body.width / 2
    slant, shoulder = body.width * dice.uniform(0.03, 0.2), body.top + (body.y - body.top) * 0.4
    shadow = (round(body.middle), round(body.bottom))
    axes = (round(body.width * 0.55), round(body.plate * 0.25) + 2)
    cv2.ellipse(image, shadow, axes, 0, 0, 360, (15, 15, 15), -1)
    outline = [(left + slant * 1.6, body.top), (right - slant * 1.6, body.top)]
    outline += [
        (right - slant * 0.5, shoulder),
        (right, body.y),
        (right - slant * 0.3, body.bottom),
    ]
    outline += [(left + slant * 0.3, body.bottom), (left, body.y), (left + slant * 0.5, shoulder)]
    _fill(image, outline, body.paint)
    glass = dice.randint(5, 90)
    window = [(left + slant * 2, body.top + body.plate * 0.1)]
    window += [(right - slant * 2, body.top + body.plate * 0.1)]
    window += [(right - slant * 0.9, shoulder), (left + slant * 0.9, shoulder)]
    _fill(image, window, (glass, glass, glass))
    if dice.random() < 0.7:
        above = body.y - body.plate * dice.uniform(0.2, 0.5)
        bumper = [(left, above), (right, above), (right, body.bottom), (left, body.bottom)]
        _fill(image, bumper, _darker(body.paint, dice.uniform(0.3, 1.1)))


def _grille(dice: Random, image: np.ndarray, body: Body) -> None:
    """Ribs above the plate, and a badge or letters: what grilles are taken for plates by."""
    width, height = body.plate * dice.uniform(0.6, 1.6), body.plate * dice.uniform(0.12, 0.6)
    y = body.y - body.plate * dice.uniform(0.5, 1.1)
    _box(image, (body.middle, y), (width / 2, height / 2), (25, 25, 25))
    tone, step = dice.randint(40, 220), max(2, round(height / dice.randint(3, 8)))
    x1, x2 = round(body.middle - width / 2), round(body.middle + width / 2)
    upright = dice.random() < 0.35
    for edge in range(x1, x2, step * 2) if upright else range(0, round(height), step):
        top, low = round(y - height / 2), round(y + height / 2)
        ends = ((edge, top), (edge, low)) if upright else ((x1, top + edge), (x2, top + edge))
        cv2.line(image, ends[0], ends[1], (tone, tone, tone), 1, cv2.LINE_AA)
    if dice.random() < 0.5:
        text = "".join(dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=dice.randint(2, 8)))
        place = round(body.middle - width / 3), round(y)
        tone = dice.randint(90, 250)
        cv2.putText(image, text, place, 2, body.plate / 110, (tone,) * 3, 1, cv2.LINE_AA)


def _lamps(dice: Random, image: np.ndarray, body: Body) -> None:
    y = body.y - body.plate * dice.uniform(0.3, 1.2)
    size = body.width * dice.uniform(0.05, 0.13), body.plate * dice.uniform(0.08, 0.3)
    out, lean, colour = (
        body.width * dice.uniform(0.34, 0.43),
        dice.uniform(-20, 20),
        dice.choice(_LAMPS),
    )
    for side in (-1, 1):
        centre = round(body.middle + side * out), round(y)
        axes = max(2, round(size[0])), max(2, round(size[1]))
        cv2.ellipse(image, centre, axes, side * lean, 0, 360, colour, -1, cv2.LINE_AA)
        inner = max(1, round(size[0] * 0.4)), max(1, round(size[1] * 0.6))
        cv2.ellipse(image, centre, inner, 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)


def _shade(dice: Random, image: np.ndarray, body: Body) -> None:
    """Light from above."""
    top, low = max(0, round(body.top) - 9), min(image.shape[0], round(body.bottom) + 9)
    left = max(0, round(body.middle - body.width / 2) - 9)
    right = min(image.shape[1], round(body.middle + body.width / 2) + 9)
    part = image[top:low, left:right]
    if part.size:
        ends = dice.uniform(0.7, 1.2), dice.uniform(0.4, 1.1)
        light = np.linspace(*ends, part.shape[0], dtype=np.float32)[:, None, None]
        part[:] = np.clip(part * light, 0, 255).astype(np.uint8)


def _fill(image: np.ndarray, points: list[tuple[float, float]], colour: Colour) -> None:
    cv2.fillPoly(image, [np.array(points, np.int32)], colour, cv2.LINE_AA)


def _box(
    image: np.ndarray, centre: tuple[float, float], half: tuple[float, float], colour: Colour
) -> None:
    start = round(centre[0] - half[0]), round(centre[1] - half[1])
    end = round(centre[0] + half[0]), round(centre[1] + half[1])
    cv2.rectangle(image, start, end, colour, -1)


def _darker(colour: Colour, share: float) -> Colour:
    blue, green, red = (min(255, round(value * share)) for value in colour)
    return blue, green, red
