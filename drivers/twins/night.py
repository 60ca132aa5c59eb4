"""What darkness adds to a camera's picture: headlamps that dazzle, and noise.

Colours and brightness by the eye, after pictures of lane cameras at night.
"""

from functools import lru_cache

import cv2
import numpy as np

from drivers.twins.plateart import Picture

LAMPS_FROM = 0.35
"""With less light than this cars drive with their lamps on."""

_FULL_NIGHT = 0.15
_REACH_M = 0.9
_CORE_M, _HALO_M = 0.12, 0.26
_HALO_PEAK = 140.0
_SPRITE_PX = 256
_DAY_SIGMA, _NIGHT_SIGMA, _STEPS = 3.0, 8.0, 4
NOISE_MARGIN_PX = 64


def darkness(light: float) -> float:
    """0 while lamps are off, 1 at night; `light` as in a scene."""
    share = (LAMPS_FROM - light) / (LAMPS_FROM - _FULL_NIGHT)
    return min(1.0, max(0.0, share))


def dazzle(picture: Picture, centre: tuple[float, float], px_per_m: float, power: float) -> None:
    """Add a headlamp's glare: a burnt core and a soft halo over the bumper around it."""
    reach = px_per_m * _REACH_M
    height, width = picture.shape[:2]
    left, right = max(0, int(centre[0] - reach)), min(width, int(centre[0] + reach) + 1)
    top, bottom = max(0, int(centre[1] - reach)), min(height, int(centre[1] + reach) + 1)
    if right <= left or bottom <= top or power <= 0:
        return
    scale = _SPRITE_PX / reach
    move = np.array(
        [
            [scale, 0, (left - centre[0]) * scale + _SPRITE_PX],
            [0, scale, (top - centre[1]) * scale + _SPRITE_PX],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(_sprite(), move, (right - left, bottom - top), flags=how)
    bright = cv2.cvtColor(cv2.convertScaleAbs(seen, alpha=power), cv2.COLOR_GRAY2BGR)
    place = picture[top:bottom, left:right]
    place[:] = cv2.add(place, bright)


@lru_cache(maxsize=1)
def _sprite() -> Picture:
    """uint8 [513, 513], nothing at its rim."""
    line = np.linspace(-_REACH_M, _REACH_M, 2 * _SPRITE_PX + 1)
    far = np.hypot(line[:, None], line[None, :])
    halo = np.exp(-far / _HALO_M) - np.exp(-_REACH_M / _HALO_M)
    seen = 255 * np.exp(-((far / _CORE_M) ** 2)) + _HALO_PEAK * np.maximum(halo, 0)
    sprite: Picture = np.minimum(seen, 255).astype(np.uint8)
    return sprite


class Noise:
    """A sensor's noise for pictures of one size: stored fields, the stronger the darker.

    Day's are there at once; others take a moment when they are first asked for.
    """

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._shape = (height + NOISE_MARGIN_PX, width + NOISE_MARGIN_PX, 3)
        self._seed = seed
        self._fields = lru_cache(maxsize=2)(self._made)
        self.fields(1.0)

    def fields(self, light: float) -> tuple[Picture, Picture]:
        """What noise adds and what it takes, `NOISE_MARGIN_PX` larger than the picture."""
        return self._fields(round(darkness(light) * _STEPS))

    def _made(self, step: int) -> tuple[Picture, Picture]:
        sigma = _DAY_SIGMA + (_NIGHT_SIGMA - _DAY_SIGMA) * step / _STEPS
        field = np.random.default_rng(self._seed).normal(0, sigma, self._shape)
        return np.maximum(field, 0).astype(np.uint8), np.maximum(-field, 0).astype(np.uint8)
