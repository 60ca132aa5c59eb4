"""A lane's reader, looking at what the lane's configuration lets it see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.capture.view import View, window
from gateway.lane.types import PlateCandidate
from gateway.ports import Reader


@dataclass(frozen=True, slots=True)
class ViewedReader:
    """Reads the view's region without its masks; corners are those of the whole picture."""

    reader: Reader
    view: View

    def read(self, image: Any) -> Sequence[PlateCandidate]:
        part = window(self.view, image.shape[1], image.shape[0])
        return part.back(self.reader.read(part.cut(image)))

    def read_crop(self, image: Any) -> PlateCandidate:
        return self.reader.read_crop(image)

    @property
    def share(self) -> float:
        """The region's width, of the picture's."""
        xs = [x for x, _ in self.view.region]
        return max(xs) - min(xs) if xs else 1.0
