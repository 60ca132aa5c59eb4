"""A serial port of this machine: opened for us alone, and tuned for short answers."""

import errno
import fcntl
import os
import termios
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import serial

from drivers.modbus.byte_port import BytePort
from gateway.ports import DeviceError

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


class SerialPort(BytePort):
    """Raises `DeviceError` where the port cannot be opened."""

    def __init__(self, line: LineSettings) -> None:
        self._path = line.port
        self._serial = _open(line)
        super().__init__(line.port, self._serial.fileno(), line.char_s)

    def is_stale(self, silences: int) -> bool:
        """After a silence it may be that the path leads to another device by now."""
        if not silences:
            return False
        try:
            return Path(self._path).stat().st_rdev != os.fstat(self._fd).st_rdev
        except OSError:
            return False

    def close(self) -> None:
        super().close()
        with suppress(OSError, termios.error):
            self._serial.close()


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
        with suppress(OSError, termios.error):
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
