"""Rows in and out of SQLite as mappings from column to value."""

import sqlite3
from collections.abc import Mapping

from gateway.store.records import Row


def rows(db: sqlite3.Connection, sql: str, *values: object) -> list[Row]:
    cursor = db.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def row_of(db: sqlite3.Connection, table: str, key: str, value: str) -> Row | None:
    """`table` and `key` are names of ours, never text from outside."""
    found = rows(db, f"select * from {table} where {key} = ?", value)  # noqa: S608
    return found[0] if found else None


def insert(
    db: sqlite3.Connection, table: str, row: Mapping[str, object], otherwise: str = ""
) -> bool:
    """Whether a row was written; `otherwise` says what to do where its key is there already."""
    columns = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    done = db.execute(
        f"insert into {table} ({columns}) values ({places}){otherwise}",  # noqa: S608
        row,
    )
    return done.rowcount > 0


def insert_new(db: sqlite3.Connection, table: str, row: Mapping[str, object]) -> bool:
    """False, and nothing written, where the row's key is there already."""
    return insert(db, table, row, " on conflict do nothing")
