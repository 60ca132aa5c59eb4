"""Each trouble of the weather, done to a box."""

import random
from typing import Protocol

from gateway.lane.events import AgentOpens, LaneEvent, ModeOrdered
from gateway.lane.reports import ModeKind
from tests.simulator.camera import Camera
from tests.simulator.sensors import Lie
from tests.simulator.site import Site
from tests.simulator.weather import Trouble

LYING = {
    Trouble.LOOP_B_ON: ("closing_loop", Lie.ON),
    Trouble.LOOP_B_OFF: ("closing_loop", Lie.OFF),
    Trouble.LOOP_B_FLAPS: ("closing_loop", Lie.FLAPS),
    Trouble.LOOP_B_UNKNOWN: ("closing_loop", Lie.UNKNOWN),
    Trouble.LOOP_A_ON: ("arming_loop", Lie.ON),
    Trouble.LOOP_A_OFF: ("arming_loop", Lie.OFF),
    Trouble.LOOP_A_FLAPS: ("arming_loop", Lie.FLAPS),
    Trouble.BEAM: ("beam", Lie.ON),
    Trouble.UP_LIMIT_DEAD: ("up_limit", Lie.OFF),
    Trouble.DOWN_LIMIT_DEAD: ("down_limit", Lie.OFF),
    Trouble.UP_LIMIT_STUCK: ("up_limit", Lie.ON),
    Trouble.DOWN_LIMIT_STUCK: ("down_limit", Lie.ON),
    Trouble.BUTTON_STUCK: ("open_button", Lie.ON),
}
MODES = {
    Trouble.HOLD: ModeKind.HOLD_OPEN,
    Trouble.LOCK: ModeKind.LOCK_DOWN,
    Trouble.AUTOMATIC: ModeKind.AUTOMATIC,
}


class Box(Protocol):
    """What can be done to a gateway, on paper or real. Times are seconds."""

    site: Site
    camera: Camera

    def send(self, event: LaneEvent) -> None: ...
    def order_goes_wrong(self, trouble: Trouble) -> None: ...
    def line_is(self, trouble: Trouble, for_s: float) -> None: ...
    def store_is(self, trouble: Trouble, for_s: float) -> None: ...
    def crash(self, down_s: float) -> None: ...
    def reload(self) -> None: ...
    def step_clock(self, by_s: float) -> None: ...
    def waiting_visit(self) -> str: ...


class Troubles:
    """Strikes a box. Its dice are its own, so that what one box does changes no other's luck."""

    def __init__(self, box: Box, seed: str) -> None:
        self._box = box
        self._dice = random.Random(seed)
        self._orders = 0
        self._sent: list[LaneEvent] = []

    def strike(self, trouble: Trouble) -> None:
        box, dice = self._box, self._dice
        long_s = dice.uniform(0.2, 12.0)
        if trouble in LYING:
            box.site.lie(*LYING[trouble], long_s)
            return
        match trouble:
            case Trouble.SILENCE | Trouble.GAP | Trouble.LATENESS | Trouble.CROWD:
                box.line_is(trouble, self._length_s(trouble, long_s))
            case Trouble.UNCONFIRMED | Trouble.LOST_ORDER | Trouble.DEAD_OUTPUT:
                box.order_goes_wrong(trouble)
            case Trouble.STORE | Trouble.SLOW_STORE:
                box.store_is(trouble, long_s)
            case Trouble.CRASH:
                box.crash(dice.uniform(0.5, 4.0))
            case Trouble.RELOAD:
                box.reload()
            case Trouble.CLOCK:
                box.step_clock(dice.choice((-86400.0, -60.0, 5.0, 3600.0, 1e8)))
            case Trouble.BLIND:
                box.camera.blind = True
                box.site.later(long_s, self._sees_again)
            case Trouble.HOLD | Trouble.LOCK | Trouble.AUTOMATIC | Trouble.AGENT | Trouble.TWICE:
                self._order(trouble)
            case _:
                self._at_site(trouble, long_s)

    def _length_s(self, trouble: Trouble, long_s: float) -> float:
        """Gaps around the life of an answer, silences around `lost_s`, a short lateness."""
        match trouble:
            case Trouble.GAP:
                return self._dice.choice((0.1, 0.17, 0.26))
            case Trouble.SILENCE | Trouble.CROWD:
                return long_s
            case _:
                return long_s / 3

    def _sees_again(self) -> None:
        self._box.camera.blind = False

    def _at_site(self, trouble: Trouble, long_s: float) -> None:
        site = self._box.site
        match trouble:
            case Trouble.JAM:
                site.arm.jammed = True
                site.note("jams")
                site.later(2 * long_s, self._freed)
            case Trouble.ARM_OFF:
                site.arm_off = True
                site.note("arm_off")
                site.later(long_s, self._arm_back)
            case Trouble.BY_HAND:
                site.move_by_hand(1.0)
            case Trouble.OWN_CLOSE | Trouble.POWER:
                self._controller(trouble)
            case Trouble.FIRE:
                self._fire(long_s)
            case Trouble.KEY:
                site.turn_key(on=True)
                site.later(long_s, lambda: site.turn_key(on=False))
            case Trouble.BUTTON:
                site.press_button()

    def _freed(self) -> None:
        self._box.site.arm.jammed = False
        self._box.site.note("freed")

    def _arm_back(self) -> None:
        self._box.site.arm_off = False
        self._box.site.note("arm_on")

    def _controller(self, trouble: Trouble) -> None:
        """A controller of its own: lowers an arm with nobody under it, or forgets its way."""
        site = self._box.site
        if trouble is Trouble.POWER:
            site.arm.goal = site.arm.position
            site.note("power")
        elif not site.street.body:
            site.move_by_hand(0.0)

    def _fire(self, long_s: float) -> None:
        """The reset is pressed after the fire, and now and then too early, which is no reset."""
        site = self._box.site
        if site.fire_on:
            return
        site.set_fire(on=True)
        site.later(long_s / 2, site.press_reset)
        site.later(long_s, lambda: site.set_fire(on=False))
        site.later(long_s + self._dice.uniform(1.0, 8.0), site.press_reset)

    def _order(self, trouble: Trouble) -> None:
        self._orders += 1
        name = f"order-{self._orders}"
        if trouble is Trouble.TWICE:
            event = self._dice.choice(self._sent) if self._sent else None
        elif trouble is Trouble.AGENT:
            visit = self._box.waiting_visit()
            event = AgentOpens(name, visit, "agent 7") if visit else None
        else:
            hold_s = self._dice.choice((0.0, 5.0, 20.0)) if trouble is Trouble.HOLD else 0.0
            event = ModeOrdered(name, MODES[trouble], "office", "simulated", hold_s)
        if event is not None:
            self._sent = [*self._sent[-2:], event]
            self._box.send(event)
