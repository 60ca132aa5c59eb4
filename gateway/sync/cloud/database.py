"""One way to talk to a receiver's database, whichever of the two it is.

SQL is written once, with `?` in the place of a value; what the two say differently has a word of
its own here. A `Database` is used in one thread.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from gateway.store.database import StoreError

Row = tuple[Any, ...]


class UnusableError(StoreError):
    """It will not get better by waiting: somebody has to change something."""


class Table(NamedTuple):
    """A table as it is written: the columns of a row in their order, and what names a row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column not in self.key)


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Database(ABC):
    """`shared`: several receivers may work on it at once. `where` is for people."""

    shared = False
    where: str
    errors: tuple[type[Exception], ...]

    @abstractmethod
    def execute(self, sql: str, values: Sequence[object] = ()) -> Cursor: ...

    @abstractmethod
    def among(self, sql: str, values: Sequence[object], keys: Collection[object]) -> Sequence[Row]:
        """What `sql` finds; it ends with the column that must be one of `keys`."""

    @abstractmethod
    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Rows that are not there yet."""

    @abstractmethod
    def upsert(self, table: Table, rows: Sequence[Row], *, changes: str = "") -> None:
        """New rows; where a key is there, `changes` of the others' columns, or all of them.

        No key may come twice in `rows`.
        """

    @abstractmethod
    def writing(self, names: Collection[str]) -> AbstractContextManager[None]:
        """A transaction that is on the disk when it ends; alone at work for these gateways."""

    @abstractmethod
    def passing(self, error: Exception) -> bool:
        """Whether the same transaction may well succeed at once."""

    @abstractmethod
    def hopeless(self, error: Exception) -> bool:
        """Whether it was the content, which no other try will make better."""

    @abstractmethod
    def explain(self, error: Exception) -> StoreError:
        """A technician's sentence."""

    @abstractmethod
    def close(self) -> None: ...

    def insert_new(self, table: Table, row: Row) -> bool:
        """False, and nothing written, where the row's key is there already."""
        sql = f"{insertion(table)} values ({places(row)}) on conflict do nothing"
        return self.execute(sql, row).rowcount > 0


def insertion(table: Table) -> str:
    """All names are ours, never text from outside."""
    return f"insert into {table.name} ({', '.join(table.columns)})"


def places(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


def on_conflict(table: Table, changes: str) -> str:
    changes = changes or ", ".join(f"{name} = excluded.{name}" for name in table.changing)
    return f" on conflict ({', '.join(table.key)}) do update set {changes}"
