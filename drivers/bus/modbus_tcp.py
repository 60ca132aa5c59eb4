"""Modbus TCP: devices with a network socket, or a serial line behind a gateway."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gateway.ports import Bus, DeviceError, DriverSettings

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient
    from pymodbus.pdu import ModbusPDU

    from drivers.modbus.pdu import Question

log = logging.getLogger(__name__)

CONNECT_S = 1.0
CONNECT_AGAIN_S = 1.0


class Settings(DriverSettings):
    driver: Literal["modbus_tcp"]
    host: str = Field(
        title="Host", description="Address or name of the device.", min_length=1, max_length=253
    )
    port: int = Field(
        502,
        ge=1,
        le=65535,
        title="TCP port",
        description="Of real Modbus TCP; a gateway that only passes RTU frames on is not.",
    )
    timeout_ms: int = Field(
        500, ge=10, le=5000, title="Time-out (ms)", description="From question to answer."
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Bus]:
    """The device's bus, whether or not it can be reached: then each call says so."""
    from drivers.modbus import shared_bus

    async with shared_bus.taking_turns(TcpWire(settings)) as bus:
        yield bus


class TcpWire:
    """Connects when asked, and after a refused connection waits a second.

    A connection on which anything went wrong is dropped: a late answer dies with it, so that
    none can be taken for the next one.
    """

    def __init__(self, settings: Settings) -> None:
        self.name = f"{settings.host}:{settings.port}"
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._client: AsyncModbusTcpClient | None = None
        self._connect_again_at = self._loop.time()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def ask(self, question: "Question") -> "ModbusPDU":
        client = await self._connected()
        answered = False
        try:
            answer = await self._exchange(client, question)
            answered = True
        finally:
            if not answered:
                self.close()
        return answer

    async def _exchange(self, client: "AsyncModbusTcpClient", question: "Question") -> "ModbusPDU":
        from pymodbus.exceptions import ModbusException

        asked = f"{self.name}: asked to {question.words}, slave {question.slave}"
        try:
            async with asyncio.timeout(self._settings.timeout_ms / 1000):
                answer: ModbusPDU = await client.execute(False, question.request)  # noqa: FBT003
        except TimeoutError:
            raise DeviceError(
                f"{asked} gave no answer within {self._settings.timeout_ms} ms: "
                "is it powered, and is its address right?"
            ) from None
        except (ModbusException, OSError) as error:
            raise DeviceError(f"{asked} could not be asked: {error}") from error
        if complaint := question.complaint(answer):
            raise DeviceError(f"{asked} {complaint}: is this the right device?")
        return answer

    async def _connected(self) -> "AsyncModbusTcpClient":
        if self._client is not None and not self._client.connected:
            self.close()
        if self._client is None:
            self._client = await self._reconnected()
        return self._client

    async def _reconnected(self) -> "AsyncModbusTcpClient":
        trouble = (
            f"cannot connect to {self.name}: is the device on, the cable in, the address right, "
            "and is no other program connected to it?"
        )
        if self._loop.time() < self._connect_again_at:
            raise DeviceError(trouble)
        client = self._new_client()
        if not await client.connect():
            client.close()
            self._connect_again_at = self._loop.time() + CONNECT_AGAIN_S
            raise DeviceError(trouble)
        log.info("%s: connected", self.name)
        return client

    def _new_client(self) -> "AsyncModbusTcpClient":
        """A client that neither repeats nor reconnects: we know when that is safe."""
        from pymodbus.client import AsyncModbusTcpClient

        from drivers.modbus.pdu import WriteCoil

        client = AsyncModbusTcpClient(
            self._settings.host,
            port=self._settings.port,
            timeout=CONNECT_S + self._settings.timeout_ms / 1000,
            retries=0,
            reconnect_delay=0,
        )
        client.register(WriteCoil)
        return client
