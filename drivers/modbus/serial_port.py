"""A serial port under the running event loop: bytes out, bytes in, and when the line was busy."""

import asyncio
import errno
import fcntl
import os
import termios
from contextlib import suppress
from typing import NamedTuple

import serial

from gateway.ports import DeviceError

KEPT_BYTES = 512
PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
HINTS = {
    errno.ENOENT: "is the adapter plugged in?",
    errno.ENODEV: "is the adapter plugged in?",
    errno.ENXIO: "is the adapter plugged in?",
    errno.EIO: "is the adapter plugged in?",
    errno.EACCES: "may this user open it? Serial ports belong to the group dialout",
    errno.EAGAIN: "another program has it open; one master is allowed on a line",
    errno.EBUSY: "another program has it open; one master is allowed on a line",
}
OTHER_HINT = "is it a serial port, and can it do this baud rate?"


class LineSettings(NamedTuple):
    port: str
    baud: int
    parity: str
    stop_bits: int

    @property
    def char_s(self) -> float:
        """Time of one character: a start bit, eight bits, parity, stop bits."""
        return (9 + (self.parity != "none") + self.stop_bits) / self.baud


class SerialPort:
    """An open port. After it `lost` its device, every call raises `DeviceError`.

    `received` holds what came in since `forget()`; `busy_until` is the loop's time at which the
    last byte, sent or received, has left the line.
    """

    def __init__(self, line: LineSettings) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._serial = _open(line)
        self._fd = self._serial.fileno()
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
        self.busy_until = self._loop.time() + written * self._line.char_s
        if written < len(frame):
            raise DeviceError(
                f"{self._line.port}: took only {written} of {len(frame)} bytes: is flow control on?"
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

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        with suppress(OSError, termios.error):
            self._serial.close()

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
            raise DeviceError(
                f"{self._line.port}: lost its device ({self._lost_by}): is the adapter plugged in?"
            )


def _open(line: LineSettings) -> serial.Serial:
    port = serial.Serial(
        baudrate=line.baud,
        parity=PARITY[line.parity],
        stopbits=line.stop_bits,
        timeout=0,
        exclusive=True,
    )
    port.port = line.port
    try:
        port.open()
        _tune(port)
    except (OSError, termios.error, ValueError) as error:
        port.close()
        raise DeviceError(f"cannot open {line.port}: {_reason(error)}") from error
    return port


def _reason(error: Exception) -> str:
    """The system's words and a hint; termios.error carries its number as an argument only."""
    code = getattr(error, "errno", None) or (error.args[0] if error.args else None)
    if not isinstance(code, int):
        return f"{error}: {OTHER_HINT}"
    return f"{os.strerror(code)}: {HINTS.get(code, OTHER_HINT)}"


def _tune(port: serial.Serial) -> None:
    """Keep others out, keep the modem lines at closing, and do without the adapter's 16 ms.

    VMIN 1: an empty read then means that the device is gone, not that nothing came yet.
    """
    fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    attributes = termios.tcgetattr(port.fileno())
    attributes[2] &= ~termios.HUPCL
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)
    with suppress(OSError, ValueError):  # A pty and some adapters have no such mode.
        port.set_low_latency_mode(True)
