"""A serial line, looked at: reading questions go out, all that comes back is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gateway.ports import DriverSettings

if TYPE_CHECKING:
    from drivers.modbus.serial_port import SerialPort
    from drivers.probe._framing import Framing, Heard

GAP_CHARS = 3.5
LEAST_GAP_S = 0.002
MOST_HEARD_S = 0.3


class Settings(DriverSettings):
    """`seven_bits`: ASCII of 7 data bits with even parity; `parity` is then not looked at."""

    driver: Literal["serial_line"]
    port: str = Field(pattern=r"^/.+")
    baud: int = Field(9600, ge=1200, le=230400)
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: int = Field(1, ge=1, le=2)
    framing: Literal["rtu", "ascii"] = "rtu"
    seven_bits: bool = False


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator["SerialLine"]:
    """Opens the port for us alone, and closes it at the end. Raises `DeviceError`."""
    from drivers.modbus.serial_port import LineSettings, SerialPort
    from drivers.probe._framing import Ascii, Rtu

    ascii_framing = settings.framing == "ascii"
    seven = ascii_framing and settings.seven_bits
    parity = "none" if seven else settings.parity
    line = LineSettings(settings.port, settings.baud, parity, settings.stop_bits)
    port = SerialPort(line)
    try:
        framing: Framing = Ascii(seven=settings.seven_bits) if ascii_framing else Rtu()
        yield SerialLine(settings.port, port, framing, line.char_s)
    finally:
        port.close()


class SerialLine:
    """See `drivers.probe`."""

    def __init__(self, name: str, port: "SerialPort", framing: "Framing", char_s: float) -> None:
        self.name = name
        self._port = port
        self._framing = framing
        self._char_s = char_s
        self._loop = asyncio.get_running_loop()

    async def listen(self, seconds: float) -> "Heard":
        self._port.forget()
        end = self._loop.time() + seconds
        while self._loop.time() < end:
            await self._port.more(end)
        return self._framing.heard(bytes(self._port.received), b"")

    async def ask(
        self, slave: int, function: int, first: int, count: int, *, wait_s: float, tail_s: float
    ) -> "Heard":
        """Waits `wait_s` for a device to begin, then until `tail_s` went by in silence."""
        from drivers.probe._framing import Asked

        asked = Asked(slave, function, first, count)
        frame = self._framing.frame(asked)
        await self._gap()
        self._port.forget()
        sent_at = self._port.send(frame)
        return await self._hear(frame, sent_at + wait_s, tail_s)

    async def _hear(self, frame: bytes, begun_by: float, tail_s: float) -> "Heard":
        """Only a whole answer ends the wait early: a stray byte, or our own echo, is none."""
        until, give_up_at = begun_by, begun_by + MOST_HEARD_S
        heard = self._framing.heard(b"", frame)
        while self._loop.time() < min(until, give_up_at):
            before = len(self._port.received)
            await self._port.more(min(until, give_up_at))
            if len(self._port.received) > before:
                heard = self._framing.heard(bytes(self._port.received), frame)
                tail_end = self._loop.time() + tail_s
                until = tail_end if heard.bodies else max(begun_by, tail_end)
        return heard

    async def _gap(self) -> None:
        gap_s = max(LEAST_GAP_S, GAP_CHARS * self._char_s)
        await asyncio.sleep(max(0.0, self._port.busy_until + gap_s - self._loop.time()))
