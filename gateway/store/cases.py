"""Cases: vehicles that stood and needed somebody, from opened to closed.

Writing functions must be called inside a transaction; they return whether they wrote.
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.lane.reports import Case
from gateway.store import outbox
from gateway.store.database import explain, needs_form, open_read_only
from gateway.store.records import Row, case_body, case_of, case_row, utc_text
from gateway.store.tables import insert_new, row_of, rows

log = logging.getLogger(__name__)

FORM = 3


def opened(db: sqlite3.Connection, lane: str, case: Case) -> bool:
    """A case and its record. The same again is no news."""
    row = case_row(lane, case)
    if not insert_new(db, "cases", row):
        return False
    tell_case(db, row)
    return True


def closed(db: sqlite3.Connection, lane: str, case_id: str, outcome: str, at: datetime) -> bool:
    """How a case ended, and its record. The first end stands."""
    row = row_of(db, "cases", "case_id", case_id)
    if row is None:
        log.warning("%s: case %s is not known; its end %r is not kept", lane, case_id, outcome)
        return False
    if row["closed_at"] is not None:
        return False
    row |= {"closed_at": utc_text(at), "outcome": outcome}
    db.execute(
        "update cases set closed_at = :closed_at, outcome = :outcome where case_id = :case_id", row
    )
    tell_case(db, row)
    return True


def tell_case(db: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    outbox.append(db, "case", case_body(row), row["pass_id"])


def open_cases(db: sqlite3.Connection, lane: str) -> tuple[Row, ...]:
    """Newest first."""
    sql = "select * from cases where lane = ? and closed_at is null order by opened_at desc"
    found = (_case(row) for row in rows(db, f"{sql}, rowid desc", lane))
    return tuple(case for case in found if case is not None)


def _case(row: Row) -> Row | None:
    try:
        return case_of(row)
    except (ValueError, TypeError):
        log.exception("%s: case %s is damaged in the store", row["lane"], row["case_id"])
        return None


def read_cases(path: Path, lane: str | None = None, *, ended: bool = False) -> Iterator[Row]:
    """Cases of a store that the daemon may be writing at the same time, newest first.

    Of all lanes where `lane` is None; those that are closed only with `ended`. Raises
    `StoreError`.
    """
    db = open_read_only(path)
    try:
        needs_form(db, path, FORM)
        sql = (
            "select * from cases where (? is null or lane = ?) and (? or closed_at is null)"
            " order by opened_at desc, rowid desc"
        )
        yield from (case_of(row) for row in rows(db, sql, lane, lane, ended))
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        db.close()
