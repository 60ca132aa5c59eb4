"""Charging orders: one credit each, whether it comes before the vehicle leaves or after.

Must be called inside a transaction.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.rules.tariff.stay import AllOff, AmountOff, Credit, PercentOff
from gateway.store.records import Row, utc_text
from gateway.store.sessions import book, discounts, money
from gateway.store.sessions.money import Event, Kind
from gateway.store.tables import insert_new, rows
from gateway.sync.telling import Charge

KEPT_FOR = timedelta(days=1)
"""So long after charging, a credit waits for a vehicle that nobody saw come."""


@dataclass(frozen=True, slots=True)
class Said:
    """`known`: the order was told before; `detail`: why it could not be made good."""

    session_id: str = ""
    known: bool = False
    detail: str = ""


def finished(db: sqlite3.Connection, order: Charge, now: str) -> Said:
    session = _session(db, order)
    session_id = session["session_id"] if session else ""
    row = {
        "charge": order.order,
        "plate": order.plate,
        "began": utc_text(order.began),
        "ended": utc_text(order.ended),
        "wh": order.wh,
        "credit_id": order.told_id if order.credit else "",
        "session_id": session_id,
    }
    if not insert_new(db, "charges", row):
        return Said(session_id, known=True)
    if session is not None and session["closing"] is not None:
        return Said(session_id, detail=_after_the_exit(db, order, session, now))
    if order.credit is not None:
        valid_until = None if session_id else utc_text(order.ended + KEPT_FOR)
        whose = {"plate": order.plate, "session_id": session_id, "valid_until": valid_until}
        new = discounts.new_row(order.credit, order.told_id, now, order.order)
        discounts.grant(db, new | whose | {"reason": "charging"})
    return Said(session_id)


def _session(db: sqlite3.Connection, order: Charge) -> Row | None:
    """The stay in which it charged, over or not."""
    inside = book.inside_of(db, order.plate)
    began = utc_text(order.began)
    sql = (
        "select * from sessions where plate = ? and closed_at >= ? and closing <> 'merged'"
        " and coalesce(entered_at, '') <= ? order by closed_at limit 1"
    )
    found = rows(db, sql, order.plate, began, utc_text(order.ended))
    if found:
        return found[0]
    return book.row_by_id(db, inside[-1].session_id) if inside else None


def _after_the_exit(
    db: sqlite3.Connection, order: Charge, session: Mapping[str, Any], now: str
) -> str:
    """What the driver paid with money, and need not have paid, is to be given back."""
    off_fen = _worth_fen(order.credit, session)
    if off_fen is None:
        return (
            f"session {session['session_id']} had ended, and what charging would have taken off"
            " its bill only the tariff can tell: look at it"
        )
    fen = min(off_fen, _by_money_fen(db, session))
    if fen > 0:
        money.surplus(db, _discount(order, session, fen), now)
    return ""


def _worth_fen(credit: Credit | None, session: Mapping[str, Any]) -> int | None:
    """Off what the bill was without discounts; None where that is not to be said from it."""
    left_fen: int = session["total_fen"] - session["discounted_fen"]
    match credit:
        case AmountOff(_, amount_fen):
            return min(left_fen, amount_fen)
        case PercentOff(_, percent):
            return left_fen * percent // 100
        case AllOff():
            return left_fen
        case _:
            return None


def _by_money_fen(db: sqlite3.Connection, session: Mapping[str, Any]) -> int:
    """What of the bill was paid and stays paid."""
    found = money.of_session(db, session["session_id"])
    paid_fen: int = session["paid_fen"] + session["settled_fen"] - session["overpaid_fen"]
    given = (row for row in found if row["late"] and row["kind"] == Kind.DISCOUNT)
    return paid_fen - sum(int(row["amount_fen"]) for row in given)


def _discount(order: Charge, session: Mapping[str, Any], fen: int) -> Event:
    return Event(
        order.told_id,
        Kind.DISCOUNT,
        session["session_id"],
        session["plate"],
        fen,
        utc_text(order.ended),
        reason="charging, told after the exit",
        credit_id=order.told_id,
        late=True,
    )
