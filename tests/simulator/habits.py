"""Who comes to a lane, and how they behave there."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Habit(StrEnum):
    NORMAL = "normal"
    SLOW = "slow"
    TAILGATES = "tailgates"
    TURNS_BACK = "turns_back"
    BACKS_OUT = "backs_out_from_under_the_boom"
    STOPS_UNDER = "stops_under_the_boom"
    WRONG_WAY = "wrong_way"
    LORRY = "lorry_with_trailer"
    MOTORCYCLE = "motorcycle_past_the_boom"
    PEDESTRIAN = "pedestrian"
    NO_PLATE = "no_plate"
    MISREAD = "misread"
    IMPATIENT = "impatient"
    STRANGER = "stranger"


class Part(NamedTuple):
    """Metal of a vehicle, in metres behind its front."""

    first_m: float
    last_m: float


CAR = (Part(0.0, 4.6),)
CYCLE = (Part(0.0, 1.8),)
# A trailer whose bed is too high for a loop: 1.4 s without metal at 2.5 m/s.
ARTIC = (Part(0.0, 6.0), Part(11.6, 16.6))

ALLOWED = tuple(f"京A{number:05d}" for number in range(101, 109))
REFUSED = tuple(f"沪B{number:05d}" for number in range(201, 204))
LORRIES = tuple(f"京A{number:04d}挂" for number in range(1001, 1003))


@dataclass(frozen=True, slots=True)
class Driver:
    """A vehicle and who drives it."""

    habit: Habit
    plate: str
    parts: tuple[Part, ...]
    cruise_mps: float
    reaction_s: float
    patience_s: float
    stays_s: float

    @property
    def length_m(self) -> float:
        return self.parts[-1].last_m

    @property
    def allowed(self) -> bool:
        return self.plate in ALLOWED or self.plate in LORRIES


def driver(habit: Habit, dice: random.Random) -> Driver:
    return Driver(
        habit=habit,
        plate=_plate(habit, dice),
        parts={Habit.LORRY: ARTIC, Habit.MOTORCYCLE: CYCLE}.get(habit, CAR),
        cruise_mps=_cruise_mps(habit, dice),
        reaction_s=dice.uniform(0.3, 1.2),
        patience_s=dice.uniform(6.0, 40.0),
        stays_s=dice.uniform(1.0, 12.0),
    )


def _plate(habit: Habit, dice: random.Random) -> str:
    match habit:
        case Habit.STRANGER:
            return dice.choice(REFUSED)
        case Habit.LORRY:
            return dice.choice(LORRIES)
        case Habit.NO_PLATE | Habit.PEDESTRIAN | Habit.MOTORCYCLE:
            return ""
        case Habit.TAILGATES:
            return dice.choice((*ALLOWED, *REFUSED, ""))
        case _:
            return dice.choice(ALLOWED)


def _cruise_mps(habit: Habit, dice: random.Random) -> float:
    match habit:
        case Habit.SLOW:
            return dice.uniform(0.5, 1.0)
        case Habit.LORRY:
            return 2.5
        case _:
            return dice.uniform(2.0, 4.0)
