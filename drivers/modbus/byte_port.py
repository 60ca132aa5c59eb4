"""Bytes out, bytes in, and when the line was busy: what a serial port and a socket share."""

import asyncio
import os
from contextlib import suppress

from gateway.ports import DeviceError

KEPT_BYTES = 512


class BytePort:
    """An open port under the running event loop. After it was lost every call raises `DeviceError`.

    `received` holds what came in since `forget()`; `busy_until` is the loop's time at which the
    last byte, sent or received, has left the line. A byte takes `char_s` on it.
    """

    lost_words = "lost its device ({}): is the adapter plugged in?"

    def __init__(self, name: str, descriptor: int, char_s: float) -> None:
        self._name = name
        self._fd = descriptor
        self._char_s = char_s
        self._loop = asyncio.get_running_loop()
        self._fresh = asyncio.Event()
        self.received = bytearray()
        self.busy_until = self._loop.time()
        self.lost = False
        self._lost_by = ""
        self._loop.add_reader(self._fd, self._read)

    def send(self, frame: bytes) -> float:
        """Hand over a frame; returns the time at which it has left the line."""
        self._require_device()
        try:
            written = os.write(self._fd, frame)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._lose(error)
            self._require_device()
        self.busy_until = self._loop.time() + written * self._char_s
        if written < len(frame):
            raise DeviceError(
                f"{self._name}: took only {written} of {len(frame)} bytes: is flow control on?"
            )
        return self.busy_until

    async def more(self, until: float) -> None:
        """Wait for bytes, or until the loop's time is `until`."""
        self._fresh.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._fresh.wait()
        if not self._fresh.is_set():
            self._read()  # After a stall of the loop the bytes may be here, unnoticed.
        self._require_device()

    def forget(self) -> None:
        self._require_device()
        self.received.clear()

    def is_stale(self, silences: int) -> bool:
        """Whether it should be opened anew after so many questions on end with no byte back."""
        raise NotImplementedError

    def close(self) -> None:
        self._loop.remove_reader(self._fd)

    def _read(self) -> None:
        if self.lost:
            return
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(None)
            return
        self.received += data
        del self.received[:-KEPT_BYTES]
        self.busy_until = max(self.busy_until, self._loop.time())
        self._fresh.set()

    def _lose(self, error: OSError | None) -> None:
        self.lost = True
        self._lost_by = os.strerror(error.errno) if error and error.errno else "hung up"
        self._loop.remove_reader(self._fd)
        self._fresh.set()

    def _require_device(self) -> None:
        if self.lost:
            raise DeviceError(f"{self._name}: {self.lost_words.format(self._lost_by)}")
