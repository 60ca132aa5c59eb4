"""Cars and their drivers. Metres along the lane: the boom is at 0, cars come from below 0."""

import math
from dataclasses import dataclass
from enum import StrEnum

from gateway.lane.types import PlateColour

ARMING_LOOP = (-5.0, -2.5)
CLOSING_LOOP = (-1.0, 1.0)
ENTRANCE_M = -14.0
STOP_LINE_M = -2.3
_BOOM_STOP_M = -0.5
_COMMITTED_M = -0.3
_GONE_M = 6.0
_BACK_MPS = -1.5
_ACCELERATION, _HARD_BRAKE = 1.5, 6.0
_GAP_M = 1.5
_SEEN_DOWN_DEG, _FALLING_DEG = 55.0, 80.0
_RAISED_DEG, _HIGH_ENOUGH_DEG = 88.0, 60.0
_TRUST_S = 4.0
_LATE_S = 2.0
_STANDING_MPS = 0.05


class Manner(StrEnum):
    """How a driver behaves. Early: turns back at once; late: with the boom already up."""

    STEADY = "steady"
    IMPATIENT = "impatient"
    TURNS_BACK_EARLY = "turns_back_early"
    TURNS_BACK_LATE = "turns_back_late"


class Phase(StrEnum):
    APPROACHING = "approaching"
    WAITING = "waiting"
    PASSING = "passing"
    BACKING = "backing"
    GONE = "gone"


class Outcome(StrEnum):
    PASSED = "passed"
    TURNED_BACK = "turned_back"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A car as traffic sends it. An empty `plate` is a car without one.

    `kind`, `tilt_deg` and `dirt` are the plate's, as in `SeenCar`; the driver stops at `stop_m`.
    """

    plate: str
    colour: PlateColour
    manner: Manner = Manner.STEADY
    length_m: float = 4.6
    offset_m: float = 0.0
    reaction_s: float = 0.8
    patience_s: float = 90.0
    kind: str = ""
    tilt_deg: float = 0.0
    dirt: float = 0.0
    cruise_mps: float = 3.0
    brake_mps2: float = 2.0
    stop_m: float = STOP_LINE_M


@dataclass(frozen=True, slots=True)
class View:
    """What a driver sees: the boom, and the room to the next car on either side."""

    boom_deg: float
    boom_falling: bool
    ahead_m: float
    behind_m: float


class Car:
    """One car. `outcome` is set once it is settled how the visit ended."""

    def __init__(self, number: int, arrival: Arrival) -> None:
        self.number = number
        self.arrival = arrival
        self.phase = Phase.APPROACHING
        self.front_m = ENTRANCE_M
        self.speed_mps = arrival.cruise_mps
        self.outcome: Outcome | None = None
        self._stood_s = 0.0
        self._raised_s = 0.0
        self._saw_it_down = False
        self._why_back = Outcome.GAVE_UP

    @property
    def tail_m(self) -> float:
        return self.front_m - self.arrival.length_m

    def covers(self, first_m: float, last_m: float) -> bool:
        return self.front_m > first_m and self.tail_m < last_m

    def step(self, dt_s: float, view: View) -> None:
        self._decide(dt_s, view)
        self._move(dt_s, view)
        self._settle()

    def _decide(self, dt_s: float, view: View) -> None:
        standing = abs(self.speed_mps) < _STANDING_MPS
        self._stood_s = self._stood_s + dt_s if standing else 0.0
        if self.phase is Phase.APPROACHING and standing and self.front_m > ARMING_LOOP[0]:
            self.phase = Phase.WAITING
        if self.phase is Phase.WAITING:
            self._wait(dt_s, view)
        gives_up = self._stood_s > self.arrival.patience_s and view.behind_m > _GAP_M
        if gives_up and self.phase is not Phase.BACKING and self.outcome is None:
            self.phase = Phase.BACKING

    def _wait(self, dt_s: float, view: View) -> None:
        impatient = self.arrival.manner is Manner.IMPATIENT
        raised = view.boom_deg > (_HIGH_ENOUGH_DEG if impatient else _RAISED_DEG)
        self._saw_it_down = self._saw_it_down or not raised
        self._raised_s = self._raised_s + dt_s if raised and not view.boom_falling else 0.0
        if self._turns_back():
            self._why_back, self.phase = Outcome.TURNED_BACK, Phase.BACKING
        elif self.arrival.manner is not Manner.TURNS_BACK_LATE and self._raised_s > (
            self.arrival.reaction_s if self._saw_it_down else _TRUST_S
        ):
            self.phase = Phase.PASSING

    def _turns_back(self) -> bool:
        match self.arrival.manner:
            case Manner.TURNS_BACK_EARLY:
                return self._stood_s > self.arrival.reaction_s
            case Manner.TURNS_BACK_LATE:
                return self._raised_s > self.arrival.reaction_s + _LATE_S
            case _:
                return False

    def _move(self, dt_s: float, view: View) -> None:
        if self.phase is Phase.BACKING:
            wanted = _BACK_MPS
        elif self.phase is Phase.WAITING:
            wanted = 0.0
        else:
            braked = math.sqrt(2 * self.arrival.brake_mps2 * max(0.0, self._way_m(view)))
            wanted = min(self.arrival.cruise_mps, braked)
        change = wanted - self.speed_mps
        self.speed_mps += max(-_HARD_BRAKE * dt_s, min(_ACCELERATION * dt_s, change))
        self.front_m += self.speed_mps * dt_s

    def _way_m(self, view: View) -> float:
        """How far the driver means to go from here."""
        way = view.ahead_m - _GAP_M
        if self.phase is Phase.APPROACHING:
            return min(way, self.arrival.stop_m - self.front_m)
        too_low = _FALLING_DEG if view.boom_falling else _SEEN_DOWN_DEG
        if view.boom_deg < too_low and self.front_m < _COMMITTED_M:
            return min(way, _BOOM_STOP_M - self.front_m)
        return way

    def _settle(self) -> None:
        if self.outcome is None and self.tail_m > CLOSING_LOOP[1]:
            self.outcome = Outcome.PASSED
        elif self.outcome is None and self.phase is Phase.BACKING and self.front_m < ARMING_LOOP[0]:
            self.outcome = self._why_back
        backed_out = self.phase is Phase.BACKING and self.front_m < ENTRANCE_M
        if backed_out or self.tail_m > _GONE_M:
            self.phase = Phase.GONE
