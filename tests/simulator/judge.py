"""The judge: every property, over the history of one episode."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.simulator.episode import Episode
from tests.simulator.paper_runner import REAL, Machine
from tests.simulator.properties.authority import (
    b14_the_key_beats_automation,
    b15_fire_opens_and_nothing_closes,
    b17_a_plate_never_opens_in_lock_down,
)
from tests.simulator.properties.closing import (
    b01_no_close_on_presence,
    b02_presence_while_closing_reopens,
    b03_no_close_while_blind,
    b04_lost_inputs_bring_the_fail_state,
    b13_the_motor_is_spared,
    x01_no_close_in_a_trailers_gap,
)
from tests.simulator.properties.opening import (
    b05_each_open_has_a_durable_reason,
    b06_an_agents_order_acts_on_its_visit_once,
    b08_one_decision_one_vehicle,
    b10_a_start_moves_nothing,
    b11_an_order_is_repeated_only_after_a_look,
    x02_the_wrong_way_is_no_pass,
)
from tests.simulator.properties.outcome import (
    b18_the_wall_clock_moves_nothing,
    b19_what_should_move_moves,
    b21_a_boom_that_disobeys_is_told,
    r01_each_visit_ends_once,
    r02_raises_balance,
    r03_the_lane_comes_to_rest,
)
from tests.simulator.truth import History, Violation

Property = Callable[[History], Iterator[Violation]]
EPISODE_STEPS = 5000

ON_PAPER: tuple[Property, ...] = (
    b01_no_close_on_presence,
    b02_presence_while_closing_reopens,
    b03_no_close_while_blind,
    b04_lost_inputs_bring_the_fail_state,
    b05_each_open_has_a_durable_reason,
    b06_an_agents_order_acts_on_its_visit_once,
    b08_one_decision_one_vehicle,
    b10_a_start_moves_nothing,
    b11_an_order_is_repeated_only_after_a_look,
    b13_the_motor_is_spared,
    b14_the_key_beats_automation,
    b15_fire_opens_and_nothing_closes,
    b17_a_plate_never_opens_in_lock_down,
    b18_the_wall_clock_moves_nothing,
    b19_what_should_move_moves,
    b21_a_boom_that_disobeys_is_told,
    x01_no_close_in_a_trailers_gap,
    x02_the_wrong_way_is_no_pass,
    r01_each_visit_ends_once,
    r02_raises_balance,
    r03_the_lane_comes_to_rest,
)


class Found(NamedTuple):
    """A violation, the property that it breaks, and the episode that shows it."""

    property: str
    violation: Violation
    history: History


def judged(history: History, properties: tuple[Property, ...] = ON_PAPER) -> list[Found]:
    """All that a history breaks, the earliest of each property."""
    found = []
    for holds in properties:
        broken = next(holds(history), None)
        if broken is not None:
            found.append(Found(holds.__name__, broken, history))
    return found


def played(seed: int, machine: Machine = REAL, steps: int = EPISODE_STEPS) -> History:
    return Episode(seed, machine).run(steps)
