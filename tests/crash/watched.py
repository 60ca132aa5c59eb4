"""A store that says, after each of its transactions, what is now promised to be on the disk."""

import hashlib
import json
import os
import sqlite3
from typing import Any, NamedTuple

from gateway.store import Store
from gateway.store.outbox import meta
from gateway.sync.protocol import Position

CHECKPOINT_PAGES = 30
"""Small, so that a short story has many checkpoints. A power cut during one is the hardest."""


class Promise(NamedTuple):
    """`digest` is of all that the file holds; `last` is the end of the outbox's history."""

    digest: str
    epoch: str
    last: Position

    @classmethod
    def of(cls, db: sqlite3.Connection) -> "Promise":
        now = meta(db)
        return cls(digest(db), now.epoch, now.last)

    def text(self) -> str:
        fields = [self.digest, self.epoch, self.last.seq, self.last.chain.hex()]
        return json.dumps(fields) + "\n"

    @classmethod
    def read(cls, text: str) -> "Promise":
        digest_, epoch, seq, chain = json.loads(text)
        return cls(digest_, epoch, Position(seq, bytes.fromhex(chain)))


def digest(db: sqlite3.Connection) -> str:
    """Of every row of every table, in order: two files with the same one hold the same."""
    total = hashlib.sha256()
    tables = db.execute("select name from sqlite_master where type = 'table' order by name")
    for (table,) in tables.fetchall():
        for row in db.execute(f"select rowid, * from {table} order by rowid"):  # noqa: S608
            total.update(repr((table, row)).encode())
    return total.hexdigest()


class Watched(Store):
    """`journal`: a file descriptor that takes the promises, or None. Set it before opening."""

    journal: int | None = None
    synchronous = "full"

    @classmethod
    def spoil(cls) -> None:
        """Mutants change the program here, before it starts."""

    def _guarded(self, job) -> Any:
        if self._db is None:
            super()._guarded(self._tune)
        result = super()._guarded(job)
        if self.journal is not None:
            os.write(self.journal, super()._guarded(Promise.of).text().encode())
        return result

    def _tune(self, db: sqlite3.Connection) -> None:
        db.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        db.execute(f"pragma synchronous = {self.synchronous}")


async def promised(store: Store) -> Promise:
    return await store._do(Promise.of)
