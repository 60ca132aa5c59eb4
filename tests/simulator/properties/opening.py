"""Why the boom goes up: each order has a reason that was durable before it."""

from collections.abc import Iterator
from itertools import pairwise

from gateway.lane.events import StoreDecision, StoreMode, StorePass
from gateway.lane.reports import ModeKind
from gateway.lane.types import Boom, Ending, Level, Reason, Verdict
from tests.simulator.truth import History, Kind, Order, Violation, is_present

RECORD_S, FIRE_S = 1.0, 60.0
AGAIN_S = 0.9
BY_RULES = (Reason.ALLOW_LIST, Reason.VISITOR_CODE)


def b05_each_open_has_a_durable_reason(history: History) -> Iterator[Violation]:
    """Each order to open, against what the books would show after a power cut just before it.

    A decision ALLOW for that very visit, or a mode that opens. Only the fire contact may come
    before its record, the guard's button where an alarm tells of a failing store, and a
    reopening: that needs presence or blindness that was answered, and a record or an alarm.
    """
    for order in history.orders:
        if order.kind is Kind.REOPEN:
            yield from _reopened(history, order)
        elif order.kind is Kind.OPEN and not _has_reason(history, order):
            yield Violation(order.at, f"opened with no durable reason for {order.pass_id or 'it'}")


def _has_reason(history: History, order: Order) -> bool:
    if order.pass_id:
        return _pressed_and_told(history, order) or any(
            entry.at <= order.at
            and entry.what.visit.pass_id == order.pass_id
            and entry.what.visit.decision.verdict is Verdict.ALLOW
            for entry in history.durable(StoreDecision)
        )
    entries = [entry for entry in history.durable(StoreMode) if entry.at <= order.at]
    # What was stored at this very instant may be of before or behind the order.
    now = [entry.what.mode.kind for entry in entries if entry.at == order.at]
    before = [entry.what.mode.kind for entry in entries if entry.at < order.at]
    in_force = {*now, *before[-1:]}
    return bool(in_force & {ModeKind.FIRE, ModeKind.HOLD_OPEN}) or _told_before(history, order)


def _pressed_and_told(history: History, order: Order) -> bool:
    """The guard's button, while an alarm says that nothing can be written."""
    looks = history.looks[max(0, order.look - 3) : order.look + 1]
    pressed = any(look.inputs and look.inputs.open_button is Level.ON for look in looks)
    return pressed and any(
        order.at - FIRE_S <= alarm.at <= order.at + RECORD_S and alarm.code == "store_failed"
        for alarm in history.alarms
    )


def _told_before(history: History, order: Order) -> bool:
    """Fire, and inputs that are lost at a lane that opens then, wait for no record."""
    alarms = ("fire", "mode_changed", "store_failed", "inputs_lost")
    told = any(
        order.at - FIRE_S <= alarm.at <= order.at + RECORD_S and alarm.code in alarms
        for alarm in history.alarms
    )
    return told and _sees_fire_or_nothing(history, order)


def _sees_fire_or_nothing(history: History, order: Order) -> bool:
    inputs = history.looks[order.look].inputs if order.look >= 0 else None
    return inputs is None or inputs.fire is Level.ON


def _reopened(history: History, order: Order) -> Iterator[Violation]:
    since = order.at - 1.5
    looks = [history.looks[number] for number in range(max(0, order.look - 40), order.look + 1)]
    if not any(look.at >= since and is_present(look.inputs) for look in looks) and looks:
        stale = order.at - looks[-1].at > 2 * order.timing.fresh_s
        if not stale:
            yield Violation(order.at, "reopened with nobody under the boom")
    told = any(abs(alarm.at - order.at) <= RECORD_S + 8.0 for alarm in history.alarms)
    entries = any(-8.0 <= order.at - entry.at <= 60.0 for entry in history.entries)
    if not told and not entries:
        yield Violation(order.at, "reopened, and neither a record nor an alarm says so")


def b06_an_agents_order_acts_on_its_visit_once(history: History) -> Iterator[Violation]:
    """Agents' orders as they were sent, some of them again and late, against what was let in.

    An agent lets in the visit that the order names, and no other, and once. (An order to change
    the mode that comes twice is kept from the lane by whoever delivers it: not judged here.)
    """
    named = [(one.at, one.who.split()[-1]) for one in history.times("order") if "Agent" in one.who]
    seen: set[str] = set()
    for entry in history.decisions():
        visit = entry.what.visit
        if visit.decision.reason is not Reason.AGENT:
            continue
        if not any(at <= entry.at and pass_id == visit.pass_id for at, pass_id in named):
            yield Violation(entry.at, f"an agent's order let in {visit.pass_id}, not its own visit")
        if visit.pass_id in seen and not _store_troubled(history, entry.at):
            yield Violation(entry.at, f"an agent let in {visit.pass_id} twice")
        seen.add(visit.pass_id)


def _store_troubled(history: History, at: float) -> bool:
    return any(at - 30.0 <= one.at <= at for one in history.times("store", "slow_store", "crash"))


def b08_one_decision_one_vehicle(history: History) -> Iterator[Violation]:
    """Records of passes, against the vehicles that reached the closing loop.

    Where no contact lied and the box was never down, there are at most as many passes as
    vehicles that came over the loop (a lorry's gap may make two of it); and a plate that passed
    opens for no other vehicle before `regate_s` is over.
    """
    if not _was_sound(history):
        yield from _again_too_soon(history)
        return
    came = sum(2 if "lorry" in one.who else 1 for one in history.times("reached"))
    passed = [
        entry for entry in history.durable(StorePass) if entry.what.record.ending is Ending.PASSED
    ]
    if len(passed) > came:
        yield Violation(history.end, f"{len(passed)} passes for {came} vehicles")
    yield from _again_too_soon(history)


def _was_sound(history: History) -> bool:
    return not history.times("lies", "crash", "reload", "silence", "late")


def _again_too_soon(history: History) -> Iterator[Violation]:
    left: dict[str, float] = {}
    starts = [one.at for one in history.times("start")]
    failed = [one.at for one in history.times("store")]
    for entry in history.entries:
        match entry.what:
            case StorePass(record) if record.ending is Ending.PASSED and record.visit.reading:
                if any(entry.at - 60.0 <= at <= entry.at for at in failed):
                    continue  # It may have waited for the store, nobody knows how long.
                left[record.visit.reading.text] = entry.at
            case StoreDecision(visit) if visit.reading and visit.decision.reason in BY_RULES:
                since = left.get(visit.reading.text, -1e9)
                regate_s = history.timing_at(entry.at).regate_s
                restarted = any(since <= start <= entry.at for start in starts)
                if entry.at - since < regate_s - 2.0 and not restarted:
                    words = f"{visit.reading.text} opens again {entry.at - since:.1f} s after it"
                    yield Violation(entry.at, words)


def x02_the_wrong_way_is_no_pass(history: History) -> Iterator[Violation]:
    """Vehicles that come from inside, where nobody was on the arming loop for `between_s`.

    Nobody is let in and nothing is recorded as a visit because of them.
    """
    for one in history.times("reached"):
        if "wrong_way" not in one.who:
            continue
        since = one.at - history.timing_at(one.at).between_s - 1.0
        if _nobody_came(history, since, one.at):
            for entry in history.decisions():
                if one.at <= entry.at <= one.at + 1.0:
                    yield Violation(entry.at, "a vehicle from inside was given a visit")


def _nobody_came(history: History, since: float, at: float) -> bool:
    """And the contacts told the truth, and no person asked for anything."""
    looks = history.looks[history.newest(since) + 1 : history.newest(at + 1.0) + 1]
    asked = history.times("order", "button", "start", "crash", "reload", "fire_on", "silence")
    asked = [one for one in asked if since - 3.0 <= one.at <= at + 1.0]
    return not asked and not any(
        look.ill or look.inputs is None or (look.metal_a and look.at <= at) for look in looks
    )


def b10_a_start_moves_nothing(history: History) -> Iterator[Violation]:
    """Orders after a start, against the first answer that this life of the gateway heard.

    None goes out before it, but what a fire that is still on asks for.
    """
    for start in history.times("start"):
        first = next(
            (
                heard
                for look, heard in zip(history.looks, history.heard, strict=True)
                if look.at >= start.at and look.inputs is not None and heard < float("inf")
            ),
            float("inf"),
        )
        for order in history.orders:
            fire = order.kind is Kind.OPEN and not order.pass_id
            asked = _asked_meanwhile(history, start.at, order.at)
            if start.at <= order.at < first and not fire and not asked:
                yield Violation(order.at, f"{order.kind} before anything was read")
            just_after = start.at <= order.at < start.at + order.timing.clear_s - 0.01
            if just_after and order.kind is Kind.CLOSE:
                yield Violation(order.at, "closed just after the start")


def _asked_meanwhile(history: History, start: float, end: float) -> bool:
    return any(start <= one.at <= end for one in history.times("order"))


def b11_an_order_is_repeated_only_after_a_look(history: History) -> Iterator[Violation]:
    """Orders to open for one visit, against what the limits answered in between.

    A second one follows only where the arm was answered not to be up, or where no limit can
    tell and the first was not confirmed, and each visit gets few.
    """
    by_visit: dict[tuple[str, int], list[Order]] = {}
    for order in history.orders:
        if order.kind is Kind.OPEN and order.pass_id:
            by_visit.setdefault((order.pass_id, order.life), []).append(order)
    for orders in by_visit.values():
        for first, second in pairwise(orders):
            if not _may_repeat(history, first, second):
                yield Violation(second.at, "told to open again with no need to")


def _may_repeat(history: History, first: Order, second: Order) -> bool:
    """A person may press the button at any time, and the look that says so comes later."""
    looks = history.looks[max(0, first.look - 2) : second.look + 1]
    pressed = any(look.inputs is not None and look.inputs.open_button is Level.ON for look in looks)
    if pressed or any(first.at - 1.0 <= one.at <= second.at for one in history.times("order")):
        return True
    inputs = looks[-1].inputs if looks else None
    if inputs is None:
        return False
    blind = inputs.boom is Boom.UNKNOWN and not first.confirmed
    return second.at - first.at >= AGAIN_S and (inputs.boom is Boom.DOWN or blind)
