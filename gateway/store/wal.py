"""The file of changes beside the database: it must not grow without end, nor keep what was deleted.

SQLite writes it from its start again once everything in it is in the database and nobody reads
an older state. A program that keeps one such state open stops that, for us all.
"""

import logging
import sqlite3
from pathlib import Path

from gateway.store.database import BUSY_TIMEOUT_S

log = logging.getLogger(__name__)

LARGE_BYTES = 64 * 1024 * 1024


class Wal:
    """Of one database, in its store's thread."""

    def __init__(self, database: Path, large_bytes: int = LARGE_BYTES) -> None:
        # What a crash left in it is not known.
        self.holds_deleted = True
        self._file = database.with_name(f"{database.name}-wal")
        self._large = large_bytes
        self._told = False

    def tidy(self, db: sqlite3.Connection) -> str:
        """Bring it into the database as far as readers let us; never waits for one.

        A sentence when it has become large, once until it is small again; else empty.
        """
        if self.holds_deleted:
            self.holds_deleted = not emptied(db)
        size = self._size()
        if size > self._large:
            emptied(db)
            size = self._size()
        if size <= self._large:
            self._told = False
            return ""
        if self._told:
            return ""
        self._told = True
        words = (
            f"{self._file}: {size >> 20} MB, because another program reads {self._file.stem} and"
            " does not end (a backup? sqlite3? `fuser` names it): end it, before the disk is full"
        )
        log.warning("store: %s", words)
        return words

    def _size(self) -> int:
        try:
            return self._file.stat().st_size
        except OSError:
            return 0


def emptied(db: sqlite3.Connection, wait_s: float = 0.0) -> bool:
    """Everything is in the database and the file of changes is empty; False where a reader is."""
    db.execute(f"pragma busy_timeout = {int(wait_s * 1000)}")
    try:
        (busy, *_) = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    finally:
        db.execute(f"pragma busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    return not busy
