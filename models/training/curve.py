"""A small picture of how a training goes."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

_SIZE, _EDGE = (420, 720), 40
_COLOURS = (
    (60, 60, 200),
    (180, 90, 20),
    (40, 140, 40),
    (160, 40, 160),
    (20, 140, 180),
    (90, 90, 90),
)


def draw_curve(log: Sequence[dict[str, float]], path: Path) -> None:
    """Each figure over the steps, in its own range, which stands beside its name."""
    canvas = np.full((*_SIZE, 3), 255, np.uint8)
    cv2.rectangle(canvas, (_EDGE, _EDGE), (_SIZE[1] - _EDGE, _SIZE[0] - _EDGE), (200,) * 3, 1)
    names = [name for name in log[-1] if name != "step"]
    for place, name in enumerate(names):
        colour = _COLOURS[place % len(_COLOURS)]
        values = [entry.get(name, float("nan")) for entry in log]
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        points = _points([entry["step"] for entry in log], values, low, high)
        cv2.polylines(
            canvas, [points], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA
        )
        words = f"{name} {low:.3g} .. {high:.3g}, now {values[-1]:.4g}"
        cv2.putText(
            canvas, words, (_EDGE + 8, _EDGE + 16 + 15 * place), 0, 0.4, colour, 1, cv2.LINE_AA
        )
    cv2.imwrite(str(path), canvas)


def _points(steps: list[float], values: list[float], low: float, high: float) -> np.ndarray:
    wide, tall = _SIZE[1] - 2 * _EDGE, _SIZE[0] - 2 * _EDGE
    x = _EDGE + np.array(steps) / max(steps[-1], 1) * wide
    y = _SIZE[0] - _EDGE - (np.nan_to_num(values, nan=low) - low) / max(high - low, 1e-9) * tall
    return np.stack([x, y], 1).round().astype(np.int32)
