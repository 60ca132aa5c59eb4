"""Books on paper: what a power cut would leave, and what was only on its way there."""

from collections import deque

from gateway.lane.events import StoreDecision, StoreMode, StorePass
from gateway.lane.reports import Mode
from gateway.lane.types import Visit
from tests.simulator.truth import Entry, History


class PaperBooks:
    """The gateway's books with the file left out: decisions and modes at once, the rest soon."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._waiting: deque[object] = deque()
        self._open: dict[str, Visit] = {}
        self._ended: set[str] = set()
        self.broken = False
        self.mode: Mode | None = None
        self.mode_ends_at = 0.0
        self.answered: set[str] = set()

    def at_once(self, at: float, command: StoreDecision | StoreMode) -> str:
        """A sentence where it failed."""
        if self.broken:
            return "the disk is full; free some space"
        self.soon(at, None)
        self._write(at, command)
        return ""

    def soon(self, at: float, command: object | None) -> None:
        """In order, now or when the store works again."""
        if command is not None:
            self._waiting.append(command)
        while self._waiting and not self.broken:
            self._write(at, self._waiting.popleft())

    def crash(self) -> None:
        self._waiting.clear()

    def open_visits(self) -> list[Visit]:
        return list(self._open.values())

    def _write(self, at: float, command: object) -> None:
        """The first ending of a visit stands, as in the real store."""
        if isinstance(command, StorePass):
            if command.record.visit.pass_id in self._ended:
                return
            self._ended.add(command.record.visit.pass_id)
        self._history.entries.append(Entry(at, command))
        match command:
            case StoreDecision(visit):
                self._open[visit.pass_id] = visit
            case StorePass(record):
                self._open.pop(record.visit.pass_id, None)
            case StoreMode(mode):
                self.mode = mode
                self._history.modes.append((at, mode.kind.value))
            case _:
                pass
