"""A plate taken out of the car park's books. Days still balance: money stays, without the plate.

Who is inside, and who still owes, stays: `find` counts it. What writes must be called inside a
transaction.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.store.tables import rows

STAYS = "closing is null or owed_fen > settled_fen"
_BOOKS = {
    "sessions": "session_id",
    "money": "money_id",
    "credits": "credit_id",
    "charges": "charge",
}
_NO_PLATE = {"sessions": "plate = '', plate_type = '', plate_colour = ''"}
_KNOWN = ("funds", "attested")


@dataclass(frozen=True, slots=True)
class Found:
    """`rows` are (table, key); `staying` are sessions that are not over, or not paid."""

    plate: str
    rows: tuple[tuple[str, str], ...]
    known: int
    staying: frozenset[str]

    def counts(self) -> dict[str, int]:
        found = {book: sum(table == book for table, _ in self.rows) for book in _BOOKS}
        return found | {"known": self.known}


def find(db: sqlite3.Connection, plate: str) -> Found:
    sql = f"select session_id from sessions where plate = ? and ({STAYS})"  # noqa: S608
    staying = frozenset(row["session_id"] for row in rows(db, sql, plate))
    found = tuple((book, key) for book in _BOOKS for key in _of(db, book, plate, staying))
    known = 0
    if not staying:
        known = sum(_count(db, book, plate) for book in _KNOWN)
    return Found(plate, found, known, staying)


def _of(db: sqlite3.Connection, book: str, plate: str, staying: frozenset[str]) -> Iterable[str]:
    key = _BOOKS[book]
    sql = f"select {key} as key, session_id from {book} where plate = ?"  # noqa: S608
    return [row["key"] for row in rows(db, sql, plate) if row["session_id"] not in staying]


def _count(db: sqlite3.Connection, book: str, plate: str) -> int:
    sql = f"select count(*) from {book} where plate = ?"  # noqa: S608
    return int(db.execute(sql, (plate,)).fetchone()[0])


def erase(db: sqlite3.Connection, found: Found) -> None:
    for book, name in found.rows:
        columns = _NO_PLATE.get(book, "plate = ''")
        db.execute(f"update {book} set {columns} where {_BOOKS[book]} = ?", (name,))  # noqa: S608
    if not found.staying:
        for book in _KNOWN:
            db.execute(f"delete from {book} where plate = ?", (found.plate,))  # noqa: S608
