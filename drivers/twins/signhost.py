"""Where a simulated sign, voice or scanner is plugged in: a pty, or a TCP port of this machine.

Runs in the event loop of whoever looks at it. Bytes are not paced by a baud rate.
"""

import asyncio
import os
import tty
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self


class Later(Protocol):
    """Sends bytes to the master after so many seconds; a call that is cancelled sends none."""

    def __call__(self, delay_s: float, data: bytes) -> asyncio.TimerHandle: ...


class Device(Protocol):
    """A simulated device."""

    def hear(self, data: bytes, later: Later) -> None:
        """Bytes from the master, as they come: any part of a frame, or several."""


class PtyHost:
    """Use as a context manager under a running loop. `link` is a symbolic link to its tty.

    After `unplug()` and `plug()` the link leads to another tty.
    """

    def __init__(self, device: Device, link: Path) -> None:
        self.port = str(link)
        self._device = device
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._far_end = -1

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        self._far_end, near_end = os.openpty()
        tty.setraw(near_end)
        os.set_blocking(self._far_end, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(near_end))
        # The near end stays open, so that the far one does not fail while nobody listens.
        self._near_end = near_end
        self._loop.add_reader(self._far_end, self._hear)

    def unplug(self) -> None:
        if self._far_end < 0:
            return
        self._loop.remove_reader(self._far_end)
        self._link.unlink(missing_ok=True)
        os.close(self._far_end)
        os.close(self._near_end)
        self._far_end = -1

    def send(self, data: bytes) -> None:
        """The device speaks unasked."""
        with suppress(OSError):
            os.write(self._far_end, data)

    def _hear(self) -> None:
        with suppress(OSError):
            self._device.hear(os.read(self._far_end, 4096), self._later)

    def _later(self, delay_s: float, data: bytes) -> asyncio.TimerHandle:
        return self._loop.call_later(delay_s, self.send, data)


class TcpHost:
    """The same on a TCP port, for one master at a time; use as an async context manager."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._server: asyncio.Server | None = None
        self._master: asyncio.StreamWriter | None = None
        self.port = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop()
        if self._server is not None:
            self._server.close()

    def drop(self) -> None:
        """The connection breaks; the port stays open."""
        if self._master is not None:
            self._master.transport.abort()
            self._master = None

    def send(self, data: bytes) -> None:
        """The device speaks unasked."""
        if self._master is not None:
            self._master.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._master = writer
        with suppress(OSError):
            while data := await reader.read(4096):
                self._device.hear(data, self._later)
        writer.close()

    def _later(self, delay_s: float, data: bytes) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay_s, self.send, data)
