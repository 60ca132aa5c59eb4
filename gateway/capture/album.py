"""Which pictures to send: the best of each plate, not one for every frame."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2

from gateway.lane.types import PlateReading
from gateway.pipe import PICTURE_LIMIT
from gateway.ports import Frame

RENEW_EVIDENCE_S = 10.0
JPEG_QUALITY = 85
# What a doubt says changes from frame to frame: only a clearly better one is worth new pictures.
_CLEARLY_BETTER = 0.05

Named = dict[str, bytes]


class Print:
    """One frame as JPEG, each picture named by its SHA-256. The whole one is made only once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    @cached_property
    def whole(self) -> Named:
        """Empty where it is more than the pipe takes, as a noisy frame of 8K can be."""
        return _named(self._frame.image)

    def photo(self) -> Named:
        """The whole frame, smaller where the pipe would not take it."""
        picture, image = self.whole, self._frame.image
        while not picture and min(image.shape[:2]) > 1:
            image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            picture = _named(image)
        return picture

    def plate(self, reading: PlateReading) -> Named:
        """The plate as it was read, then the whole frame."""
        return _named(_crop(reading, self._frame.image)) | self.whole


@dataclass(frozen=True, slots=True)
class _Sent:
    at: float
    min_char: float
    names: tuple[str, ...]


class Album:
    """Knows what was sent of late, so that a standing car is not sent with every frame.

    A plate that was read is known by its text. One in doubt is known by its track: of each, the
    best picture so far is named, for the person who must help.
    """

    def __init__(self) -> None:
        self._sent: dict[str | int, _Sent] = {}

    def with_evidence(
        self, readings: Iterable[PlateReading], print_: Print, at: float
    ) -> tuple[tuple[PlateReading, ...], Named]:
        """The readings of one frame with the names of their pictures, and those not yet sent."""
        named, pictures = [], dict[str, bytes]()
        for reading in readings:
            key = reading.text if reading.sure else reading.track
            if self._is_worth_sending(key, reading, at):
                of_plate = print_.plate(reading)
                pictures |= of_plate
                self._sent[key] = _Sent(at, reading.min_char, tuple(of_plate))
            named.append(replace(reading, evidence=self._sent[key].names))
        self._forget_before(at - RENEW_EVIDENCE_S)
        return tuple(named), pictures

    def _is_worth_sending(self, key: str | int, reading: PlateReading, at: float) -> bool:
        sent = self._sent.get(key, _Sent(-math.inf, 0.0, ()))
        better = 0.0 if reading.sure else _CLEARLY_BETTER
        return at - sent.at >= RENEW_EVIDENCE_S or reading.min_char > sent.min_char + better

    def _forget_before(self, at: float) -> None:
        self._sent = {key: sent for key, sent in self._sent.items() if sent.at >= at}


def _named(picture: Any) -> Named:
    """Empty where the pipe does not take it."""
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done or jpeg.size > PICTURE_LIMIT:
        return {}
    data = jpeg.tobytes()
    return {hashlib.sha256(data).hexdigest(): data}


def _crop(reading: PlateReading, image: Any) -> Any:
    """The plate with a margin of half its height, cut from the frame that was read."""
    xs, ys = zip(*reading.corners, strict=True)
    margin = (max(ys) - min(ys)) / 2
    height, width = image.shape[:2]
    left, right = max(0, int(min(xs) - margin)), min(width, int(max(xs) + margin) + 1)
    top, bottom = max(0, int(min(ys) - margin)), min(height, int(max(ys) + margin) + 1)
    return image[top:bottom, left:right] if right > left and bottom > top else image
