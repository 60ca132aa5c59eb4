"""When to read: while a loop is occupied or something moves, else once in a few seconds."""

import math

HOLD_S = 2.0
IDLE_READ_S = 5.0
REST_S = 1.0
REST_WITHOUT_LOOPS_S = 0.2


class Attention:
    """Times are monotonic seconds. `told` may be called by another thread."""

    def __init__(self) -> None:
        self._occupied: bool | None = None
        self._moved_at = -math.inf
        self._read_at = -math.inf

    def told(self, *, occupied: bool) -> None:
        """What the lane says of its loops. A lane that says nothing has none."""
        self._occupied = occupied

    def moved(self, at: float) -> None:
        self._moved_at = at

    def read(self, at: float) -> None:
        self._read_at = at

    @property
    def occupied(self) -> bool:
        return self._occupied is True

    def is_awake(self, at: float) -> bool:
        return self.occupied or at - self._moved_at < HOLD_S

    def wants_reading(self, at: float) -> bool:
        return self.is_awake(at) or at - self._read_at >= IDLE_READ_S

    def pace_s(self, at: float) -> float:
        """How often a picture is needed; without loops, motion must be seen soon."""
        if self.is_awake(at):
            return 0.0
        return REST_WITHOUT_LOOPS_S if self._occupied is None else REST_S
