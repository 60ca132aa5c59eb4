"""What a technician asks of the store: what waits, since when, and how long the disk lasts.

Cheap enough for once a minute: single rows are read, no table is counted.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gateway.store import outbox
from gateway.store.database import StoreError, explain, open_read_only
from gateway.store.records import parse_utc

LATE = 1000
"""So many records are looked back on for how fast they come."""
SAMPLE = 50
BYTES_BESIDE_BODY = 300
"""Of a record's row: chain, numbers, time, indexes, and what its pages leave empty."""
TIMES_STORED = 1.4
"""A body is in the outbox whole, and in part in the table that it tells of."""


class Figures(NamedTuple):
    """`oldest_unacked_at`, `last_receipt_at`: UTC as text; None where there is none.

    `hours_left`: until quota or disk are full, if the cloud stays away and records come as they
    did of late; None where there are too few to tell.
    """

    epoch: str
    records: int
    backlog: int
    oldest_unacked_at: str | None
    last_receipt_at: str | None
    used_mb: float
    room_mb: float
    hours_left: float | None


def figures(db: sqlite3.Connection, path: Path, quota_bytes: int) -> Figures:
    """Of the store in `path`. Call it in the connection's thread; raises `StoreError`."""
    meta = outbox.meta(db)
    used = _pragma(db, "page_count") - _pragma(db, "freelist_count")
    used *= _pragma(db, "page_size")
    room = max(0, min(quota_bytes - used, _free(path.parent)))
    return Figures(
        epoch=meta.epoch,
        records=meta.last.seq,
        backlog=meta.unacked,
        oldest_unacked_at=_committed_at(db, meta.acked.seq + 1),
        last_receipt_at=_text(db, "acked_at", meta.acked.seq),
        used_mb=round(used / 2**20, 1),
        room_mb=round(room / 2**20, 1),
        hours_left=_hours_left(db, meta.last.seq, room),
    )


def read_figures(path: Path, quota_bytes: int) -> Figures:
    """As `figures`, of a store that a daemon may be writing. Raises `StoreError`."""
    try:
        with closing(open_read_only(path)) as db:
            return figures(db, path, quota_bytes)
    except sqlite3.Error as error:
        raise explain(path, error) from error


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"pragma {name}").fetchone()[0]
    return value


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; is its disk there?") from error


def _text(db: sqlite3.Connection, column: str, seq: int) -> str | None:
    sql = f"select {column} from outbox where epoch = (select epoch from meta) and seq = ?"  # noqa: S608
    row = db.execute(sql, (seq,)).fetchone()
    return None if row is None else row[0] and str(row[0])


def _committed_at(db: sqlite3.Connection, seq: int) -> str | None:
    """None also for a record of an old form, which has no time of its own."""
    moment = _text(db, "moment", seq)
    return json.loads(moment)["at"] if moment else None


def _hours_left(db: sqlite3.Connection, last: int, room: int) -> float | None:
    first = max(outbox.upkeep(db).kept.seq + 1, last - LATE)
    began, ended = _committed_at(db, first), _committed_at(db, last)
    if began is None or ended is None:
        return None
    seconds = (parse_utc(ended) - parse_utc(began)).total_seconds()
    if seconds <= 0:
        return None
    bytes_a_second = (last - first) / seconds * TIMES_STORED * _row_bytes(db, last)
    return round(room / bytes_a_second / 3600, 1)


def _row_bytes(db: sqlite3.Connection, last: int) -> float:
    sql = (
        "select avg(length(cast(body as blob))) from outbox"
        " where epoch = (select epoch from meta) and seq > ?"
    )
    body: float = db.execute(sql, (last - SAMPLE,)).fetchone()[0]
    return body + BYTES_BESIDE_BODY
