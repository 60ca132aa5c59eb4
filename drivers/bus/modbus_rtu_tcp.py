"""Modbus RTU through a serial server that passes bytes on as they are ("RTU over TCP")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from drivers.modbus import usual_baud
from gateway.ports import Bus, DriverSettings

if TYPE_CHECKING:
    from drivers.modbus.opening import Opening
    from drivers.modbus.pdu import Question
    from drivers.modbus.rtu_wire import Diagnosis

PAUSES_S = (0.5, 1.0, 2.0, 4.0)
DIAGNOSE_EVERY_S = 30.0


class Settings(DriverSettings):
    driver: Literal["modbus_rtu_tcp"]
    host: str = Field(
        title="Host",
        description="Address or name of the serial server.",
        min_length=1,
        max_length=253,
    )
    port: int = Field(
        4196,
        ge=1,
        le=65535,
        title="TCP port",
        description="Of its transparent serial port; mostly not 502.",
    )
    baud: Annotated[int, AfterValidator(usual_baud)] = Field(
        9600,
        title="Baud rate",
        description="Of its serial side. For a board with a network socket and no serial line, "
        "115200.",
    )
    timeout_ms: int = Field(
        150,
        ge=10,
        le=5000,
        title="Time-out (ms)",
        description="How long network and device may take, beyond the time that the bytes need.",
    )
    quiet_ms: int = Field(
        150,
        ge=0,
        le=5000,
        title="Quiet time after a failure (ms)",
        description="How long nothing is sent then, so that a late answer is heard and dropped: "
        "time-out and quiet time together must exceed the slowest answer.",
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Bus]:
    """The line behind the serial server; it is dialled by the first question."""
    from drivers.modbus import shared_bus
    from drivers.modbus.rtu_wire import Pace, RtuWire

    opening = _opening(settings)
    pace = Pace(
        baud=settings.baud,
        char_s=_char_s(settings),
        timeout_s=settings.timeout_ms / 1000,
        quiet_s=settings.quiet_ms / 1000,
        is_exact=False,
    )
    name = f"{settings.host}:{settings.port}"
    wire = RtuWire(name, opening, pace, _diagnosis(settings, opening))
    async with shared_bus.taking_turns(wire) as bus:
        yield bus


def _char_s(settings: Settings) -> float:
    """With parity a character takes a tenth longer, which any time-out covers."""
    return 10 / settings.baud


def _opening(settings: Settings) -> "Opening":
    from drivers.modbus.opening import Opening
    from drivers.modbus.tcp_port import TcpPort, connected

    async def opened() -> TcpPort:
        return await connected(settings.host, settings.port, _char_s(settings))

    return Opening(f"{settings.host}:{settings.port}", opened, PAUSES_S)


def _diagnosis(settings: Settings, opening: "Opening") -> "Diagnosis":
    """Whether a line that never answered speaks Modbus TCP; looked at now and then only.

    Many a converter takes one connection at a time: ours makes room for the question.
    """
    import asyncio

    from drivers.modbus import converter_mode

    loop = asyncio.get_running_loop()
    name = f"{settings.host}:{settings.port}"
    again_at = loop.time()

    async def diagnose(question: "Question", received: bytes) -> str:
        nonlocal again_at
        if converter_mode.is_modbus_tcp(received, question):
            return converter_mode.IS_TRANSLATING.format(name)
        if received or loop.time() < again_at:
            return ""
        again_at = loop.time() + DIAGNOSE_EVERY_S
        opening.close()
        is_other = await converter_mode.answers_modbus_tcp(settings.host, settings.port, question)
        return converter_mode.IS_TRANSLATING.format(name) if is_other else ""

    return diagnose
