"""A site: the arm, the street, the contacts, and people at its keys. Time comes in as `dt_s`."""

import heapq
import itertools
import random
from collections.abc import Callable

from tests.simulator.arm import Arm
from tests.simulator.habits import Driver
from tests.simulator.sensors import Contacts, Detector, Fitting, Lie
from tests.simulator.street import Street
from tests.simulator.truth import Happening, History, Look

_UNDER_ARM_M = (-0.05, 0.05)
_LOW = 0.35
_PRESS_S = 0.3


class Site:
    """Physics and people. What happens is written into the history; nothing here knows a lane."""

    def __init__(
        self, history: History, fitting: Fitting, *, travel_s: float, dice: random.Random
    ) -> None:
        self.history = history
        self.now = 1000.0
        self.arm = Arm(travel_s)
        self.street = Street()
        self.contacts = Contacts(fitting, dice)
        self.key_on = self.fire_on = self.arm_off = False
        self._pressed_until = self._reset_until = 0.0
        self._loop_a, self._loop_b = Detector(), Detector()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._touching = False

    # --- what happens -----------------------------------------------------------------------

    def note(self, what: str, who: str = "") -> None:
        self.history.happened.append(Happening(self.now, what, who))

    def later(self, after_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._later, (self.now + after_s, next(self._numbers), act))

    def step(self, dt_s: float) -> None:
        self.now += dt_s
        while self._later and self._later[0][0] <= self.now:
            heapq.heappop(self._later)[2]()
        arm, street = self.arm, self.street
        arm.held_up = self.fire_on
        if arm.position != arm.goal or arm.held_up:
            self._move_arm(dt_s)
        if street.vehicles or street.metal_a or street.metal_b:
            street.step(dt_s, arm.position, falling=arm.falling)
            if street.news:
                self._note_news()
        elif street.walker_left_s > 0:
            street.walker_left_s -= dt_s
        self._loop_a.step(dt_s, metal=street.metal_a)
        self._loop_b.step(dt_s, metal=street.metal_b)

    def _move_arm(self, dt_s: float) -> None:
        arm = self.arm
        was_down, was_up = arm.down, arm.up
        arm.step(dt_s)
        if was_down and not arm.down:
            self.note("rises")
        if arm.up and not was_up:
            self.note("is_up")
        if arm.down and not was_down:
            self.note("is_down")
        self._feel()

    def _feel(self) -> None:
        """The arm on a vehicle: the motor stalls and turns round."""
        low = self.arm.position < _LOW
        touching = low and any(one.covers(_UNDER_ARM_M) for one in self.street.vehicles)
        if touching and not self._touching and self.arm.falling:
            self.note("hit")
            self.arm.goal = 1.0
        self._touching = touching

    def _note_news(self) -> None:
        for what, who in self.street.news:
            self.note(what, who)
        self.street.news.clear()

    # --- what is seen -----------------------------------------------------------------------

    def look(self, *, answered: bool = True) -> Look:
        street, arm, now = self.street, self.arm, self.now
        inputs = None
        if answered:
            inputs = self.contacts.read((
                self._loop_a.on, self._loop_b.on, arm.up, arm.down, now < self._pressed_until,
                street.body, self.key_on, self.fire_on, now < self._reset_until, self.arm_off,
            ))  # fmt: skip
        ill = frozenset(self.contacts.lies) if self.contacts.lies else _NONE
        return Look(
            now, inputs, street.metal_a, street.metal_b, street.body, arm.position, arm.falling, ill
        )

    # --- what people and boards do -----------------------------------------------------------

    def told_to_open(self) -> None:
        self.arm.goal = 1.0

    def told_to_close(self) -> None:
        if not self.arm.held_up:
            self.arm.goal = 0.0

    def admit(self, driver: Driver) -> None:
        if self.street.admits(driver.habit):
            name = self.street.enter(driver)
            self.note("comes", f"{name}: {driver.habit} {driver.plate}".rstrip())

    def press_button(self) -> None:
        self._pressed_until = self.now + _PRESS_S
        self.note("button")

    def press_reset(self) -> None:
        self._reset_until = self.now + _PRESS_S
        self.note("reset")

    def turn_key(self, *, on: bool) -> None:
        self.key_on = on
        self.note("key_on" if on else "key_off")

    def set_fire(self, *, on: bool) -> None:
        self.fire_on = on
        self.note("fire_on" if on else "fire_off")

    def move_by_hand(self, goal: float) -> None:
        self.arm.goal = goal
        self.note("by_hand", "rises" if goal else "falls")

    def lie(self, name: str, lie: Lie, for_s: float) -> None:
        if not self.contacts.fitting.has(name) or name in self.contacts.lies:
            return
        self.contacts.lies[name] = lie
        self.history.happened.append(Happening(self.now, "lies", name, _told(lie)))
        self.later(for_s, lambda: self._heal(name))

    def _heal(self, name: str) -> None:
        del self.contacts.lies[name]
        self.note("heals", name)


def _told(lie: Lie) -> str:
    """What flaps is told as unknown: a story has no word for it."""
    return Lie.UNKNOWN if lie is Lie.FLAPS else lie


_NONE: frozenset[str] = frozenset()
