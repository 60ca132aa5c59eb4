"""hyperlpr2: a detector, a corner refiner and a reader of plates on OpenCV 4."""

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

from bench.peers.kind import About, Texts

ROW = "hyperlpr2"
# Of none, 10, 20 and 35 % the border with which it read the most of 200 crops.
_BORDER = 0.1


class HyperLpr:
    def __init__(self) -> None:
        package: Any = import_module("hyperlpr2")
        self._reader = package.PR
        models = Path(package.__file__).parent / "models"
        files = (path for path in models.rglob("*") if path.suffix in {".caffemodel", ".xml"})
        self.about = About(
            rows=(ROW,),
            version=version("hyperlpr2"),
            licence="MIT",
            how=(
                "its plate texts (it stops at the first plate of a picture); crops by its corner "
                f"refiner and reader, with a border of {_BORDER:.0%} for the refiner"
            ),
            # The other network in its folder is never loaded.
            models=tuple(sorted(p for p in files if p.stem != "HorizonalFinemapping")),
        )

    def read(self, image: Any) -> Texts:
        return {ROW: [text for text, _, _ in self._reader.plate_recognition(image) or []]}

    def read_crop(self, image: Any) -> Texts:
        high, wide = (round(side * _BORDER) for side in image.shape[:2])
        around = cv2.copyMakeBorder(image, high, high, wide, wide, cv2.BORDER_REPLICATE)
        text, _ = self._reader.segmentation_free_recognition(self._reader.finetune(around))
        return {ROW: [text]}


def load() -> HyperLpr:
    return HyperLpr()
