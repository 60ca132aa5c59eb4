"""One SQLite file and the one thread that owns it: jobs go in, all or nothing of each is kept."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from gateway.store import epochs, keeping, outbox, salvage
from gateway.store.clock import BoxClock
from gateway.store.database import (
    StoreDamagedError,
    StoreError,
    StoreFullError,
    explain,
    open_database,
    transaction,
)
from gateway.store.schema import MIGRATIONS
from gateway.store.wal import Wal
from gateway.sync.protocol import Moment

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
QUOTA_MB = 2048
PAGES_PER_MB = 256
PAGE_BYTES = 4096
QUOTA_BYTES = QUOTA_MB * PAGES_PER_MB * PAGE_BYTES
RESERVED_PAGES = 64
Job = Callable[Concatenate[sqlite3.Connection, P], R]


class StoreFile:
    """Open one with `open`; end it with `close`. Call it from one event loop."""

    def __init__(self, path: Path, quota_mb: int = QUOTA_MB) -> None:
        self.path = path
        self.clock = BoxClock()
        self._pages = quota_mb * PAGES_PER_MB
        self._wal = Wal(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._db: sqlite3.Connection | None = None
        self._closed = False

    @classmethod
    def open(cls, path: Path, gateway: str, quota_mb: int = QUOTA_MB) -> Self:
        """Open or create the file of the box `gateway`. Blocks; raises `StoreError`."""
        store = cls(path, quota_mb)
        try:
            store._thread.submit(store._guarded, partial(epochs.adopt, gateway=gateway)).result()
        except BaseException:
            store._thread.shutdown()
            raise
        return store

    @classmethod
    def open_or_mend(cls, path: Path, gateway: str, quota_mb: int = QUOTA_MB) -> Self:
        """As `open`; a damaged file is put aside, and what can be read of it goes on."""
        salvage.settle(path)
        try:
            salvage.require_sound(path)
            return cls.open(path, gateway, quota_mb)
        except StoreDamagedError as error:
            log.error("store: %s; now it is put aside and read as far as it goes", error)  # noqa: TRY400
            salvage.mend(path, gateway, BoxClock())
            return cls.open(path, gateway, quota_mb)

    async def close(self) -> None:
        """Wait for what was asked before, then close the file. Later calls raise."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    async def _write(self, job: Job[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def commit(db: sqlite3.Connection) -> R:
            with transaction(db):
                return job(db, *args, **kwargs)

        def make_room(db: sqlite3.Connection) -> int:
            with transaction(db):
                return keeping.make_room(db)

        while True:
            try:
                return await self._do(commit)
            except StoreFullError:
                if not await self._do(make_room):
                    raise

    async def _do(self, job: Job[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._closed:
            raise StoreError(f"{self.path}: the store is closed; the program is shutting down")
        loop = asyncio.get_running_loop()
        call = partial(self._guarded, lambda db: job(db, *args, **kwargs))
        return await loop.run_in_executor(self._thread, call)

    # --- in the store's thread

    def _guarded(self, job: Callable[[sqlite3.Connection], R]) -> R:
        try:
            if self._db is None:
                self._db = open_database(self.path, MIGRATIONS)
                outbox.keep_time(self._db, self._moment)
                self._limited(self._db, self._pages - RESERVED_PAGES)
            return job(self._db)
        except (sqlite3.Error, UnicodeDecodeError) as error:  # also the name of a column
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR:
                # What the system's cache holds after a failed fsync is not to be trusted.
                self._disconnect()
            failure = explain(self.path, error)
            if isinstance(failure, StoreDamagedError):
                salvage.suspect(self.path)
            raise failure from error

    def _moment(self) -> Moment:
        return self.clock.now()

    @staticmethod
    def _limited(db: sqlite3.Connection, pages: int) -> None:
        db.execute(f"pragma max_page_count = {pages}")

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
