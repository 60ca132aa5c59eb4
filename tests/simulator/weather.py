"""What goes wrong, and how often: each seed has its weather."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.simulator.habits import Habit


class Trouble(StrEnum):
    """What can strike. The words of the history, and of a printed story."""

    LOOP_B_ON = "closing loop stuck on"
    LOOP_B_OFF = "closing loop stuck off"
    LOOP_B_FLAPS = "closing loop flaps"
    LOOP_B_UNKNOWN = "closing loop unknown"
    LOOP_A_ON = "arming loop stuck on"
    LOOP_A_OFF = "arming loop stuck off"
    LOOP_A_FLAPS = "arming loop flaps"
    BEAM = "beam blocked"
    UP_LIMIT_DEAD = "up limit missing"
    DOWN_LIMIT_DEAD = "down limit missing"
    UP_LIMIT_STUCK = "up limit stuck on"
    DOWN_LIMIT_STUCK = "down limit stuck on"
    BUTTON_STUCK = "button stuck"
    SILENCE = "inputs lost"
    GAP = "one answer lost"
    LATENESS = "answers late"
    CROWD = "a neighbour crowds the line"
    UNCONFIRMED = "order done and not confirmed"
    LOST_ORDER = "order lost"
    DEAD_OUTPUT = "order confirmed and not done"
    STORE = "store fails"
    SLOW_STORE = "store is slow"
    CRASH = "crash"
    RELOAD = "reload"
    CLOCK = "clock step"
    JAM = "boom jammed"
    ARM_OFF = "arm off"
    BY_HAND = "boom raised by hand"
    POWER = "barrier loses power"
    OWN_CLOSE = "boom lowered by its own controller"
    FIRE = "fire"
    KEY = "manual key"
    HOLD = "hold-open ordered"
    LOCK = "lock-down ordered"
    AUTOMATIC = "automatic ordered"
    BUTTON = "button pressed"
    AGENT = "agent opens"
    BLIND = "camera blind"
    TWICE = "an order comes twice"


T = Trouble
LOOPS = {T.LOOP_B_ON: 2, T.LOOP_B_FLAPS: 2, T.LOOP_B_UNKNOWN: 2, T.LOOP_A_ON: 1, T.LOOP_A_OFF: 1,
         T.LOOP_A_FLAPS: 2, T.LOOP_B_OFF: 1, T.BEAM: 2}  # fmt: skip
LIMITS = {T.UP_LIMIT_DEAD: 2, T.DOWN_LIMIT_DEAD: 2, T.UP_LIMIT_STUCK: 1, T.DOWN_LIMIT_STUCK: 1,
          T.JAM: 2, T.ARM_OFF: 1}  # fmt: skip
LINE = {
    T.SILENCE: 3,
    T.GAP: 4,
    T.LATENESS: 3,
    T.CROWD: 2,
    T.UNCONFIRMED: 2,
    T.LOST_ORDER: 2,
    T.DEAD_OUTPUT: 1,
}
BOX = {T.STORE: 2, T.SLOW_STORE: 1, T.CRASH: 3, T.RELOAD: 1, T.CLOCK: 2, T.BLIND: 1, T.TWICE: 1}
PEOPLE = {T.BUTTON: 3, T.BY_HAND: 2, T.POWER: 1, T.OWN_CLOSE: 1, T.BUTTON_STUCK: 1, T.AGENT: 4,
          T.TWICE: 3}  # fmt: skip
MODES = {T.FIRE: 4, T.KEY: 2, T.HOLD: 3, T.LOCK: 3, T.AUTOMATIC: 2, T.AGENT: 4, T.BUTTON: 1,
         T.TWICE: 3}  # fmt: skip

USUAL = {Habit.NORMAL: 8, Habit.SLOW: 1, Habit.TURNS_BACK: 2, Habit.IMPATIENT: 2, Habit.STRANGER: 2,
         Habit.NO_PLATE: 1, Habit.MISREAD: 2, Habit.LORRY: 1, Habit.TAILGATES: 1}  # fmt: skip
WILD = {Habit.NORMAL: 4, Habit.TAILGATES: 4, Habit.BACKS_OUT: 2, Habit.STOPS_UNDER: 2,
        Habit.WRONG_WAY: 3, Habit.LORRY: 2, Habit.MOTORCYCLE: 2, Habit.PEDESTRIAN: 3,
        Habit.TURNS_BACK: 2, Habit.IMPATIENT: 2, Habit.NO_PLATE: 1, Habit.MISREAD: 1}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weather:
    """`mean_gap_s` between troubles; none where `troubles` is empty. Shares are weights."""

    name: str
    troubles: Mapping[Trouble, int] = field(default_factory=dict)
    habits: Mapping[Habit, int] = field(default_factory=lambda: USUAL)
    mean_gap_s: float = 12.0
    mean_arrival_s: float = 6.0

    @property
    def is_calm(self) -> bool:
        """Nothing goes wrong, and drivers do what is usual."""
        return not self.troubles and self.habits is USUAL


WEATHERS = (
    Weather("calm"),
    Weather("wild drivers", habits=WILD, mean_arrival_s=4.0),
    Weather("loops lie", LOOPS, habits=WILD),
    Weather("limits lie", LIMITS),
    Weather("a bad line", LINE, mean_gap_s=6.0),
    Weather(
        "unconfirmed orders",
        {T.UNCONFIRMED: 3, T.LOST_ORDER: 1},
        habits=WILD,
        mean_gap_s=4.0,
        mean_arrival_s=4.0,
    ),
    Weather("late answers", {T.LATENESS: 1}, mean_gap_s=4.0),
    Weather("a bad box", BOX, mean_gap_s=8.0),
    Weather("people", PEOPLE, habits=WILD),
    Weather("a boom that jams", {T.JAM: 3, T.BY_HAND: 1}, mean_gap_s=25.0),
    Weather("modes", MODES, mean_gap_s=10.0),
    Weather("modes in a bad box", {**MODES, **BOX}, mean_gap_s=7.0),
    Weather(
        "everything",
        {**LOOPS, **LIMITS, **LINE, **BOX, **PEOPLE, **MODES},
        habits=WILD,
        mean_gap_s=5.0,
    ),
)


def weather_of(seed: int) -> Weather:
    return WEATHERS[seed % len(WEATHERS)]


class Schedule:
    """When the next one comes, and which. `dice` belong to it alone."""

    def __init__(self, shares: Mapping[StrEnum, int], mean_gap_s: float, seed: str) -> None:
        self._dice = random.Random(seed)
        self._kinds, self._weights = list(shares), list(shares.values())
        self._mean_gap_s = mean_gap_s
        self._next_s = 1000.0 + self._gap_s() if self._kinds else float("inf")

    def due(self, now: float) -> StrEnum | None:
        if now < self._next_s:
            return None
        self._next_s = now + self._gap_s()
        return self._dice.choices(self._kinds, self._weights)[0]

    def _gap_s(self) -> float:
        return 0.5 + self._dice.expovariate(1 / self._mean_gap_s)
