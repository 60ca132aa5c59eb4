"""What is held of rights, what changes it, and why a change is refused."""

import hashlib
from dataclasses import dataclass

from gateway.rights.text import RightText

SUM_BITS = 256
NOTHING = f"{0:064x}"
"""The hash of no rights at all."""


class RightsError(Exception):
    """A set of rights, or a change, cannot be used: which of them, why, and the next step.

    What was held before is still held.
    """


class GapError(RightsError):
    """A change of another set than the one that is held: the full set has to come."""


@dataclass(frozen=True, slots=True)
class Held:
    """The set that is held: `hash` are 64 hex digits. Version 0: there never was one."""

    version: int = 0
    hash: str = NOTHING
    count: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What makes `version` of the set whose version is `from_version`.

    `set` are rights that are new or changed, `drop` the ids of those that are no more; one that
    is not held anyway is no fault. `hash` is of the set that it makes, empty where not known.
    """

    from_version: int
    version: int
    hash: str
    set: tuple[RightText, ...]
    drop: tuple[str, ...]


class SetHash:
    """SHA-256 of each right's line, added up modulo 2**256: in any order, one by one."""

    def __init__(self, known: str = NOTHING) -> None:
        self._sum = int(known, 16)

    def add(self, digest: bytes) -> None:
        self._sum = (self._sum + int.from_bytes(digest)) % (1 << SUM_BITS)

    def take(self, digest: bytes) -> None:
        self._sum = (self._sum - int.from_bytes(digest)) % (1 << SUM_BITS)

    @property
    def text(self) -> str:
        return f"{self._sum:064x}"


def digest_of(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()
