"""Picture files of the gateways, each under the SHA-256 of its content."""

import hashlib
import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from gateway.sync.cloud.database import Database
from gateway.sync.cloud.forms import PICTURE
from gateway.sync.protocol import MAX_NAMED, Want

MOST_ORDERS = 20


class Asking(StrEnum):
    """Which pictures a receiver asks the gateways for."""

    NONE = "none"
    CASES = "cases"
    ALL = "all"


class DamagedError(ValueError):
    """The content is not what its name says."""


class PictureFolder:
    """`ab/ab12….jpg` below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.jpg"

    def keep(self, name: str, content: bytes) -> None:
        """On the disk, and whole, when it returns. Raises `DamagedError`, `OSError`."""
        if hashlib.sha256(content).hexdigest() != name:
            raise DamagedError(f"picture {name}: its {len(content)} bytes are other ones")
        path = self.path(name)
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            _write(part, content)
            part.replace(path)
            _sync_folder(path.parent)
            _sync_folder(self._folder)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise


def _write(path: Path, content: bytes) -> None:
    # Plates are personal data.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def note_kept(db: Database, gw: str, name: str, size: int, at: str) -> None:
    """Within a transaction of the caller's. An empty picture is one that is gone for ever."""
    gone = int(size == 0)
    row = (gw, name, at, None, None if gone else at, None if gone else size, gone)
    changes = (
        "received_at = coalesce(picture.received_at, excluded.received_at),"
        " bytes = coalesce(picture.bytes, excluded.bytes), gone = excluded.gone"
    )
    db.upsert(PICTURE, [row], changes=changes)


def orders(db: Database, at: str, an_hour_ago: str) -> dict[str, list[Want]]:
    """What to ask each gateway for now; noted, so that no receiver asks for it within the hour.

    Within a transaction of the caller's.
    """
    rows = db.execute(
        "select gw, name from picture where received_at is null and gone = 0 and"
        " (asked_at is null or asked_at < ?) order by coalesce(asked_at, ''), gw limit ?",
        (an_hour_ago, MAX_NAMED * MOST_ORDERS),
    ).fetchall()
    db.upsert(
        PICTURE,
        [(gw, name, at, at, None, None, 0) for gw, name in rows],
        changes="asked_at = excluded.asked_at",
    )
    names: dict[str, list[str]] = {}
    for gw, name in rows:
        names.setdefault(gw, []).append(name)
    return {gw: _wants(found) for gw, found in names.items()}


def _wants(names: list[str]) -> list[Want]:
    return [Want(tuple(names[i : i + MAX_NAMED])) for i in range(0, len(names), MAX_NAMED)]
