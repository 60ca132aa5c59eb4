"""Vehicles on the few metres around a boom. It stands at 0; they come from below 0."""

from enum import Enum, auto

from tests.simulator.habits import Driver, Habit

ARMING_LOOP = (-5.0, -2.5)
CLOSING_LOOP = (-1.0, 1.0)
FAR_M = 1000.0
_ENTRANCE_M, _GONE_M = -12.0, 6.0
_STOP_LINE_M, _BOOM_STOP_M, _COMMITTED_M = -2.3, -0.6, -0.3
_BACK_MPS = 1.5
_HIGH, _CLEAR = 0.95, 0.6


class Phase(Enum):
    COMES = auto()
    WAITS = auto()
    GOES = auto()
    STAYS = auto()
    BACKS = auto()
    GONE = auto()


class Vehicle:
    """`front_m` is where it ends towards the exit, whichever way it drives."""

    __slots__ = (
        "crossed", "driver", "front_m", "name", "phase", "reached", "stood_s", "stuck_s",
        "told", "up_s", "waited",
    )  # fmt: skip

    def __init__(self, name: str, driver: Driver, front_m: float) -> None:
        self.name = name
        self.driver = driver
        self.front_m = front_m
        self.phase = Phase.COMES
        self.stood_s = self.stuck_s = 0.0
        self.up_s = 0.0
        self.reached = False
        self.crossed = False
        self.told = False
        self.waited = 0

    @property
    def who(self) -> str:
        return f"{self.name} {self.driver.habit}: {self.driver.plate}"

    @property
    def tail_m(self) -> float:
        return self.front_m - self.driver.length_m

    def covers(self, place: tuple[float, float]) -> bool:
        first_m, last_m = place
        front = self.front_m
        if front <= first_m or front - self.driver.length_m >= last_m:
            return False
        return any(
            front - part.first_m > first_m and front - part.last_m < last_m
            for part in self.driver.parts
        )

    def step(self, dt_s: float, arm: float, *, falling: bool, room_m: float) -> None:
        """`room_m`: to the vehicle before it; negative habits do not care for the arm."""
        if self.driver.habit is Habit.WRONG_WAY:
            self._against(dt_s, arm)
            return
        match self.phase:
            case Phase.COMES:
                self._come(dt_s, room_m)
            case Phase.WAITS:
                self._wait(dt_s, arm, falling=falling, room_m=room_m)
            case Phase.GOES:
                self._go(dt_s, arm, falling=falling, room_m=room_m)
            case Phase.STAYS:
                self._stay(dt_s)
            case _:
                self._back(dt_s)

    def _come(self, dt_s: float, room_m: float) -> None:
        way_m = _STOP_LINE_M - self.front_m
        if (
            self.driver.habit is Habit.TAILGATES and room_m < FAR_M
        ) or self.driver.habit is Habit.MOTORCYCLE:
            self.phase = Phase.GOES
        elif way_m <= 0:
            self.phase = Phase.WAITS
        else:
            self.front_m += max(0.0, min(self.driver.cruise_mps * dt_s, way_m, room_m - 1.0))

    def _wait(self, dt_s: float, arm: float, *, falling: bool, room_m: float) -> None:
        driver = self.driver
        enough = _CLEAR if driver.habit is Habit.IMPATIENT else _HIGH
        self.stood_s += dt_s
        self.up_s = self.up_s + dt_s if arm >= enough and not falling else 0.0
        if driver.habit is Habit.TURNS_BACK and (self.up_s > 2.0 or self.stood_s > 8.0):
            self.phase = Phase.BACKS
        elif (
            self.up_s > driver.reaction_s and room_m > 1.5 and driver.habit is not Habit.TURNS_BACK
        ):
            self.phase = Phase.GOES
        elif self.stood_s > driver.patience_s:
            self.phase = Phase.BACKS

    def _go(self, dt_s: float, arm: float, *, falling: bool, room_m: float) -> None:
        driver = self.driver
        way_m = min(driver.cruise_mps * dt_s, room_m - 0.8)
        low = arm < (0.9 if falling else _CLEAR)
        if low and self.front_m < _COMMITTED_M and driver.habit is not Habit.MOTORCYCLE:
            way_m = min(way_m, _BOOM_STOP_M - self.front_m)
        self.front_m += max(0.0, way_m)
        self._give_up_if_stuck(dt_s, way_m)
        stops = driver.habit in (Habit.STOPS_UNDER, Habit.BACKS_OUT)
        if stops and self.stood_s < 1000.0 and self.front_m >= 0.2:
            self.phase, self.stood_s = Phase.STAYS, 0.0

    def _give_up_if_stuck(self, dt_s: float, way_m: float) -> None:
        self.stuck_s = self.stuck_s + dt_s if way_m <= 0.0 else 0.0
        if self.stuck_s > self.driver.patience_s:
            self.phase = Phase.BACKS

    def _stay(self, dt_s: float) -> None:
        self.stood_s += dt_s
        if self.stood_s > self.driver.stays_s:
            back = self.driver.habit is Habit.BACKS_OUT
            self.phase = Phase.BACKS if back else Phase.GOES
            self.stood_s = 1000.0

    def _back(self, dt_s: float) -> None:
        self.front_m -= _BACK_MPS * dt_s

    def _against(self, dt_s: float, arm: float) -> None:
        """It stands before a low boom until it has had enough, and drives off as it came."""
        if self.phase is Phase.BACKS:
            self.front_m += _BACK_MPS * dt_s
        elif arm < _CLEAR and 0.0 < self.tail_m <= 0.5:
            self.stood_s += dt_s
            if self.stood_s > self.driver.stays_s:
                self.phase = Phase.BACKS
        else:
            self.front_m -= self.driver.cruise_mps * dt_s

    @property
    def gone(self) -> bool:
        if self.driver.habit is Habit.WRONG_WAY:
            return self.front_m < _ENTRANCE_M or (
                self.phase is Phase.BACKS and self.tail_m > _GONE_M
            )
        return self.tail_m > _GONE_M or (self.phase is Phase.BACKS and self.front_m < _ENTRANCE_M)


class Street:
    """Who is there now. A pedestrian is a body in the beam, and no metal."""

    def __init__(self) -> None:
        self.vehicles: list[Vehicle] = []
        self.walker_left_s = 0.0
        self.metal_a = self.metal_b = False
        self.news: list[tuple[str, str]] = []
        self._number = 0

    @property
    def body(self) -> bool:
        return self.walker_left_s > 0 or self.metal_b

    @property
    def empty(self) -> bool:
        return not self.vehicles and self.walker_left_s <= 0

    def admits(self, habit: Habit) -> bool:
        """Against the stream only into an empty lane; nobody enters what is full or backs."""
        if habit is Habit.PEDESTRIAN:
            return self.walker_left_s <= 0
        if habit is Habit.WRONG_WAY:
            return not self.vehicles
        last = self.vehicles[-1] if self.vehicles else None
        if last is None:
            return True
        stream = last.driver.habit is not Habit.WRONG_WAY and last.phase is not Phase.BACKS
        return stream and last.tail_m > _ENTRANCE_M + 1.5

    def enter(self, driver: Driver) -> str:
        self._number += 1
        name = f"vehicle {self._number}"
        if driver.habit is Habit.PEDESTRIAN:
            self.walker_left_s = driver.stays_s / 3
        elif driver.habit is Habit.WRONG_WAY:
            self.vehicles.append(Vehicle(name, driver, _GONE_M - 0.5 + driver.length_m))
        else:
            self.vehicles.append(Vehicle(name, driver, _ENTRANCE_M))
        return name

    def step(self, dt_s: float, arm: float, *, falling: bool) -> None:
        self.walker_left_s -= dt_s
        if not self.vehicles:
            self.metal_a = self.metal_b = False
            return
        ahead_m = FAR_M
        metal_a = metal_b = False
        for vehicle in self.vehicles:
            room_m = ahead_m - vehicle.front_m if ahead_m < FAR_M else FAR_M
            vehicle.step(dt_s, arm, falling=falling, room_m=room_m)
            ahead_m = vehicle.tail_m
            metal_a = metal_a or vehicle.covers(ARMING_LOOP)
            if vehicle.phase is Phase.WAITS and vehicle.waited == 0:
                vehicle.waited = 1
                self.news.append(("waits", vehicle.who))
            on_b = vehicle.covers(CLOSING_LOOP)
            metal_b = metal_b or on_b
            vehicle.reached = vehicle.reached or on_b
        self.metal_a, self.metal_b = metal_a, metal_b
        self._settle()

    def _settle(self) -> None:
        for vehicle in self.vehicles:
            if not vehicle.crossed and vehicle.tail_m > CLOSING_LOOP[1]:
                vehicle.crossed = vehicle.driver.habit is not Habit.WRONG_WAY
                if vehicle.crossed:
                    self.news.append(("crossed", vehicle.who))
            if vehicle.reached and not vehicle.told:
                vehicle.told = True
                self.news.append(("reached", vehicle.who))
        if any(vehicle.gone for vehicle in self.vehicles):
            self.vehicles = [vehicle for vehicle in self.vehicles if not vehicle.gone]
            if not self.vehicles:
                self.news.append(("empties", ""))
