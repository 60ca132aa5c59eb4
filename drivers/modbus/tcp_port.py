"""A socket to a serial server that passes bytes on as they are."""

import asyncio
import os
import socket
from contextlib import suppress

from drivers.modbus.byte_port import BytePort
from gateway.ports import DeviceError

CONNECT_S = 1.0
UNHEARD_MS = 3000
KEEPALIVE_IDLE_S, KEEPALIVE_EVERY_S, KEEPALIVE_TIMES = 5, 2, 3
SILENCES_BEFORE_REDIAL = 3


class TcpPort(BytePort):
    """The far end may vanish without a word: what it does not acknowledge in 3 s ends the line."""

    lost_words = "lost its connection ({}): is the converter on, and its cable in?"

    def __init__(self, name: str, connection: socket.socket, char_s: float) -> None:
        self._socket = connection
        super().__init__(name, connection.fileno(), char_s)

    def is_stale(self, silences: int) -> bool:
        """A converter that was restarted may keep a dead connection open for us."""
        return silences >= SILENCES_BEFORE_REDIAL

    def close(self) -> None:
        super().close()
        self._socket.close()


async def connected(host: str, port: int, char_s: float) -> TcpPort:
    """Raises `DeviceError` where nobody takes the call in `CONNECT_S`."""
    name = f"{host}:{port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            connection = await _dialled(host, port)
    except OSError as error:
        raise DeviceError(
            f"cannot connect to {name} ({_reason(error)}): is the converter on, the cable in, "
            "the address right, and is no other program connected to it?"
        ) from error
    return TcpPort(name, connection, char_s)


async def _dialled(host: str, port: int) -> socket.socket:
    """The first of the host's addresses that takes the call."""
    loop = asyncio.get_running_loop()
    refused: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)  # noqa: FBT003 - the library's own signature
            await loop.sock_connect(connection, address)
            _tune(connection)
        except OSError as error:
            connection.close()
            refused = error
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            return connection
    raise refused


def _reason(error: OSError) -> str:
    """The system's words: those of asyncio repeat the address."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror) or not error.errno:
        return str(error.strerror or error)
    return os.strerror(error.errno)


def _tune(connection: socket.socket) -> None:
    """Send each frame at once, and notice a peer that is gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(AttributeError):  # Linux has them all.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_TIMES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
