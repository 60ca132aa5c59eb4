"""What the site's contacts say: loops with a response time, limits, keys, and how each can lie."""

import random
from enum import StrEnum
from typing import NamedTuple

from gateway.lane.types import Inputs, Level

RESPONSE_S = 0.1
# In the order of `gateway.lane.types.Inputs`.
NAMES = (
    "arming_loop", "closing_loop", "up_limit", "down_limit", "open_button",
    "beam", "manual", "fire", "fire_reset", "arm_off",
)  # fmt: skip
Levels = tuple[Level, ...]


class Lie(StrEnum):
    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    FLAPS = "flaps"


class Fitting(NamedTuple):
    """What the lane has besides its loops and its button."""

    limits: bool = True
    beam: bool = False
    keys: bool = True

    def has(self, name: str) -> bool:
        if name in ("up_limit", "down_limit"):
            return self.limits
        if name == "beam":
            return self.beam
        return self.keys or name not in ("manual", "fire", "fire_reset", "arm_off")


class Detector:
    """A loop's contact follows a moment after the metal."""

    __slots__ = ("differs_s", "on")

    def __init__(self) -> None:
        self.on = False
        self.differs_s = 0.0

    def step(self, dt_s: float, *, metal: bool) -> None:
        if metal is self.on:
            self.differs_s = 0.0
            return
        self.differs_s += dt_s
        if self.differs_s >= RESPONSE_S:
            self.on, self.differs_s = metal, 0.0


class Contacts:
    """Turns what is true into what is answered. `lies` may be set at any time."""

    def __init__(self, fitting: Fitting, dice: random.Random) -> None:
        self._fitted = tuple(fitting.has(name) for name in NAMES)
        self._dice = dice
        self._known: dict[Levels, Inputs] = {}
        self.lies: dict[str, Lie] = {}
        self.fitting = fitting

    def read(self, truth: tuple[bool, ...]) -> Inputs:
        """`truth` in the order of `NAMES`."""
        levels: Levels
        if self.lies:
            levels = tuple(map(self._told, NAMES, truth, self._fitted))
        else:
            levels = tuple(
                (Level.ON if is_on else Level.OFF) if fitted else Level.NOT_FITTED
                for is_on, fitted in zip(truth, self._fitted, strict=True)
            )
        known = self._known.get(levels)
        if known is None:
            known = self._known[levels] = Inputs(**dict(zip(NAMES, levels, strict=True)))
        return known

    def _told(self, name: str, is_on: bool, fitted: bool) -> Level:  # noqa: FBT001 a zip's row
        if not fitted:
            return Level.NOT_FITTED
        match self.lies.get(name):
            case None:
                return Level.ON if is_on else Level.OFF
            case Lie.FLAPS:
                return self._dice.choice((Level.ON, Level.OFF))
            case lie:
                return Level(lie.value)
