"""Bytes to one device and back, over a serial port or a socket, found again after a loss."""

import asyncio

from drivers.modbus import tcp_port
from drivers.modbus.byte_port import KEPT_BYTES, BytePort
from drivers.modbus.opening import Opening
from drivers.modbus.serial_port import LineSettings, SerialPort
from drivers.signs import PLACE

OPEN_AGAIN_S = (1.0,)


class Link:
    """Opened when it is used; what could not be opened is tried again after a second.

    Its calls raise `DeviceError` while the device's line is away.
    """

    kept_bytes = KEPT_BYTES

    def __init__(self, place: str, baud: int) -> None:
        self.name = place
        self._line = LineSettings(place, baud, "none", 1)
        self._loop = asyncio.get_running_loop()
        self._opening = Opening(place, self._open, OPEN_AGAIN_S)
        self._port: BytePort | None = None

    async def send(self, frame: bytes) -> None:
        """Returns when the frame has left the line."""
        port = await self._opened()
        left_at = port.send(frame)
        await asyncio.sleep(max(0.0, left_at - self._loop.time()))

    async def more(self, until: float) -> None:
        """Wait for bytes, or until the loop's time is `until`."""
        port = await self._opened()
        if not port.received:
            await port.more(until)

    def take(self) -> bytes:
        """What came since the last time; `kept_bytes` of it may be the end of more."""
        if self._port is None:
            return b""
        taken = bytes(self._port.received)
        self._port.received.clear()
        return taken

    def close(self) -> None:
        self._opening.close()

    async def _opened(self) -> BytePort:
        self._port = await self._opening.port()
        return self._port

    async def _open(self) -> BytePort:
        found = PLACE.fullmatch(self.name)
        if found and found["host"]:
            return await tcp_port.connected(found["host"], int(found["port"]), self._line.char_s)
        return SerialPort(self._line)
