"""A closer look: the picture around one box, enlarged or reduced to the same small size."""

from dataclasses import dataclass

import cv2
import numpy as np

from drivers.plates.detector import Box

WIDTH, HEIGHT = 256, 128
_PLATES_ACROSS = 2.6
_PADDING = (114, 114, 114)


@dataclass(frozen=True, slots=True)
class Zoom:
    """`image` shows the place around a box; `scale` and the origin lead back to the picture."""

    image: np.ndarray
    scale: float
    x: float
    y: float

    def out(self, box: Box) -> Box:
        """A box of the zoomed image, in the picture's pixels."""
        corners = box.corners / np.float32(self.scale) + np.array([self.x, self.y], np.float32)
        return Box(box.score, corners.astype(np.float32), box.two_rows)

    def middle_most(self, boxes: list[Box]) -> Box | None:
        """The best box near the middle, where the plate in question is."""
        middle = np.array([WIDTH / 2, HEIGHT / 2])
        near = [b for b in boxes if np.abs(b.corners.mean(0) - middle).max() < HEIGHT / 4]
        return max(near, key=lambda box: box.score, default=None)


def zoom(picture: np.ndarray, box: Box) -> Zoom:
    """Cut so that a plate is as wide as the detector likes best, with its surroundings."""
    scale = WIDTH / (_PLATES_ACROSS * _plate_width(box.corners))
    x_middle, y_middle = _inside(picture, box.corners.mean(0))
    x, y = x_middle - WIDTH / 2 / scale, y_middle - HEIGHT / 2 / scale
    if scale >= 1:
        return Zoom(_warped(picture, scale, x, y), scale, x, y)
    left, top = max(0, int(x)), max(0, int(y))
    part = picture[top : int(y + HEIGHT / scale) + 1, left : int(x + WIDTH / scale) + 1]
    factor = max(scale, 1 / min(part.shape[:2]))
    small = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return Zoom(_warped(small, 1.0, (x - left) * scale, (y - top) * scale), scale, x, y)


def _inside(picture: np.ndarray, point: np.ndarray) -> tuple[float, float]:
    """A plate that the picture's edge cuts may have its middle beyond it."""
    height, width = picture.shape[:2]
    return float(np.clip(point[0], 0, width - 1)), float(np.clip(point[1], 0, height - 1))


def _plate_width(corners: np.ndarray) -> float:
    across = float(np.linalg.norm(corners[1] - corners[0]))
    down = float(np.linalg.norm(corners[3] - corners[0]))
    return max(across, 2 * down, 4.0)


def _warped(picture: np.ndarray, scale: float, x: float, y: float) -> np.ndarray:
    move = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]], np.float32)
    return cv2.warpAffine(
        picture, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT, borderValue=_PADDING
    )
