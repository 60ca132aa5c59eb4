"""One SQLite file, opened so that a COMMIT that returned outlives a power cut."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_TIMEOUT_S = 5.0
CHECK_S = 0.15
WAL_LIMIT_BYTES = 16 * 1024 * 1024

READABLE = partial(str, encoding="utf-8", errors="replace")
"""Text with damaged bytes is read all the same: its sum tells, and the rows beside it go on."""

Migration = Callable[["Database"], None]


class StoreError(Exception):
    """The file did not keep or give what it was asked: a sentence with place and next step."""


class StoreDamagedError(StoreError):
    """The file is no SQLite file, or not whole."""


class StoreFullError(StoreError):
    """There is no space left for it."""


def open_database(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """Open or create the file and bring it to the newest form. Use it in one thread at a time.

    `PRAGMA user_version` counts the migrations that were done. Raises `StoreError`.
    """
    try:
        _create_private(path)
        db = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise explain(path, error) from error
    try:
        _prepare(db, path, migrations)
    except (sqlite3.Error, UnicodeError, StoreError) as error:
        db.close()
        raise explain(path, error) from error
    db.text_factory = READABLE
    return db


def open_read_only(path: Path) -> sqlite3.Connection:
    """A second pair of eyes on a file that another program writes. Raises `StoreError`."""
    if not path.exists():
        raise StoreError(f"{path}: there is no such file; look at the configuration's path")
    try:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
        )
    except sqlite3.Error as error:
        raise explain(path, error) from error


def needs_form(db: sqlite3.Connection, path: Path, form: int) -> None:
    """Raises `StoreError` where the daemon has not yet brought the file to this form."""
    if _version(db) < form:
        raise StoreError(
            f"{path}: written by an older lanegate (form {_version(db)}, this needs {form}); start"
            " the daemon once, it brings the file up to date"
        )


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; the lock is taken first, so that reading then writing cannot fail busy."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _create_private(path: Path) -> None:
    # Plates are personal data; SQLite gives the -wal file the same rights.
    _make_folder(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o640))


def _make_folder(folder: Path) -> None:
    """SQLite sees to the names in the folder, but a power cut may take the folder itself."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """When it returns, files that were made, renamed or removed in the folder stay so."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _prepare(db: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.execute("pragma foreign_keys = on")
    # What is deleted is overwritten: plates are personal data.
    db.execute("pragma secure_delete = on")
    db.execute(f"pragma journal_size_limit = {WAL_LIMIT_BYTES}")
    _check(db, path)
    version = _version(db)
    if version > len(migrations):
        raise StoreError(
            f"{path}: written by a newer lanegate (form {version}, this program knows"
            f" {len(migrations)}); install that version again, or put the file aside"
        )
    if version < len(migrations):
        _migrate(db, migrations)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("pragma user_version").fetchone()[0])


def _migrate(db: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    # Imported here because it takes 0.1 s, which a start with nothing to migrate need not spend.
    from sqlite_utils import Database

    for version in range(_version(db), len(migrations)):
        with transaction(db):
            migrations[version](Database(db))
            db.execute(f"pragma user_version = {version + 1}")


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Look for damage, but no longer than a start may take; a large file is checked in part.

    Also in the indexes, which a `quick_check` passes over: the store would stop at such a page
    again and again, and never be mended.
    """
    give_up = time.monotonic() + CHECK_S
    db.set_progress_handler(lambda: time.monotonic() > give_up, 10_000)
    try:
        found = db.execute("pragma integrity_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        db.set_progress_handler(None, 0)
    if found != "ok":
        raise StoreDamagedError(_damaged(path, str(found)))


# --- sentences ---------------------------------------------------------------------------


def _damaged(path: Path, found: str) -> str:
    return (
        f"{path}: damaged, or no SQLite file ({found}); put it aside together with"
        f" {path.name}-wal and start again: an empty one is made"
    )


def explain(path: Path, error: Exception) -> StoreError:
    """A technician's sentence for what SQLite or the system said about `path`."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, UnicodeError):  # of a damaged schema, which SQLite's error quotes
        return StoreDamagedError(_damaged(path, "its tables have no readable names"))
    if isinstance(error, OSError):
        return StoreError(f"{path}: {error.strerror}; look at the folder's owner and rights")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError(f"{path}: no space left for it; free space on its disk")
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such "):
        # The tables are made before anything asks for them: a name in the file was damaged.
        return StoreDamagedError(_damaged(path, str(error)))
    kind = StoreDamagedError if code in _DAMAGE else StoreError
    return kind(_SENTENCES.get(code, _other)(path, str(error)))


def _other(path: Path, said: str) -> str:
    return f"{path}: {said}; keep the file and report this"


def _busy(path: Path, _: str) -> str:
    return f"{path}: another program keeps it locked; end that program (a backup? sqlite3?)"


def _closed_to_us(path: Path, said: str) -> str:
    return f"{path}: {said}; look at the owner and the rights of the file and of its folder"


def _disk(path: Path, said: str) -> str:
    return f"{path}: {said}; the disk may be failing or its quota used up: look at `dmesg`"


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SENTENCES: dict[int, Callable[[Path, str], str]] = {
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_READONLY: _closed_to_us,
    sqlite3.SQLITE_CANTOPEN: _closed_to_us,
    sqlite3.SQLITE_PERM: _closed_to_us,
    sqlite3.SQLITE_IOERR: _disk,
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_NOTADB: _damaged,
}
