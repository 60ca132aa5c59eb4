"""Pictures as files `<folder>/<first two digits>/<sha256>.jpg`, whole or not there at all."""

import contextlib
import hashlib
import os
import re
from pathlib import Path

SHA256 = re.compile(r"[0-9a-f]{64}")


class DamagedError(Exception):
    """A file's content is not what its name says."""


class Files:
    """All of it blocks, and raises `OSError` as the disk does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.jpg"

    def write(self, name: str, jpeg: bytes) -> None:
        """On the disk when it returns. Readable by the group only: it shows people."""
        path = self.path(name)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            _sync(self.folder)
        part = path.with_suffix(".part")
        try:
            _put(part, jpeg)
            part.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        _sync(path.parent)

    def read(self, name: str) -> bytes:
        """Raises `FileNotFoundError`, and `DamagedError` where the content is another."""
        jpeg = self.path(name).read_bytes()
        if hashlib.sha256(jpeg).hexdigest() != name:
            raise DamagedError
        return jpeg

    def remove(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    def sizes(self) -> dict[str, int]:
        """Bytes of each picture by its name. What a crash left half written is removed."""
        found = {}
        for entry in self._entries():
            path = Path(entry.path)
            if path.suffix == ".part":
                path.unlink(missing_ok=True)
            elif path.suffix == ".jpg" and SHA256.fullmatch(path.stem):
                found[path.stem] = entry.stat().st_size
        return found

    def _entries(self) -> list[os.DirEntry[str]]:
        entries: list[os.DirEntry[str]] = []
        for folder in filter(Path.is_dir, self.folder.glob("??")):
            with os.scandir(folder) as found:
                entries += found
        return entries


def _put(path: Path, jpeg: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with open(number, "wb") as file:  # noqa: PTH123 -- by its number, to set its rights at birth
        file.write(jpeg)
        file.flush()
        os.fsync(number)


def _sync(folder: Path) -> None:
    """A new name is on the disk only with its folder."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
