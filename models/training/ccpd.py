"""CCPD's own naming of its files, turned into a manifest that the training reads.

A name is seven fields joined by "-": area, tilt, box, corners, signs, brightness, blur. Signs are
indices into three lists; corners go clockwise from the lower right. Source: the README of CCPD
(MIT licence).
"""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

from models.training.data import NoData

_PROVINCES = "皖沪津渝冀晋蒙辽吉黑苏浙京闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新警学"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SIGNS = _LETTERS + "0123456789"
_FIELDS = 7
COLUMNS = ("file", "kind", "label", "plate_type", "boxes", "origin")
_GREEN_LENGTH = 8


def write_manifest(folder: Path, out: Path) -> int:
    """A row for each photo below `folder`; how many there were. Raises `NoData` for none."""
    rows = list(_rows(folder, out.parent))
    if not rows:
        raise NoData(f"{folder}: holds no photo with a name as CCPD gives them")
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _rows(folder: Path, base: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.rglob("*.jpg")):
        found = named(path.stem)
        if found is None:
            continue
        text, corners = found
        yield {
            "file": os.path.relpath(path, base),
            "kind": "scenes",
            "label": text,
            "plate_type": "green" if len(text) == _GREEN_LENGTH else "blue",
            "boxes": json.dumps([_box(text, corners)], ensure_ascii=False),
            "origin": "CCPD",
        }


def named(stem: str) -> tuple[str, list[list[int]]] | None:
    """Text and corners, clockwise from the upper left; None for another sort of name."""
    fields = stem.split("-")
    if len(fields) != _FIELDS:
        return None
    try:
        places = [int(place) for place in fields[4].split("_")]
        text = _PROVINCES[places[0]] + _LETTERS[places[1]]
        text += "".join(_SIGNS[place] for place in places[2:])
        points = [[int(v) for v in point.split("&")] for point in fields[3].split("_")]
        lower_right, lower_left, upper_left, upper_right = points
    except (ValueError, IndexError):
        return None
    return text, [upper_left, upper_right, lower_right, lower_left]


def _box(text: str, corners: list[list[int]]) -> dict[str, object]:
    xs, ys = zip(*corners, strict=True)
    return {"text": text, "box": [min(xs), min(ys), max(xs), max(ys)], "corners": corners}
