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

    from drivers.modbus.errand import Errand
    from drivers.modbus.pdu import Question

log = logging.getLogger(__name__)

CONNECT_S = 1.0
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
DIAGNOSE_EVERY_S = 30.0


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
    """See `shared_bus.Wire`. Connects when asked, and after each refusal waits longer.

    A connection on which anything went wrong is dropped: a late answer dies with it, so that
    none can be taken for the next one, and a half-open one is noticed by the first silence.
    """

    gives_way = False
    is_sent = True

    def __init__(self, settings: Settings) -> None:
        self.name = f"{settings.host}:{settings.port}"
        self.recoveries = 0
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._client: AsyncModbusTcpClient | None = None
        self._connect_again_at = self._loop.time()
        self._refusals = 0
        self._ever_answered = False
        self._diagnose_again_at = self._loop.time()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def ask(self, errand: "Errand") -> "ModbusPDU":
        if errand.question.is_broadcast:
            raise DeviceError(f"{self.name}: Modbus TCP has no broadcast: name each slave")
        client = await self._connected(at_once=errand.is_order)
        errand.require_time(self._loop.time(), self.name)
        answered = False
        try:
            answer = await self._exchange(client, errand.question)
            self._ever_answered = answered = True
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
            raise await self._silence(question, asked) from None
        except (ModbusException, OSError) as error:
            raise DeviceError(f"{asked} could not be asked: {error}") from error
        if complaint := question.complaint(answer):
            raise DeviceError(f"{asked} {complaint}: is this the right device?")
        return answer

    async def _silence(self, question: "Question", asked: str) -> DeviceError:
        """What never answered may be a converter in another mode; looked at now and then only."""
        from drivers.modbus import converter_mode
        from drivers.modbus.errand import NoAnswerError

        settings, now = self._settings, self._loop.time()
        if not (self._ever_answered or question.is_write) and now >= self._diagnose_again_at:
            self._diagnose_again_at = now + DIAGNOSE_EVERY_S
            self.close()
            if await converter_mode.answers_rtu(settings.host, settings.port, question):
                return DeviceError(converter_mode.IS_TRANSPARENT.format(self.name))
        return NoAnswerError(
            f"{asked} gave no answer within {settings.timeout_ms} ms: "
            "is it powered, and is its address right?",
            silent=True,
        )

    async def _connected(self, *, at_once: bool) -> "AsyncModbusTcpClient":
        if self._client is not None and not self._client.connected:
            self.close()
        if self._client is None:
            self._client = await self._reconnected(at_once=at_once)
        return self._client

    async def _reconnected(self, *, at_once: bool) -> "AsyncModbusTcpClient":
        trouble = (
            f"cannot connect to {self.name}: is the device on, the cable in, the address right, "
            "and is no other program connected to it?"
        )
        if self._loop.time() < self._connect_again_at and not at_once:
            raise DeviceError(trouble)
        client = self._new_client()
        if not await client.connect():
            client.close()
            pause_s = PAUSES_S[min(self._refusals, len(PAUSES_S) - 1)]
            self._connect_again_at = self._loop.time() + pause_s
            self._refusals += 1
            raise DeviceError(trouble)
        self.recoveries += bool(self._refusals)
        self._refusals = 0
        log.info("%s: connected", self.name)
        return client

    def _new_client(self) -> "AsyncModbusTcpClient":
        """A client that neither repeats nor reconnects: we know when that is safe.

        asyncio sets TCP_NODELAY on its sockets.
        """
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
