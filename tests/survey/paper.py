"""A reader and a camera on paper: what they give is what a test says."""

import time
from collections.abc import Iterator

import cv2
import numpy as np

from gateway.lane.types import PlateCandidate, PlateColour
from gateway.ports import DeviceError, Frame

HERE = ((400.0, 300.0), (520.0, 300.0), (520.0, 338.0), (400.0, 338.0))


def a_candidate(text="京A12345", colour=PlateColour.BLUE, least=0.9, **more) -> PlateCandidate:
    characters = (least, *(0.99 for _ in text[1:]))
    facts = {"box_score": 0.9, "corners": HERE} | more
    return PlateCandidate(text, colour, characters, **facts)


def shade(level: int, size=(640, 480)):
    """One grey all over. A video keeps it to within a few levels."""
    return np.full((size[1], size[0], 3), level, np.uint8)


class PaperReader:
    """Sees in each picture what its mean grey stands for, to within four levels."""

    def __init__(self, plates: dict[int, list[PlateCandidate]]) -> None:
        self.plates = plates
        self.shapes: list[tuple[int, ...]] = []

    def read(self, image) -> list[PlateCandidate]:
        self.shapes.append(image.shape)
        grey = image.mean()
        return next((seen for level, seen in self.plates.items() if abs(grey - level) <= 4), [])

    def read_crop(self, image) -> PlateCandidate:
        return self.read(image)[0]


class PaperCamera:
    """Shows these pictures at this pace; then it ends, or breaks with `error`."""

    def __init__(self, pictures, *, every_s=0.02, error="", trouble="") -> None:
        self.pictures = pictures
        self.every_s = every_s
        self.error = error
        self.trouble = trouble

    def frames(self) -> Iterator[Frame]:
        for picture in self.pictures:
            yield Frame(picture, time.monotonic())
            time.sleep(self.every_s)
        if self.error:
            raise DeviceError(self.error)


class SilentCamera:
    """Neither answers nor gives up."""

    trouble = ""

    def frames(self) -> Iterator[Frame]:
        time.sleep(2)
        yield from ()


def a_video(path, levels, *, fps=10, size=(64, 48), codec="mpeg4", pix_fmt="yuv420p"):
    """A film of grey pictures; gives its path."""
    import av

    with av.open(str(path), "w") as film:
        stream = film.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        for level in levels:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(shade(level, size), format="bgr24")))
        film.mux(stream.encode())
    return path


def stripes(width=480, height=160, pitch=24, low=40, high=200):
    """Upright bars in the middle of a plain picture, as wide as a plate's strokes."""
    picture = np.full((height, width, 3), low, np.uint8)
    for left in range(width // 4, width * 3 // 4, pitch):
        cv2.rectangle(
            picture, (left, height // 4), (left + pitch // 2, height * 3 // 4), (high,) * 3, -1
        )
    return picture
