"""The outbox as the sync's core sees it: every call within one transaction of the store."""

import sqlite3
from typing import NamedTuple

from gateway.store import keeping, outbox
from gateway.store.outbox import Meta, Upkeep
from gateway.sync.protocol import Position, Record


class Shelf(NamedTuple):
    db: sqlite3.Connection

    def meta(self) -> Meta:
        return outbox.meta(self.db)

    def upkeep(self) -> Upkeep:
        return outbox.upkeep(self.db)

    def chain_at(self, seq: int) -> bytes | None:
        return outbox.chain_at(self.db, seq)

    def records_after(self, seq: int, limit: int) -> tuple[Record, ...]:
        return outbox.records_after(self.db, seq, limit)

    def mark_acked(self, upto: Position) -> None:
        outbox.mark_acked(self.db, upto, outbox.time_of(self.db))

    def bury(self, seq: int, code: str) -> bool:
        """False where there is no such record, or a tombstone already."""
        return keeping.refused(self.db, seq, code) is not None
