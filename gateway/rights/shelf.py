"""One connection to the book's file, and what happens where the file is damaged or was replaced."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from gateway.rights.rows import FORMS
from gateway.store.database import (
    READABLE,
    WAL_LIMIT_BYTES,
    StoreDamagedError,
    explain,
    open_database,
    sync_folder,
)

log = logging.getLogger(__name__)

WAIT_S = 30.0
"""For another program that writes: a full set takes its time."""

CACHE_KIB = 16_384
DAMAGED = "damaged-"
SUFFIXES = ("-shm", "-wal", "")
_putting_aside = threading.Lock()

T = TypeVar("T")


class Shelf:
    """Used by one thread. Its calls raise `StoreError`.

    The file is opened when it is first needed, and again where another stands under its name.
    """

    def __init__(self, path: Path, *, mends: bool) -> None:
        self.times_opened = 0
        self._path = path
        self._mends = mends
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """A damaged file raises; where the shelf mends, the next call finds an empty one."""
        try:
            return job(self._opened())
        except sqlite3.Error as error:
            failure = explain(self._path, error)
            if isinstance(failure, StoreDamagedError):
                self.close()
                if self._mends:
                    put_aside(self._path, self._inode, str(failure))
            elif getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR:
                self.close()
            raise failure from error

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _opened(self) -> sqlite3.Connection:
        if self._db is not None and _inode(self._path) != self._inode:
            log.warning("rights: %s was replaced; it is opened anew", self._path)
            self.close()
        if self._db is None:
            # Before it is opened: if it is replaced in between, that is seen the next time.
            self._db, self._inode = _connected(self._path)
            self.times_opened += 1
        return self._db


def make_ready(path: Path) -> None:
    """Make the file, or bring it to the newest form. Raises `StoreError`.

    Nobody in this program may have it open: closing it would drop their locks.
    """
    is_new = not path.exists()
    open_database(path, FORMS).close()
    if is_new and os.geteuid() == 0:
        # The daemon runs as the folder's owner.
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _connected(path: Path) -> tuple[sqlite3.Connection, int]:
    if not _is_ready(path):
        make_ready(path)
    inode = _inode(path)
    db = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    db.execute("pragma synchronous = full")
    db.execute("pragma secure_delete = on")
    db.execute(f"pragma journal_size_limit = {WAL_LIMIT_BYTES}")
    db.execute(f"pragma cache_size = -{CACHE_KIB}")
    db.text_factory = READABLE
    return db, inode


def settled(db: sqlite3.Connection) -> None:
    """Bring all that is in the file of changes into the database, as far as readers let us."""
    db.execute("pragma busy_timeout = 0")
    db.execute("pragma wal_checkpoint(truncate)").fetchone()
    db.execute(f"pragma busy_timeout = {int(WAIT_S * 1000)}")


def _is_ready(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=WAIT_S)) as db:
        return bool(db.execute("pragma user_version").fetchone()[0] == len(FORMS))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def put_aside(path: Path, inode: int, why: str) -> None:
    """Unless another file stands under the name already."""
    with _putting_aside:
        if _inode(path) != inode:
            return
        aside = f"{path.name}.{DAMAGED}{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        for suffix in SUFFIXES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(path.with_name(aside + suffix))
        sync_folder(path.parent)
    log.error("rights: %s. It is now %s; no right is known until a full set comes", why, aside)


def let_go_of_damaged(path: Path) -> None:
    """What was put aside holds plates, and a full set that came since makes it useless."""
    for file in path.parent.glob(f"{path.name}.{DAMAGED}*"):
        file.unlink(missing_ok=True)
        log.info("rights: %s is removed: a full set has come", file.name)
