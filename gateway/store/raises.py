"""The boom's raises and the photos of them, of cases and of passes.

Writing functions must be called inside a transaction; they return whether they wrote.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.lane.reports import Raise
from gateway.store import outbox
from gateway.store.cases import tell_case
from gateway.store.passes import tell_pass
from gateway.store.records import raise_body, raise_row
from gateway.store.tables import insert_new, row_of
from gateway.sync.protocol import canonical


def raised(db: sqlite3.Connection, lane: str, risen: Raise) -> bool:
    """A raise and its record. The same again is no news."""
    row = raise_row(lane, risen)
    if not insert_new(db, "raises", row):
        return False
    _tell_raise(db, row)
    return True


def _tell_raise(db: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    outbox.append(db, "raise", raise_body(row), row["pass_id"] or None)


class _Album(NamedTuple):
    """Where photos of one kind of subject go, and how the cloud is told of the subject again."""

    table: str
    key: str
    column: str
    tell: Callable[[sqlite3.Connection, Mapping[str, Any]], None]


_ALBUMS = (
    _Album("raises", "raise_id", "evidence", _tell_raise),
    _Album("cases", "case_id", "evidence", tell_case),
    _Album("passes", "pass_id", "photos", tell_pass),
)


def photo(db: sqlite3.Connection, subject: str, evidence: str) -> bool:
    """A photo of a raise, a case or a pass; False where `subject` is none of them."""
    return any(_put(db, album, subject, evidence) for album in _ALBUMS)


def _put(db: sqlite3.Connection, album: _Album, subject: str, evidence: str) -> bool:
    row = row_of(db, album.table, album.key, subject)
    if row is None:
        return False
    names = json.loads(row[album.column])
    if evidence not in names:
        row[album.column] = canonical([*names, evidence])
        db.execute(
            f"update {album.table} set {album.column} = ? where {album.key} = ?",  # noqa: S608
            (row[album.column], subject),
        )
        album.tell(db, row)
    return True
