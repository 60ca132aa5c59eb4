"""Damaged databases that were put aside: they hold plates, too, and go when these would have gone.

A file's age counts from when it was first seen here, in running time, see `retention`.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

ENDINGS = ("damaged-*", "reading*", "mending*")


def put_aside(database: Path) -> Iterator[Path]:
    """Damaged files, and what a mending that was cut off left behind."""
    for ending in ENDINGS:
        yield from database.parent.glob(f"{database.name}.{ending}")


def let_go(db: sqlite3.Connection, database: Path, keep_s: float) -> int:
    """Remove those that are `keep_s` old; new ones are noted. How many went.

    Call it inside a transaction.
    """
    there = {f"file {path.name}": path for path in put_aside(database)}
    noted = {row[0] for row in db.execute("select book from ages where book like 'file %'")}
    for gone in noted - there.keys():
        db.execute("delete from ages where book = ?", (gone,))
    for new in there.keys() - noted:
        db.execute("insert into ages select ?, 1, ran_s from upkeep", (new,))
    went = 0
    old = "book like 'file %' and ran_s <= (select ran_s from upkeep) - ?"
    for (book,) in db.execute(f"select book from ages where {old}", (keep_s,)).fetchall():  # noqa: S608
        # One that cannot be removed is tried again each time.
        with contextlib.suppress(OSError):
            there[book].unlink()
            went += 1
            log.warning("store: %s is removed: its content is as old as may be", there[book])
    return went
