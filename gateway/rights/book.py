"""Who has a right to park: the set that the cloud or an operator gave, in a file of its own.

It is not the store's: a hundred thousand rights that are replaced must not hold up a lane that
writes its pass. One thread reads, another writes; readers have the old set until the new one
is whole, on the disk and right.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.rights import rows, updating
from gateway.rights.decoding import right_of
from gateway.rights.held import Delta, Held
from gateway.rights.rows import Row
from gateway.rights.shelf import Shelf, let_go_of_damaged, make_ready, put_aside, settled
from gateway.rights.text import RightText
from gateway.rules.rights import Right
from gateway.store.database import StoreDamagedError, StoreError

log = logging.getLogger(__name__)

FILE = "rights.db"
WRONG_LINE = (ValueError, KeyError, TypeError, AttributeError)

T = TypeVar("T")


class RightsBook:
    """Open one with `RightsBook.open`; end it with `close`. Call it from one event loop.

    What the disk does not do raises `StoreError`. A file that turns out to be damaged is put
    aside; then nothing is held, under version 0. Another program may change the file meanwhile:
    the next call sees it.
    """

    def __init__(self, path: Path, *, mends: bool = True) -> None:
        self.path = path
        self._mends = mends
        self._held = Held()
        self._seen = (0, 0)
        self._reading, self._writing = Shelf(path, mends=mends), Shelf(path, mends=mends)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="rights")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="rights-writing")
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, mends: bool = True) -> "RightsBook":
        """Open or create the file. Blocks. Without `mends`, a damaged one raises."""
        try:
            make_ready(path)
        except StoreDamagedError as error:
            if not mends:
                raise
            put_aside(path, path.stat().st_ino, str(error))
            make_ready(path)
        book = cls(path, mends=mends)
        book._reader.submit(book._read, lambda _: None).result()
        return book

    @property
    def state(self) -> Held:
        """As the last call found it."""
        return self._held

    async def of(self, plate: str) -> tuple[Right, ...]:
        """The rights of a plate, by their ids. What is damaged is logged and left out."""
        found = await self._ask(lambda db: rows.of_plate(db, plate))
        return tuple(right for row in found if (right := _right(row)) is not None)

    async def right(self, right_id: str) -> Right | None:
        found = await self._ask(lambda db: rows.of_id(db, right_id))
        return _right(found[0]) if found else None

    async def lines(self, plate: str = "", right_id: str = "") -> tuple[str, ...]:
        """The canonical lines of a plate's rights, or of one right."""
        found = await self._ask(
            lambda db: rows.of_plate(db, plate) if plate else rows.of_id(db, right_id)
        )
        return tuple(row.body for row in found if row.is_sound)

    async def replace(self, rights: Iterable[RightText], version: int, digest: str = "") -> Held:
        """Hold this full set, and nothing else. `digest`: its hash, empty where not known.

        `rights` is gone through once, in another thread. Raises `RightsError`, or what `rights`
        raises: then the old set is still held.
        """
        held = await self._write(lambda db: updating.replace(db, rights, version, digest))
        await self._run(self._writer, lambda: let_go_of_damaged(self.path))
        return held

    async def apply(self, delta: Delta) -> Held:
        """Raises `GapError` where it changes another version, else `RightsError`."""
        return await self._write(lambda db: updating.apply(db, delta))

    async def close(self) -> None:
        """Wait for what was asked before, then close the file. Later calls raise."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        for thread, shelf in ((self._writer, self._writing), (self._reader, self._reading)):
            await loop.run_in_executor(thread, shelf.close)
            thread.shutdown(wait=False)

    async def _ask(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._reader, lambda: self._read(job))

    async def _write(self, job: Callable[[sqlite3.Connection], None]) -> Held:
        def write() -> None:
            self._writing.do(job)
            self._writing.do(settled)

        await self._run(self._writer, write)
        await self._ask(lambda _: None)
        return self._held

    async def _run(self, thread: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        if self._closed:
            raise StoreError(f"{self.path}: the book is closed; the program is shutting down")
        return await asyncio.get_running_loop().run_in_executor(thread, call)

    # --- in the reader's thread, which alone says what is held

    def _read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        def read(db: sqlite3.Connection) -> T:
            found = job(db)
            self._look(db)
            return found

        try:
            return self._reading.do(read)
        except StoreDamagedError:
            if not self._mends:
                raise
            return self._reading.do(read)

    def _look(self, db: sqlite3.Connection) -> None:
        """The number changes with every change that another connection makes."""
        (number,) = db.execute("pragma data_version").fetchone()
        seen = (self._reading.times_opened, number)
        if seen != self._seen:
            self._held, self._seen = rows.held(db), seen


def _right(row: Row) -> Right | None:
    try:
        if row.is_sound:
            return right_of(row.body)
    except WRONG_LINE:
        log.exception("rights: right %s cannot be understood and counts for nothing", row.right_id)
        return None
    log.error(
        "rights: right %s is damaged and counts for nothing; a full set mends it", row.right_id
    )
    return None
