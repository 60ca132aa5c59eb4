"""Reading photos from files, as a technician does to try the reader."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.lane.plates import Gate
from gateway.pictures import decoded
from gateway.ports import DeviceError, Reader
from gateway.survey.sightings import NOTHING, Sighting, look

PHOTOS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class Photo:
    """What one file held. `error` is a sentence where it could not be read as a picture."""

    file: str
    sighting: Sighting = NOTHING
    error: str = ""
    drawn: str = ""

    def as_json(self, *, refused: bool = False) -> dict[str, Any]:
        seen = self.sighting
        told: dict[str, Any] = {
            "file": self.file,
            "ms": round(seen.ms, 2),
            "plates": [plate.as_json() for plate in seen.accepted],
        }
        if refused:
            told["refused"] = [candidate.as_json() for candidate in seen.refused]
        return told | {
            key: text for key, text in (("error", self.error), ("drawn", self.drawn)) if text
        }


def expand(paths: Iterable[Path]) -> list[Path]:
    """Files as they are given; a folder stands for the pictures in it, sorted."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [file for file in inside if not path.is_dir() or file.suffix.lower() in PHOTOS]
    return found


def read_photo(
    path: Path,
    reader: Reader,
    gate: Gate,
    *,
    crop: bool = False,
    draw: Callable[[Any, Sighting], str] | None = None,
) -> Photo:
    """Never raises for what the file holds. `draw` gives the drawn picture's name."""
    try:
        image = _decoded(path)
        sighting = look(image, reader, gate, crop=crop)
    except DeviceError as error:
        return Photo(str(path), error=str(error))
    return Photo(str(path), sighting, drawn=draw(image, sighting) if draw else "")


def _decoded(path: Path) -> Any:
    try:
        return decoded(path.read_bytes())
    except OSError as error:
        raise DeviceError(f"{path}: cannot be opened: {error.strerror}") from error
    except DeviceError as error:
        raise DeviceError(f"{path}: {error}") from error
