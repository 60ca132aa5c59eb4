"""Who has the say over each lane's boom, since when, and the orders that were carried out.

Writing functions must be called inside a transaction; they return whether they wrote.
"""

import logging
import sqlite3
from datetime import datetime

from gateway.lane.reports import Mode
from gateway.store import outbox
from gateway.store.records import mode_body, mode_of, mode_row, utc_text
from gateway.store.tables import insert, insert_new, rows

log = logging.getLogger(__name__)


def change(db: sqlite3.Connection, lane: str, mode: Mode, at: datetime) -> bool:
    """The mode that is in force from `at` on, and its record. The same again is no news.

    A mode that was in force under a stronger one comes back with its old `since`.
    """
    row, known = mode_row(lane, mode, at), in_force(db, lane)
    if known is not None and mode_row(lane, known, at) == row:
        return False
    insert(db, "modes", row)
    outbox.append(db, "mode", mode_body(row))
    return True


def in_force(db: sqlite3.Connection, lane: str) -> Mode | None:
    """None where no mode was ever stored for the lane, or the last one was damaged on the disk."""
    found = rows(db, "select * from modes where lane = ? order by rowid desc limit 1", lane)
    try:
        return mode_of(found[0]) if found else None
    except (ValueError, TypeError):
        log.exception("%s: its mode is damaged in the store; it starts as automatic", lane)
        return None


def claim(db: sqlite3.Connection, lane: str, order_id: str, answer: str, at: datetime) -> bool:
    """False where the order is known, at whatever lane: it is not carried out again."""
    row = {"order_id": order_id, "lane": lane, "answer": answer, "at": utc_text(at)}
    return insert_new(db, "orders", row)


def answered(db: sqlite3.Connection, order_id: str, answer: str) -> bool:
    """What became of an order that was claimed."""
    done = db.execute("update orders set answer = ? where order_id = ?", (answer, order_id))
    return done.rowcount > 0


def answer_of(db: sqlite3.Connection, order_id: str) -> str | None:
    """None where the order is not known."""
    row = db.execute("select answer from orders where order_id = ?", (order_id,)).fetchone()
    return None if row is None else str(row[0])
