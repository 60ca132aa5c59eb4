"""Parts of a full set of rights, kept on the disk until all of them are there."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.rights import RightsError
from gateway.store import StoreError
from gateway.sync.rightswords import Edition, Part, RightFields

FORM = re.compile(r"([1-9][0-9]{0,18})-([0-9a-f]{64})-([1-9][0-9]{0,2})", re.ASCII)


class Collection(NamedTuple):
    """What is being collected: which set, in how many parts."""

    edition: Edition
    parts: int

    @property
    def name(self) -> str:
        return f"{self.edition.version}-{self.edition.digest}-{self.parts}"


class Spool:
    """One collection at a time, in a folder of its own. Not for two threads at once.

    A part that was put is there after a power cut. Raises `StoreError` where the disk fails.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collected(self) -> Collection | None:
        """What is there; folders that are none of these are left alone."""
        try:
            names = [path.name for path in self._folder.iterdir() if FORM.fullmatch(path.name)]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._sentence(error) from error
        found = FORM.fullmatch(min(names)) if names else None
        return found and Collection(Edition(int(found[1]), found[2]), int(found[3]))

    def put(self, part: Part) -> bool:
        """Keep it, and nothing of another collection. Whether all parts are there now."""
        collection = Collection(part.edition, part.parts)
        place = self._folder / collection.name
        try:
            self._drop_all_but(collection.name)
            place.mkdir(parents=True, exist_ok=True)
            _write(place / f"{part.part}.json", json.dumps(part.rights).encode())
        except OSError as error:
            raise self._sentence(error) from error
        return self.is_whole(collection)

    def is_whole(self, collection: Collection) -> bool:
        return all(path.is_file() for path in self._files(collection))

    def rights(self, collection: Collection) -> Iterator[RightFields]:
        """Of a whole one, in order, with one part in memory at a time. Raises `RightsError` too."""
        for path in self._files(collection):
            yield from self._read(path)

    def _read(self, path: Path) -> list[RightFields]:
        try:
            found: list[RightFields] = json.loads(path.read_bytes())
        except OSError as error:
            raise self._sentence(error) from error
        except ValueError as error:
            raise RightsError(f"{path} is damaged ({error})") from error
        return found

    def _files(self, collection: Collection) -> Iterator[Path]:
        place = self._folder / collection.name
        return (place / f"{number}.json" for number in range(1, collection.parts + 1))

    def clear(self) -> None:
        try:
            self._drop_all_but("")
        except OSError as error:
            raise self._sentence(error) from error

    def _drop_all_but(self, name: str) -> None:
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name != name and FORM.fullmatch(path.name):
                    shutil.rmtree(path)

    def _sentence(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self._folder} does not keep the parts of a set of rights ({error}):"
            " look at the disk's room and rights"
        )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also after a power cut."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
