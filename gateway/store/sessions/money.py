"""Money: each event once, never dropped. What writes must be called inside a transaction.

Of a stay that is not charged yet: `payment`, `deduction`, `refund`. Its bill adds `discount`,
`owed` and `overpaid`; with them total + overpaid = discounted + paid + owed. What comes after
the bill is `late`: a debt that is `settled`, a `refund`, and money or discounts nobody asked for,
each with as much `overpaid`, which is to be given back.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.rules.tariff import Payment
from gateway.store import outbox
from gateway.store.records import Row, parse_utc, utc_text
from gateway.store.sessions.rows import money_body
from gateway.store.tables import insert, insert_new, rows


class Kind(StrEnum):
    PAYMENT = "payment"
    DEDUCTION = "deduction"
    DISCOUNT = "discount"
    OWED = "owed"
    SETTLED = "settled"
    REFUND = "refund"
    OVERPAID = "overpaid"


CASH = (Kind.PAYMENT, Kind.DEDUCTION)
DEDUCTED = "deducted"
"""Who pays where the cloud takes the fee without asking the driver."""


@dataclass(frozen=True, slots=True)
class Event:
    """`money_id` names it for all time: the same one again is no news."""

    money_id: str
    kind: Kind
    session_id: str
    plate: str
    amount_fen: int
    at: str
    by: str = ""
    reason: str = ""
    lane: str | None = None
    order_id: str = ""
    credit_id: str = ""
    late: bool = False


class Sum(NamedTuple):
    """Money that a driver gave; `order_id` is the cloud's."""

    order_id: str
    kind: Kind
    amount_fen: int
    at: datetime
    by: str


def part_id(whole: str, part: str) -> str:
    """The id of an event that follows from another one, the same each time."""
    return hashlib.sha256(f"{whole} {part}".encode()).hexdigest()[:32]


def book(db: sqlite3.Connection, event: Event, now: str) -> bool:
    """Write it and its record; False where it was there already."""
    row = {name: getattr(event, name) for name in event.__slots__}
    row |= {"kind": str(event.kind), "late": int(event.late), "booked_at": now}
    if not insert_new(db, "money", row):
        return False
    tell(db, row)
    return True


def tell(db: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    outbox.append(db, "money", money_body(row), row["session_id"] or None)


def of_session(db: sqlite3.Connection, session_id: str) -> list[Row]:
    """Oldest first."""
    return rows(db, "select * from money where session_id = ? order by rowid", session_id)


def paid_fen(db: sqlite3.Connection, session_id: str) -> int:
    """For a stay that is not charged yet, less what was given back."""
    return sum(one.amount_fen for one in payments(of_session(db, session_id)))


def payments(found: list[Row]) -> tuple[Payment, ...]:
    """What still counts of what was paid: what was given back is taken from the last of it."""
    early = [row for row in found if not row["late"]]
    back_fen = sum(row["amount_fen"] for row in early if row["kind"] == Kind.REFUND)
    counts = []
    for row in sorted(early, key=lambda row: (row["at"], row["money_id"]), reverse=True):
        if row["kind"] in CASH:
            taken_fen = min(back_fen, row["amount_fen"])
            back_fen -= taken_fen
            if row["amount_fen"] > taken_fen:
                counts.append(Payment(row["amount_fen"] - taken_fen, parse_utc(row["at"])))
    return tuple(reversed(counts))


# --- money comes in ----------------------------------------------------------------------


def receive(
    db: sqlite3.Connection, money: Sum, session: Mapping[str, Any] | None, whose: Event, now: str
) -> None:
    """Money for a session; for None, it waits under the session and the plate of `whose`.

    Of a session that was charged it settles the debt first; what is more is to be given back.
    """
    if session is None:
        book(db, whose, now)
    elif session["billed_at"] is None:
        book(db, _for(session, money, money.kind, money.amount_fen), now)
    else:
        receive_late(db, money, session, now)


def _for(session: Mapping[str, Any], money: Sum, kind: Kind, amount_fen: int) -> Event:
    return Event(
        money.order_id,
        kind,
        session["session_id"],
        session["plate"],
        amount_fen,
        utc_text(money.at),
        by=money.by,
        order_id=money.order_id if money.kind is Kind.DEDUCTION else "",
    )


def receive_late(db: sqlite3.Connection, money: Sum, session: Mapping[str, Any], now: str) -> None:
    debt_fen = max(0, session["owed_fen"] - session["settled_fen"])
    settled_fen = min(debt_fen, money.amount_fen)
    if settled_fen:
        _put(db, _for(session, money, Kind.SETTLED, settled_fen), now)
        sql = "update sessions set settled_fen = settled_fen + ? where session_id = ?"
        db.execute(sql, (settled_fen, session["session_id"]))
    rest_fen = money.amount_fen - settled_fen
    if rest_fen:
        order_id = part_id(money.order_id, "rest") if settled_fen else money.order_id
        rest = money._replace(order_id=order_id)
        surplus(db, _for(session, rest, money.kind, rest_fen), now)


def surplus(db: sqlite3.Connection, event: Event, now: str) -> None:
    """Money that nobody asked for: kept, and to be given back."""
    _put(db, event, now)
    back = part_id(event.money_id, "back")
    reason = event.reason or "paid beyond what was due"
    over = changed(event, money_id=back, kind=Kind.OVERPAID, reason=reason)
    _put(db, over, now)


def to_give_back_fen(db: sqlite3.Connection, session_id: str) -> int:
    """What was paid too much, less what was given back of it."""
    late = [
        row for row in of_session(db, session_id) if row["late"] or row["kind"] == Kind.OVERPAID
    ]
    signs = {str(Kind.OVERPAID): 1, str(Kind.REFUND): -1}
    return sum(signs.get(row["kind"], 0) * row["amount_fen"] for row in late)


def changed(event: Event, **changes: Any) -> Event:
    fields = {name: getattr(event, name) for name in event.__slots__}
    return Event(**fields | changes)


def _put(db: sqlite3.Connection, event: Event, now: str) -> None:
    """Late money; also one that was early until its session turned out to be charged."""
    row = {name: getattr(event, name) for name in event.__slots__}
    row |= {"kind": str(event.kind), "late": 1, "booked_at": now}
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "money_id")
    insert(db, "money", row, f" on conflict (money_id) do update set {changes}")
    tell(db, row)


# --- money that has no session yet, or another one ---------------------------------------


_WAITING = """
    select * from money where {} = ? and late = 0 and kind in ('payment', 'deduction')
        and not exists (select 1 from sessions where sessions.session_id = money.session_id)
"""


def waiting(db: sqlite3.Connection, session_id: str, plate: str) -> list[Row]:
    """Paid for a session that is not there: who was not seen to come pays before leaving."""
    found = rows(db, _WAITING.format("session_id"), session_id) if session_id else []
    found += rows(db, _WAITING.format("plate"), plate) if plate else []
    return list({row["money_id"]: row for row in found}.values())


def move(db: sqlite3.Connection, found: list[Row], session_id: str, plate: str) -> None:
    """They turn out to be another session's."""
    for row in found:
        moved = row | {"session_id": session_id, "plate": plate}
        if moved != row:
            sql = "update money set session_id = ?, plate = ? where money_id = ?"
            db.execute(sql, (session_id, plate, row["money_id"]))
            tell(db, moved)


def make_late(db: sqlite3.Connection, row: Row) -> None:
    db.execute("update money set late = 1 where money_id = ?", (row["money_id"],))
    tell(db, row | {"late": 1})


def renew(db: sqlite3.Connection, session_id: str) -> None:
    """Its events are kept as long as its bill: they get numbers as new as the bill's."""
    sql = "update money set rowid = (select max(rowid) from money) + 1 where money_id = ?"
    names = [(row["money_id"],) for row in of_session(db, session_id)]
    db.executemany(sql, names)
