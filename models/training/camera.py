"""What a lane's camera does to a plate: lens, motion, light, weather, sensor, compression."""

import random
from functools import lru_cache

import cv2
import numpy as np

_MOTION_DEG = (0, 0, 0, 10, -10, 30, -30, 60, 90)


def blurred(dice: random.Random, image: np.ndarray, most_px: float) -> np.ndarray:
    """Out of focus, moved, or neither."""
    chance = dice.random()
    if chance < 0.3:
        return cv2.GaussianBlur(image, (0, 0), dice.uniform(0.3, max(0.35, most_px / 2)))
    if chance < 0.5 and most_px >= 2:
        length = dice.randint(2, max(2, round(most_px * 1.6)))
        return cv2.filter2D(image, -1, _motion(length, dice.choice(_MOTION_DEG)))
    return image


@lru_cache(maxsize=256)
def _motion(length: int, degrees: int) -> np.ndarray:
    """A line of `length` pixels as a kernel of sum 1."""
    side = length | 1
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) * (length / 2)
    start, end = ((side // 2 + sign * reach).round().astype(int) for sign in (-1, 1))
    cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0)
    result: np.ndarray = kernel / kernel.sum()
    return result


def compressed(dice: random.Random, image: np.ndarray) -> np.ndarray:
    quality = dice.randint(20, 85)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return image if decoded is None else decoded


def rained_on(dice: random.Random, image: np.ndarray) -> np.ndarray:
    """Bright streaks and a few drops on the glass."""
    height, width = image.shape[:2]
    veil = np.zeros((height, width), np.uint8)
    slant = dice.uniform(-0.3, 0.3)
    for _ in range(dice.randint(3, 14)):
        x, y, long = dice.randrange(width), dice.randrange(height), dice.uniform(0.1, 0.5) * height
        end = (round(x + slant * long), round(y + long))
        cv2.line(veil, (x, y), end, dice.randint(60, 160), 1, cv2.LINE_AA)
    return cv2.add(image, cv2.cvtColor(veil, cv2.COLOR_GRAY2BGR))


def lit(
    chance: np.random.Generator, plates: np.ndarray, strength: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Exposure, colour cast, shadows, glare, night, infrared and noise for a whole batch.

    `plates`: uint8 [n, h, w, 3]; `strength`: [n], 1 for new drawings, less for real photos.
    Returns float32 0..255 of the same shape, and which of them have lost their colours.
    """
    n, height, width = plates.shape[:3]
    x = plates.astype(np.float32) / 255
    s = strength.astype(np.float32).reshape(n, 1, 1, 1)

    def some(share: float) -> np.ndarray:
        return (chance.random((n, 1, 1, 1)) < share).astype(np.float32)

    def between(low: float, high: float, channels: int = 1) -> np.ndarray:
        return chance.uniform(low, high, (n, 1, 1, channels)).astype(np.float32)

    x *= 1 + s * between(-0.6, 0.45) * some(0.7)
    x *= 1 + s * between(-0.22, 0.22, 3)
    x += s * between(-0.12, 0.25) * some(0.5)
    shades = _shades(height, width)[chance.integers(0, _SHADES, n)][..., None]
    x *= 1 + s * shades * between(-0.8, 1.3) * some(0.4)
    x += s * np.maximum(shades, 0) * between(0.2, 1.2) * some(0.06)
    np.clip(x, 0, 1, out=x)
    night = some(1.0) * (chance.random((n, 1, 1, 1)) < 0.14 * s)
    x = np.where(night > 0, x * between(0.12, 0.45) + between(0, 0.07, 3), x)
    grey = chance.random((n, 1, 1, 1)) < 0.08  # infrared
    x = np.where(grey, x.mean(3, keepdims=True), x)
    x += chance.standard_normal(x.shape, np.float32) * between(0, 0.07) * some(0.6) * s
    return np.clip(x, 0, 1) * 255, grey.reshape(n)


_SHADES = 300


@lru_cache(maxsize=2)
def _shades(height: int, width: int) -> np.ndarray:
    """[300, h, w]: slopes, edges of shadows, and spots of light, about -0.5..1."""
    chance = np.random.default_rng(1)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shades = []
    for number in range(_SHADES):
        angle = chance.uniform(0, 2 * np.pi)
        slope = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
        if number % 3 == 0:
            edge = (slope > chance.uniform(-0.3, 0.3)).astype(np.float32) - 0.5
            slope = cv2.GaussianBlur(edge, (0, 0), chance.uniform(0.5, 6))
        if number % 3 == 1:
            centre = chance.uniform(-0.1, 1.1, 2) * (width, height)
            far = (x - centre[0]) ** 2 + (2 * (y - centre[1])) ** 2
            slope = np.exp(-far / (2 * chance.uniform(8, 45) ** 2))
        shades.append(slope)
    return np.stack(shades).astype(np.float32)
