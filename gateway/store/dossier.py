"""Everything the books say about one session, put together for people."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.rules.sessions import Closing, neighbours
from gateway.store.database import explain, needs_form, open_read_only
from gateway.store.records import Row, pass_of
from gateway.store.sessions.rows import money_shown, session_shown, shown
from gateway.store.tables import row_of, rows

FORM = 6
END = "9999"

_NEWEST_OF = """
    select * from sessions where plate = ? and coalesce(closing, '') <> ?
    order by closing is null desc, owed_fen > settled_fen desc,
        coalesce(left_at, entered_at) desc, session_id limit 1
"""
_PASSES = """
    select * from passes where pass_id in (?, ?)
        or (plate = ? and ending is not null and arrived_at >= ? and arrived_at <= ?)
    order by arrived_at, rowid
"""
_CREDITS = """
    select * from credits where session_id = ? or used_by = ?
        or (plate = ? and session_id = '' and used_by = '' and ?)
    order by granted_at, credit_id
"""
_CHARGES = """
    select * from charges where session_id = ?
        or (session_id = '' and plate = ? and ended >= ? and began <= ?)
    order by began, charge
"""
_LIKE_IT = """
    select * from sessions where plate = ? and plate_type = ? and plate_colour = ?
        and case when ? then entered_at is null and left_at >= ?
            else closing is null and entered_at <= ? end
    order by coalesce(entered_at, left_at) desc, session_id
"""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Rows as people read them.

    `linked` are sessions that go on from this one, or were merged with it. `likely` may be the
    same stay under a misread plate: vehicles inside, where nobody saw this one come; exits
    without an entry, where this one is inside.
    """

    session: Row
    passes: tuple[Row, ...]
    money: tuple[Row, ...]
    credits: tuple[Row, ...]
    charges: tuple[Row, ...]
    linked: tuple[Row, ...]
    likely: tuple[Row, ...]


def find_session(path: Path, whose: str) -> Row | None:
    """By its id; by a plate, the one inside, else one that owes, else the last.

    Raises `StoreError`, as all of these.
    """
    with reading(path) as db:
        found = row_of(db, "sessions", "session_id", whose)
        if found is None and whose:
            newest = rows(db, _NEWEST_OF, whose, str(Closing.MERGED))
            found = newest[0] if newest else None
        return found and session_shown(found)


def find_credit(path: Path, credit_id: str) -> Row | None:
    with reading(path) as db:
        found = row_of(db, "credits", "credit_id", credit_id)
        return found and shown(found)


def was_told(path: Path, told_id: str) -> bool:
    """Whether the order was carried out."""
    with reading(path) as db:
        return row_of(db, "told", "told_id", told_id) is not None


def dossier(path: Path, session_id: str) -> Dossier | None:
    with reading(path) as db:
        row = row_of(db, "sessions", "session_id", session_id)
        return None if row is None else _dossier(db, row)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Beside a daemon that may be writing. Raises `StoreError`."""
    try:
        with closing(open_read_only(path)) as db:
            needs_form(db, path, FORM)
            yield db
    except sqlite3.Error as error:
        raise explain(path, error) from error


def _dossier(db: sqlite3.Connection, row: Row) -> Dossier:
    session_id, plate = row["session_id"], row["plate"] or "-"
    begin, end = row["entered_at"] or row["left_at"], row["left_at"] or END
    ids = (row["entry_pass"], row["exit_pass"])
    open_ = row["closing"] is None
    return Dossier(
        session=session_shown(row),
        passes=tuple(map(_pass, rows(db, _PASSES, *ids, plate, begin, end))),
        money=tuple(map(money_shown, _of_session(db, "money", session_id, "at"))),
        credits=tuple(map(shown, rows(db, _CREDITS, session_id, session_id, plate, open_))),
        charges=tuple(map(shown, rows(db, _CHARGES, session_id, plate, begin, end))),
        linked=tuple(map(session_shown, _linked(db, row))),
        likely=tuple(map(session_shown, _likely(db, row))),
    )


def _pass(row: Mapping[str, Any]) -> Row:
    terms = row.get("terms")
    return pass_of(row) | {"terms": json.loads(terms) if terms else None}


def _of_session(db: sqlite3.Connection, book: str, session_id: str, time: str) -> list[Row]:
    sql = f"select * from {book} where session_id = ? order by {time}, rowid"  # noqa: S608
    return rows(db, sql, session_id)


def _linked(db: sqlite3.Connection, row: Row) -> list[Row]:
    sql = "select * from sessions where linked = ? or session_id = ? order by rowid"
    return rows(db, sql, row["session_id"], row["linked"] or "-")


def _likely(db: sqlite3.Connection, row: Row) -> Iterator[Row]:
    open_, unseen = row["closing"] is None, row["entered_at"] is None
    if not open_ and not unseen:
        return
    at = row["entered_at"] if open_ else row["left_at"]
    for plate in sorted(neighbours(row["plate"] or "")):
        kind = row["plate_type"], row["plate_colour"]
        yield from rows(db, _LIKE_IT, plate, *kind, open_, at, at)
