"""Our own reader, as the lane has it: both networks and the gate."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import gateway
from bench.peers.kind import About, Texts
from drivers.plates import manifest
from drivers.reader.onnx_plates import Settings, connect
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateCandidate, PlateReading
from gateway.ports import Reader

GATED, UNGATED = "ours", "ours, no gate"


class Ours:
    def __init__(self, reader: Reader, about: About) -> None:
        self._reader = reader
        self.about = about

    def read(self, image: Any) -> Texts:
        return _texts(self._reader.read(image))

    def read_crop(self, image: Any) -> Texts:
        return _texts([self._reader.read_crop(image)])


def load() -> Ours:
    settings = Settings(driver="onnx_plates")
    models = manifest.load(settings.models).manifest
    about = About(
        rows=(GATED, UNGATED),
        version=gateway.__version__,
        licence="Apache-2.0",
        how=f"what passed {Gate()}; in the second row what the networks said before it",
        models=tuple(settings.models / part.file for part in (models.detector, models.recogniser)),
    )
    forever = ExitStack()
    return Ours(forever.enter_context(connect(settings)), about)


def _texts(candidates: Sequence[PlateCandidate]) -> Texts:
    judged = (judge(candidate, Gate()) for candidate in candidates)
    passed = [reading.text for reading in judged if isinstance(reading, PlateReading)]
    return {GATED: passed, UNGATED: [candidate.text for candidate in candidates]}
