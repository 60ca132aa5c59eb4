"""A receiver's database in one SQLite file: for one receiver, without anything to install."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.store.database import Migration, StoreError, explain, open_database, transaction
from gateway.sync.cloud.database import (
    Cursor,
    Database,
    Row,
    Table,
    insertion,
    on_conflict,
    places,
)
from gateway.sync.cloud.forms import FORMS, Form, statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

CACHE_KIB = 32 * 1024
WORDS = {"int": "integer", "blob": "blob", "serial": "integer primary key", "strict": " strict"}


def migrations(forms: Sequence[Form] = FORMS) -> tuple[Migration, ...]:
    def step(form: Form) -> Migration:
        def migrate(db: "SqliteUtils") -> None:
            for statement in statements(form, WORDS):
                db.execute(statement)

        return migrate

    return tuple(map(step, forms))


def open_sqlite(path: Path, forms: Sequence[Form] = FORMS) -> "SqliteDatabase":
    """Raises `StoreError`."""
    db = open_database(path, migrations(forms))
    db.execute(f"pragma cache_size = -{CACHE_KIB}")
    return SqliteDatabase(db, path)


class SqliteDatabase(Database):
    errors = (sqlite3.Error,)

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self.where = str(path)

    def execute(self, sql: str, values: Sequence[object] = ()) -> Cursor:
        return self._db.execute(sql, values)

    def among(self, sql: str, values: Sequence[object], keys: Collection[object]) -> Sequence[Row]:
        if not keys:
            return []
        # SQLite keeps statements by their text: a few sizes instead of one for each count.
        chosen = list(keys)
        chosen += chosen[-1:] * ((1 << (len(chosen) - 1).bit_length()) - len(chosen))
        return self._db.execute(f"{sql} in ({places(chosen)})", (*values, *chosen)).fetchall()

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._db.executemany(f"{insertion(table)} values ({places(rows[0])})", rows)

    def upsert(self, table: Table, rows: Sequence[Row], *, changes: str = "") -> None:
        if rows:
            sql = f"{insertion(table)} values ({places(rows[0])}){on_conflict(table, changes)}"
            self._db.executemany(sql, rows)

    @contextmanager
    def writing(self, names: Collection[str]) -> Iterator[None]:  # noqa: ARG002 -- it is alone
        with transaction(self._db):
            yield

    def passing(self, error: Exception) -> bool:  # noqa: ARG002 -- a busy file was waited for
        return False

    def hopeless(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.IntegrityError | sqlite3.DataError)

    def explain(self, error: Exception) -> StoreError:
        return explain(self._path, error)

    def close(self) -> None:
        self._db.close()
