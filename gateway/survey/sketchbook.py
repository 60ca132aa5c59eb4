"""A folder of drawn pictures, with a summary beside them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.survey.drawing import drawn, jpeg
from gateway.survey.sightings import Sighting

SUMMARY = "summary.json"
# What was refused changes with every flicker: that alone is drawn at most so often.
REFUSED_EVERY_S = 1.0
_LONGEST_NAME = 80


class SketchbookError(Exception):
    """The folder cannot take what is drawn: a sentence."""


class Sketchbook:
    """Nothing in `folder` is overwritten, unless `force` allows it."""

    def __init__(self, folder: Path, *, most: int, force: bool = False) -> None:
        """Raises `SketchbookError` for a folder that holds something, or cannot be made."""
        self.folder = folder
        self._most = most
        self._names: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = next(folder.iterdir(), None)
        except OSError as error:
            raise SketchbookError(
                f"{folder}: no folder can be made here: {error.strerror}"
            ) from error
        if held is not None and not force:
            raise SketchbookError(
                f"{folder} already holds {held.name}: name an empty or a new folder, "
                "or allow overwriting with --force"
            )

    def photo(self, file: str) -> Callable[[Any, Sighting], str]:
        """Draws the one picture of a file; gives its name in the folder."""
        stem = self._free(Path(file).stem)
        return lambda image, sighting: self._keep(f"{stem}.jpg", drawn(image, sighting))

    def pages(self, file: str) -> "Pages":
        """For the pictures of one video or stream."""
        stem = self._free(Path(file).stem if "://" not in file else file.partition("://")[2])
        return Pages(stem, self._most, self._keep)

    def summarise(self, told: dict[str, Any]) -> Path:
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        self._write(SUMMARY, text.encode())
        return self.folder / SUMMARY

    def _free(self, wanted: str) -> str:
        """A name for files that no other source of this run has."""
        plain = re.sub(r"[^\w.-]+", "-", wanted).strip("-.")[:_LONGEST_NAME] or "picture"
        name, number = plain, 1
        while name in self._names:
            number += 1
            name = f"{plain}-{number}"
        self._names.add(name)
        return name

    def _keep(self, name: str, picture: Any) -> str:
        self._write(name, jpeg(picture))
        return name

    def _write(self, name: str, data: bytes) -> None:
        try:
            (self.folder / name).write_bytes(data)
        except OSError as error:
            raise SketchbookError(
                f"{self.folder / name}: cannot be written: {error.strerror}"
            ) from error


class Pages:
    """Draws where something changed: the plates that were read, or those that were refused."""

    def __init__(self, stem: str, most: int, keep: Callable[[str, Any], str]) -> None:
        self.left_out = 0
        self.names: list[str] = []
        self._stem = stem
        self._most = most
        self._keep = keep
        self._last: Sighting | None = None

    def draw(self, image: Any, sighting: Sighting) -> str:
        """The name of the picture in the folder; empty where none was drawn."""
        if not self._changed(sighting):
            return ""
        self._last = sighting
        if len(self.names) >= self._most:
            self.left_out += 1
            return ""
        caption = f"{sighting.at_s:.2f} s, picture {sighting.number}"
        name = self._keep(
            f"{self._stem}-{sighting.number:06d}.jpg", drawn(image, sighting, [caption])
        )
        self.names.append(name)
        return name

    def _changed(self, now: Sighting) -> bool:
        last = self._last
        if last is None or now.texts != last.texts:
            return True
        return _refused(now) != _refused(last) and now.at_s - last.at_s >= REFUSED_EVERY_S


def _refused(sighting: Sighting) -> frozenset[str]:
    return frozenset(refused.candidate.text for refused in sighting.refused)
