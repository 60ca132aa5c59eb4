"""How good a detector is, measured with the very decoder that the product runs."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import nn

from drivers.plates.detector import Box, Detector
from drivers.plates.network import Network
from models.training.detector.net import CHANNELS, MULTIPLE
from models.training.detector.photos import Photo
from models.training.detector.quads import Mark, box_of, height_of, shown

PIXELS = 123_000
SCORE = 0.4
_FOUND_OVERLAP, _SAME_PLACE, _WHOLE = 0.5, 0.2, 0.7
_NARROWEST = 12.0
_EXTRA_COST = 0.2

Picture = tuple[np.ndarray, list[Mark]]


@dataclass(frozen=True, slots=True)
class Exam:
    photos: list[Photo]
    made: list[Picture]


@dataclass(slots=True)
class _Count:
    plates: int = 0
    found: int = 0
    extra: int = 0
    least_trust: float = 0.0
    pictures: int = 0
    rows_right: int = 0
    errors: list[float] = field(default_factory=list)


class TorchNetwork:
    """Stands where the product has an ONNX session."""

    output_shapes = ((1, CHANNELS, None, None),)

    def __init__(self, net: nn.Module) -> None:
        self._net = net
        self._device = next(net.parameters()).device

    @torch.no_grad()
    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        answer = self._net(torch.from_numpy(batch).to(self._device))
        return [answer.float().cpu().numpy()]


def examine(net: nn.Module, exam: Exam) -> dict[str, float]:
    """`good` is the share of plates found, less a fifth of the extra boxes a picture.

    `error` is the median corner error over the plate's height. Most real photos have machine-made
    corners; `made_error` is of drawn plates alone, whose corners are exact.
    """
    detector = detector_of(net)
    real, made = _Count(), _Count(least_trust=1.0)
    for photo in exam.photos:
        _mark(real, detector.find(photo.image, SCORE), list(photo.marks), photo.image)
        _mark(real, detector.find(photo.erased[0], SCORE), _unknown(photo), photo.image)
    for image, marks in exam.made:
        height, width = (side // MULTIPLE * MULTIPLE for side in image.shape[:2])
        _mark(made, detector.find_as_is(image[:height, :width], SCORE), marks, image)
    figures = {f"real_{name}": value for name, value in _figures(real).items()}
    figures |= {f"made_{name}": value for name, value in _figures(made).items()}
    found = (figures["real_found"] + figures["made_found"]) / 2
    extra = (figures["real_extra"] + figures["made_extra"]) / 2
    return {"good": found - _EXTRA_COST * extra, **figures}


def detector_of(net: nn.Module) -> Detector:
    return Detector(cast("Network", TorchNetwork(net)), PIXELS)


def _unknown(photo: Photo) -> list[Mark]:
    """Of an erased photo only the foreign plates, so far as erasing left some of them."""
    return [mark for mark in photo.marks if not mark.known]


def _mark(count: _Count, boxes: list[Box], marks: list[Mark], image: np.ndarray) -> None:
    """Each plate takes the box that covers it best; a box that touches none is an extra one."""
    height, width = image.shape[:2]
    count.pictures += 1
    for mark in marks:
        asked = mark.known and shown(mark.quad, width, height) > _WHOLE
        if not asked or np.ptp(mark.quad[:, 0]) < _NARROWEST:
            continue
        count.plates += 1
        best = max(boxes, key=lambda box: _overlap(box.corners, mark.quad), default=None)
        if best is not None and _overlap(best.corners, mark.quad) >= _FOUND_OVERLAP:
            count.found += 1
            count.rows_right += best.two_rows == mark.two_rows
            if mark.trust >= count.least_trust:
                distance = np.linalg.norm(best.corners - mark.quad, axis=1).mean()
                count.errors.append(float(distance) / height_of(mark.quad))
    count.extra += sum(all(_overlap(b.corners, m.quad) < _SAME_PLACE for m in marks) for b in boxes)


def _figures(count: _Count) -> dict[str, float]:
    plates = max(count.plates, 1)
    return {
        "found": count.found / plates,
        "extra": count.extra / max(count.pictures, 1),
        "error": float(np.median(count.errors)) if count.errors else 1.0,
        "rows": count.rows_right / max(count.found, 1),
    }


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Shared area of the upright boxes by the area of both."""
    a, b = box_of(one), box_of(other)
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    shared = float(np.prod(sides))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / max(both, 1e-6)
