"""Looks at made-up pictures, one after the other."""

import cv2
import numpy as np

from gateway.capture.look import Look, look_at
from gateway.capture.view import View
from gateway.ports import Frame
from tests.drivers.stream import noisy, with_car, yard

__all__ = ["dimmed", "look", "noisy", "shifted", "with_car", "yard"]


def look(picture: np.ndarray, at: float, view: View | None = None, *, recorded=False) -> Look:
    return look_at(Frame(picture, at, recorded=recorded), view or View(), at)


def shifted(scene: np.ndarray, right: int, down: int) -> np.ndarray:
    height, width = scene.shape[:2]
    move = np.float32([[1, 0, right], [0, 1, down]])
    return cv2.warpAffine(scene, move, (width, height), borderMode=cv2.BORDER_REFLECT)


def dimmed(scene: np.ndarray, share: float) -> np.ndarray:
    return (scene * share).astype(np.uint8)
