"""A story as it was read: what is known before it begins, and its lines."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.lane.sensors import Timing
from gateway.lane.types import Direction
from gateway.rules.access import AccessList

if TYPE_CHECKING:
    from tests.storyteller.box import Box

Said = Mapping[str, str]
"""What a line says in the places where its sentence leaves a choice; "" where it says nothing."""

Happening = Callable[["Box", Said], Awaitable[None]]
Expectation = Callable[["Box", Said, float], bool | None]
"""Met (true), past hope (false), or not yet (None). The figure: since when, in seconds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step. `place` is `file:line`, `text` what stands there."""

    place: str
    text: str
    said: Said


@dataclass(frozen=True, slots=True)
class Happens(Line):
    """At `at_s` of the story, or `after_s` behind the line above."""

    do: Happening
    at_s: float | None = None
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Expects(Line):
    """Met within `within_s` of the moment when the line above was done."""

    met: Expectation
    within_s: float


@dataclass(frozen=True, slots=True)
class LaneSetting:
    """What a story may say about its lane; seconds as in the lane's configuration."""

    direction: Direction = Direction.ENTRY
    limits: bool = True
    travel_s: float = 2.0
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Story:
    """`fitted`: the sensors that its lines name."""

    title: str
    lane: LaneSetting
    access: AccessList
    lines: tuple[Line, ...]
    fitted: frozenset[str] = frozenset()
