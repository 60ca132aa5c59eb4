"""From a camera's thread to the reader's: the last frame only."""

import threading

from gateway.ports import Camera, DeviceError, Frame


class Newest:
    """A reader that is slower than the camera never falls behind."""

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

    def take(self, timeout_s: float | None = None) -> Frame | None:
        """Each frame once; None where none came in time.

        Raises the camera's `DeviceError` once it has stopped.
        """
        with self._news:
            self._news.wait_for(lambda: self._frame is not None or self._end, timeout_s)
            frame, self._frame = self._frame, None
            if frame is None and self._end is not None:
                raise self._end
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
