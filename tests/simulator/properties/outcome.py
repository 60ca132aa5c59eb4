"""What must come about: vehicles get in, the boom comes to rest, the books tell the truth."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from gateway.lane.events import StoreDecision, StorePass, StoreRaise
from gateway.lane.reports import Cause
from tests.simulator.truth import History, Kind, Order, Violation

OPENS_S = 4.0
FLICKER_S, RISE_S = 0.3, 0.8
MINUTE_S = 60.0
SURE = ("normal", "slow", "impatient")


def b19_what_should_move_moves(history: History) -> Iterator[Violation]:
    """Vehicles that stand at the line with a plate that may pass, against the arm.

    In calm weather the arm is up within 4 s and its travel, and down again in its time once
    the street is empty.
    """
    if not history.calm:
        return
    for one in history.times("waits"):
        number, habit, *plate = one.who.removeprefix("vehicle ").split()
        if (
            habit.rstrip(":") not in SURE
            or not plate
            or _was_here(history, plate[0], one.at, number)
        ):
            continue
        timing = history.timing_at(one.at)
        due = one.at + OPENS_S + timing.motion_s
        if due < history.end and not _arm_reached(history, one.at - 0.2, due, up=True):
            yield Violation(due, f"{one.who} may pass, and the boom did not open")
    yield from _stays_up(history)


def _was_here(history: History, plate: str, at: float, number: str) -> bool:
    """What passed a moment ago does not open for another body; nor does a plate that a vehicle
    without one, in front, was let in by.
    """
    regate_s = history.timing_at(at).regate_s
    return any(
        one.who.endswith(plate) and at - regate_s - 12.0 < one.at <= at
        for one in history.times("comes", "crossed")
        if f"vehicle {number}" not in one.who
    ) or any(
        at - 40.0 < entry.at < at
        and entry.what.visit.reading
        and entry.what.visit.reading.text == plate
        for entry in history.decisions()
    )


def _arm_reached(history: History, start: float, end: float, *, up: bool) -> bool:
    first, last = history.newest(start), history.newest(end)
    looks = history.looks[max(0, first) : last + 1]
    return any(look.arm >= 0.95 if up else look.arm <= 0.05 for look in looks)


def _stays_up(history: History) -> Iterator[Violation]:
    for span in history.spans("empties", "comes"):
        timing = history.timing_at(span.start)
        due = span.start + max(timing.no_passage_s, timing.loiter_s) + timing.motion_s + 4.0
        due += MINUTE_S if _is_tired(history, span.start) else 0.0
        if due < min(span.end, history.end) and not _arm_reached(
            history, span.start, due, up=False
        ):
            yield Violation(due, "nobody is there any more, and the boom did not come down")


def _is_tired(history: History, at: float) -> bool:
    """The motor waits until its minute is over."""
    recent = [one for one in history.orders if at - MINUTE_S < one.at <= at + 5.0]
    return len(recent) >= history.timing_at(at).motions_per_min


def b21_a_boom_that_disobeys_is_told(history: History) -> Iterator[Violation]:
    """The arm, against the orders that were given, where the limits are there and true.

    One that does not rise or does not come down is an alarm within two motions; one that rises
    with no order is an unexplained raise, at once.
    """
    if not history.has_limits:
        return
    for number, order in enumerate(history.orders):
        until = order.at + 2 * order.timing.motion_s + 3.0
        if until > history.end or not _undisturbed(history, order.at - 1.0, until):
            continue
        later = history.orders[number + 1 :]
        if any(one.at <= until and one.kind is not order.kind for one in later):
            continue
        disobeys = _disobeys(history, order, until)
        if disobeys and not _alarm(history, order.at, until, "boom_fault"):
            yield Violation(until, f"told to {order.kind}, {disobeys}, and no alarm says so")
    yield from _moved_alone(history)


def _disobeys(history: History, order: Order, until: float) -> str:
    if order.kind is Kind.CLOSE:
        return "" if _arm_reached(history, order.at, until, up=False) else "it did not come down"
    return "" if _arm_reached(history, order.at, until, up=True) else "it did not go up"


def _undisturbed(history: History, start: float, end: float, but: float = -1.0) -> bool:
    """Nothing but the arm itself, and what happens at `but`, may be the reason."""
    words = ("lies", "heals", "crash", "reload", "start", "silence", "late", "key_on", "key_off",
             "fire_on", "fire_off", "reset", "order", "button", "by_hand", "power", "store",
             "arm_off", "hit", "slow_store")  # fmt: skip
    quiet = not any(start <= one.at <= end and one.at != but for one in history.times(*words))
    looks = history.looks[history.newest(start) : history.newest(end)]
    return quiet and not any(look.ill or look.inputs is None for look in looks)


def _alarm(history: History, start: float, end: float, *codes: str) -> bool:
    return any(start <= one.at <= end and one.code in codes for one in history.alarms)


def _moved_alone(history: History) -> Iterator[Violation]:
    """Raised by hand from rest, with nothing else that could be the reason."""
    for hand in history.times("by_hand"):
        up = _up_after(history, hand.at)
        if up is None or up + 1.0 > history.end:
            continue
        ordered = any(hand.at - 12.0 <= one.at <= up for one in history.orders)
        held = history.mode_at(hand.at) in ("fire", "manual", "hold_open")
        quiet = _undisturbed(history, hand.at - 3.0, up + 1.0, but=hand.at)
        told = _alarm(history, hand.at, up + 1.0, "unexplained_raise")
        if quiet and not ordered and not held and not told:
            yield Violation(up + 1.0, "raised by hand, and no alarm says so")


def _up_after(history: History, at: float) -> float | None:
    """When the arm, which was down, is up; None where it was not down, or did not come up."""
    look = history.looks[max(0, history.newest(at) - 1)]
    ups = (one.at for one in history.times("is_up"))
    return next((up for up in ups if at <= up <= at + 5.0), None) if look.arm <= 0.0 else None


def r01_each_visit_ends_once(history: History) -> Iterator[Violation]:
    """The books after the episode: no visit has two records."""
    ended = Counter(entry.what.record.visit.pass_id for entry in history.durable(StorePass))
    for pass_id, times in ended.items():
        if times > 1:
            yield Violation(history.end, f"visit {pass_id} was recorded {times} times")
    if history.came_to_rest:
        begun = {entry.what.visit.pass_id for entry in history.durable(StoreDecision)}
        for pass_id in sorted(begun - ended.keys()):
            yield Violation(history.end, f"visit {pass_id} has no end in the books")


def r02_raises_balance(history: History) -> Iterator[Violation]:
    """The arm's rises from rest, against the raises in the books.

    Where the limits are there and true and the box was never down, there is one for each; a
    flicker of the limit is none, and where nobody can say which it was, nobody judges.
    """
    disturbed = history.times("lies", "crash", "reload", "silence", "late", "store", "jams")
    if not history.has_limits or disturbed:
        return
    spans = history.spans("rises", "is_down")
    lasted = [min(span.end, history.end) - span.start for span in spans]
    if any(FLICKER_S < seconds < RISE_S for seconds in lasted):
        return
    rises = sum(seconds >= RISE_S for seconds in lasted)
    raises = history.durable(StoreRaise)
    if len(raises) != rises:
        yield Violation(history.end, f"{rises} rises, {len(raises)} in the books")
    opens = sum(order.kind is not Kind.CLOSE for order in history.orders)
    explained = sum(entry.what.risen.cause is Cause.PASS for entry in raises)
    if explained > opens:
        yield Violation(history.end, f"{explained} raises for passes on {opens} orders")


def _raised_unseen(history: History) -> bool:
    """By a hand, where no limit tells of it."""
    hands = history.times("by_hand", "power")
    last_order = history.orders[-1].at if history.orders else 0.0
    return not history.has_limits and any(one.at >= last_order for one in hands)


def r03_the_lane_comes_to_rest(history: History) -> Iterator[Violation]:
    """The last minute of an episode: all is mended, nobody comes, and the office has ended what
    it ordered. The boom is down then, but where somebody raised it by hand and left it so.
    """
    if not history.came_to_rest or _raised_unseen(history):
        return
    last = history.looks[-1]
    if last.arm > 0.05 and history.mode_at(history.end) != "manual":
        yield Violation(history.end, "all is well and nobody is there, and the boom is up")


def b18_the_wall_clock_moves_nothing(history: History) -> Iterator[Violation]:
    """The same episode with the wall's clock never set, order for order.

    `twin` plays it; a hold-open ends by the monotonic clock, too, but one that outlives a
    restart has only the wall to go by, so those are left out.
    """
    if history.twin is None or not history.times("clock"):
        return
    other = history.twin()
    for ours, theirs in zip_longest(history.orders, other.orders):
        if _same(ours, theirs):
            continue
        at = min(one.at for one in (ours, theirs) if one is not None)
        if _restored_hold(history, at):
            return
        yield Violation(at, "the wall's clock was set, and the orders are others")
        return


def _same(ours: Order | None, theirs: Order | None) -> bool:
    if ours is None or theirs is None:
        return False
    return (ours.at, ours.kind, ours.done) == (theirs.at, theirs.kind, theirs.done)


def _restored_hold(history: History, at: float) -> bool:
    return any(
        kind == "hold_open" and since <= at and history.times("start")[1:]
        for since, kind in history.modes
    )
