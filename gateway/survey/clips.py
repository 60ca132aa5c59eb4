"""Reading a whole video, or a stream for some seconds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from gateway.lane.plates import Gate
from gateway.ports import DeviceError, Reader
from gateway.survey.footage import Shot
from gateway.survey.sightings import Appearance, Sighting, by_plate, look

Saw = Callable[[Any, Sighting], object]


@dataclass(frozen=True, slots=True)
class Clip:
    """What one video or stream held. `frames`: its pictures; `sightings`: those that were read.

    `error` is a sentence where it ended too soon; what was read before still stands.
    """

    file: str
    kind: Literal["video", "stream"]
    seconds: float = 0.0
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    sightings: tuple[Sighting, ...] = ()
    error: str = ""
    drawn: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def plates(self) -> tuple[Appearance, ...]:
        return by_plate(self.sightings)

    @property
    def ms(self) -> float:
        return median(seen.ms for seen in self.sightings) if self.sightings else 0.0

    def as_json(self, *, refused: bool = False) -> dict[str, Any]:
        told: dict[str, Any] = {
            "file": self.file,
            "kind": self.kind,
            "seconds": round(self.seconds, 3),
            "size": list(self.size),
            "frames": self.frames,
            "read": len(self.sightings),
            "ms": round(self.ms, 2),
            "plates": [plate.as_json() for plate in self.plates],
            "readings": [
                _when(seen) | plate.as_json() for seen in self.sightings for plate in seen.accepted
            ],
        }
        if refused:
            told["refused"] = [
                _when(seen) | one.as_json() for seen in self.sightings for one in seen.refused
            ]
        if self.drawn:
            told |= {"drawn": list(self.drawn), "left_out": self.left_out}
        return told | ({"error": self.error} if self.error else {})


def _when(sighting: Sighting) -> dict[str, Any]:
    return {"frame": sighting.number, "at_s": round(sighting.at_s, 3)}


@dataclass(slots=True)
class Viewing:
    """Reads shots one by one; what it has seen stands after an error, too."""

    reader: Reader
    gate: Gate
    seconds: float = 0.0
    size: tuple[int, int] = (0, 0)
    sightings: tuple[Sighting, ...] = ()
    error: str = ""

    def watch(self, shots: Iterable[Shot], saw: Saw) -> None:
        """To the end, or to an interrupt from the keyboard, which is no error."""
        sightings: list[Sighting] = []
        try:
            for shot in shots:
                image = shot.image
                seen = look(image, self.reader, self.gate, number=shot.number, at_s=shot.at_s)
                sightings.append(seen)
                self.seconds, self.size = shot.at_s, (image.shape[1], image.shape[0])
                saw(image, seen)
        except DeviceError as error:
            self.error = str(error)
        except KeyboardInterrupt:
            pass
        self.sightings = tuple(sightings)
