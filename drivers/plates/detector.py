"""Where the plates are: four corners each, from a network that looks at every 8 x 8 pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from drivers.plates.network import Network
from gateway.ports import DeviceError

STRIDE = 8
MULTIPLE = 32
_CORNER_UNIT = 16.0
_CHANNELS = 10
_PADDING = 114
_ROUND_UP = 0.35
_WEAK = 0.7
_SAME_OVERLAP, _SAME_INSIDE, _VOTE_OVERLAP = 0.35, 0.6, 0.6


@dataclass(frozen=True, slots=True)
class Box:
    """`corners`: float32 [4, 2] in pixels, clockwise from the plate's top left."""

    score: float
    corners: np.ndarray
    two_rows: bool

    @property
    def width(self) -> float:
        """Of the upper side, in pixels."""
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))


class Detector:
    """`pixels`: what a picture is scaled to; one camera's frames always give one input shape."""

    def __init__(self, network: Network, pixels: int) -> None:
        channels = network.output_shapes[0][1]
        if channels != _CHANNELS:
            raise DeviceError(
                f"plate detector: the model gives {channels} values a place, not {_CHANNELS}; "
                "install a detector of this release"
            )
        self._network = network
        self._pixels = pixels

    def find(self, image: np.ndarray, least: float) -> list[Box]:
        """Plates with a score of at least `least`, best first."""
        small, scale = _scaled(image, self._pixels)
        boxes = _decode(self._look(small), least)
        return [Box(b.score, b.corners / np.float32(scale), b.two_rows) for b in boxes]

    def find_as_is(self, image: np.ndarray, least: float) -> list[Box]:
        """The same without scaling; both sides of `image` are multiples of 32."""
        return _decode(self._look(image), least)

    def _look(self, image: np.ndarray) -> np.ndarray:
        batch = np.ascontiguousarray(image.transpose(2, 0, 1)[None]).astype(np.float32)
        batch /= 255
        answer: np.ndarray = self._network.run(batch)[0][0]
        height, width = image.shape[:2]
        if answer.shape != (_CHANNELS, height // STRIDE, width // STRIDE):
            raise DeviceError(
                f"plate detector: the model answers {answer.shape} for a picture of {width} x "
                f"{height}; install a detector of this release"
            )
        return answer


def _scaled(image: np.ndarray, pixels: int) -> tuple[np.ndarray, float]:
    """The picture at about `pixels` pixels, padded at the right and below, and its scale."""
    height, width = image.shape[:2]
    scale = min((pixels / (height * width)) ** 0.5, pixels / MULTIPLE / max(height, width))
    wide, high = _rounded(width * scale), _rounded(height * scale)
    scale = min(wide / width, high / height)
    inner = (min(wide, max(1, round(width * scale))), min(high, max(1, round(height * scale))))
    canvas = np.full((high, wide, 3), _PADDING, np.uint8)
    canvas[: inner[1], : inner[0]] = _resized(image, inner, scale)
    return canvas, scale


def _rounded(size: float) -> int:
    return max(MULTIPLE, int(np.ceil(size / MULTIPLE - _ROUND_UP)) * MULTIPLE)


def _resized(image: np.ndarray, size: tuple[int, int], scale: float) -> np.ndarray:
    """Averaged by a whole number, then bilinear: a sixth of the time of averaging at once."""
    whole = min(int(1 / scale), *image.shape[:2])
    if whole >= 2:  # noqa: PLR2004
        wide, high = image.shape[1] // whole, image.shape[0] // whole
        part = image[: high * whole, : wide * whole]
        image = cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def _decode(answer: np.ndarray, least: float) -> list[Box]:
    """`answer`: [10, rows, columns]: score, eight corner offsets, two-row flag.

    Neighbours that see the same plate vote on its corners, weighed by their scores.
    """
    scores = _sigmoid(answer[0])
    rows, columns = np.nonzero(scores >= least * _WEAK)
    score = scores[rows, columns]
    order = np.argsort(-score, kind="stable")
    score, rows, columns = score[order], rows[order], columns[order]
    centres = np.stack([columns, rows], 1)[:, None] * STRIDE + STRIDE // 2
    quads = answer[1:9, rows, columns].T.reshape(-1, 4, 2) * _CORNER_UNIT + centres
    return _merged(score, quads.astype(np.float32), answer[9, rows, columns], least)


def _merged(score: np.ndarray, quads: np.ndarray, two_rows: np.ndarray, least: float) -> list[Box]:
    hulls = np.concatenate([quads.min(1), quads.max(1)], 1)
    free = np.ones(len(score), bool)
    boxes = []
    for index in range(len(score)):
        if score[index] < least:
            break
        if not free[index]:
            continue
        overlap, inside = _overlaps(hulls, index)
        same = free & ((overlap > _SAME_OVERLAP) | (inside > _SAME_INSIDE))
        voters = same & (overlap > _VOTE_OVERLAP)
        free &= ~same
        weight = score[voters] ** 2 / np.sum(score[voters] ** 2)
        corners = np.tensordot(weight, quads[voters], 1).astype(np.float32)
        double = float(weight @ two_rows[voters]) > 0
        boxes.append(Box(float(score[index]), corners, double))
    return boxes


def _overlaps(hulls: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Of every hull with one: shared area by area of both, and by area of the smaller."""
    one = hulls[index]
    sides = np.minimum(hulls[:, 2:], one[2:]) - np.maximum(hulls[:, :2], one[:2])
    shared = np.prod(np.clip(sides, 0, None), 1)
    areas = np.prod(np.clip(hulls[:, 2:] - hulls[:, :2], 0, None), 1)
    both = areas + areas[index] - shared
    return shared / np.maximum(both, 1e-6), shared / np.maximum(
        np.minimum(areas, areas[index]), 1e-6
    )


def _sigmoid(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-np.clip(values, -60, 60)))
    return result
