"""What years on the road do to a plate: bolts, frames, dirt, scratches, fading, dents."""

import random

import cv2
import numpy as np

_FRAME_SHARE, _DIRTY_SHARE, _SCRATCHED_SHARE, _FADED_SHARE, _BENT_SHARE = 0.22, 0.3, 0.15, 0.3, 0.15


def worn(dice: random.Random, plate: np.ndarray) -> np.ndarray:
    """A new picture of the same size: uint8 [h, w, 3]."""
    plate = _tinted(dice, plate)
    _bolts(dice, plate)
    if dice.random() < _FRAME_SHARE:
        _frame(dice, plate)
    if dice.random() < _SCRATCHED_SHARE:
        _scratches(dice, plate)
    if dice.random() < _DIRTY_SHARE:
        plate = _dirty(dice, plate)
    if dice.random() < _BENT_SHARE:
        plate = _bent(dice, plate)
    return plate


def _tinted(dice: random.Random, plate: np.ndarray) -> np.ndarray:
    """Another batch of paint, and the sun on it."""
    shade = cv2.cvtColor(plate, cv2.COLOR_BGR2HSV).astype(np.int16)
    shade[..., 0] = (shade[..., 0] + dice.randint(-6, 6)) % 180
    faded = dice.uniform(0.35, 0.8) if dice.random() < _FADED_SHARE else dice.uniform(0.8, 1.1)
    shade[..., 1] = np.clip(shade[..., 1] * faded, 0, 255)
    shade[..., 2] = np.clip(shade[..., 2] * dice.uniform(0.8, 1.05), 0, 255)
    return cv2.cvtColor(shade.astype(np.uint8), cv2.COLOR_HSV2BGR)


def _bolts(dice: random.Random, plate: np.ndarray) -> None:
    height, width = plate.shape[:2]
    tone = dice.choice((dice.randint(150, 240), dice.randint(20, 90)))
    shown = [dice.random() < 0.75, dice.random() < 0.55]
    for y, there in zip((0.09, 0.91), shown, strict=True):
        for x in (0.24, 0.76):
            if there:
                centre = (round((x + dice.uniform(-0.02, 0.02)) * width), round(y * height))
                axes = (dice.randint(2, 5), dice.randint(2, 3))
                cv2.ellipse(plate, centre, axes, 0, 0, 360, (tone,) * 3, -1, cv2.LINE_AA)


def _frame(dice: random.Random, plate: np.ndarray) -> None:
    """A holder that covers the rim; the lower side may be broad and carry a dealer's name."""
    height, width = plate.shape[:2]
    tone = (dice.choice((15, 30, 60, 170, 210)),) * 3
    sides = [dice.uniform(0.01, 0.06) for _ in range(3)] + [dice.uniform(0.01, 0.12)]
    left, right, top, bottom = (round(share * height) for share in sides)
    cv2.rectangle(plate, (0, 0), (width, top), tone, -1)
    cv2.rectangle(plate, (0, height - bottom), (width, height), tone, -1)
    cv2.rectangle(plate, (0, 0), (left, height), tone, -1)
    cv2.rectangle(plate, (width - right, 0), (width, height), tone, -1)


def _scratches(dice: random.Random, plate: np.ndarray) -> None:
    height, width = plate.shape[:2]
    for _ in range(dice.randint(1, 4)):
        start = (dice.randrange(width), dice.randrange(height))
        end = (start[0] + dice.randint(-60, 60), start[1] + dice.randint(-25, 25))
        cv2.line(plate, start, end, (dice.randint(60, 220),) * 3, 1, cv2.LINE_AA)


def _dirty(dice: random.Random, plate: np.ndarray) -> np.ndarray:
    """Mud and dust: soft blotches, thicker towards the lower edge."""
    height, width = plate.shape[:2]
    noise = np.random.default_rng(dice.getrandbits(32))
    coarse = noise.normal(0, 1, (dice.randint(3, 8), dice.randint(6, 20))).astype(np.float32)
    cloud = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cloud = cloud + np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    share = np.clip(
        (cloud - dice.uniform(0.2, 1.6)) * dice.uniform(0.3, 1.5), 0, dice.uniform(0.25, 0.8)
    )
    mud = np.array(
        dice.choice(((60, 85, 105), (120, 130, 140), (40, 50, 60), (190, 195, 200))), np.float32
    )
    return (plate + (mud - plate) * share[..., None]).astype(np.uint8)


def _bent(dice: random.Random, plate: np.ndarray) -> np.ndarray:
    """A wave across the plate, a few pixels deep."""
    height, width = plate.shape[:2]
    across, down = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    wave = np.sin(across / width * dice.uniform(2, 7) + dice.uniform(0, 6)).astype(np.float32)
    moved = down + wave * dice.uniform(0.5, height * 0.035)
    return cv2.remap(plate, across, moved, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
