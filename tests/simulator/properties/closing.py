"""When the boom may come down, and what happens when somebody is under it."""

from collections.abc import Iterator

from gateway.lane.types import Level
from tests.simulator.truth import History, Kind, Look, Order, Violation, is_present

SLACK_S = 1e-6
# A loop's contact follows the metal in this time, and the next poll sees it.
NOTICED_S = 0.3
# A slow write may lie between the lane's own count and the wire.
MINUTE_S = 59.0


def b01_no_close_on_presence(history: History) -> Iterator[Violation]:
    """Each close on the wire, against what the contacts answered, and against the metal.

    The newest answer that the lane had heard is at most `fresh_s` old; back from it all answers
    say absent for `clear_s` with no gap above `fresh_s`; unknown is present. And while the loop
    told the truth, no metal lay on it in that time.
    """
    for order in history.orders:
        if order.kind is Kind.CLOSE:
            words = _too_soon(history, order, order.timing.clear_s) or _on_metal(history, order)
            if words:
                yield Violation(order.at, f"closed {words}")


def _too_soon(history: History, order: Order, clear_s: float) -> str:
    """What speaks against this close; empty where nothing does."""
    newer_at, number = order.at, order.look
    fresh_s = order.timing.fresh_s + SLACK_S
    while number >= 0:
        look = history.looks[number]
        number -= 1
        if look.inputs is None:
            continue
        if newer_at - look.at > fresh_s:
            break
        if is_present(look.inputs):
            return f"{order.at - look.at:.2f} s after the inputs said present or unknown"
        newer_at = look.at
        if order.at - newer_at >= clear_s - SLACK_S:
            return ""
    return f"on answers that prove absence for {order.at - newer_at:.2f} s only"


def _on_metal(history: History, order: Order) -> str:
    looks = _looks(history, order.at - order.timing.clear_s + NOTICED_S, order.at - NOTICED_S)
    if any("closing_loop" in look.ill for look in _looks(history, order.at - 2.0, order.at)):
        return ""
    return "with a vehicle under the boom" if any(look.metal_b for look in looks) else ""


def _looks(history: History, start: float, end: float) -> Iterator[Look]:
    for number in range(history.newest(end), -1, -1):
        look = history.looks[number]
        if look.at < start:
            return
        yield look


def b02_presence_while_closing_reopens(history: History) -> Iterator[Violation]:
    """The arm as it falls after our close, against what the inputs answer meanwhile.

    The first presence that the lane hears of is followed at once by an order to open; nothing
    holds it back but a line that is busy with another order.
    """
    for number, order in enumerate(history.orders):
        if order.kind is not Kind.CLOSE or not order.done:
            continue
        seen = _presence_after(history, order)
        if seen is None:
            continue
        later = history.orders[number + 1 :]
        answer = next((one for one in later if one.kind is not Kind.CLOSE), None)
        if answer is None or answer.at > seen + history.reopens_s:
            yield Violation(seen, "a vehicle under the falling boom, and it was not told to open")


def _presence_after(history: History, order: Order) -> float | None:
    """When presence was heard while the arm fell; None where it did not, or the box was down."""
    for number in range(order.look + 1, len(history.looks)):
        look, heard = history.looks[number], history.heard[number]
        if look.at > order.at + 15.0 or look.ill & {"up_limit", "down_limit"}:
            return None
        if not look.falling and look.at > order.at:
            return None
        if heard == float("inf"):
            return None
        on = look.inputs is not None and Level.ON in (look.inputs.closing_loop, look.inputs.beam)
        if on and look.falling and look.at > order.at and look.inputs.down_limit is not Level.ON:
            return None if _stopped(history, order.at, heard) else heard
    return None


def _stopped(history: History, start: float, end: float) -> bool:
    return any(start <= one.at <= end + 0.1 for one in history.times("crash", "reload", "key_on"))


def b03_no_close_while_blind(history: History) -> Iterator[Violation]:
    """Spells without an answer, against closes and alarms.

    Nothing closes from `fresh_s` after the last answer until answers have come for `clear_s`
    again, and an alarm says within three polls that the inputs are lost.
    """
    alarms = [alarm.at for alarm in history.alarms if alarm.code == "inputs_lost"]
    for start, end, timing in _silences(history):
        for order in history.orders:
            blind = start + timing.fresh_s + SLACK_S < order.at < end + timing.clear_s - SLACK_S
            if order.kind is Kind.CLOSE and blind:
                yield Violation(order.at, "closed while the inputs were lost, or just after")
        told_by = start + timing.fresh_s + 3 * history.poll_s + history.busy_s
        told = any(start <= at <= told_by for at in alarms)
        if end > told_by and not told and not _down(history, start, told_by):
            yield Violation(told_by, "the inputs are lost and no alarm says so")


def _silences(history: History) -> Iterator[tuple[float, float, object]]:
    last = None
    for look in history.looks:
        if look.inputs is None:
            continue
        if last is not None and look.at - last > 0.4:
            yield last, look.at, history.timing_at(look.at)
        last = look.at


def _down(history: History, start: float, end: float) -> bool:
    """The gateway itself was not there for some of the time."""
    downs = history.spans("crash", "start")
    return any(down.start <= end and down.end >= start for down in downs) or any(
        start <= one.at <= end for one in history.times("reload", "start")
    )


def b04_lost_inputs_bring_the_fail_state(history: History) -> Iterator[Violation]:
    """Long silences, against the lane's own choice: hold what is, or open.

    HOLD: no order goes out but what a person, a mode or a boom already falling asks for. OPEN:
    the boom is told to open within `lost_s`. Neither ever closes.
    """
    for start, end, timing in _silences(history):
        due = start + timing.lost_s + 2.5 + history.busy_s
        if end < due or _down(history, start, due) or _asked(history, start - 6, end):
            continue
        orders = [one for one in history.orders if start + 1.0 < one.at < min(due, end)]
        if any(one.kind is Kind.CLOSE for one in orders):
            yield Violation(start, "closed in the fail state")
        opened = any(one.kind is Kind.OPEN for one in orders) or _locked(history, start)
        if timing.open_when_lost and not opened and not _is_up(history, start):
            yield Violation(due, "the inputs are lost and the boom was not told to open")
        if not timing.open_when_lost and any(one.at > start + 6.5 for one in orders):
            yield Violation(start, "the boom was moved although the inputs were lost")


def _asked(history: History, start: float, end: float) -> bool:
    """By somebody, or by a trouble of the books: then it is not the silence that decides."""
    words = ("order", "fire_on", "key_on", "reset", "store", "by_hand", "slow_store", "button")
    return any(start <= one.at <= end for one in history.times(*words))


def _locked(history: History, at: float) -> bool:
    """What the office ordered is stronger than the lane's own fail state."""
    return history.mode_at(at) != "automatic"


def _is_up(history: History, at: float) -> bool:
    return history.looks[history.newest(at)].arm > 0.0


def b13_the_motor_is_spared(history: History) -> Iterator[Violation]:
    """Orders of one life of the gateway, counted by the simulator.

    None closes after `motions_per_min` motions within a minute. (That the two contacts are never
    closed together, and the pause between them, is judged on the board: see `on_the_wire`.)
    """
    for number, order in enumerate(history.orders):
        if order.kind is not Kind.CLOSE:
            continue
        recent = [
            one
            for one in history.orders[max(0, number - 100) : number]
            if one.life == order.life and order.at - one.at < MINUTE_S
        ]
        if len(recent) >= order.timing.motions_per_min:
            yield Violation(order.at, f"closed after {len(recent)} motions in a minute")


def x01_no_close_in_a_trailers_gap(history: History) -> Iterator[Violation]:
    """Closes while a lorry's trailer is still to come over the loop, though its plate was read.

    The street knows the lorry; its gap on the loop is shorter than `clear_large_s`.
    """
    for order in history.orders:
        if order.kind is Kind.CLOSE and _between_axles(history, order):
            yield Violation(order.at, "closed in the gap before a lorry's trailer")


def _between_axles(history: History, order: Order) -> bool:
    lorries = [one for one in history.times("reached") if "lorry" in one.who]
    for lorry in lorries:
        gone = next((one.at for one in history.times("crossed") if one.who == lorry.who), None)
        if gone is not None and lorry.at < order.at < gone and gone - lorry.at < 12.0:
            ill = any(look.ill for look in _looks(history, lorry.at - 9.0, order.at))
            long = _too_soon(history, order, order.timing.clear_large_s)
            return bool(long) and not ill and _was_let_in(history, lorry.who, order.at)
    return False


def _was_let_in(history: History, who: str, at: float) -> bool:
    """By its own plate, which is what tells the lane that it is long; and nobody since."""
    plate, name = who.rsplit(maxsplit=1)[-1], who.split(" lorry", maxsplit=1)[0]
    came = next((one.at for one in history.times("comes") if one.who.startswith(f"{name}:")), at)
    read = [entry.what.visit.reading for entry in history.decisions() if came < entry.at < at]
    return bool(read) and read[-1] is not None and read[-1].text == plate
