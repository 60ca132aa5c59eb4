"""What the cloud or a person orders about sessions and money, each once, with a record `told`.

What does not fit is kept all the same, told, and raises an alarm. Must be called inside a
transaction.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from gateway.store import outbox, passes
from gateway.store.keeping import BoxAlarm
from gateway.store.records import Row, parse_utc, utc_text
from gateway.store.sessions import book, charging, discounts, money, people
from gateway.store.sessions.money import DEDUCTED, Event, Kind
from gateway.store.sessions.words import Changed
from gateway.store.tables import insert, insert_new, row_of
from gateway.sync import telling
from gateway.sync.protocol import canonical


class Outcome(StrEnum):
    """What became of an order."""

    DONE = "done"
    WAITS = "waits"
    NOT_DUE = "not_due"
    UNKNOWN = "unknown"
    TOO_LATE = "too_late"
    OLD = "old"


@dataclass(slots=True)
class Desk:
    """One order's work: what it changed, and what there is to say about it."""

    db: sqlite3.Connection
    now: str
    outcome: Outcome = Outcome.DONE
    detail: str = ""
    sessions: list[str] = field(default_factory=list)
    plates: list[str] = field(default_factory=list)

    def touched(self, session: Mapping[str, Any]) -> None:
        self.sessions.append(session["session_id"])
        self.plates.append(session["plate"])

    def says(self, outcome: Outcome, detail: str = "") -> None:
        self.outcome, self.detail = outcome, detail


def carry_out(db: sqlite3.Connection, order: telling.Ordered, now: str | None = None) -> Changed:
    """`now`: what the box's clock says; else the time of the connection. Repeats change nothing."""
    at = now or outbox.time_of(db)
    if not insert_new(db, "told", {"told_id": order.told_id, "at": at}):
        return Changed()
    desk = Desk(db, at)
    _do(desk, order)
    _tell(desk, order)
    return Changed(_once(desk.sessions), _once(desk.plates))


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _tell(desk: Desk, order: telling.Ordered) -> None:
    db = desk.db
    body = {
        "told_id": order.told_id,
        "do": _WORDS[type(order)],
        "outcome": str(desk.outcome),
        "detail": desk.detail,
        "at": desk.now,
    }
    outbox.append(db, "told", canonical(body))
    if desk.detail:
        detail = f"order {order.told_id} ({_WORDS[type(order)]}): {desk.detail}"
        at = parse_utc(desk.now)
        passes.alarm(db, None, str(BoxAlarm.ORDER_UNFIT), detail, at)


def _do(desk: Desk, order: telling.Ordered) -> None:
    match order:
        case telling.Pay() | telling.Settle():
            _pay(desk, order)
        case telling.Refund():
            _refund(desk, order)
        case telling.Grant():
            _grant(desk, order)
        case telling.Revoke():
            _revoke(desk, order)
        case telling.Charge():
            _charge(desk, order)
        case telling.Funds():
            _funds(desk, order)
        case telling.Attested():
            _attest(desk, order)
        case telling.Correct() | telling.Merge() | telling.Close():
            _by_hand(desk, order)
        case _ as unreachable:
            assert_never(unreachable)


_WORDS: Mapping[type, str] = {
    telling.Pay: "pay",
    telling.Settle: "settle",
    telling.Refund: "refund",
    telling.Grant: "credit",
    telling.Revoke: "revoke",
    telling.Charge: "charge",
    telling.Funds: "funds",
    telling.Attested: "attest",
    telling.Correct: "correct",
    telling.Merge: "merge",
    telling.Close: "close",
}
ORDERS = tuple(_WORDS.values())


# --- money -------------------------------------------------------------------------------


def _pay(desk: Desk, order: telling.Pay | telling.Settle) -> None:
    plate = order.plate if isinstance(order, telling.Pay) else ""
    kind = Kind.DEDUCTION if order.by == DEDUCTED else Kind.PAYMENT
    paid = money.Sum(order.told_id, kind, order.amount_fen, order.at, order.by)
    session = _payable(desk.db, order.session_id, plate)
    whose = Event(
        order.told_id, kind, order.session_id, plate, order.amount_fen, utc_text(order.at), order.by
    )
    desk.plates.append(plate)
    if session is not None:
        desk.touched(session)
        money.receive(desk.db, paid, session, whose, desk.now)
        _judge_payment(desk, session, order.amount_fen)
    elif order.session_id:
        desk.sessions.append(order.session_id)
        money.receive(desk.db, paid, None, whose, desk.now)
        desk.says(Outcome.WAITS)
    else:
        money.surplus(desk.db, whose, desk.now)
        desk.says(Outcome.NOT_DUE, f"{plate} has no session and no debt; give it back")


def _payable(db: sqlite3.Connection, session_id: str, plate: str) -> Row | None:
    if session_id:
        return book.named(db, session_id)
    inside = book.inside_of(db, plate)
    return book.row_by_id(db, inside[-1].session_id) if inside else book.newest_debt(db, plate)


def _judge_payment(desk: Desk, session: Mapping[str, Any], amount_fen: int) -> None:
    over_fen = amount_fen - max(0, session["owed_fen"] - session["settled_fen"])
    if session["billed_at"] is not None and over_fen > 0:
        what = f"session {session['session_id']} owed {over_fen} fen less; give them back"
        desk.says(Outcome.NOT_DUE, what)


def _refund(desk: Desk, order: telling.Refund) -> None:
    """Before the bill it takes back what was paid; after it, what was paid too much."""
    session = book.named(desk.db, order.session_id)
    left_fen = order.amount_fen
    plate = session["plate"] if session else ""
    session_id = session["session_id"] if session else order.session_id
    back = Event(
        order.told_id, Kind.REFUND, session_id, plate, left_fen, utc_text(order.at),
        reason=order.reason,
    )  # fmt: skip
    if session is None:
        money.book(desk.db, money.changed(back, late=True), desk.now)
        desk.says(Outcome.UNKNOWN, f"there is no session {order.session_id} to refund")
        return
    desk.touched(session)
    if session["billed_at"] is None:
        early_fen = min(left_fen, money.paid_fen(desk.db, session_id))
        if early_fen:
            money.book(desk.db, money.changed(back, amount_fen=early_fen), desk.now)
            back = money.changed(back, money_id=money.part_id(order.told_id, "rest"))
            left_fen -= early_fen
    excess_fen = left_fen - money.to_give_back_fen(desk.db, session_id)
    if left_fen:
        money.book(desk.db, money.changed(back, amount_fen=left_fen, late=True), desk.now)
    if left_fen and excess_fen > 0:
        words = f"{excess_fen} fen more were refunded than session {session_id} had overpaid"
        desk.says(Outcome.NOT_DUE, words)


# --- credits -----------------------------------------------------------------------------


def _grant(desk: Desk, order: telling.Grant) -> None:
    session = book.named(desk.db, order.session_id)
    session_id, plate = order.session_id, order.plate
    if session is None and plate and not session_id:
        inside = book.inside_of(desk.db, plate)
        if inside and order.valid_until is None:
            session = book.row_by_id(desk.db, inside[-1].session_id)
    if session is not None:
        session_id, plate = session["session_id"], session["plate"]
    discounts.grant(
        desk.db,
        discounts.new_row(order.credit, order.told_id, desk.now)
        | {
            "plate": plate,
            "session_id": session_id,
            "valid_until": order.valid_until and utc_text(order.valid_until),
            "reason": order.reason,
        },
    )
    desk.sessions.append(session_id)
    desk.plates.append(plate)
    if session is not None and session["closing"] is not None:
        desk.says(Outcome.TOO_LATE, f"session {session_id} has ended; the credit is of no use")
    elif session is None and session_id:
        desk.says(Outcome.WAITS)


def _revoke(desk: Desk, order: telling.Revoke) -> None:
    row = discounts.by_id(desk.db, order.credit_id)
    if row is None:
        desk.says(Outcome.UNKNOWN, f"there is no credit {order.credit_id}")
    elif row["used_by"]:
        desk.says(Outcome.TOO_LATE, f"session {row['used_by']} has used it already")
    else:
        if row["revoked_at"] is None:
            discounts.change(desk.db, row, revoked_at=desk.now)
        desk.touched(row)


def _charge(desk: Desk, order: telling.Charge) -> None:
    said = charging.finished(desk.db, order, desk.now)
    desk.plates.append(order.plate)
    if said.session_id:
        desk.sessions.append(said.session_id)
    if said.known:
        desk.says(Outcome.OLD)
    elif said.detail:
        desk.says(Outcome.TOO_LATE, said.detail)


# --- what is known of a plate ------------------------------------------------------------


def _funds(desk: Desk, order: telling.Funds) -> None:
    row = {
        "plate": order.plate,
        "number": order.number,
        "credit_fen": order.credit_fen,
        "locked": int(order.locked),
        "at": desk.now,
    }
    known = row_of(desk.db, "funds", "plate", order.plate)
    if known is not None and known["number"] >= order.number:
        desk.says(Outcome.OLD)
        return
    desk.db.execute("delete from funds where plate = ?", (order.plate,))
    insert(desk.db, "funds", row)
    desk.plates.append(order.plate)


def _attest(desk: Desk, order: telling.Attested) -> None:
    where = "delete from attested where plate = ? and kind = ?"
    desk.db.execute(where, (order.plate, order.kind))
    row = {"plate": order.plate, "kind": order.kind, "passes": int(order.passes)}
    insert(desk.db, "attested", row | {"expires_at": utc_text(order.expires_at)})
    desk.plates.append(order.plate)


def _by_hand(desk: Desk, order: telling.Correct | telling.Merge | telling.Close) -> None:
    said = people.do(desk.db, order, desk.now)
    desk.sessions += said.sessions
    desk.plates += said.plates
    if said.detail:
        desk.says(Outcome.UNKNOWN if said.unknown else Outcome.TOO_LATE, said.detail)
