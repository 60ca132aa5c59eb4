"""Mud and dust on a plate."""

import cv2
import numpy as np

from drivers.twins.plateart import Picture

_MUD = (72, 92, 108)
_BLOTCHES = (5, 14)
_DRY, _WET = 1.3, 2.2
_STEEPNESS = 0.6
_MOST = 0.85


def soiled(art: Picture, dirt: float, seed: int) -> Picture:
    """A new picture with blotches, thicker towards the lower edge; `dirt` 0 none, 1 thick."""
    height, width = art.shape[:2]
    coarse = np.random.default_rng(seed).normal(0, 1, _BLOTCHES).astype(np.float32)
    lower = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    cloud = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + lower
    share = np.clip((cloud + _WET * dirt - _DRY) * _STEEPNESS, 0, _MOST * dirt)
    mixed: Picture = (art + (np.array(_MUD) - art) * share[:, :, None]).astype(np.uint8)
    return mixed
