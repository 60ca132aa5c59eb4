"""agentclpr: a plate detector and the text reader of PP-OCRv2 trained on plates."""

import sys
import types
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.peers.kind import About, Texts

ROW = "agentclpr"
_WIDTH, _MARGIN = 256, 100


class Agent:
    def __init__(self, package: Any) -> None:
        self._reader: Any = package.CLPSystem()
        models = Path(package.__file__).parent / "resources" / "pretrained_models"
        self.about = About(
            rows=(ROW,),
            version=version("agentclpr"),
            licence="Apache-2.0",
            how=(
                "its plate texts; crops are handed to its text reader as it hands a plate that "
                f"it found itself: {_WIDTH} px wide with a white margin"
            ),
            models=tuple(sorted(models.glob("*.onnx"))),
        )

    def read(self, image: Any) -> Texts:
        return {ROW: [text for _, (text, _) in self._reader(image)]}

    def read_crop(self, image: Any) -> Texts:
        height, width = image.shape[:2]
        plate = cv2.resize(image, (_WIDTH, max(1, int(_WIDTH / width * height))))
        sides = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0))
        found = self._reader.ocr(np.pad(plate, sides, constant_values=255))
        return {ROW: ["".join(text for _, (text, _) in found)]}


def load() -> Agent:
    # Its library imports a downloader that it needs for models which it brings along here.
    sys.modules["wget"] = types.ModuleType("wget")
    return Agent(import_module("agentclpr"))
