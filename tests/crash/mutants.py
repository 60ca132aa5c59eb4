"""Stores that somebody might have written: the crash states must find each of them out."""

from gateway.lane.types import Direction, Visit
from gateway.store import database, outbox, passes, salvage
from gateway.store.database import open_database
from gateway.store.outbox import Meta
from gateway.sync.protocol import Position, next_chain, record_line
from tests.crash.watched import Watched


class Normal(Watched):
    """A commit returns before the disk has it: fast, and SQLite's advice for WAL."""

    synchronous = "normal"


class TellsLater(Watched):
    """The pass in one transaction, its outbox record in the next."""

    async def decide(self, lane: str, direction: Direction, visit: Visit, decided_at) -> None:
        def keep_only(db):
            passes.decide(db, lane, direction, visit, decided_at)
            now = outbox.meta(db)
            db.execute("delete from outbox where epoch = ? and seq = ?", (now.epoch, now.last.seq))
            chain = outbox.chain_at(db, now.last.seq - 1)
            db.execute("update meta set last_seq = ?, last_chain = ?", (now.last.seq - 1, chain))

        def tell(db):
            row = passes.row_of(db, "passes", "pass_id", visit.pass_id)
            if row is not None:
                passes.tell_pass(db, row)

        await self._write(keep_only)
        await self._write(tell)


class MarksBeforehand(Watched):
    """Takes the next record for acknowledged before it is committed."""

    async def alarm(self, lane, code, detail, at) -> None:
        def mark(db):
            now: Meta = outbox.meta(db)
            line = record_line(now.last.seq + 1, 2, "alarm", "{}", "")
            upto = Position(now.last.seq + 1, next_chain(now.last.chain, line))
            outbox.mark_acked(db, upto, "")

        await self._write(mark)
        await super().alarm(lane, code, detail, at)


class MendsUnsynced(Watched):
    """The mended file gets its place before its content is on the disk."""

    @classmethod
    def spoil(cls) -> None:
        def lax(path, migrations):
            db = open_database(path, migrations)
            db.execute("pragma synchronous = off")
            return db

        salvage.open_database = lax


class MendsInAnyOrder(Watched):
    """Nobody waits until a name is on the disk before the next one changes."""

    @classmethod
    def spoil(cls) -> None:
        salvage.sync_folder = lambda _folder: None


class FolderMayGo(Watched):
    """The file is safe, and the folder that it is in is not."""

    @classmethod
    def spoil(cls) -> None:
        database.sync_folder = lambda _folder: None


KINDS: dict[str, type[Watched]] = {
    "whole": Watched,
    "normal": Normal,
    "tells_later": TellsLater,
    "marks_beforehand": MarksBeforehand,
    "mends_unsynced": MendsUnsynced,
    "mends_in_any_order": MendsInAnyOrder,
    "folder_may_go": FolderMayGo,
}
