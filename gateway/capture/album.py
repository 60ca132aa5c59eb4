"""Which pictures to send: the best of each plate, not one for every frame."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2

from gateway.lane.types import PlateReading
from gateway.pipe import PICTURE_LIMIT

RENEW_EVIDENCE_S = 10.0
JPEG_QUALITY = 85


class Album:
    """Knows what was sent of late, so that a standing car is not sent with every frame."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[float, float, tuple[str, ...]]] = {}

    def with_evidence(
        self, reading: PlateReading, image: Any, at: float
    ) -> tuple[PlateReading, dict[str, bytes]]:
        """A doubt gets no pictures: what it says changes from frame to frame."""
        if not reading.sure:
            return reading, {}
        sent_at, best, names = self._best.get(reading.text, (-1e9, 0.0, ()))
        if at - sent_at < RENEW_EVIDENCE_S and reading.min_char <= best:
            return replace(reading, evidence=names), {}
        pictures = dict(_named_jpegs(reading, image))
        self._forget_before(at - RENEW_EVIDENCE_S)
        self._best[reading.text] = (at, reading.min_char, tuple(pictures))
        return replace(reading, evidence=tuple(pictures)), pictures

    def _forget_before(self, at: float) -> None:
        self._best = {text: kept for text, kept in self._best.items() if kept[0] >= at}


def _named_jpegs(reading: PlateReading, image: Any) -> Iterator[tuple[str, bytes]]:
    """The plate as it was read, then the whole frame, each named by its SHA-256.

    A noisy 8K frame can be more than the pipe takes: then the plate alone must do.
    """
    for picture in (_crop(reading, image), image):
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if done and jpeg.size <= PICTURE_LIMIT:
            yield hashlib.sha256(jpeg.tobytes()).hexdigest(), jpeg.tobytes()


def _crop(reading: PlateReading, image: Any) -> Any:
    """The plate with a margin of half its height, cut from the frame that was read."""
    xs, ys = zip(*reading.corners, strict=True)
    margin = (max(ys) - min(ys)) / 2
    height, width = image.shape[:2]
    left, right = max(0, int(min(xs) - margin)), min(width, int(max(xs) + margin) + 1)
    top, bottom = max(0, int(min(ys) - margin)), min(height, int(max(ys) + margin) + 1)
    return image[top:bottom, left:right] if right > left and bottom > top else image
