"""When to read: while a loop is occupied or something moves, else once in a few seconds."""

import math
from collections import deque

HOLD_S = 2.0
AGAIN_S = 2.0
IDLE_READ_S = 5.0
REST_S = 1.0
REST_WITHOUT_LOOPS_S = 0.2
_MOST_WANTED = 16


class Attention:
    """Times are monotonic seconds. What the lane tells may come from another thread."""

    def __init__(self) -> None:
        self._occupied: bool | None = None
        self._moved_at = -math.inf
        self._read_at = -math.inf
        self._again_at = -math.inf
        self._wanted: deque[int] = deque(maxlen=_MOST_WANTED)

    def told(self, *, occupied: bool) -> None:
        """What the lane says of its loops. A lane that says nothing has none."""
        self._occupied = occupied

    def look_again(self, at: float) -> None:
        """Every picture of the next `AGAIN_S` is worth a second look."""
        self._again_at = at

    def want_photo(self, number: int) -> None:
        self._wanted.append(number)

    def wanted_photos(self) -> tuple[int, ...]:
        """The numbers of the pictures that the lane waits for. Each is said once."""
        return tuple(self._wanted.popleft() for _ in range(len(self._wanted)))

    def moved(self, at: float) -> None:
        self._moved_at = at

    def read(self, at: float) -> None:
        self._read_at = at

    @property
    def occupied(self) -> bool:
        return self._occupied is True

    @property
    def vacant(self) -> bool:
        """The loops say that nobody stands there; not so where there are none."""
        return self._occupied is False

    def looks_again(self, at: float) -> bool:
        return at - self._again_at < AGAIN_S

    def is_awake(self, at: float) -> bool:
        return self.occupied or at - self._moved_at < HOLD_S or self.looks_again(at)

    def wants_reading(self, at: float) -> bool:
        return self.is_awake(at) or at - self._read_at >= IDLE_READ_S

    def pace_s(self, at: float) -> float:
        """How often a picture is needed; without loops, motion must be seen soon."""
        if self._wanted or self.is_awake(at):
            return 0.0
        return REST_WITHOUT_LOOPS_S if self._occupied is None else REST_S
