"""One place in the lane changed, and the property that must see it."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old` stands once in `file` of gateway/lane; `weather` is where to look for it."""

    property: str
    name: str
    file: str
    old: str
    new: str
    weather: str = "everything"


MUTANTS = (
    Mutant(
        "b01_no_close_on_presence",
        "unknown counts as absent",
        "sensors.py",
        "    known = inputs.closing_loop is Level.OFF and",
        "    known = inputs.closing_loop is not Level.ON and",
        "loops lie",
    ),
    Mutant(
        "b01_no_close_on_presence",
        "the beam does not count",
        "sensors.py",
        "(inputs.closing_loop, inputs.beam)\n    if Level.ON in said:\n        return Level.ON\n"
        "    known = inputs.closing_loop is Level.OFF and inputs.beam in "
        "(Level.OFF, Level.NOT_FITTED)",
        "(inputs.closing_loop,)\n    if Level.ON in said:\n        return Level.ON\n"
        "    known = inputs.closing_loop is Level.OFF",
        "wild drivers",
    ),
    Mutant(
        "b01_no_close_on_presence",
        "absence is believed at once",
        "sensors.py",
        "and now.mono - self.presence_since >= clear_s",
        "and now.mono - self.presence_since >= 0",
        "calm",
    ),
    Mutant(
        "b01_no_close_on_presence",
        "a gap in the answers proves absence",
        "sensors.py",
        "presence_same = not broken and",
        "presence_same =",
        "a bad line",
    ),
    Mutant(
        "b02_presence_while_closing_reopens",
        "a cooldown swallows every order to reopen",
        "machine.py",
        "    return watch.watched(before, lane, (*first, *then), now, timing)",
        "    lane, told = watch.watched(before, lane, (*first, *then), now, timing)\n"
        "    return lane, tuple(one for one in told if type(one).__name__ != 'ReopenBarrier')",
        "wild drivers",
    ),
    Mutant(
        "b01_no_close_on_presence",
        "an answer never grows old",
        "sensors.py",
        "            and now.mono - self.read_at <= timing.fresh_s\n",
        "",
        "a bad line",
    ),
    Mutant(
        "b03_no_close_while_blind",
        "nobody hears that the inputs are lost",
        "machine.py",
        "return lane, (RaiseAlarm(code, detail),)",
        "return lane, ()",
        "a bad line",
    ),
    Mutant(
        "b04_lost_inputs_bring_the_fail_state",
        "a lane that should open holds still",
        "modes.py",
        "lost and timing.open_when_lost and",
        "lost and not timing.open_when_lost and",
        "a bad line",
    ),
    Mutant(
        "b05_each_open_has_a_durable_reason",
        "open first, store later",
        "passage.py",
        "return lane.to(opening), (StoreDecision(visit, now.wall), *orders)",
        "return lane.to(opening), (*orders, StoreDecision(visit, now.wall))",
        "a bad box",
    ),
    Mutant(
        "b05_each_open_has_a_durable_reason",
        "a plate that is refused opens",
        "arrival.py",
        "return allowed and lane.mode.kind is not ModeKind.MANUAL",
        "return lane.mode.kind is not ModeKind.MANUAL",
        "calm",
    ),
    Mutant(
        "b06_an_agents_order_acts_on_its_visit_once",
        "an agent's order lets in whoever waits",
        "arrival.py",
        "if event.pass_id != state.visit.pass_id:",
        "if not event.pass_id:",
        "people",
    ),
    Mutant(
        "b08_one_decision_one_vehicle",
        "a plate that just passed counts again",
        "states.py",
        "return all(reading.text != text or now.mono >= until for text, until in self.recent)",
        "return True",
        "wild drivers",
    ),
    Mutant(
        "b10_a_start_moves_nothing",
        "the boom is closed before anything was read",
        "arrival.py",
        "    if lane.sensors.under_boom is Level.UNKNOWN:\n        return lane, ()\n"
        "    return at_rest(lane, now, timing), ()",
        "    from gateway.lane.events import CloseBarrier\n\n"
        "    return at_rest(lane, now, timing), (CloseBarrier(),)",
        "a bad box",
    ),
    Mutant(
        "b11_an_order_is_repeated_only_after_a_look",
        "an order that was not confirmed is sent again at once",
        "passage.py",
        "soon = min(state.until, now.mono + timing.decide_s)",
        "soon = now.mono",
        "a bad line",
    ),
    Mutant(
        "b13_the_motor_is_spared",
        "the motor gets no pause",
        "states.py",
        "return len(self.watch.motions) >= timing.motions_per_min",
        "return False",
        "calm",
    ),
    Mutant(
        "b14_the_key_beats_automation",
        "a plate opens while the key has the boom",
        "arrival.py",
        "return allowed and lane.mode.kind is not ModeKind.MANUAL",
        "return allowed",
        "modes",
    ),
    Mutant(
        "b14_the_key_beats_automation",
        "the boom closes while the key has it",
        "authority.py",
        "return self.opens or self.mode.kind is ModeKind.MANUAL",
        "return self.opens",
        "modes",
    ),
    Mutant(
        "b15_fire_opens_and_nothing_closes",
        "a fire ends with its contact",
        "modes.py",
        "    if authority.fire and inputs.fire is not Level.ON and _reset(before.inputs, inputs):",
        "    if authority.fire and inputs.fire is not Level.ON:",
        "modes",
    ),
    Mutant(
        "b15_fire_opens_and_nothing_closes",
        "nothing holds a close back but the key",
        "authority.py",
        "return self.opens or self.mode.kind is ModeKind.MANUAL",
        "return self.mode.kind is ModeKind.MANUAL",
        "modes",
    ),
    Mutant(
        "b15_fire_opens_and_nothing_closes",
        "a fire is only told",
        "modes.py",
        'return _opening(lane, now, timing), (OpenBarrier(""), StoreMode(mode), alarm)',
        "return lane, (StoreMode(mode), alarm)",
        "modes",
    ),
    Mutant(
        "b17_a_plate_never_opens_in_lock_down",
        "lock-down is only a word",
        "authority.py",
        "if kind is ModeKind.LOCK_DOWN and allowed:",
        "if kind is ModeKind.FIRE and allowed:",
        "modes",
    ),
    Mutant(
        "b18_the_wall_clock_moves_nothing",
        "absence is timed by the wall",
        "sensors.py",
        "and now.mono - self.presence_since >= clear_s",
        "and now.mono - self.presence_since >= clear_s + now.wall.hour / 10",
        "a bad box",
    ),
    Mutant(
        "b19_what_should_move_moves",
        "nobody is let in",
        "arrival.py",
        "return allowed and lane.mode.kind is not ModeKind.MANUAL",
        "return False",
        "calm",
    ),
    Mutant(
        "b19_what_should_move_moves",
        "the boom is not closed behind anybody",
        "passage.py",
        "    if lane.may_close(now, timing):\n        return close(lane, state.next, now, timing)",
        "    if False:\n        return close(lane, state.next, now, timing)",
        "calm",
    ),
    Mutant(
        "b21_a_boom_that_disobeys_is_told",
        "a boom that does not open is no news",
        "passage.py",
        "return lane.to(Fault(reason, now.mono + FAULT_PAUSE_S)), (*records, alarm)",
        "return lane.to(Fault(reason, now.mono + FAULT_PAUSE_S)), records",
        "a boom that jams",
    ),
    Mutant(
        "b21_a_boom_that_disobeys_is_told",
        "a boom raised by hand is no news",
        "watch.py",
        "told = StoreRaise(risen), RaiseAlarm(AlarmCode.UNEXPLAINED_RAISE, words)",
        "told = (StoreRaise(risen),)",
        "people",
    ),
    Mutant(
        "x01_no_close_in_a_trailers_gap",
        "a lorry is as short as a car",
        "passage.py",
        "if not lane.sensors.clear(now, timing, timing.clear_for(state.visit)):",
        "if not lane.sensors.clear(now, timing, timing.clear_s):",
        "wild drivers",
    ),
    Mutant(
        "x02_the_wrong_way_is_no_pass",
        "whoever is under the boom came over the arming loop",
        "sensors.py",
        "return self.read_at - self.arming_on_at <= timing.between_s",
        "return True",
        "wild drivers",
    ),
    Mutant(
        "r01_each_visit_ends_once",
        "a vehicle that drives off leaves no record",
        "passage.py",
        "return lane.to(Cleared()), (StorePass(Pass(state.visit, state.unproved, now.wall)),)",
        "return lane.to(Cleared()), ()",
        "calm",
    ),
    Mutant(
        "r02_raises_balance",
        "a rise is not written down",
        "watch.py",
        "        return lane, (StoreRaise(risen),)\n    if lane.mode.kind",
        "        return lane, ()\n    if lane.mode.kind",
        "calm",
    ),
    Mutant(
        "r03_the_lane_comes_to_rest",
        "a raised boom stays up",
        "passage.py",
        "if now.mono >= state.until and lane.sensors.gone(timing)",
        "if False and lane.sensors.gone(timing)",
        "modes",
    ),
)
