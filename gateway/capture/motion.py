"""Does anything move in the region? From small grey pictures, a tenth of a millisecond each."""

from typing import Any

import numpy as np

from gateway.capture.look import Look

SPAN_S = 0.3
LEAST_SHARE = 0.004
_LEVELS = 10.0
_TIMES_USUAL = 3.0
_LEARN_STILL, _LEARN_MOVING = 0.05, 0.01


class Motion:
    """Compares with the picture of a moment before, and knows what flickers all the time."""

    def __init__(self) -> None:
        self._before: Look | None = None
        self._usual: Any = None

    def seen(self, look: Look) -> bool:
        """True where more of the region changed than noise, flicker and light explain."""
        before = self._before
        if before is None or before.grey.shape != look.grey.shape or self._usual is None:
            self._before, self._usual = look, np.zeros(look.grey.shape, np.float32)
            return False
        change = look.grey.astype(np.float32) - before.grey
        change = np.abs(change - np.median(change))
        strong = (change > _LEVELS + _TIMES_USUAL * self._usual) & (look.inside > 0)
        moving = bool(strong.sum() > LEAST_SHARE * max(1, look.inside.sum()))
        if look.at - before.at >= SPAN_S:
            learning = _LEARN_MOVING if moving else _LEARN_STILL
            self._usual += learning * (change - self._usual)
            self._before = look
        return moving
