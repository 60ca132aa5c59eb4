"""A box's books and the outbox in one SQLite file; one thread owns it.

When a writing call returns, its rows are on the disk; when it raises `StoreError`, none of
them is there. A caller that is cancelled while it waits does not know which: the same call
again settles it, because the same news is written only once. (Two alarms alike are two.)
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

from gateway.lane.reports import AlarmCode, Case, Mode, Raise
from gateway.lane.types import Direction, Pass, Visit
from gateway.store import cases, days, epochs, keeping, modes, outbox, passes, raises
from gateway.store.figures import Figures, figures
from gateway.store.outbox import Meta
from gateway.store.parkingstore import ParkingStore
from gateway.store.records import Row, utc_text
from gateway.store.retention import Keep
from gateway.store.sessions import passing
from gateway.store.sessions.words import Place
from gateway.store.shelf import Shelf
from gateway.store.storefile import PAGE_BYTES, RESERVED_PAGES
from gateway.sync.protocol import Position, Record

R = TypeVar("R")
KEEP = Keep()


class Store(ParkingStore):
    """Open one with `Store.open`; end it with `close`. Call it from one event loop."""

    async def decide(
        self, lane: str, direction: Direction, visit: Visit, decided_at: datetime
    ) -> None:
        """Keep a decision and its outbox record. A second one for the visit replaces it."""
        await self._write(passes.decide, lane, direction, visit, decided_at)

    async def end(
        self, lane: str, direction: Direction, record: Pass, place: Place | None = None
    ) -> None:
        """Keep a visit's final record and its outbox record; the first ending stands.

        With a `place`, what went through enters or leaves the car park in the same transaction.
        """
        await self._write(passing.end, lane, direction, record, place)

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
