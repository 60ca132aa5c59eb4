"""An archive's files put into a folder, in the place of what stands there."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from gateway.config.archive import Archive, ArchiveError

FOLDERS = ("lanes.d", "profiles")


def place(archive: Archive, folder: Path, *, force: bool = False) -> Path | None:
    """The folder that the old files were put into; None where there were none, or the same.

    `force`: put aside what stands there; else that raises `ArchiveError`. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = _there(archive, folder)
    if there and _same(archive, folder):
        return None
    if there and not force:
        names = ", ".join(str(path) for path in there)
        raise ArchiveError(
            f"{names}: there already; --force puts that aside and takes the backup's"
        )
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=".restoring-"))
    try:
        for name, content in archive.files.items():
            _write(stage / name, content)
        aside = _aside(folder, there)
        for path in list(stage.iterdir()):
            path.replace(folder / path.name)
        _sync(folder)
    finally:
        shutil.rmtree(stage)
    return aside


def _there(archive: Archive, folder: Path) -> list[Path]:
    """What `load` would read in this folder, and whatever stands in its place."""
    main = [path] if os.path.lexists(path := folder / archive.main) else []
    return main + [
        path
        for name in FOLDERS
        if os.path.lexists(path := folder / name)
        and not (path.is_dir() and not any(path.iterdir()))
    ]


def _same(archive: Archive, folder: Path) -> bool:
    found = {
        str(path.relative_to(folder))
        for name in FOLDERS
        for path in (folder / name).rglob("*")
        if not path.is_dir()
    }
    if found != archive.files.keys() - {archive.main}:
        return False
    paths = {folder / name: content for name, content in archive.files.items()}
    return all(path.is_file() and path.read_bytes() == content for path, content in paths.items())


def _aside(folder: Path, there: list[Path]) -> Path | None:
    if not there:
        return None
    free = (folder / f"before-restore-{n}" for n in itertools.count(1))
    aside = next(path for path in free if not path.exists())
    aside.mkdir()
    for path in there:
        path.replace(aside / path.name)
    return aside


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
