"""Which pictures to send: the best of each plate, not one for every frame."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2

from gateway.capture.thumbnail import MOST_BYTES, with_thumbnail
from gateway.lane.types import PlateReading
from gateway.ports import Frame

RENEW_EVIDENCE_S = 10.0
PICTURE_BYTES = 256 * 1024
"""The largest picture: on a line of 1 Mbit/s, a pass that comes behind it waits for 2 s."""
LONGEST_PX = 1920
JPEG_QUALITY = 85
_LESS, _LEAST = 70, 50
_HALF = 0.5
# What a doubt says changes from frame to frame: only a clearly better one is worth new pictures.
_CLEARLY_BETTER = 0.05

Named = dict[str, bytes]


class Print:
    """One frame as JPEG. The whole one is made only once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    @cached_property
    def _small(self) -> bytes:
        """With room for the preview of a plate."""
        image = self._frame.image
        image = _scaled(image, LONGEST_PX / max(image.shape[:2]))
        return _within(image, PICTURE_BYTES - MOST_BYTES, JPEG_QUALITY, _LESS)

    def photo(self) -> Named:
        """The whole frame by its name."""
        return _named(self._small)

    def plate(self, reading: PlateReading) -> Named:
        """The whole frame by its name; its preview is the plate as it was read, not made smaller.

        So one file says both what was read and where: see decision 7.
        """
        crop = _crop(reading, self._frame.image)
        crop = _within(crop, MOST_BYTES, JPEG_QUALITY, _LESS, _LEAST)
        return _named(with_thumbnail(self._small, crop))


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


def _named(jpeg: bytes) -> Named:
    return {hashlib.sha256(jpeg).hexdigest(): jpeg}


def _within(image: Any, most_bytes: int, *qualities: int) -> bytes:
    """As JPEG of the first quality that fits; else of the last one, made smaller until it does."""
    for quality in qualities:
        if len(jpeg := _encoded(image, quality)) <= most_bytes:
            return jpeg
    # A little less than the share of the bytes that is too much.
    scale = 0.95 * min(0.95, math.sqrt(most_bytes / len(jpeg)))
    return _within(_scaled(image, scale), most_bytes, qualities[-1])


def _encoded(image: Any, quality: int) -> bytes:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    data: bytes = jpeg.tobytes()
    return data


def _scaled(image: Any, scale: float) -> Any:
    if scale >= 1:
        return image
    height, width = image.shape[:2]
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    # The area method is the better one, but takes four times as long where half is enough.
    method = cv2.INTER_LINEAR if scale >= _HALF else cv2.INTER_AREA
    return cv2.resize(image, size, interpolation=method)


def _crop(reading: PlateReading, image: Any) -> Any:
    """The plate with a margin of half its height, cut from the frame that was read."""
    xs, ys = zip(*reading.corners, strict=True)
    margin = (max(ys) - min(ys)) / 2
    height, width = image.shape[:2]
    left, right = max(0, int(min(xs) - margin)), min(width, int(max(xs) + margin) + 1)
    top, bottom = max(0, int(min(ys) - margin)), min(height, int(max(ys) + margin) + 1)
    return image[top:bottom, left:right] if right > left and bottom > top else image
