"""A box's books and the outbox in one SQLite file; one thread owns it.

When a writing call returns, its rows are on the disk; when it raises `StoreError`, none of
them is there. A caller that is cancelled while it waits does not know which: the same call
again settles it, because the same news is written only once. (Two alarms alike are two.)
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from gateway.lane.reports import AlarmCode, Case, Mode, Raise
from gateway.lane.types import Direction, Pass, Visit
from gateway.store import cases, days, epochs, keeping, modes, outbox, passes, raises, salvage
from gateway.store.clock import BoxClock
from gateway.store.database import (
    StoreDamagedError,
    StoreError,
    StoreFullError,
    explain,
    open_database,
    transaction,
)
from gateway.store.figures import Figures, figures
from gateway.store.outbox import Meta
from gateway.store.records import Row, utc_text
from gateway.store.retention import Keep
from gateway.store.schema import MIGRATIONS
from gateway.store.shelf import Shelf
from gateway.store.wal import Wal
from gateway.sync.protocol import Moment, Position, Record

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
QUOTA_MB = 2048
PAGES_PER_MB = 256
PAGE_BYTES = 4096
QUOTA_BYTES = QUOTA_MB * PAGES_PER_MB * PAGE_BYTES
RESERVED_PAGES = 64
KEEP = Keep()
Job = Callable[Concatenate[sqlite3.Connection, P], R]


class Store:
    """Open one with `Store.open`; end it with `close`. Call it from one event loop."""

    def __init__(self, path: Path, quota_mb: int = QUOTA_MB) -> None:
        self.path = path
        self.clock = BoxClock()
        self._pages = quota_mb * PAGES_PER_MB
        self._wal = Wal(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._db: sqlite3.Connection | None = None
        self._closed = False

    @classmethod
    def open(cls, path: Path, gateway: str, quota_mb: int = QUOTA_MB) -> "Store":
        """Open or create the file of the box `gateway`. Blocks; raises `StoreError`."""
        store = cls(path, quota_mb)
        try:
            store._thread.submit(store._guarded, partial(epochs.adopt, gateway=gateway)).result()
        except BaseException:
            store._thread.shutdown()
            raise
        return store

    @classmethod
    def open_or_mend(cls, path: Path, gateway: str, quota_mb: int = QUOTA_MB) -> "Store":
        """As `open`; a damaged file is put aside, and what can be read of it goes on."""
        salvage.settle(path)
        try:
            salvage.require_sound(path)
            return cls.open(path, gateway, quota_mb)
        except StoreDamagedError as error:
            log.error("store: %s; now it is put aside and read as far as it goes", error)  # noqa: TRY400
            salvage.mend(path, gateway, BoxClock())
            return cls.open(path, gateway, quota_mb)

    async def decide(
        self, lane: str, direction: Direction, visit: Visit, decided_at: datetime
    ) -> None:
        """Keep a decision and its outbox record. A second one for the visit replaces it."""
        await self._write(passes.decide, lane, direction, visit, decided_at)

    async def end(self, lane: str, direction: Direction, record: Pass) -> None:
        """Keep a visit's final record and its outbox record; the first ending stands."""
        await self._write(passes.end, lane, direction, record)

    async def alarm(self, lane: str, code: AlarmCode, detail: str, at: datetime) -> None:
        await self._write(passes.alarm, lane, str(code), detail, at)

    async def raised(self, lane: str, risen: Raise) -> None:
        await self._write(raises.raised, lane, risen)

    async def opened_case(self, lane: str, case: Case) -> None:
        await self._write(cases.opened, lane, case)

    async def closed_case(self, lane: str, case_id: str, outcome: str, at: datetime) -> None:
        """The first end stands; a case that is not known is logged and dropped."""
        await self._write(cases.closed, lane, case_id, outcome, at)

    async def open_cases(self, lane: str) -> tuple[Row, ...]:
        """Newest first."""
        return await self._do(cases.open_cases, lane)

    async def photo(self, subject: str, evidence: str) -> bool:
        """A photo of a raise, a case or a pass, by its id; False where it is none of them yet."""
        return await self._write(raises.photo, subject, evidence)

    async def mode(self, lane: str, mode: Mode, at: datetime) -> None:
        """Keep who has the say over the lane's boom from `at` on."""
        await self._write(modes.change, lane, mode, at)

    async def mode_of(self, lane: str) -> Mode | None:
        """What was in force last; None where the lane never had a mode."""
        return await self._do(modes.in_force, lane)

    async def ordered(self, lane: str, order_id: str, answer: str, at: datetime) -> bool:
        """Claim an order before it is carried out; False where it was claimed before.

        That it was is known to all lanes, for as long as events are kept: ask `answer_of`.
        """
        return await self._write(modes.claim, lane, order_id, answer, at)

    async def answered(self, order_id: str, answer: str) -> None:
        """What became of an order that was claimed."""
        await self._write(modes.answered, order_id, answer)

    async def answer_of(self, order_id: str) -> str | None:
        """None where the order is not known."""
        return await self._do(modes.answer_of, order_id)

    async def ledgers_due(self, last: date) -> tuple[date, ...]:
        """Days up to `last` whose ledger was not published yet."""
        return await self._do(days.due, last)

    async def publish_ledger(self, day: date, at: datetime) -> bool:
        """A day's ledger as an outbox record; False where it was one before."""
        return await self._write(days.publish, day, at)

    async def open_visits(self, lane: str) -> tuple[Visit, ...]:
        """Visits that were decided and never ended: those that a crash cut off."""
        return await self._do(passes.open_visits, lane)

    async def passes(
        self, since: datetime | None = None, limit: int | None = 100
    ) -> tuple[Row, ...]:
        """Newest first."""
        return await self._do(lambda db: tuple(passes.newest(db, since, limit)))

    async def counts(self) -> dict[str, int]:
        return await self._do(passes.counts)

    async def meta(self) -> Meta:
        """The outbox's epoch, its last record and its last acknowledged one."""
        return await self._do(outbox.meta)

    async def unsent(self, after_seq: int, limit: int) -> tuple[Record, ...]:
        """The present epoch's records behind `after_seq`, in order."""
        return await self._do(outbox.records_after, after_seq, limit)

    async def figures(self) -> Figures:
        """What waits for the cloud, and how long the disk lasts without it."""
        return await self._do(figures, self.path, self._pages * PAGE_BYTES)

    async def chain_at(self, seq: int) -> bytes | None:
        """The present epoch's chain at `seq`; None where there is no such record."""
        return await self._do(outbox.chain_at, seq)

    async def acked(self, upto: Position) -> None:
        """The cloud has all up to `upto`, whose chain the caller compared with `chain_at`."""
        await self._write(outbox.mark_acked, upto, utc_text(datetime.now(UTC)))

    async def serve(self, job: Callable[[Shelf], R]) -> R:
        """Let the sync's core work on the outbox: all that `job` does, or nothing, is kept."""
        return await self._write(lambda db: job(Shelf(db)))

    async def look(self, job: Callable[[Shelf], R]) -> R:
        """As `serve`, for a `job` that only reads."""
        return await self._do(lambda db: job(Shelf(db)))

    async def mint_epoch(self, reason: str) -> Meta:
        """Begin a new history with every record that is kept, and raise an alarm about it.

        It is done in slices, between which the lanes write as ever.
        """
        await self._write(epochs.begin, reason)
        return await self.finish_epoch()

    async def finish_epoch(self) -> Meta:
        """Go on with a new epoch that a crash cut off, if there is one."""
        while not await self._write(epochs.step):  # noqa: ASYNC110 -- the lanes write between
            await asyncio.sleep(0)
        return await self.meta()

    async def tend(
        self,
        ran_s: float,
        keep_s: float = KEEP.acked_s,
        *,
        events_s: float = KEEP.events_s,
        sends: bool = True,
    ) -> None:
        """The box ran for `ran_s` since the last call: let go of what was kept long enough.

        `keep_s` is for acknowledged records. `sends`: there is a cloud to wait for. What is let
        go is gone from the files too, as soon as no other program reads them.
        """
        keep = Keep(keep_s, events_s, sends)
        await self._write(keeping.ran, ran_s)
        while await self._write(keeping.let_go, keep, self.path):
            self._wal.holds_deleted = True
            await asyncio.sleep(0)
        if words := await self._do(self._wal.tidy):
            await self.alarm_of_box(keeping.BoxAlarm.LOG_GROWS, words, datetime.now(UTC))

    async def lose(self, records: int, reason: str) -> None:
        """Count records that found no place anywhere. Space is reserved for this."""
        await self._do(self._limited, self._pages)
        try:
            await self._write(keeping.lost, records, reason)
        finally:
            await self._do(self._limited, self._pages - RESERVED_PAGES)

    async def alarm_of_box(self, code: keeping.BoxAlarm, detail: str, at: datetime) -> None:
        await self._write(passes.alarm, None, str(code), detail, at)

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
        except sqlite3.Error as error:
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
