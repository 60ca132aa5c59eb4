"""The passes' SQL: one row for each visit, and the outbox record that tells the cloud.

Writing functions must be called inside a transaction; they return whether they wrote.
"""

import logging
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.lane.types import Direction, Pass, Visit
from gateway.store import outbox
from gateway.store.database import StoreError, explain, open_read_only
from gateway.store.records import Row, pass_body, pass_of, utc_text, visit_of, visit_row
from gateway.store.tables import insert, row_of, rows
from gateway.sync.protocol import canonical

log = logging.getLogger(__name__)

PAGE_ROWS = 500


def decide(
    db: sqlite3.Connection, lane: str, direction: Direction, visit: Visit, decided_at: datetime
) -> bool:
    """The visit's decision, or a later one for the same visit. The same again is no news."""
    known = row_of(db, "passes", "pass_id", visit.pass_id)
    if known is not None and known["ending"] is not None:
        raise StoreError(
            f"pass {visit.pass_id} ended as {known['ending']} and cannot be decided again;"
            " report this with the log"
        )
    row = visit_row(lane, direction, visit) | {
        "decided_at": utc_text(decided_at),
        "ended_at": None,
        "ending": None,
    }
    return _write(db, known, row)


def end(db: sqlite3.Connection, lane: str, direction: Direction, record: Pass) -> bool:
    """The visit's final record, also where it was never decided. The first ending stands."""
    known = row_of(db, "passes", "pass_id", record.visit.pass_id)
    if known is not None and known["ending"] is not None:
        if known["ending"] != str(record.ending):
            log.warning(
                "%s: pass %s is recorded as %s; not changed to %s",
                lane,
                record.visit.pass_id,
                known["ending"],
                record.ending,
            )
        return False
    row = visit_row(lane, direction, record.visit) | {
        "decided_at": known and known["decided_at"],
        "ended_at": utc_text(record.ended_at),
        "ending": str(record.ending),
    }
    return _write(db, known, row)


def _write(db: sqlite3.Connection, known: Row | None, row: Row) -> bool:
    row |= {"photos": known["photos"] if known else "[]"}
    if row == known:
        return False
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "pass_id")
    insert(db, "passes", row, f" on conflict (pass_id) do update set {changes}")
    tell_pass(db, row)
    return True


def tell_pass(db: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    outbox.append(db, "pass", pass_body(row), row["pass_id"])


def alarm(db: sqlite3.Connection, lane: str | None, code: str, detail: str, at: datetime) -> None:
    """`lane` is None where the alarm is about the whole box."""
    row = {
        "alarm_id": secrets.token_hex(16),
        "lane": lane,
        "code": code,
        "detail": detail,
        "raised_at": utc_text(at),
    }
    insert(db, "alarms", row)
    outbox.append(db, "alarm", canonical(row))


def open_visits(db: sqlite3.Connection, lane: str) -> tuple[Visit, ...]:
    """Visits that were decided and have no ending: what a crash cut off, oldest first."""
    sql = "select * from passes where lane = ? and ending is null order by arrived_at, rowid"
    visits = (_visit(row) for row in rows(db, sql, lane))
    return tuple(visit for visit in visits if visit is not None)


def _visit(row: Row) -> Visit | None:
    """One that was damaged on the disk must not keep its lane from starting."""
    try:
        return visit_of(row)
    except (ValueError, TypeError):
        words = "%s: visit %s is damaged in the store; it is not gone on with"
        log.exception(words, row["lane"], row["pass_id"])
        return None


def newest(db: sqlite3.Connection, since: datetime | None, limit: int | None) -> Iterator[Row]:
    """Passes that arrived at `since` or later, newest first, in short reads."""
    earliest = "" if since is None else utc_text(since)
    last_at, last_rowid, left = "~", 0, limit
    while left is None or left > 0:
        count = PAGE_ROWS if left is None else min(left, PAGE_ROWS)
        page = rows(
            db,
            "select rowid as rowid_, * from passes where arrived_at >= ?"
            " and (arrived_at, rowid) < (?, ?) order by arrived_at desc, rowid desc limit ?",
            earliest,
            last_at,
            last_rowid,
            count,
        )
        if not page:
            return
        last_at, last_rowid = page[-1]["arrived_at"], page[-1]["rowid_"]
        left = None if left is None else left - len(page)
        yield from (pass_of({k: v for k, v in row.items() if k != "rowid_"}) for row in page)


def read_passes(
    path: Path, since: datetime | None = None, limit: int | None = None
) -> Iterator[Row]:
    """Passes of a store that the daemon may be writing at the same time, newest first.

    `since` must know its time zone. Raises `StoreError`.
    """
    db = open_read_only(path)
    try:
        yield from newest(db, since, limit)
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        db.close()


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How much there is of what. Counts whole tables: for a command, not for every second."""
    row = db.execute(
        "select (select count(*) from passes),"
        " (select count(*) from passes where ending is null),"
        " (select count(*) from alarms), (select count(*) from outbox)"
    ).fetchone()
    names = ("passes", "under_way", "alarms", "records")
    return dict(zip(names, row, strict=True)) | {"unacked": outbox.meta(db).unacked}
