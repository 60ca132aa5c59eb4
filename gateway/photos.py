"""Reading photos from files, as a technician does to try the reader."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateReading
from gateway.ports import DeviceError, Reader

PHOTOS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class Photo:
    """What one file held. `error` is a sentence where it could not be read as a picture."""

    file: str
    ms: float
    plates: tuple[PlateReading, ...] = ()
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        told = {"file": self.file, "ms": round(self.ms, 2), "plates": [*map(_plate, self.plates)]}
        return told | ({"error": self.error} if self.error else {})


def expand(paths: Iterable[Path]) -> list[Path]:
    """Files as they are given; a folder stands for the pictures in it, sorted."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [file for file in inside if not path.is_dir() or file.suffix.lower() in PHOTOS]
    return found


def read_photos(
    paths: Iterable[Path], reader: Reader, gate: Gate, *, crops: bool
) -> Iterator[Photo]:
    for path in paths:
        try:
            image = _decoded(path)
            started = time.perf_counter()
            candidates = [reader.read_crop(image)] if crops else reader.read(image)
            ms = (time.perf_counter() - started) * 1000
        except DeviceError as error:
            yield Photo(str(path), 0.0, error=str(error))
            continue
        judged = (judge(candidate, gate) for candidate in candidates)
        readings = tuple(reading for reading in judged if isinstance(reading, PlateReading))
        yield Photo(str(path), ms, readings)


def _decoded(path: Path) -> Any:
    import cv2
    import numpy as np

    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DeviceError(f"{path}: cannot be opened: {error.strerror}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise DeviceError(f"{path}: is no picture (JPEG, PNG, BMP or WebP expected)")
    return image


def _plate(reading: PlateReading) -> dict[str, Any]:
    xs, ys = zip(*reading.corners, strict=True)
    return {
        "text": reading.text,
        "type": reading.type.value,
        "colour": reading.colour.value,
        "confidence": round(reading.confidence, 4),
        "min_char": round(reading.min_char, 4),
        "box": [round(v, 1) for v in (min(xs), min(ys), max(xs), max(ys))],
        "corners": [[round(x, 1), round(y, 1)] for x, y in reading.corners],
    }
