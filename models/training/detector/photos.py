"""Real photos to train on, decoded once: with their plates, and with these erased."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from models.training import data
from models.training.detector.quads import Mark, apart, grown
from models.training.detector.teacher import plate_like

_LONGEST_SIDE = 1000
_MACHINE_MADE, _BY_HAND = 0.5, 0.8
_ERASED_SHARE = 1.35
_FOREIGN, _CHINESE = "foreign plates visible", "Chinese plates visible"


@dataclass(frozen=True)
class Photo:
    """`marks` in its own pixels. Foreign plates are marked as not known: see `photos`.

    `key` says which fold it is in: the plate's text where there is one, else the file's name.
    """

    key: str
    image: np.ndarray
    marks: tuple[Mark, ...]

    @cached_property
    def levels(self) -> tuple[np.ndarray, ...]:
        return _levels(self.image)

    @cached_property
    def erased(self) -> tuple[np.ndarray, ...]:
        """The levels without any plate."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        for mark in self.marks:
            cv2.fillConvexPoly(mask, grown(mark.quad, _ERASED_SHARE).astype(np.int32), 255)
        return _levels(cv2.inpaint(self.image, mask, 4, cv2.INPAINT_TELEA))


def _levels(image: np.ndarray) -> tuple[np.ndarray, ...]:
    """The picture whole, and averaged to a half and a quarter."""
    levels = [image]
    for _ in range(2):
        half = max(1, levels[-1].shape[1] // 2), max(1, levels[-1].shape[0] // 2)
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    return tuple(levels)


def photos(kinds: tuple[str, ...]) -> list[Photo]:
    """The photos of the manifest that may be learnt from whole.

    A boxed foreign plate is neither plate nor background: at this size it looks like a Chinese
    police or embassy plate, and the reader's gate, not the detector, tells them apart. Its
    neighbours' plates have no box at times: what the released detector takes for a plate there
    is as unknown. Photos in which no plate was boxed are left out.
    """
    boxes = _foreign_boxes()
    chosen = [s for s in data.samples() if s.kind in kinds and _usable(s, boxes)]
    return [_photo(sample, boxes.get(sample.path.name, ())) for sample in chosen]


def _usable(sample: data.Sample, boxes: dict[str, tuple[np.ndarray, ...]]) -> bool:
    if sample.plate_type.startswith(_CHINESE):
        return False
    if sample.plate_type.startswith(_FOREIGN):
        return sample.path.name in boxes
    return bool(sample.plates) or sample.kind != "scenes"


def _foreign_boxes() -> dict[str, tuple[np.ndarray, ...]]:
    """Upright boxes of foreign plates as four corners, by file name."""
    place = data.folder()
    if place is None:
        return {}
    with (place / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["plate_type"].startswith(_FOREIGN)]
    found = {row["file"].split("/")[-1]: tuple(_boxes(row["boxes"])) for row in rows}
    return {name: quads for name, quads in found.items() if quads}


def _boxes(text: str) -> Iterator[np.ndarray]:
    for box in json.loads(text or "[]"):
        x1, y1, x2, y2 = box["box"]
        yield np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float32)


def _photo(sample: data.Sample, foreign: tuple[np.ndarray, ...]) -> Photo:
    image = sample.picture()
    toll = "toll" in sample.origin
    if toll:
        image = without_frame(image, sample.plates[0].corners)
    trust = _MACHINE_MADE if toll else _BY_HAND
    marks = [Mark(plate.corners, trust=trust) for plate in sample.plates]
    if foreign:
        marks += [Mark(quad, known=False) for quad in (*foreign, *_unboxed(image, foreign))]
    scale = min(1.0, _LONGEST_SIDE / max(image.shape[:2]))
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    marks = [Mark(m.quad * np.float32(scale), m.two_rows, m.trust, m.known) for m in marks]
    key = sample.plates[0].text if sample.plates else sample.path.stem
    return Photo(key, image, tuple(marks))


def _unboxed(image: np.ndarray, boxed: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    return [quad for quad in plate_like(image) if apart(quad, list(boxed))]


def without_frame(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Without the red frame, and the label on it, that another program painted around a plate.

    They must not be what a detector learns. Only long straight runs of pure red near the plate
    are painted out, so that a red lorry stays as it is.
    """
    (x1, y1), (x2, y2) = quad.min(0).astype(int), quad.max(0).astype(int)
    width, height = x2 - x1, y2 - y1
    near = np.zeros(image.shape[:2], np.uint8)
    near[max(0, y1 - 2 * height) : y2 + 2 * height, max(0, x1 - width) : x2 + width] = 1
    blue, green, red = cv2.split(image)
    near &= ((red > 200) & (green < 50) & (blue < 50)).astype(np.uint8)
    along = cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((1, width // 4), np.uint8))
    down = cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((height // 2, 1), np.uint8))
    mask = cv2.dilate(np.maximum(along, down), np.ones((5, 5), np.uint8))
    return cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)
