"""Credits and charging orders. What writes must be called inside a transaction.

A credit is used up when the vehicle leaves with it, and may be revoked before.
"""

import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

from gateway.rules.tariff.stay import Charging, Credit
from gateway.store import outbox
from gateway.store.records import Row, parse_utc
from gateway.store.sessions.rows import credit_body, credit_columns, credit_of
from gateway.store.tables import insert_new, row_of, rows

log = logging.getLogger(__name__)

_USABLE = """
    select * from credits
    where {} and revoked_at is null and used_by = '' and coalesce(valid_until, '~') >= ?
"""


def new_row(credit: Credit, credit_id: str, now: str, source: str = "") -> Row:
    """Of nobody yet; `source` is the charging order that it comes from."""
    return {
        "credit_id": credit_id,
        "plate": "",
        "session_id": "",
        **credit_columns(credit),
        "valid_until": None,
        "source": source,
        "reason": "",
        "granted_at": now,
        "revoked_at": None,
        "used_by": "",
        "used_fen": 0,
    }


def grant(db: sqlite3.Connection, row: Mapping[str, Any]) -> bool:
    if not insert_new(db, "credits", row):
        return False
    _tell(db, row)
    return True


def _tell(db: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    outbox.append(db, "credit", credit_body(row), row["session_id"] or None)


def by_id(db: sqlite3.Connection, credit_id: str) -> Row | None:
    return row_of(db, "credits", "credit_id", credit_id)


def change(db: sqlite3.Connection, row: Row, **columns: object) -> None:
    """Write the columns and the record; the same again is no news."""
    changed = row | columns
    if changed == row:
        return
    names = ", ".join(f"{name} = :{name}" for name in columns)
    db.execute(f"update credits set {names} where credit_id = :credit_id", changed)  # noqa: S608
    _tell(db, changed)


def use(db: sqlite3.Connection, credit_id: str, session_id: str, used_fen: int) -> None:
    """It took so much off a bill: nobody can use it again."""
    row = by_id(db, credit_id)
    if row is not None:
        change(db, row, used_by=session_id, used_fen=used_fen)


def usable(db: sqlite3.Connection, session_id: str, plate: str, at: str) -> tuple[Credit, ...]:
    """Of a session, and of its plate for whatever session it has."""
    found = rows(db, _USABLE.format("session_id = ? and session_id <> ''"), session_id, at)
    if plate:
        found += rows(
            db, _USABLE.format("plate = ? and plate <> '' and session_id = ''"), plate, at
        )
    return tuple(credit for row in found if (credit := _credit(row)) is not None)


def _credit(row: Row) -> Credit | None:
    """One that was damaged on the disk must not keep a vehicle from leaving."""
    try:
        return credit_of(row)
    except (ValueError, TypeError):
        log.exception("store: credit %s is damaged; it counts for nothing", row["credit_id"])
        return None


def move(db: sqlite3.Connection, before: str, session_id: str, plate: str) -> None:
    """All of a session turns out to be another's."""
    for row in rows(db, "select * from credits where session_id = ?", before):
        change(db, row, session_id=session_id, plate=plate)
    sql = "update charges set session_id = ?, plate = ? where session_id = ?"
    db.execute(sql, (session_id, plate, before))


def charging(db: sqlite3.Connection, session_id: str, plate: str) -> tuple[Charging, ...]:
    if not plate or not session_id:
        return ()
    sql = "select began, ended from charges where plate = ? and session_id = ? order by began"
    found = rows(db, sql, plate, session_id)
    return tuple(Charging(parse_utc(row["began"]), parse_utc(row["ended"])) for row in found)
