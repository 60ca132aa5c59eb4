"""How a picture is, beyond what it shows: frozen, black, blinded, moved, of another size."""

import math

import numpy as np

from gateway.capture.look import Look, same
from gateway.capture.scenery import Scenery
from gateway.capture.stillness import Stillness
from gateway.capture.view import View
from gateway.sight import Condition

LASTS_S = 0.9
_BLACK, _WHITE = 36, 225
_FLAT = 10
WORDS = {
    Condition.OK: "",
    Condition.BLACK: "the picture is black: is the lens covered, or the lamp off?",
    Condition.BLINDED: "the picture shows nothing: does the sun or a lamp shine into the lens, or"
    " is it covered?",
    Condition.MOVED: "the camera looks elsewhere than before: turn it back, or restart the lane"
    " if it is meant so",
}


class Lasting:
    """Since when something is true without a break."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since = math.inf

    def is_so(self, at: float, *, so: bool) -> bool:
        """True once it has lasted."""
        self._since = min(self._since, at) if so else math.inf
        return at - self._since >= self._seconds

    @property
    def begun(self) -> bool:
        return self._since < math.inf


class Inspector:
    """Judges a camera's looks, one after the other. `words` say what to do about it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._size = view.size
        self._before: Look | None = None
        self._still = Stillness(view.frozen_s)
        self._black, self._blinded = Lasting(LASTS_S), Lasting(LASTS_S)
        self._scenery = Scenery()
        self.repeats = False
        self.words = ""

    @property
    def doubts(self) -> bool:
        """Something may be wrong: every picture is wanted until that is known."""
        begun = self._still.doubted or self._black.begun or self._blinded.begun
        return begun or self._scenery.doubts

    def judged(self, look: Look, *, still: bool = True, occupied: bool = False) -> Condition:
        """`still`: nothing moves in it; `occupied`: a vehicle stands on a loop.

        What comes from a file is always well: photos stand still and have many sizes.
        """
        if look.recorded:
            return Condition.OK
        self._size = self._size or look.size
        condition = self._worst(look, still=still, occupied=occupied)
        self.words = WORDS.get(condition, "") or self._measured(condition, look)
        return condition

    def _worst(self, look: Look, *, still: bool, occupied: bool) -> Condition:
        """All are asked each time, so that each knows since when; the first that holds wins."""
        before, self._before = self._before or look, look
        self.repeats = before is not look and same(before, look)
        frozen = self._still.is_frozen(look.at, before.at, same=self.repeats)
        region = look.grey[look.inside > 0]
        low, high = np.percentile(region if region.size else look.grey, (3, 99))
        is_black = bool(high < _BLACK)
        is_blinded = not is_black and bool(low > _WHITE or high - low < _FLAT)
        quiet = still and not self.repeats and not is_black and not is_blinded
        seen = {
            Condition.BLACK: self._black.is_so(look.at, so=is_black),
            Condition.BLINDED: self._blinded.is_so(look.at, so=is_blinded),
            Condition.FROZEN: frozen and self._view.frozen_s > 0,
            Condition.WRONG_SIZE: look.size != self._size,
            Condition.MOVED: self._scenery.moved(look, still=quiet, occupied=occupied),
        }
        return next((word for word, holds in seen.items() if holds), Condition.OK)

    def _measured(self, condition: Condition, look: Look) -> str:
        if condition is Condition.FROZEN:
            return (
                f"the picture has not changed in the least for {self._view.frozen_s:g} s: restart"
                " the camera; if it saves data so, set `frozen_s: 0` in `view`"
            )
        if condition is Condition.WRONG_SIZE and self._size is not None:
            is_now, expected = ("x".join(map(str, size)) for size in (look.size, self._size))
            return (
                f"the picture has {is_now} pixels, not {expected}: set the camera's stream to"
                " that, or `size` in `view`"
            )
        return ""
