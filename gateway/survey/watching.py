"""One camera, watched for some seconds: everything measured, the best picture kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any

from gateway.capture.condition import Inspector
from gateway.capture.look import look_at
from gateway.lane.plates import Gate
from gateway.lane.types import PlateCandidate
from gateway.ports import Camera, DeviceError, Frame
from gateway.sight import Condition
from gateway.survey.facts import LightFacts, PlateFacts, StreamFacts
from gateway.survey.footage import Live, Pulse, Shot
from gateway.survey.glimpses import SAME_WIDTH, Glimpse, glimpse_of, plate_facts, standing
from gateway.survey.measuring import PictureLight, picture_light
from gateway.survey.sightings import NOTHING, Appearance, Sighting, by_plate, look
from gateway.survey.viewed import ViewedReader

# A place in the picture with fewer characters is a sign or a lamp, not a plate badly read.
FEWEST_CHARACTERS = 5


@dataclass(frozen=True, slots=True)
class Watched:
    """`picture`: the best one (BGR) of the place that `plate` is about, and what it shows."""

    stream: StreamFacts
    light: LightFacts
    plate: PlateFacts | None
    plates: tuple[Appearance, ...]
    picture: Any
    seen: Sighting


def watch(
    camera: Camera,
    reader: ViewedReader,
    gate: Gate,
    seconds: float,
    tick: Callable[[float], object],
) -> Watched:
    """`tick` gets the seconds so far. Raises `DeviceError` where no picture comes.

    A camera that breaks off later is told in `stream.stopped`. Ctrl-C ends it sooner.
    """
    notes = Notes(reader, gate)
    stopped = ""
    with Live(camera) as live:
        try:
            for shot in live.shots(seconds):
                notes.take(shot)
                tick(shot.at_s)
        except DeviceError as error:
            if not notes.sightings:
                raise
            stopped = f"the pictures broke off: {error}"
        except KeyboardInterrupt:
            if not notes.sightings:
                raise
    return notes.summed_up(live.pulse, stopped)


class Notes:
    """Takes down what each picture shows, and keeps the best picture of each distance."""

    def __init__(self, reader: ViewedReader, gate: Gate) -> None:
        self.sightings: list[Sighting] = []
        self._inspector = Inspector(reader.view)
        self._frozen = ""
        self._reader = reader
        self._gate = gate
        self._lights: list[PictureLight] = []
        self._glimpses: list[Glimpse] = []
        self._best: dict[int, tuple[Glimpse, Any, Sighting]] = {}
        self._last: Any = None

    def take(self, shot: Shot) -> None:
        seen = look(shot.image, self._reader, self._gate, number=shot.number, at_s=shot.at_s)
        self.sightings.append(seen)
        self._lights.append(picture_light(shot.image))
        self._last = shot.image
        self._inspect(shot)
        if (glimpse := self._glimpse(shot.image, seen)) is not None:
            self._glimpses.append(glimpse)
            self._keep(glimpse, shot.image, seen)

    def summed_up(self, pulse: Pulse, stopped: str) -> Watched:
        """Of at least one picture."""
        height, width = self._last.shape[:2]
        stream = StreamFacts(
            width=width,
            height=height,
            seconds=pulse.last_at - pulse.first_at,
            frames=pulse.frames,
            fps=pulse.fps,
            longest_gap_s=pulse.longest_gap_s,
            age_s=median(pulse.ages_s),
            stopped=stopped or self._frozen,
            share=self._reader.share,
            expected=self._reader.view.size,
        )
        light, plate = light_facts(self._lights), plate_facts(self._glimpses)
        return Watched(stream, light, plate, by_plate(self.sightings), *self._picture())

    def _inspect(self, shot: Shot) -> None:
        """A frozen picture comes like any other, and its plate may be of yesterday."""
        frame = Frame(shot.image, shot.at_s, recorded=shot.recorded)
        look_ = look_at(frame, self._reader.view, shot.at_s)
        if self._inspector.judged(look_) is Condition.FROZEN:
            self._frozen = self._inspector.words

    def _glimpse(self, image: Any, seen: Sighting) -> Glimpse | None:
        """The widest plate that was read; where none was, the widest place that may be one."""
        found = [(one.candidate, True) for one in seen.accepted] or [
            (one.candidate, False) for one in seen.refused if _may_be_one(one.candidate, self._gate)
        ]
        glimpses = [
            glimpse_of(image, candidate, read=read, number=seen.number) for candidate, read in found
        ]
        those = [one for one in glimpses if one is not None]
        return max(those, key=lambda one: one.shape.width_px, default=None)

    def _keep(self, glimpse: Glimpse, image: Any, seen: Sighting) -> None:
        distance = round(log(max(glimpse.shape.width_px, 1.0)) / log(SAME_WIDTH))
        best = self._best.get(distance)
        if best is None or _worth(glimpse) > _worth(best[0]):
            self._best[distance] = (glimpse, image, seen)

    def _picture(self) -> tuple[Any, Sighting]:
        """Without a plate the last one: a camera must find its exposure first."""
        numbers = {one.number for one in standing(self._glimpses)}
        kept = [best for best in self._best.values() if best[0].number in numbers]
        best = max(kept or self._best.values(), key=lambda best: _worth(best[0]), default=None)
        return best[1:] if best else (self._last, self.sightings[-1] if self.sightings else NOTHING)


def _may_be_one(candidate: PlateCandidate, gate: Gate) -> bool:
    return len(candidate.text) >= FEWEST_CHARACTERS and candidate.box_score >= gate.box_score


def _worth(glimpse: Glimpse) -> tuple[bool, float]:
    return glimpse.read, glimpse.min_char


def light_facts(lights: Iterable[PictureLight]) -> LightFacts:
    """The medians of at least one picture."""
    looks = list(lights)
    return LightFacts(
        median(one.middle for one in looks),
        median(one.burnt for one in looks),
        median(one.black for one in looks),
        median(one.blur_px for one in looks),
    )
