"""Several plates that share fewer spaces: which of the vehicles inside are covered, since when."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Inside(NamedTuple):
    """A stay of one of the plates; `left` is None while it lasts."""

    session_id: str
    entered: int
    left: int | None = None


def covered_since(stays: Iterable[Inside], spaces: int, *, succession: bool) -> Mapping[str, int]:
    """From when each stay has a space; those that never had one are not named.

    The first to come have the spaces and keep them till they leave. With `succession`, a space
    that becomes free goes to the one that waits longest; without, to the next that comes.
    """
    desk = _Desk(spaces, succession=succession)
    for at, comes, stay in sorted(_events(stays)):
        if comes:
            desk.comes(stay, at)
        else:
            desk.leaves(stay, at)
    return desk.since


def _events(stays: Iterable[Inside]) -> Iterable[tuple[int, bool, Inside]]:
    """Who leaves and who comes in the same second: the space is free first."""
    for stay in stays:
        yield stay.entered, True, stay
        if stay.left is not None:
            yield max(stay.left, stay.entered + 1), False, stay


class _Desk:
    def __init__(self, spaces: int, *, succession: bool) -> None:
        self.since: dict[str, int] = {}
        self._free = spaces
        self._succession = succession
        self._waiting: list[Inside] = []

    def comes(self, stay: Inside, at: int) -> None:
        if self._free > 0:
            self._give(stay, at)
        else:
            self._waiting.append(stay)

    def leaves(self, stay: Inside, at: int) -> None:
        if stay in self._waiting:
            self._waiting.remove(stay)
            return
        self._free += 1
        if self._succession and self._waiting:
            self._give(self._waiting.pop(0), at)

    def _give(self, stay: Inside, at: int) -> None:
        self._free -= 1
        self.since[stay.session_id] = at
