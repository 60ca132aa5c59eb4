"""What is known of each picture, in a small SQLite file of its own.

It may lose its last seconds in a power cut, and all of it: the files are the truth, and what the
index lacks is found again by looking at them. Times are seconds that the box has run.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.sync.snaps import Waiting
from gateway.worth import Worth

FORM = 1
BUSY_TIMEOUT_S = 5.0
_RANK = "worth * 2 + 1 - sent"
"""The order of sacrifice: of what is worth the same, that which the cloud has goes first."""

_TABLES = f"""
create table picture (
    turn integer primary key, name text not null unique, bytes integer not null,
    worth integer not null, kept_s real not null, sent integer not null default 0, wanted integer
) strict;
create index sacrifice on picture ({_RANK}, turn);
create index age on picture (kept_s);
create index wanted on picture (wanted) where wanted is not null;
create index unsent on picture (worth desc, turn) where sent = 0;
create table box (ran_s real not null) strict;
insert into box values (0.0);
pragma user_version = {FORM};
"""  # noqa: S608 -- all of it is ours


class AnotherFormError(sqlite3.DatabaseError):
    """Written by another version of this program."""


def is_damaged(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    broken = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, AnotherFormError) or code in broken


class Totals(NamedTuple):
    pictures: int
    bytes: int
    unsent: int
    wanted: int


class Index:
    """In one thread at a time. Everything may raise `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except sqlite3.Error:
            self.close()
            raise

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        form = self._db.execute("pragma user_version").fetchone()[0]
        if form == 0:
            self._db.executescript(f"begin immediate; {_TABLES} commit;")
        elif form != FORM:
            raise AnotherFormError(f"form {form} of another lanegate, this knows {FORM}")
        self._db.execute("select ran_s from box").fetchone()[0]

    def close(self) -> None:
        self._db.close()

    # --- what is here

    def totals(self) -> Totals:
        sql = (
            "select count(*), coalesce(sum(bytes), 0), coalesce(sum(sent = 0), 0), count(wanted)"
            " from picture"
        )
        return Totals(*self._db.execute(sql).fetchone())

    def agree_with(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Make it say what the disk has; (how many were found, how many were gone)."""
        known = dict(self._db.execute("select name, bytes from picture"))
        gone = [(name,) for name in known if name not in sizes]
        found = [
            (name, size, Worth.FOUND) for name, size in sizes.items() if known.get(name) != size
        ]
        self._db.execute("begin immediate")
        self._db.executemany("delete from picture where name = ?", gone)
        self._db.executemany(
            "insert into picture (name, bytes, worth, kept_s)"
            " values (?, ?, ?, (select ran_s from box))"
            " on conflict do update set bytes = excluded.bytes",
            found,
        )
        self._db.execute("commit")
        return len(found), len(gone)

    def add(self, name: str, size: int, worth: Worth) -> bool:
        """False where it was here: then it is worth the more of the two."""
        done = self._db.execute(
            "insert into picture (name, bytes, worth, kept_s)"
            " values (?, ?, ?, (select ran_s from box)) on conflict do nothing",
            (name, size, worth),
        )
        if done.rowcount == 0:
            self.value(name, worth)
        return done.rowcount > 0

    def has(self, name: str) -> bool:
        found = self._db.execute("select 1 from picture where name = ?", (name,)).fetchone()
        return found is not None

    def value(self, name: str, worth: Worth) -> None:
        """What was only found on the disk is worth what it is named for, be that less."""
        sql = "update picture set worth = ?1 where name = ?2 and (worth < ?1 or worth in (?3, ?4))"
        self._db.execute(sql, (worth, name, Worth.FOUND, Worth.FRAME))

    def remove(self, name: str) -> int | None:
        """Its bytes; None where it was not here."""
        sql = "delete from picture where name = ? returning bytes"
        row = self._db.execute(sql, (name,)).fetchall()
        return row[0][0] if row else None

    # --- what goes

    def ran(self, seconds: float) -> None:
        self._db.execute("update box set ran_s = ran_s + ?", (seconds,))

    def least(self) -> str | None:
        """The picture that goes first."""
        sql = f"select name from picture order by {_RANK}, turn limit 1"  # noqa: S608
        row: tuple[str] | None = self._db.execute(sql).fetchone()
        return row and row[0]

    def older_than(self, keep_s: float, limit: int) -> list[str]:
        sql = (
            "select name from picture where kept_s <= (select ran_s from box) - ?"
            " order by kept_s limit ?"
        )
        return [row[0] for row in self._db.execute(sql, (keep_s, limit))]

    # --- what the cloud wants and has

    def want(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that are not here. What the cloud had and asks for again, it has lost."""
        missing = []
        for name in names:
            done = self._db.execute(
                "update picture set sent = 0, wanted = coalesce(wanted,"
                " (select coalesce(max(wanted), 0) + 1 from picture)) where name = ?",
                (name,),
            )
            if done.rowcount == 0:
                missing.append(name)
        return tuple(missing)

    def have(self, names: Iterable[str]) -> None:
        sql = "update picture set sent = 1, wanted = null where name = ?"
        self._db.executemany(sql, [(name,) for name in names])

    def waiting(self, limit: int, *, everything: bool) -> list[Waiting]:
        """Those that are wanted, the oldest order first; then what is worth most, oldest first."""
        wanted = self._names("wanted is not null order by wanted", limit)
        if not everything:
            return wanted
        more = "sent = 0 and wanted is null order by worth desc, turn"
        return wanted + self._names(more, limit - len(wanted))

    def _names(self, where: str, limit: int) -> list[Waiting]:
        rows = self._db.execute(f"select name, bytes from picture where {where} limit ?", (limit,))  # noqa: S608
        return [Waiting(*row) for row in rows]
