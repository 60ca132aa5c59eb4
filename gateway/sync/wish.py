"""When to ask the cloud for the full set of rights. Pure; times are monotonic seconds."""

from gateway.sync.rightswords import Edition

PATIENCE_S = 1.0
"""What makes the new set of the old one may come right behind the word of it, or before."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 600.0


class Wish:
    """Which set the box should hold, and when it is asked for. Outlives a connection."""

    def __init__(self) -> None:
        self.goal: Edition | None = None
        self._due = float("-inf")
        self._pause_s = FIRST_PAUSE_S
        self._why = ""
        self._once = False

    def aim(self, goal: Edition, now: float) -> None:
        """The cloud says that this is the set; the same again changes nothing."""
        if goal != self.goal:
            self.goal, self._why, self._once = goal, "", False
            self._due, self._pause_s = now + PATIENCE_S, FIRST_PAUSE_S

    def came(self, now: float) -> None:
        """The box took a set, or a change of it."""
        self._why, self._once = "", False
        self._later(now + PATIENCE_S)

    def failed(self, why: str, now: float) -> None:
        """What came could not be used: ask once, whatever the goal is."""
        self._why, self._once = why, True
        self._later(now + PATIENCE_S)

    def moves(self, now: float) -> None:
        """A part of the set came: the rest is on its way."""
        self._later(now + FIRST_PAUSE_S)

    def due(self, held: Edition, now: float) -> str | None:
        """Why to ask now, which may be empty; None: do not. The next time is later then."""
        is_open = self.goal is not None and self.goal != held
        if not is_open:
            self._pause_s = FIRST_PAUSE_S
        if not (is_open or self._once) or now < self._due:
            return None
        self._due = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        why, self._why, self._once = self._why, "", False
        return why

    def _later(self, at: float) -> None:
        self._due = max(self._due, at)
