"""The sessions' SQL. What writes must be called inside a transaction."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from gateway.rules.sessions import Closing, Session
from gateway.store import outbox
from gateway.store.records import Row, utc_text
from gateway.store.sessions.rows import NEW, session_body, session_of, session_row
from gateway.store.sessions.words import Count
from gateway.store.tables import insert, row_of, rows
from gateway.sync.protocol import canonical

OPENED, CHANGED, CLOSED, CORRECTED = "opened", "changed", "closed", "corrected"
MOST_LINKS = 8


def row_by_id(db: sqlite3.Connection, session_id: str) -> Row | None:
    return row_of(db, "sessions", "session_id", session_id) if session_id else None


def named(db: sqlite3.Connection, session_id: str) -> Row | None:
    """The session, or the one that it was merged into."""
    row = row_by_id(db, session_id)
    for _ in range(MOST_LINKS):
        if row is None or row["closing"] != str(Closing.MERGED):
            break
        row = row_by_id(db, row["linked"])
    return row


def inside(db: sqlite3.Connection, session_id: str) -> Session | None:
    """The session, where its vehicle is inside."""
    row = row_by_id(db, session_id)
    return session_of(row) if row is not None and row["closing"] is None else None


def inside_of(db: sqlite3.Connection, plate: str) -> tuple[Session, ...]:
    """Sessions under a plate whose vehicles are inside, the newest last."""
    if not plate:
        return ()
    sql = (
        "select * from sessions where plate = ? and closed_at is null and closing is null"
        " order by entered_at, session_id"
    )
    return tuple(session_of(row) for row in rows(db, sql, plate))


def nameless(db: sqlite3.Connection, column: str, area: str) -> Session | None:
    """The longest inside of those without a plate; `column` is a name of ours."""
    sql = (
        "select * from sessions indexed by sessions_of_plate"  # noqa: S608
        f" where plate = '' and closed_at is null and {column} = ?"
        " and closing is null order by entered_at, session_id limit 1"
    )
    found = rows(db, sql, area)
    return session_of(found[0]) if found else None


def newest_debt(db: sqlite3.Connection, plate: str) -> Row | None:
    sql = (
        "select * from sessions where plate = ? and owed_fen > settled_fen"
        " order by billed_at desc, session_id limit 1"
    )
    found = rows(db, sql, plate) if plate else []
    return found[0] if found else None


def put(
    db: sqlite3.Connection,
    session: Session,
    phase: str,
    more: Mapping[str, Any] | None = None,
) -> Row:
    """Write a session and its record. `more` are columns beside those of its course.

    A row that is replaced gets a new number: how long it is kept counts from then.
    """
    known = row_by_id(db, session.session_id)
    row = (known or NEW) | session_row(session) | dict(more or {})
    if row == known:
        return row
    insert(db, "sessions", row, _REPLACE)
    db.execute(
        "update sessions set rowid = (select max(rowid) from sessions) + 1 where session_id = ?",
        (session.session_id,),
    )
    outbox.append(db, "session", session_body(row, phase), session.session_id)
    return row


_REPLACE = " on conflict (session_id) do update set " + ", ".join(
    f"{name} = excluded.{name}"
    for name in (
        "plate", "plate_type", "plate_colour", "vehicle", "area", "innermost", "entered_at",
        "entry_pass", "left_at", "exit_pass", "closing", "linked", "right_id", "inner", *NEW,
    )
)  # fmt: skip


def with_note(row: Mapping[str, Any], note: Mapping[str, str | None]) -> str:
    """The column `notes` with one more of what people said."""
    return canonical([*json.loads(row["notes"]), dict(note)])


def end_of(session: Session) -> str:
    """When its vehicle left: never before it came, whatever the clock did."""
    times = (session.entered_at, session.left_at)
    return max(utc_text(at) for at in times if at is not None)


def occupancy(db: sqlite3.Connection) -> tuple[Count, ...]:
    sql = (
        "select innermost, vehicle, count(*) from sessions where closing is null"
        " group by innermost, vehicle"
    )
    return tuple(Count(*row) for row in db.execute(sql))
