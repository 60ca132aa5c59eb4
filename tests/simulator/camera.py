"""What the reader makes of the vehicles before the boom: often right, at times in doubt."""

import random

from gateway.lane.plates import kind_of
from gateway.lane.types import PlateColour, PlateReading, PlateType
from tests.simulator.habits import Habit
from tests.simulator.street import Phase, Street, Vehicle

PERIOD_S = 0.2
_SEES_M = (-8.0, -0.6)
_CONFUSED = {"0": "D", "1": "7", "2": "Z", "3": "8", "4": "A", "5": "S", "6": "G", "8": "B"}
_HEIGHT_SHARE = 0.3


class Camera:
    """Looks each `PERIOD_S`; `blind` sees nothing."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._next_s = 0.0
        self._known: dict[tuple[str, int, int, bool], PlateReading] = {}
        self.blind = False

    def look(self, street: Street, now: float) -> list[PlateReading]:
        if now < self._next_s or not street.vehicles or self.blind:
            return []
        self._next_s = now + PERIOD_S
        return [self._read(one) for one in street.vehicles if _in_view(one) and self._sees(one)]

    def _sees(self, vehicle: Vehicle) -> bool:
        return bool(vehicle.driver.plate) and self._dice.random() < 0.8

    def _read(self, vehicle: Vehicle) -> PlateReading:
        hard = vehicle.driver.habit is Habit.MISREAD
        wrong = self._dice.random() < (0.4 if hard else 0.02)
        sure = self._dice.random() < (0.5 if hard else 0.95)
        text = vehicle.driver.plate
        if wrong:
            text = text[:-1] + _CONFUSED.get(text[-1], text[-1])
        width = round(60 / (1.0 - vehicle.front_m)) * 10
        return self._reading(text, width, int(vehicle.name.split()[1]), sure=sure)

    def _reading(self, text: str, width: int, track: int, *, sure: bool) -> PlateReading:
        key = (text, width, track, sure)
        if key not in self._known:
            self._known[key] = _made(text, width, track, sure=sure)
        return self._known[key]


def _in_view(vehicle: Vehicle) -> bool:
    near_m, far_m = _SEES_M
    comes = vehicle.driver.habit is not Habit.WRONG_WAY and vehicle.phase is not Phase.BACKS
    return comes and near_m < vehicle.front_m < far_m


def _made(text: str, width: int, track: int, *, sure: bool) -> PlateReading:
    kind = kind_of(text)
    right, low = float(width), width * _HEIGHT_SHARE
    return PlateReading(
        text=text,
        type=kind.type if kind else PlateType.CIVIL,
        colour=PlateColour.YELLOW if text.endswith("挂") else PlateColour.BLUE,
        confidence=0.9 if sure else 0.3,
        min_char=0.95 if sure else 0.35,
        corners=((0.0, 0.0), (right, 0.0), (right, low), (0.0, low)),
        track=track,
        sure=sure,
    )
