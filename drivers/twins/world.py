"""A lane as it is: a boom, two loops, a button, and cars. Pure physics: time comes in as `dt_s`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drivers.twins.boom import UP_DEG, Boom
from drivers.twins.cars import ARMING_LOOP, CLOSING_LOOP, Arrival, Car, Outcome, Phase, View
from drivers.twins.journal import Journal
from drivers.twins.traffic import Traffic

_LOOP_RESPONSE_S = 0.1
_CONTACT_DEG = 35.0
_UNDER_ARM_M = (-0.05, 0.05)
_PRESS_S = 0.3
_FAR_M = 1000.0
_LIGHT_PERIOD_S = 600.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """Relays and inputs of the board, from 0. The closing loop's contact opens on presence."""

    open_relay: int = 0
    close_relay: int = 1
    up_limit: int = 0
    down_limit: int = 1
    arming_loop: int = 2
    closing_loop: int = 3
    open_button: int = 6


class Loop:
    """An inductive loop with its detector: the contact follows a moment after the metal."""

    def __init__(self) -> None:
        self.occupied = False
        self._differs_s = 0.0

    def step(self, dt_s: float, *, metal: bool) -> None:
        self._differs_s = 0.0 if metal == self.occupied else self._differs_s + dt_s
        if self._differs_s >= _LOOP_RESPONSE_S:
            self.occupied, self._differs_s = metal, 0.0


class LaneWorld:
    """One lane's physics, wired to one board. What happens is written into `journal`."""

    def __init__(
        self,
        *,
        name: str,
        boom: Boom,
        traffic: Traffic,
        journal: Journal,
        wiring: Wiring | None = None,
    ) -> None:
        self.name = name
        self.boom = boom
        self.traffic = traffic
        self.arming, self.closing = Loop(), Loop()
        self.cars: list[Car] = []
        self.now_s = 0.0
        self._journal = journal
        self._wiring = wiring or Wiring()
        self._close_held = False
        self._press_left_s = 0.0
        self._limits = (False, True)
        self._touching = False
        self._numbers = 0

    def step(self, dt_s: float, relays: Sequence[bool]) -> None:
        """Move the world on by `dt_s`; `relays` are the board's contacts, True = closed."""
        self.now_s += dt_s
        self._press_left_s = max(0.0, self._press_left_s - dt_s)
        self._obey(relays)
        self.boom.step(dt_s)
        self._note_limits()
        self._admit()
        self._drive(dt_s)
        self._feel_contact()
        self.arming.step(dt_s, metal=self._metal(*ARMING_LOOP))
        self.closing.step(dt_s, metal=self._metal(*CLOSING_LOOP))

    def contacts(self) -> dict[int, bool]:
        """The board's inputs by number, True = contact closed."""
        wiring = self._wiring
        return {
            wiring.up_limit: self.boom.up_limit,
            wiring.down_limit: self.boom.down_limit,
            wiring.arming_loop: self.arming.occupied,
            wiring.closing_loop: not self.closing.occupied,
            wiring.open_button: self._press_left_s > 0,
        }

    def press(self) -> None:
        """Somebody presses the open button for 300 ms."""
        self._press_left_s = _PRESS_S
        self._journal.record(self.name, "button_pressed")

    def jam(self, *, jammed: bool) -> None:
        """A jammed boom stays where it is, whatever it is told."""
        self.boom.jammed = jammed
        self._journal.record(self.name, "boom_jammed" if jammed else "boom_freed")

    def raise_by_hand(self) -> None:
        self._move_boom(UP_DEG, "by hand")

    def add(self, arrival: Arrival) -> Car:
        """Send a car now, behind every other one."""
        self._numbers += 1
        car = Car(self._numbers, arrival)
        last = min((other.tail_m for other in self.cars), default=_FAR_M)
        car.front_m = min(car.front_m, last - 2.0)
        self.cars.append(car)
        self._record_car("arrived", car)
        return car

    def scene(self) -> dict[str, Any]:
        """What a camera beside the lane sees now; `front_m` is below 0 before the boom."""
        return {
            "lane": self.name,
            "boom_deg": round(self.boom.angle_deg, 2),
            "light": round(self._light(), 3),
            "cars": [
                {
                    "number": car.number,
                    "plate": car.arrival.plate,
                    "colour": car.arrival.colour.value,
                    "front_m": round(car.front_m, 3),
                    "offset_m": round(car.arrival.offset_m, 3),
                    "length_m": round(car.arrival.length_m, 2),
                    "speed_mps": round(car.speed_mps, 2),
                    "kind": car.arrival.kind,
                    "tilt_deg": round(car.arrival.tilt_deg, 2),
                    "dirt": round(car.arrival.dirt, 2),
                }
                for car in self.cars
            ],
        }

    def _obey(self, relays: Sequence[bool]) -> None:
        """A closed open contact keeps the boom up; a close order is a contact's closing."""
        opens, closes = relays[self._wiring.open_relay], relays[self._wiring.close_relay]
        if opens:
            self._move_boom(UP_DEG, "open relay")
        elif closes and not self._close_held:
            self._move_boom(0.0, "close relay")
        self._close_held = closes

    def _move_boom(self, goal_deg: float, cause: str) -> None:
        if self.boom.goal_deg == goal_deg:
            return
        self.boom.goal_deg = goal_deg
        event = "boom_opens" if goal_deg else "boom_closes"
        car_under = self._metal(*CLOSING_LOOP)
        self._journal.record(self.name, event, cause=cause, car_under=car_under)

    def _note_limits(self) -> None:
        up, down = self.boom.up_limit, self.boom.down_limit
        was_up, was_down = self._limits
        if up and not was_up:
            self._journal.record(self.name, "boom_up")
        if down and not was_down:
            self._journal.record(self.name, "boom_down")
        self._limits = (up, down)

    def _admit(self) -> None:
        """A car comes in once the one before it is on its way through: nobody is boxed in."""
        if all(car.phase is Phase.PASSING for car in self.cars):
            arrival = self.traffic.due(self.now_s)
            if arrival is not None:
                self.add(arrival)

    def _drive(self, dt_s: float) -> None:
        for car in self.cars:
            settled = car.outcome
            car.step(dt_s, self._view(car))
            if car.outcome is not None and settled is None:
                self._record_car(car.outcome.value, car)
                passed = car.outcome is Outcome.PASSED
                self.traffic.gone(car.arrival, self.now_s, passed=passed)
        self.cars = [car for car in self.cars if car.phase is not Phase.GONE]

    def _view(self, car: Car) -> View:
        others = [other for other in self.cars if other is not car]
        ahead = [other.tail_m - car.front_m for other in others if other.number < car.number]
        behind = [car.tail_m - other.front_m for other in others if other.number > car.number]
        return View(
            boom_deg=self.boom.angle_deg,
            boom_falling=self.boom.falling,
            ahead_m=min(ahead, default=_FAR_M),
            behind_m=min(behind, default=_FAR_M),
        )

    def _feel_contact(self) -> None:
        """The boom on a car: a violation, and the boom's own controller turns it round."""
        touching = self.boom.angle_deg < _CONTACT_DEG and self._metal(*_UNDER_ARM_M)
        if touching and not self._touching:
            under = next(car for car in self.cars if car.covers(*_UNDER_ARM_M))
            self._record_car("violation", under, boom_deg=round(self.boom.angle_deg, 1))
            self._move_boom(UP_DEG, "obstacle")
        self._touching = touching

    def _metal(self, first_m: float, last_m: float) -> bool:
        return any(car.covers(first_m, last_m) for car in self.cars)

    def _light(self) -> float:
        """Daylight 0..1: a slow swing, each lane at its own point of it."""
        phase = self.now_s / _LIGHT_PERIOD_S + len(self.name) / 10
        return 0.7 + 0.3 * math.cos(2 * math.pi * phase)

    def _record_car(self, event: str, car: Car, **facts: object) -> None:
        known = {"car": car.number, "plate": car.arrival.plate, "colour": car.arrival.colour}
        self._journal.record(self.name, event, **known, **facts)
