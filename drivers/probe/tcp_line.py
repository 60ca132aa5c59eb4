"""A serial server or a board on the network, looked at: reading questions out, all answers in."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gateway.ports import DeviceError, DriverSettings

if TYPE_CHECKING:
    from drivers.probe._framing import Framing, Heard

CONNECT_S = 3.0
GAP_S = 0.01
MOST_HEARD_S = 0.3


class Settings(DriverSettings):
    """`tcp` is Modbus TCP; `rtu_tcp` is RTU frames through a server that passes bytes on."""

    driver: Literal["tcp_line"]
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(502, ge=1, le=65535)
    framing: Literal["tcp", "rtu_tcp"] = "tcp"


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator["TcpLine"]:
    """Connects, and hangs up at the end. Raises `DeviceError`."""
    from drivers.probe._framing import Mbap, Rtu

    name = f"{settings.host}:{settings.port}"
    reader, writer = await _connected(settings, name)
    try:
        yield TcpLine(name, reader, writer, Mbap() if settings.framing == "tcp" else Rtu())
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _connected(
    settings: Settings, name: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
    except (OSError, TimeoutError) as error:
        raise DeviceError(
            f"cannot connect to {name}: is the device on, the cable in, the address right, "
            "and is no other program connected to it?"
        ) from error
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return reader, writer


class TcpLine:
    """See `drivers.probe`."""

    def __init__(
        self,
        name: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        framing: "Framing",
    ) -> None:
        self.name = name
        self._reader = reader
        self._writer = writer
        self._framing = framing
        self._loop = asyncio.get_running_loop()

    async def listen(self, seconds: float) -> "Heard":
        heard = bytearray()
        end = self._loop.time() + seconds
        while part := await self._more(end):
            heard += part
        return self._framing.heard(bytes(heard), b"")

    async def ask(
        self, slave: int, function: int, first: int, count: int, *, wait_s: float, tail_s: float
    ) -> "Heard":
        """Waits `wait_s` for a device to begin, then until `tail_s` went by in silence."""
        from drivers.probe._framing import Asked

        frame = self._framing.frame(Asked(slave, function, first, count))
        await self.listen(GAP_S)
        await self._send(frame)
        return await self._hear(frame, self._loop.time() + wait_s, tail_s)

    async def _hear(self, frame: bytes, begun_by: float, tail_s: float) -> "Heard":
        received, until, give_up_at = b"", begun_by, begun_by + MOST_HEARD_S
        heard = self._framing.heard(received, frame)
        while part := await self._more(min(until, give_up_at)):
            received += part
            heard = self._framing.heard(received, frame)
            tail_end = self._loop.time() + tail_s
            until = tail_end if heard.bodies else max(begun_by, tail_end)
        return heard

    async def _send(self, frame: bytes) -> None:
        try:
            self._writer.write(frame)
            await self._writer.drain()
        except OSError as error:
            raise self._lost() from error

    async def _more(self, until: float) -> bytes:
        """Some bytes; none when the loop's time is `until`."""
        try:
            async with asyncio.timeout_at(until):
                part = await self._reader.read(4096)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._lost() from error
        if not part:
            raise self._lost()
        return part

    def _lost(self) -> DeviceError:
        return DeviceError(
            f"{self.name}: hung up: does it take more than one connection, and is this "
            "the right TCP port?"
        )
