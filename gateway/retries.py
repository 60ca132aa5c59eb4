"""How long to wait before a camera's process is started again."""

SHORTEST_S = 0.5
LONGEST_S = 30.0
GOOD_RUN_S = 10.0
# Most cameras lock an account after five to seven wrong tries, and many count over half an hour.
REFUSED_S = (60.0, 300.0, 600.0)


class Retries:
    """Outlives the processes: what one was refused, the next one must not ask at once again."""

    def __init__(self) -> None:
        self._pause_s = SHORTEST_S
        self._refusals = 0

    def let_in(self) -> None:
        """The camera gives pictures: whatever it refused before is forgotten."""
        self._refusals = 0

    def pause_s(self, lasted_s: float, *, refused: bool) -> float:
        """After a process that lived `lasted_s`."""
        if refused:
            self._refusals += 1
            return REFUSED_S[min(self._refusals, len(REFUSED_S)) - 1]
        good = lasted_s > GOOD_RUN_S
        self._pause_s = SHORTEST_S if good else min(self._pause_s * 2, LONGEST_S)
        return self._pause_s
