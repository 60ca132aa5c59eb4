"""What only the whole box can be judged by: frames, contacts and answers."""

from collections.abc import Iterator

from tests.simulator.truth import History, Violation

SLACK_S = 0.03
PULSE_BASE = 0x02
WRITE, CLOSE_COIL = 5, 1
DEAD_S = 0.03


def b07_no_close_is_sent_late(history: History) -> Iterator[Violation]:
    """The first bit of each frame that closes, against the newest look the lane had heard."""
    ends = [order.at for order in history.orders[1:]] + [history.end]
    for order, end in zip(history.orders, ends, strict=False):
        if order.kind != "close" or order.look < 0:
            continue
        limit = history.looks[order.look].at + order.timing.fresh_s + SLACK_S
        for sent in _pulses(history, order.at, end - SLACK_S, CLOSE_COIL):
            if sent > limit:
                yield Violation(sent, f"a close left {sent - limit:.2f} s too late")
            break


def _pulses(history: History, start: float, end: float, coil: int) -> Iterator[float]:
    for sent in history.sent:
        frame = sent.frame
        mine = start <= sent.begin <= end and _is_pulse(history, frame)
        if mine and frame[3] == coil:
            yield sent.begin


def b09_each_pulse_ends(history: History) -> Iterator[Violation]:
    """The board's own contacts: none stays closed for longer than its pulse, crash or not."""
    for contact in (1, 2):
        closed_at = None
        for row in [*history.contacts, (history.end, False, False)]:
            if row[contact] and closed_at is None:
                closed_at = row[0]
            elif not row[contact] and closed_at is not None:
                # A second order while the first pulse runs begins it anew.
                if row[0] - closed_at > history.pulse_s + SLACK_S + _again(
                    history, closed_at, row[0]
                ):
                    yield Violation(row[0], f"contact {contact} was closed too long")
                closed_at = None


def _again(history: History, start: float, end: float) -> float:
    """How long ago the pulse was begun for the last time."""
    begun = [sent.end for sent in history.sent if _is_pulse(history, sent.frame)]
    return max((at - start for at in begun if start <= at <= end), default=0.0) + SLACK_S


def _is_pulse(history: History, frame: bytes) -> bool:
    return frame[0] == history.slave and frame[1] == WRITE and frame[2] == PULSE_BASE


def b11_no_order_is_sent_twice(history: History) -> Iterator[Violation]:
    """Frames that begin a pulse, against the orders of the lane: never more than one for each."""
    begun = [sent.begin for sent in history.sent if _is_pulse(history, sent.frame)]
    ordered = sorted(order.at for order in history.orders)
    for number, at in enumerate(begun):
        if number >= len(ordered) or ordered[number] > at:
            yield Violation(at, "a pulse that nobody ordered, or one that was sent again")
            return
        while number < len(ordered) - 1 and len(ordered) > len(begun) and ordered[number + 1] <= at:
            ordered.pop(number)


def b12_each_answer_is_of_its_question(history: History) -> Iterator[Violation]:
    """What the driver made of each reading, against what the contacts said meanwhile.

    An answer is true of some instant between its question and its end. One that belongs to an
    older question is not.
    """
    place = 0
    for asked, answered, inputs in history.reads:
        while place + 1 < len(history.shown) and history.shown[place + 1][0] <= asked:
            place += 1
        meanwhile = (shown for at, shown in history.shown[place:] if at <= answered + SLACK_S)
        if not any(shown == inputs for shown in meanwhile):
            yield Violation(answered, "the inputs never were as they were answered to be")


def b13_open_and_close_never_together(history: History) -> Iterator[Violation]:
    """The board's own contacts: never both closed, and a pause between the two."""
    opened = [0.0, 0.0]
    before = (False, False)
    for at, *now in history.contacts:
        if all(now):
            yield Violation(at, "both contacts are closed")
        for one, other in ((0, 1), (1, 0)):
            if before[one] and not now[one]:
                opened[one] = at
            if now[one] and not before[one] and at - opened[other] < DEAD_S and opened[other]:
                yield Violation(at, "the contacts changed over without a pause")
        before = (now[0], now[1])


def b20_two_lanes_share_nothing(history: History) -> Iterator[Violation]:
    """Contacts and records of one lane, against that lane's own orders and own cameras.

    A contact closes only within a second of an order of its lane, and no plate is written down
    that its camera did not see.
    """
    for at, opens, closes in history.contacts:
        if (opens or closes) and not any(at - 6.0 <= one.at <= at for one in history.orders):
            yield Violation(at, "a contact closed that this lane did not order")
    for entry in history.decisions():
        reading = entry.what.visit.reading
        if reading is not None and reading.text not in history.readings:
            yield Violation(entry.at, f"{reading.text} was never seen at this lane")
