"""Does a picture stand still? A frozen sensor may be coded anew, which changes a picture or two."""

import math

# Longer without any picture is another trouble: nothing was seen to stand still meanwhile.
PAUSE_S = 2.0
# So many pictures in a row, for so long, are no key picture of an encoder.
LIVE_PICTURES, LIVE_S = 3, 0.5


class Stillness:
    """Frozen once nothing has changed for `frozen_s`, until the picture lives again.

    It lives when several pictures in a row are new. Where a camera gives each of its pictures
    more than once, that never happens: then a while without a long stop tells it. Such a stop
    comes between all key pictures of a sensor that is frozen, unless they follow each other
    faster than `frozen_s`.
    """

    def __init__(self, frozen_s: float) -> None:
        self._frozen_s = frozen_s
        self._same_since = math.inf
        self._stopped_at = -math.inf
        self._new_since = math.inf
        self._new_in_a_row = self._new = 0
        self._frozen = False

    @property
    def doubted(self) -> bool:
        """Every picture is wanted until it is known whether it stands still."""
        return self._frozen or self._same_since < math.inf

    def is_frozen(self, at: float, before_at: float, *, same: bool) -> bool:
        """`same`: the picture of `at` is exactly that of `before_at`. Monotonic seconds."""
        if same:
            self._stands(at, before_at if at - before_at <= PAUSE_S else at)
        else:
            self._changes(at)
        return self._frozen

    def _stands(self, at: float, since: float) -> None:
        self._same_since = min(self._same_since, since)
        self._new_since, self._new_in_a_row = math.inf, 0
        if 0 < self._frozen_s <= at - self._same_since:
            self._frozen, self._stopped_at, self._new = True, at, 0

    def _changes(self, at: float) -> None:
        self._same_since = math.inf
        self._new_since = min(self._new_since, at)
        self._new_in_a_row += 1
        self._new += 1
        in_a_row = self._new_in_a_row >= LIVE_PICTURES and at - self._new_since >= LIVE_S
        without_a_stop = at - self._stopped_at >= 2 * self._frozen_s
        if in_a_row or (self._new >= LIVE_PICTURES and without_a_stop):
            self._frozen = False
