"""Picture in, plates out: find, cut out, read, and look closer where in doubt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivers.plates import manifest
from drivers.plates.detector import Box, Detector
from drivers.plates.network import Network
from drivers.plates.pictures import as_bgr
from drivers.plates.recogniser import Recogniser, Text, Words
from drivers.plates.rectify import READ_CUT, Cut, rectify
from drivers.plates.rows import side_by_side
from drivers.plates.sharpness import sharpness_of
from drivers.plates.zoom import zoom
from gateway.lane.types import PlateCandidate

LEAST_BOX = 0.3
MOST_PLATES = 12
# A text whose weakest character is under SURE is looked at again. Under HOPELESS it is a
# grille or a sign, of which a picture can have many.
SURE, HOPELESS = 0.9, 0.2
CLOSER = (Cut(), Cut(-0.04, -0.1, 1.04, 1.1))
# A plate that fills the picture and is less wide than this may have two rows.
_TWO_ROW_SHAPE = 2.4
_FILLS = 0.7


class PlateReader:
    """Implements `gateway.ports.Reader`. The same picture always gives the same answer."""

    def __init__(self, detector: Detector, recogniser: Recogniser) -> None:
        self._detector = detector
        self._recogniser = recogniser

    @classmethod
    def load(cls, folder: Path) -> "PlateReader":
        """Raises `DeviceError` where `folder` does not hold the models its manifest names."""
        cv2.setNumThreads(1)
        models = manifest.load(folder)
        found, read = models.manifest.detector, models.manifest.recogniser
        detector = Detector(Network(models.detector, found.file), found.pixels)
        network = Network(models.recogniser, read.file, outputs=3)
        words = Words(read.alphabet, read.colours, (None, *read.types))
        return cls(detector, Recogniser(network, words, read.width, read.height))

    def warm_up(self) -> None:
        """The first run of a network takes twice its time: not while a car waits."""
        street = np.full((720, 1280, 3), 114, np.uint8)
        self.read(street)
        self._closer(street, _whole(street))

    def read(self, image: Any) -> Sequence[PlateCandidate]:
        picture = as_bgr(image)
        boxes = self._detector.find(picture, LEAST_BOX)
        return tuple(self._candidate(picture, box) for box in boxes[:MOST_PLATES])

    def read_crop(self, image: Any) -> PlateCandidate:
        """Where in doubt, its corners are looked for: a crop may hold the plate tilted."""
        picture = as_bgr(image)
        whole = _whole(picture)
        text = self._text(picture, whole, (READ_CUT,))
        if HOPELESS <= text.weakest < SURE:
            box, closer = self._closer(picture, whole)
            if closer.weakest > text.weakest and box.width >= _FILLS * whole.width:
                return self._described(picture, box, closer)
        return self._described(picture, whole, text)

    def _candidate(self, picture: np.ndarray, box: Box) -> PlateCandidate:
        text = self._text(picture, box, (READ_CUT,))
        if HOPELESS <= text.weakest < SURE:
            box, text = self._closer(picture, box)
        return self._described(picture, box, text)

    def _closer(self, picture: np.ndarray, box: Box) -> tuple[Box, Text]:
        """Corners found again at a better size, and the mean of two cuts."""
        near = zoom(picture, box)
        found = near.middle_most(self._detector.find_as_is(near.image, LEAST_BOX))
        if found is not None:
            better = near.out(found)
            box = Box(max(box.score, better.score), better.corners, better.two_rows)
        return box, self._text(picture, box, CLOSER)

    def _text(self, picture: np.ndarray, box: Box, cuts: tuple[Cut, ...]) -> Text:
        """Where two rows are likely, the surer of both ways to read."""
        size = self._recogniser.width, self._recogniser.height
        views = [rectify(picture, box.corners, cut, *size) for cut in cuts]
        text = self._recogniser.read(views)
        if not box.two_rows:
            return text
        folded = self._recogniser.read([side_by_side(picture, box.corners, *size)], rows=2)
        return max(text, folded, key=lambda text: text.weakest * text.plate)

    def _described(self, picture: np.ndarray, box: Box, text: Text) -> PlateCandidate:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = box.corners.tolist()
        return PlateCandidate(
            text=text.text,
            colour=text.colour,
            characters=text.characters,
            box_score=box.score,
            corners=((x0, y0), (x1, y1), (x2, y2), (x3, y3)),
            rows=text.rows,
            plate=text.plate,
            sharpness=sharpness_of(picture, box.corners),
            others=text.others,
        )


def _whole(picture: np.ndarray) -> Box:
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return Box(1.0, corners, two_rows=width < _TWO_ROW_SHAPE * height)
