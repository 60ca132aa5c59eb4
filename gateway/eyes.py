"""What runs in a camera's child: camera -> reader -> grammar and gate -> readings over a pipe.

python -m gateway.eyes      standard input: one line of JSON, an `Order`; then it stays
                            open, and its end is the order to stop
"""

import contextlib
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from gateway import pipe
from gateway.catalog import Catalog
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateReading
from gateway.ports import Camera, DeviceError, Frame, Reader

RENEW_EVIDENCE_S = 10.0
JPEG_QUALITY = 85
MOST_PLATES = pipe.MOST_PICTURES // 2


class Newest:
    """The last frame only: a reader that is slower than the camera never falls behind."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._frame: Frame | None = None
        self._end: DeviceError | None = None

    def put(self, frame: Frame) -> None:
        with self._news:
            self._frame = frame
            self._news.notify()

    def stop(self, error: DeviceError) -> None:
        with self._news:
            self._end = error
            self._news.notify()

    def take(self) -> Frame:
        """Blocks; raises the camera's `DeviceError` once it has stopped."""
        with self._news:
            while self._frame is None:
                if self._end is not None:
                    raise self._end
                self._news.wait()
            frame, self._frame = self._frame, None
            return frame


def drain(camera: Camera, newest: Newest) -> None:
    """The camera's thread: takes every frame, so that none grows old in a buffer."""
    try:
        for frame in camera.frames():
            newest.put(frame)
        newest.stop(DeviceError("the camera has no more pictures"))
    except DeviceError as error:
        newest.stop(error)
    except Exception as error:  # noqa: BLE001 -- unsaid, it would look like a camera in thought
        sentence = f"the camera's driver failed: {type(error).__name__}: {error}"
        newest.stop(DeviceError(sentence))


class Album:
    """Which pictures to send: the best of each plate, not one for every frame."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[float, float, tuple[str, ...]]] = {}

    def with_evidence(
        self, reading: PlateReading, image: Any, at: float
    ) -> tuple[PlateReading, dict[str, bytes]]:
        sent_at, best, names = self._best.get(reading.text, (-1e9, 0.0, ()))
        if at - sent_at < RENEW_EVIDENCE_S and reading.min_char <= best:
            return replace(reading, evidence=names), {}
        pictures = dict(_named_jpegs(reading, image))
        self._forget_before(at - RENEW_EVIDENCE_S)
        self._best[reading.text] = (at, reading.min_char, tuple(pictures))
        return replace(reading, evidence=tuple(pictures)), pictures

    def _forget_before(self, at: float) -> None:
        self._best = {text: kept for text, kept in self._best.items() if kept[0] >= at}


def _named_jpegs(reading: PlateReading, image: Any) -> Iterator[tuple[str, bytes]]:
    """The plate as it was read, then the whole frame, each named by its SHA-256."""
    import cv2

    for picture in (_crop(reading, image), image):
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if done:
            yield hashlib.sha256(jpeg.tobytes()).hexdigest(), jpeg.tobytes()


def _crop(reading: PlateReading, image: Any) -> Any:
    """The plate with a margin of half its height, cut from the frame that was read."""
    xs, ys = zip(*reading.corners, strict=True)
    margin = (max(ys) - min(ys)) / 2
    height, width = image.shape[:2]
    left, right = max(0, int(min(xs) - margin)), min(width, int(max(xs) + margin) + 1)
    top, bottom = max(0, int(min(ys) - margin)), min(height, int(max(ys) + margin) + 1)
    return image[top:bottom, left:right] if right > left and bottom > top else image


def look(frame: Frame, reader: Reader, gate: Gate, album: Album) -> pipe.Message:
    """Read one frame. The largest plate comes first: it is the nearest vehicle's.

    Plates in the far background are left out where there are many.
    """
    started = time.monotonic()
    judged = [judge(candidate, gate) for candidate in reader.read(frame.image)]
    good = sorted((r for r in judged if isinstance(r, PlateReading)), key=_width, reverse=True)
    pictures: dict[str, bytes] = {}
    readings = []
    for reading in good[:MOST_PLATES]:
        kept, jpegs = album.with_evidence(reading, frame.image, frame.taken_at)
        readings.append(kept)
        pictures |= jpegs
    read_ms = (time.monotonic() - started) * 1000
    return pipe.Message(tuple(readings), pictures, read_ms)


def _width(reading: PlateReading) -> float:
    xs = [x for x, _ in reading.corners]
    return max(xs) - min(xs)


def watch(order: pipe.Order, out: BinaryIO) -> None:
    """Until the camera stops; its `DeviceError` goes out as the last message."""
    try:
        with _opened("reader", order.reader) as reader, _opened("camera", order.camera) as camera:
            newest = Newest()
            threading.Thread(target=drain, args=(camera, newest), daemon=True).start()
            gate, album = Gate(**order.gate), Album()
            while True:
                pipe.write(out, look(newest.take(), reader, gate, album))
    except DeviceError as error:
        pipe.write(out, pipe.Message(error=str(error)))


def _opened(kind: str, settings: dict[str, Any]) -> contextlib.AbstractContextManager[Any]:
    catalog, name = Catalog(), settings["driver"]
    meant = catalog.settings(kind, name).model_validate(settings)
    opened: contextlib.AbstractContextManager[Any] = catalog.connector(kind, name)(meant)
    return opened


def _die_with_parent() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main() -> None:
    order = pipe.Order(**json.loads(sys.stdin.buffer.readline()))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # A library that prints must not speak into the pipe: from here on, 1 is standard error.
    with os.fdopen(os.dup(1), "wb") as out, contextlib.suppress(BrokenPipeError):
        os.dup2(2, 1)
        watch(order, out)
    os._exit(0)


if __name__ == "__main__":
    main()
