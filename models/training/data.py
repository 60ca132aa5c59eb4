"""Labelled pictures by manifest: which there are, what they show, and who may learn from them."""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "plates"
VARIABLE = "LANEGATE_PLATES"
FOLDS = 10
_FIELD_LIMIT = 1 << 24


class NoData(Exception):  # noqa: N818
    """There are no labelled pictures where they were looked for: a sentence."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate in a picture. `corners`: float32 [4, 2] in pixels, clockwise from its top left."""

    text: str
    corners: np.ndarray


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of a manifest. `kind`: crops, lane_crops, scenes, not_plates, backgrounds ..."""

    path: Path
    kind: str
    label: str
    plate_type: str
    origin: str
    plates: tuple[Plate, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    def picture(self) -> np.ndarray:
        """uint8 [h, w, 3] BGR."""
        image = cv2.imdecode(np.fromfile(self.path, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise NoData(f"{self.path}: is no picture; take the data set's own file again")
        return image


def folder() -> Path | None:
    """The folder with `manifest.csv`: LANEGATE_PLATES, or the one beside the repository."""
    place = Path(os.environ.get(VARIABLE) or BESIDE)
    return place if (place / "manifest.csv").is_file() else None


def glyph_folder() -> Path | None:
    place = folder()
    return place / "glyphs" / "font_model" if place else None


@lru_cache(maxsize=1)
def samples() -> tuple[Sample, ...]:
    """Every row of the manifest; none where there is no data."""
    place = folder()
    return tuple(_rows(place)) if place else ()


def _rows(place: Path) -> Iterator[Sample]:
    csv.field_size_limit(_FIELD_LIMIT)
    with (place / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Sample(
                path=place / row["file"],
                kind=row["kind"],
                label=as_spelt(row["label"]),
                plate_type=row["plate_type"],
                origin=row["origin"],
                plates=tuple(_plates(row["boxes"])),
                boxes=tuple(tuple(box["box"]) for box in json.loads(row["boxes"] or "[]")),
            )


def _plates(boxes: str) -> Iterator[Plate]:
    for box in json.loads(boxes or "[]"):
        if box.get("corners"):
            yield Plate(as_spelt(box.get("text", "")), np.array(box["corners"], np.float32))


def as_spelt(label: str) -> str:
    """Serials have no O and no I; labels written by hand have them for 0 and 1 at times."""
    return label[:2] + label[2:].replace("O", "0").replace("I", "1")


def fold_of(text: str, folds: int = FOLDS) -> int:
    """Which fold a plate belongs to: all pictures of one plate are in the same."""
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), 16) % folds


@dataclass(frozen=True, slots=True)
class Split:
    """Who is held out of the training, to be judged on: one fold of the plates."""

    fold: int = 0
    folds: int = FOLDS

    def holds_out(self, text: str) -> bool:
        return fold_of(text, self.folds) == self.fold
