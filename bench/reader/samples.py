"""The labelled pictures of a folder, and which of them a split takes."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training.data import as_spelt, fold_of

PLATES = Path(__file__).resolve().parents[3] / "shared" / "plates"
CROPS = ("crops", "lane_crops", "not_plates")
NO_PLATE = ("not_plates", "no_plate_scenes", "foreign")
LABELLED = ("crops", "lane_crops", "scenes", "special")
UNKNOWN_TYPE = "colour not given"
_FIELD_LIMIT = 1 << 24
_CROP_WIDTH = 200
_OWN_FOLD = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """`others`: further plates in the picture, which are no misreadings. No label: no plate."""

    path: Path
    group: str
    origin: str
    type: str
    label: str
    others: frozenset[str] = frozenset()
    crop: bool = False

    @property
    def source(self) -> str:
        return f"{self.group}: {self.origin}" if self.origin else self.group


def load(folder: Path, *, validation: bool) -> list[Sample]:
    """All pictures with a label or surely without a plate; only the validation fold of them.

    The fold is the training's: by the plate's text, so that no picture of its plates was learnt
    from, and by the file's name where there is no plate.
    """
    found = list(_rows(folder / "manifest.csv"))
    return [one for one in found if held_out(one)] if validation else found


def held_out(sample: Sample) -> bool:
    """The recogniser's training goes by a file's whole name, the detector's by its stem."""
    name = sample.path.name if sample.crop else sample.path.stem
    return fold_of(sample.label or name) == _OWN_FOLD


def picture(path: Path) -> np.ndarray:
    """uint8 [height, width, 3] in BGR."""
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path}: is no picture; take the folder of labelled plates again")
    return image


def some(samples: Sequence[Sample], limit: int | None) -> list[Sample]:
    """At most `limit` of each source, the same ones each time, spread over all."""
    if limit is None:
        return list(samples)
    kept: list[Sample] = []
    for source in dict.fromkeys(sample.source for sample in samples):
        mine = [sample for sample in samples if sample.source == source]
        kept += sorted(mine, key=_shuffled)[:limit]
    return kept


def _shuffled(sample: Sample) -> str:
    return hashlib.md5(sample.path.name.encode(), usedforsecurity=False).hexdigest()


def _rows(manifest: Path) -> Iterator[Sample]:
    csv.field_size_limit(_FIELD_LIMIT)
    with manifest.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            group = _group(row)
            if group:
                yield _sample(manifest.parent, group, row)


def _group(row: dict[str, str]) -> str:
    """Empty for what can prove nothing. `foreign`: no Chinese plate is to be seen."""
    kind = row["kind"]
    if kind == "backgrounds":
        return "" if "Chinese" in row["plate_type"] else "foreign"
    return kind if kind in NO_PLATE or (kind in LABELLED and row["label"]) else ""


def _sample(folder: Path, group: str, row: dict[str, str]) -> Sample:
    label = "" if group in NO_PLATE else as_spelt(row["label"])
    texts = (as_spelt(box.get("text") or "") for box in json.loads(row["boxes"] or "[]"))
    small = group == "special" and int(row["width"]) < _CROP_WIDTH
    return Sample(
        path=folder / row["file"],
        group=group,
        origin=_origin(group, row["origin"]),
        type=(row["plate_type"] or UNKNOWN_TYPE) if label else "no plate",
        label=label,
        others=frozenset(texts) - {label, ""},
        crop=small or group in CROPS,
    )


def _origin(group: str, text: str) -> str:
    """Three sorts of scenes; elsewhere the data set's own words, and none where it is all one."""
    if group == "scenes":
        known = {"toll lane": "toll lane", "CCPD": "CCPD"}
        return next((name for word, name in known.items() if word in text), "other")
    return text if group == "crops" else ""
