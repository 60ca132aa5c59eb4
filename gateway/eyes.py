"""What runs in a camera's child: camera -> reader -> grammar and gate -> readings over a pipe.

python -m gateway.eyes      standard input: one line of JSON, an `Order`; then a `Word` whenever
                            the lane has one, and its end is the order to stop
"""

import contextlib
import json
import os
import resource
import sys
import threading
import time
from typing import Any, BinaryIO

from gateway import pipe
from gateway.capture.attention import Attention
from gateway.capture.newest import Newest, drain
from gateway.capture.observer import BEAT_S, Observer
from gateway.capture.view import View
from gateway.catalog import Catalog
from gateway.lane.plates import Gate
from gateway.ports import Camera, DeviceError, LiveCamera, LoginError

__all__ = ["drain", "main", "watch"]

# Frames of 8K, decoded and read, take about 600 MB. What a hostile stream asks for beyond this
# costs this process, and not the box.
MOST_MEMORY = 1 << 30


class Waker:
    """The lane's word reaches the camera at once, not with the next frame."""

    def __init__(self) -> None:
        self.attention = Attention()
        self.camera: Camera | None = None

    def told(self, line: bytes) -> None:
        word = pipe.Word.of(line)
        if word.awake is not None:
            self.attention.told(occupied=word.awake)
        if word.photo is not None:
            self.attention.want_photo(word.photo)
        if word.again:
            self.attention.look_again(time.monotonic())
        if isinstance(self.camera, LiveCamera) and word != pipe.Word(awake=False):
            self.camera.pace(0.0)


def watch(order: pipe.Order, out: BinaryIO, waker: Waker) -> None:
    """Until the camera stops; its `DeviceError` goes out as the last message."""
    try:
        with _opened("reader", order.reader) as reader, _opened("camera", order.camera) as camera:
            waker.camera = camera
            newest = Newest()
            threading.Thread(target=drain, args=(camera, newest), daemon=True).start()
            gate, view = Gate(**order.gate), View.of(order.view)
            observer = Observer(camera, reader, gate, view, waker.attention)
            while True:
                message = observer.observed(newest.take(BEAT_S / 2))
                if message is not None:
                    pipe.write(out, message)
    except DeviceError as error:
        pipe.write(out, pipe.Message(error=str(error), refused=isinstance(error, LoginError)))
    except MemoryError:
        most = f"{MOST_MEMORY >> 20} MB"
        pipe.write(out, pipe.Message(error=f"its pictures need more than {most}: set it to less"))


def _opened(kind: str, settings: dict[str, Any]) -> contextlib.AbstractContextManager[Any]:
    catalog, name = Catalog(), settings["driver"]
    meant = catalog.settings(kind, name).model_validate(settings)
    opened: contextlib.AbstractContextManager[Any] = catalog.connector(kind, name)(meant)
    return opened


def _listen(waker: Waker) -> None:
    """To the parent; its silence for ever is its end."""
    for line in sys.stdin.buffer:
        with contextlib.suppress(ValueError):
            waker.told(line)
    os._exit(0)


def _bound_memory() -> None:
    """A kernel that forbids it leaves us as we were: the unit's `MemoryMax` still holds."""
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, hard))


def main() -> None:
    _bound_memory()
    order = pipe.Order(**json.loads(sys.stdin.buffer.readline()))
    waker = Waker()
    threading.Thread(target=_listen, args=(waker,), daemon=True).start()
    # A library that prints must not speak into the pipe: from here on, 1 is standard error.
    with os.fdopen(os.dup(1), "wb") as out, contextlib.suppress(BrokenPipeError):
        os.dup2(2, 1)
        watch(order, out, waker)
    os._exit(0)


if __name__ == "__main__":
    main()
