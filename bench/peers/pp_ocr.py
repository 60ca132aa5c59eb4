"""PP-OCRv4 through rapidocr-onnxruntime: a general reader of text."""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.peers.kind import About, Texts

ROW = "PP-OCRv4"
ONE_ROW_WIDTH = 2.2
_SAME_LINE = 0.5
Found = Sequence[tuple[Sequence[Sequence[float]], str]]


class PpOcr:
    def __init__(self) -> None:
        package: Any = import_module("rapidocr_onnxruntime")
        self._reader = package.RapidOCR()
        models = Path(package.__file__).parent / "models"
        self.about = About(
            rows=(ROW,),
            version=f"rapidocr-onnxruntime {version('rapidocr-onnxruntime')}",
            licence="Apache-2.0",
            how=(
                "any of its texts, of its lines of texts and of two lines, one above the other; "
                f"crops by its recognition alone, those narrower than {ONE_ROW_WIDTH} heights "
                "(two rows) by its text detection too"
            ),
            models=tuple(sorted(models.glob("*.onnx"))),
        )

    def read(self, image: Any) -> Texts:
        found, _ = self._reader(image)
        return {ROW: joined([(box, text) for box, text, _ in found or []])}

    def read_crop(self, image: Any) -> Texts:
        height, width = image.shape[:2]
        found, _ = self._reader(image, use_det=False, use_cls=False)
        alone = [text for text, _ in found or []]
        if width < ONE_ROW_WIDTH * height:
            alone += self.read(image)[ROW]
        return {ROW: alone}


def load() -> PpOcr:
    return PpOcr()


def joined(found: Found) -> list[str]:
    """The texts, each line of them from left to right, and each two lines that follow."""
    texts = [text for _, text in found]
    lines = ["".join(text for _, text in _across(line)) for line in _lines(found)]
    pairs = [above + below for above, below in pairwise(lines)]
    return list(dict.fromkeys(texts + lines + pairs))


def _lines(found: Found) -> list[Found]:
    """Boxes whose middles are less than half a height apart stand in one line."""
    lines: list[list[tuple[Sequence[Sequence[float]], str]]] = []
    for box, text in sorted(found, key=lambda one: _middle(one[0])):
        last = lines[-1][-1][0] if lines else None
        if last and _middle(box) - _middle(last) < _SAME_LINE * min(_high(box), _high(last)):
            lines[-1].append((box, text))
        else:
            lines.append([(box, text)])
    return list(lines)


def _across(line: Found) -> Found:
    return sorted(line, key=lambda one: min(x for x, _ in one[0]))


def _middle(box: Sequence[Sequence[float]]) -> float:
    return sum(y for _, y in box) / len(box)


def _high(box: Sequence[Sequence[float]]) -> float:
    heights = [y for _, y in box]
    return max(heights) - min(heights)
