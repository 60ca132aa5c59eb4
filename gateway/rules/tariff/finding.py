"""One thing that is wrong with a tariff."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """A tariff that only holds what is never reached can be used; the others cannot."""

    CONTRADICTORY = "contradictory"
    NEVER_REACHED = "never reached"
    NOT_MONOTONE = "not monotone"


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` leads to the place from the top of the tariff's file."""

    kind: FindingKind
    where: tuple[str | int, ...]
    what: str
    fix: str

    @property
    def usable(self) -> bool:
        return self.kind is FindingKind.NEVER_REACHED
