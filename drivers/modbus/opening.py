"""Opens a port, and opens it again when it was lost, at a pace that harms nobody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from drivers.modbus.byte_port import BytePort
from gateway.ports import DeviceError

log = logging.getLogger(__name__)


class Opening:
    """`pauses_s`: from one opening to the next, longer after each that failed.

    `recoveries` counts the openings after a failure or a loss.
    """

    def __init__(
        self, name: str, open_port: Callable[[], Awaitable[BytePort]], pauses_s: Sequence[float]
    ) -> None:
        self.recoveries = 0
        self._name = name
        self._open_port = open_port
        self._pauses_s = pauses_s
        self._loop = asyncio.get_running_loop()
        self._port: BytePort | None = None
        self._again_at = self._loop.time()
        self._failures = 0
        self._broken = False
        self._trouble = f"{name}: not opened yet"

    async def port(self, *, at_once: bool = False) -> BytePort:
        """The open port. Raises the last `DeviceError` in a pause, unless it must be `at_once`."""
        if self._port is not None and self._port.lost:
            self._port.close()
            self._port = None
            self._broken = True
        if self._port is None:
            self._port = await self._opened(at_once=at_once)
        return self._port

    def close(self) -> None:
        """Let go of the port; the next call may open it at once."""
        if self._port is not None:
            self._port.close()
            self._port = None
            self._again_at = self._loop.time()

    async def _opened(self, *, at_once: bool) -> BytePort:
        if self._loop.time() < self._again_at and not at_once:
            raise DeviceError(self._trouble)
        try:
            port = await self._open_port()
        except DeviceError as error:
            self._trouble, self._broken = str(error), True
            self._pause(self._failures)
            self._failures += 1
            raise
        self.recoveries += self._broken
        self._trouble = f"{self._name}: {port.lost_words.format('a moment ago')}"
        self._failures, self._broken = 0, False
        self._pause(0)
        log.info("%s: opened", self._name)
        return port

    def _pause(self, failures: int) -> None:
        pause_s = self._pauses_s[min(failures, len(self._pauses_s) - 1)]
        self._again_at = self._loop.time() + pause_s
