"""A damaged file: it is put aside untouched, and what can be read of it goes on in a new one.

The new file is made beside the old one and takes its place in one step, so a crash at any moment
leaves either the damaged file, or the mended one.
"""

import itertools
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.store import keeping, moving, outbox, retention
from gateway.store.clock import BoxClock
from gateway.store.database import (
    READABLE,
    StoreDamagedError,
    explain,
    open_database,
    sync_folder,
    transaction,
)
from gateway.store.schema import MIGRATIONS
from gateway.store.tables import insert_new, rows
from gateway.sync.protocol import Position, Record, genesis, next_chain

log = logging.getLogger(__name__)

BOOKS = tuple(retention.OVER)
SUFFIXES = ("", "-wal", "-shm")
CHUNK = 64
MOST_SKIPPED = 100_000

Row = dict[str, object]


@dataclass(slots=True)
class Found:
    """What the damaged file still says of its own history."""

    epoch: str = ""
    last: int = 0
    kept: int = 0
    records: int = 0


def mend(path: Path, gateway: str, clock: BoxClock) -> None:
    """Replace the damaged file at `path`. Raises `StoreError` where there is no room for it."""
    copy, mending = _beside(path, "reading"), _beside(path, "mending")
    try:
        _remove(copy)
        _remove(mending)
        _copy(path, copy)
        with closing(open_database(mending, MIGRATIONS)) as new:
            outbox.keep_time(new, clock.now)
            with transaction(new):
                _fill(new, copy, gateway)
        _remove(copy)
        mending.replace(_beside(path, "mended"))
        settle(path)
        _beside(path, "suspect").unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise explain(path, error) from error


def suspect(path: Path) -> None:
    """Damage was met while the file was in use: the next start mends it, whatever it sees."""
    with suppress(OSError):  # a disk that cannot even take this is told by every other write
        _beside(path, "suspect").touch()


def require_sound(path: Path) -> None:
    """Raises `StoreDamagedError` where damage was met before."""
    if _beside(path, "suspect").exists():
        raise StoreDamagedError(f"{path}: damage was met in it while it was in use")


def settle(path: Path) -> None:
    """Put a mended file in its place, also one from before a crash."""
    mended = _beside(path, "mended")
    if not mended.exists():
        return
    aside = next(a for n in itertools.count(1) if not (a := _beside(path, f"damaged-{n}")).exists())
    sync_folder(path.parent)  # before the damaged file has no name any more
    for suffix in reversed(SUFFIXES):  # the file itself last: it holds the number until then
        with suppress(FileNotFoundError):
            _with(path, suffix).replace(_with(aside, suffix))
    sync_folder(path.parent)  # a log of the old file beside the new one would be taken for its own
    mended.replace(path)
    sync_folder(path.parent)
    log.warning("store: the damaged file is kept as %s", aside)


def _beside(path: Path, word: str) -> Path:
    return path.with_name(f"{path.name}.{word}")


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _remove(path: Path) -> None:
    for suffix in SUFFIXES:
        _with(path, suffix).unlink(missing_ok=True)


def _copy(path: Path, to: Path) -> None:
    """Reading may change a file, and the damaged one must stay as it is."""
    for suffix in SUFFIXES[:2]:
        with suppress(FileNotFoundError):
            shutil.copyfile(_with(path, suffix), _with(to, suffix))


# --- reading what can be read ------------------------------------------------------------


def _fill(new: sqlite3.Connection, copy: Path, gateway: str) -> None:
    outbox.create_meta(new, gateway)
    with closing(sqlite3.connect(copy, isolation_level=None)) as old:
        old.text_factory = READABLE
        found = _history(old)
        for book in BOOKS:
            _take_book(old, new, book)
        _take_outbox(old, new, found)
    if found.epoch:
        parent = "update upkeep set parent = ?, parent_kept = ?"
        new.execute(parent, (found.epoch, found.kept))
    reason = "the store was damaged"
    now = outbox.meta(new)
    keeping.forked(new, moving.Move(now.epoch, now.last, 0, 0, reason))
    missing = found.last - found.kept - found.records
    if missing > 0:
        keeping.lost(new, missing, reason)
    elif not found.epoch:
        keeping.lost(new, 0, f"{reason}, and nothing in it tells how many records it had")


def _history(old: sqlite3.Connection) -> Found:
    found = Found()
    with suppress(sqlite3.Error, UnicodeError):
        meta = outbox.read_meta(old)
        if meta is not None and isinstance(meta.last.seq, int):
            found.epoch, found.last = meta.epoch, meta.last.seq
    with suppress(sqlite3.Error, TypeError, UnicodeError):
        found.kept = int(outbox.upkeep(old).kept.seq)
    return found


def _take_book(old: sqlite3.Connection, new: sqlite3.Connection, book: str) -> None:
    known = {row["name"] for row in rows(new, f"pragma table_info({book})")}
    for row in _readable(old, book):
        with suppress(sqlite3.IntegrityError):
            insert_new(new, book, {name: row[name] for name in row if name in known})


def _take_outbox(old: sqlite3.Connection, new: sqlite3.Connection, found: Found) -> None:
    """Records that are as they were written, as a new history in their old order."""
    epoch = outbox.meta(new).epoch
    end = genesis(epoch)
    for row in _readable(old, "outbox"):
        record = _record(row)
        if record is None:
            continue
        found.records += 1
        end = Position(end.seq + 1, next_chain(end.chain, record._replace(seq=end.seq + 1).line()))
        crc = outbox.crc_of(record.schema, record.kind, record.body, record.moment)
        changed = {"epoch": epoch, "seq": end.seq, "chain": end.chain, "crc": crc}
        insert_new(new, "outbox", row | changed | {"acked_at": None, "acked_after_s": None})
    new.execute("update meta set last_seq = ?, last_chain = ?", end)


def _record(row: Row) -> Record | None:
    names = ("seq", "schema", "kind", "body", "chain", "moment")
    fields: list[Any] = [row.get(name) or "" for name in names]
    record = Record(*fields)
    # Before its fourth form the file had no sums.
    return record if "crc" not in row or outbox.is_sound(record, row["crc"]) else None


def _readable(db: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Every row that can be read, in the order of writing; damaged pages are stepped over."""
    if _after(db, table, 0, 0) is None:
        return  # not even its name can be read
    last, chunk = 0, CHUNK
    while True:
        found = _after(db, table, last, chunk)
        if found:
            yield from found.values()
            last, chunk = max(found), min(chunk * 2, CHUNK)
        elif found is not None:
            return
        elif chunk > 1:
            chunk = 1
        elif (after := _behind_damage(db, table, last)) is not None:
            last = after
        else:
            return


def _behind_damage(db: sqlite3.Connection, table: str, last: int) -> int | None:
    """From where on, at the earliest, reading goes on; None where it never does.

    Steps grow, or a start would take minutes; then the place is looked for more closely.
    """
    bad, good, step = last, last + 1, 1
    while _after(db, table, good, 1) is None:
        if good - last > MOST_SKIPPED:
            return None
        bad, step = good, min(step * 2, CHUNK)
        good += step
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (middle, good) if _after(db, table, middle, 1) is None else (bad, middle)
    return good


def _after(db: sqlite3.Connection, table: str, last: int, limit: int) -> dict[int, Row] | None:
    """Rows behind `last` by their numbers; None where the file is damaged there."""
    sql = f"select rowid as rowid_, * from {table} where rowid > ? order by rowid limit ?"  # noqa: S608
    try:
        found = {int(row.pop("rowid_")): row for row in rows(db, sql, last, limit)}
    except sqlite3.Error as error:
        return None if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT else {}
    except UnicodeError:
        return {}
    # A damaged page may have its rows in any order, and send the reader round in circles.
    new = {number: row for number, row in found.items() if number > last}
    return new if new or not found else None
