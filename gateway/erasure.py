"""Deleting on a person's order, beside the daemon or without it: rows, pictures, put-aside files.

What was deleted is then looked for, byte by byte, in every file of the data folder.
"""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.evidence.files import Files
from gateway.store import outbox, purging
from gateway.store.aside import put_aside
from gateway.store.clock import BoxClock
from gateway.store.database import (
    StoreError,
    explain,
    needs_form,
    open_database,
    open_read_only,
    transaction,
)
from gateway.store.purging import Order, PlateRows
from gateway.store.rewriting import rewritten
from gateway.store.schema import MIGRATIONS
from gateway.store.wal import emptied

DATABASE, EVIDENCE, LOCK = "lanegate.db", "evidence", "lanegate.lock"
BESIDE_A_DAEMON_MB = 64
RIGHTS = "rights.db"
"""A file up to this size is written anew sooner than a lane's writing gives up waiting."""
PATIENCE_S = 2.0
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deleted: all of one plate, all before a time, or pictures.

    Of pictures: those from before the time, or all of them where there is none. `unsent`: also
    records that the cloud has not got.
    """

    plate: str = ""
    before: datetime | None = None
    pictures: bool = False
    unsent: bool = False

    @property
    def what(self) -> str:
        return "plate" if self.plate else "pictures" if self.pictures else "age"


@dataclass(frozen=True, slots=True)
class Findings:
    """`counts`: what goes, or went. `unsent` and `under_way` are records and visits that stay.

    `traces`: files that still hold the plate's bytes, after it was deleted.
    """

    counts: dict[str, int]
    unsent: int = 0
    under_way: int = 0
    traces: tuple[Path, ...] = ()


class Erasure:
    """Of one data folder. Blocks; raises `StoreError`. Readers are waited for so long."""

    def __init__(self, data: Path, patience_s: float = PATIENCE_S) -> None:
        self._data = data
        self._patience_s = patience_s
        self._path = data / DATABASE

    def look(self, wish: Wish) -> Findings:
        """What would go."""
        with _told(self._path), closing(open_read_only(self._path)) as db:
            needs_form(db, self._path, len(MIGRATIONS))
            found = purging.find_plate(db, wish.plate) if wish.plate else None
            return self._findings(db, wish, found)

    def do(self, wish: Wish, by: str, reason: str) -> Findings:
        """Delete it. A daemon at work goes on meanwhile."""
        with _told(self._path), closing(open_read_only(self._path)) as db:
            needs_form(db, self._path, len(MIGRATIONS))
        words = reason.replace(wish.plate, purging.INSTEAD) if wish.plate else reason
        with (
            _told(self._path),
            self._alone() as alone,
            closing(open_database(self._path, MIGRATIONS)) as db,
        ):
            outbox.keep_time(db, BoxClock().now)
            found = purging.find_plate(db, wish.plate) if wish.plate else None
            findings = self._findings(db, wish, found)
            self._erase(db, wish, found, Order(by, words, wish.what), findings)
            emptied(db, self._patience_s)
            if found is None:
                return findings
            return self._looked_for(db, wish, findings, alone=alone)

    # --- finding

    def _findings(self, db: sqlite3.Connection, wish: Wish, found: PlateRows | None) -> Findings:
        pictures = {"pictures": len(self._pictures(wish, found))}
        aside = {"files": len(self._aside(wish))}
        if found is not None:
            unsent = {"unsent_records": len(found.unsent)} if wish.unsent else {}
            stay = 0 if wish.unsent else len(found.unsent)
            return Findings(found.counts() | unsent | pictures | aside, stay, found.under_way)
        if wish.pictures or wish.before is None:
            return Findings(pictures)
        return Findings(purging.count_before(db, wish.before) | pictures | aside)

    def _pictures(self, wish: Wish, found: PlateRows | None) -> list[Path]:
        files = Files(self._data / EVIDENCE)
        if found is not None:
            return [path for name in found.pictures if (path := files.path(name)).exists()]
        return [path for path in files.folder.glob("??/*.jpg") if _is_older(path, wish.before)]

    def _aside(self, wish: Wish) -> list[Path]:
        """Files that were put aside damaged: they can only go whole."""
        if wish.pictures:
            return []
        return [path for path in put_aside(self._path) if _is_older(path, wish.before)]

    # --- deleting

    def _erase(
        self,
        db: sqlite3.Connection,
        wish: Wish,
        found: PlateRows | None,
        order: Order,
        findings: Findings,
    ) -> None:
        """The event is stored with the deletion, or before it where that is done in slices."""
        pictures, aside = self._pictures(wish, found), self._aside(wish)
        with transaction(db):
            purging.tell(db, order, findings.counts, found.passes if found else ())
            if found is not None:
                purging.erase_plate(db, found, unsent=wish.unsent)
        if wish.what == "age" and wish.before is not None:
            while _slice_before(db, wish.before):
                pass
        for path in (*pictures, *aside):
            path.unlink(missing_ok=True)

    def _looked_for(
        self, db: sqlite3.Connection, wish: Wish, findings: Findings, *, alone: bool
    ) -> Findings:
        """Half-used pages may still hold an old copy of a row: then the file is written anew."""
        traces = self._traces(wish.plate)
        small = self._path.stat().st_size <= BESIDE_A_DAEMON_MB << 20
        if traces and not findings.unsent and not findings.under_way and (alone or small):
            rewritten(db)
            emptied(db, self._patience_s)
            traces = self._traces(wish.plate)
        return Findings(findings.counts, findings.unsent, findings.under_way, tuple(traces))

    def _traces(self, plate: str) -> list[Path]:
        """Rights are the operator's to drop: see `stands_in_rights`."""
        files = (path for path in self._data.rglob("*") if path.is_file() and path.suffix != ".jpg")
        ours = (path for path in sorted(files) if not path.name.startswith(RIGHTS))
        return [path for path in ours if _holds(path, plate.encode())]

    def stands_in_rights(self, plate: str) -> bool:
        """Whether somebody has a right by this plate."""
        found = (self._data / f"{RIGHTS}{end}" for end in ("", "-wal"))
        return any(path.is_file() and _holds(path, plate.encode()) for path in found)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no daemon works on this folder; none starts meanwhile."""
        path = self._data / LOCK
        if not path.exists():
            yield True
            return
        with path.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


def _slice_before(db: sqlite3.Connection, before: datetime) -> int:
    with transaction(db):
        return purging.erase_before(db, before)


def _is_older(path: Path, before: datetime | None) -> bool:
    try:
        return before is None or path.stat().st_mtime < before.timestamp()
    except OSError:
        return False


def _holds(path: Path, what: bytes) -> bool:
    tail = b""
    with contextlib.suppress(OSError), path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if what in tail + chunk:
                return True
            tail = chunk[-len(what) :]
    return False


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explain(path, error) from error
    except ValueError as error:
        raise StoreError(f"{path}: {error}") from error
