"""Who has the say: fire over the key over a hold-open over the rules."""

from collections.abc import Iterator

from gateway.lane.events import StoreDecision, StoreMode
from gateway.lane.reports import ModeKind
from gateway.lane.types import Inputs, Level
from tests.simulator.properties.opening import BY_RULES
from tests.simulator.truth import History, Kind, Order, Span, Violation

FIRE_OPENS_S = 0.5
READ_S = 60.0
UP = 0.95


def b14_the_key_beats_automation(history: History) -> Iterator[Violation]:
    """Orders while the key switch is answered to be on, against the key itself.

    Nothing closes and nothing opens; but a fire opens, and so does the guard's button, which is
    as local as the key; and presence under an arm that was told to close before is let go.
    """
    for span in _heard_on(history, "manual"):
        for order in history.orders:
            if not span.start < order.at < span.end or order.kind is Kind.REOPEN:
                continue
            by_person = order.kind is Kind.OPEN and _pressed(history, order)
            fire = order.kind is Kind.OPEN and _in_fire(history, order.at)
            if not by_person and not fire:
                yield Violation(order.at, f"{order.kind} while the key had the boom")


def b15_fire_opens_and_nothing_closes(history: History) -> Iterator[Violation]:
    """The fire contact and the reset button as people use them, against orders and the arm.

    From the moment the lane hears of it the boom is told to open, unless it is up, and no order
    closes until the reset was pressed with the contact off.
    """
    for span in _fires(history):
        for order in history.orders:
            if order.kind is Kind.CLOSE and span.start < order.at < span.end:
                yield Violation(order.at, "closed in a fire")
        if span.end - span.start > FIRE_OPENS_S and not _opened(history, span):
            yield Violation(span.start, "a fire, and the boom was not told to open")


def _fires(history: History) -> Iterator[Span]:
    """From the first answer `on` that was heard to the reset that counts."""
    start, released = None, False
    for look, heard in zip(history.looks, history.heard, strict=True):
        inputs = look.inputs
        if inputs is None or heard == float("inf"):
            continue
        pressed = released and inputs.fire_reset is Level.ON
        if start is None and inputs.fire is Level.ON:
            start = heard
        elif start is not None and inputs.fire is not Level.ON and pressed:
            yield Span(start, heard)
            start = None
        released = inputs.fire_reset is Level.OFF
    if start is not None:
        yield Span(start, history.end)


def _opened(history: History, span: Span) -> bool:
    until = span.start + FIRE_OPENS_S + history.busy_s
    look = history.looks[history.newest(span.start)]
    up = look.arm >= UP
    told = any(
        span.start - 0.01 <= one.at <= until and one.kind is not Kind.CLOSE
        for one in history.orders
    )
    crashed = any(span.start - 0.1 <= one.at <= until for one in history.times("crash", "reload"))
    recently = any(
        span.start - 6.0 <= one.at <= until and one.kind is not Kind.CLOSE for one in history.orders
    )
    return up or told or crashed or recently


def _in_fire(history: History, at: float) -> bool:
    return any(span.start <= at <= span.end + 0.01 for span in _fires(history))


def _heard_on(history: History, name: str) -> Iterator[Span]:
    """While each answer that was heard says ON; a start, or a gap, ends it."""
    start, last = None, 0.0
    for look, heard in zip(history.looks, history.heard, strict=True):
        known = look.inputs is not None and heard < float("inf")
        on = known and _level(look.inputs, name) is Level.ON
        if on and start is None:
            start = heard
        elif start is not None and not on:
            yield Span(start, last)
            start = None
        last = heard if on else last
    if start is not None:
        yield Span(start, last)


def _pressed(history: History, order: Order) -> bool:
    looks = history.looks[max(0, order.look - 3) : order.look + 1]
    return any(_level(look.inputs, "open_button") is Level.ON for look in looks if look.inputs)


def _level(inputs: Inputs | None, name: str) -> Level:
    level: Level = getattr(inputs, name)
    return level


def b17_a_plate_never_opens_in_lock_down(history: History) -> Iterator[Violation]:
    """Orders to open, against the lock-down as the office ordered it and the books hold it.

    No visit that the rules let in after that opens; a button, an agent and a fire do. And a
    blind camera lets nobody in: whoever was let in by a plate had one that was read.
    """
    by_rules = {
        entry.what.visit.pass_id: entry
        for entry in history.durable(StoreDecision)
        if entry.what.visit.decision.reason in BY_RULES
    }
    for span in _locked(history):
        for order in history.orders:
            entry = by_rules.get(order.pass_id)
            if entry is None or not span.start < order.at < span.end:
                continue
            if span.start < entry.at < span.end and not _in_fire(history, order.at):
                yield Violation(order.at, "a plate opened in lock-down")
    for entry in by_rules.values():
        reading = entry.what.visit.reading
        seen = history.readings.get(reading.text, []) if reading else []
        if not any(entry.at - READ_S <= at <= entry.at for at, _ in seen):
            yield Violation(entry.at, "let in by the rules with no plate that a camera saw")


def _locked(history: History) -> Iterator[Span]:
    start = None
    for entry in history.durable(StoreMode):
        locked = entry.what.mode.kind is ModeKind.LOCK_DOWN
        if locked and start is None:
            start = entry.at
        elif not locked and start is not None:
            yield Span(start, entry.at)
            start = None
    if start is not None:
        yield Span(start, history.end)
