"""How old a picture may be: told by the rhythm in which pictures come, by our own clock only."""

import math

QUICKEST_S = 0.003
SLOWEST_S = 0.9
_LEARNING = 0.2
_LONGEST_GAP_S = 2.0


class Flow:
    """Says since when there was nothing newer to be had.

    A picture for which we had to wait about as long as usual is new. One that was there
    already may have waited in a buffer, and so may the first one after a long silence: of
    those is known only that they are newer than the last new one.
    """

    def __init__(self) -> None:
        self._new_at = -math.inf
        self._came_at: float | None = None
        self._usual_s: float | None = None

    def came(self, at: float, waited_s: float) -> float:
        """The moment that the picture which came whole at `at` is not older than.

        `waited_s`: how long the line was silent before it. `-inf` where nothing is known.
        """
        if self._came_at is not None:
            if self._is_usual(waited_s):
                self._new_at = at
            self._learn(at - self._came_at)
        self._came_at = at
        return self._new_at

    def _is_usual(self, waited_s: float) -> bool:
        if self._usual_s is None:
            return QUICKEST_S <= waited_s <= _LONGEST_GAP_S
        shortest = max(QUICKEST_S, 0.2 * self._usual_s)
        return shortest <= waited_s <= max(SLOWEST_S, 3 * self._usual_s)

    def _learn(self, gap_s: float) -> None:
        gap_s = min(gap_s, _LONGEST_GAP_S)
        usual_s = gap_s if self._usual_s is None else self._usual_s
        self._usual_s = usual_s + _LEARNING * (gap_s - usual_s)
