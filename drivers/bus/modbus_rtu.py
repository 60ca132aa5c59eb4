"""Modbus RTU on a serial line, mostly RS-485: one master, one question on the wire at a time."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from drivers.modbus import usual_baud
from gateway.ports import Bus, DeviceError, DriverSettings

if TYPE_CHECKING:
    from drivers.modbus.opening import Opening
    from drivers.modbus.serial_port import LineSettings

log = logging.getLogger(__name__)

REOPEN_S = 1.0


class Settings(DriverSettings):
    driver: Literal["modbus_rtu"]
    port: str = Field(
        title="Serial port",
        description="Path of the port; a link below /dev/serial/by-id stays the same for ever.",
        pattern=r"^/.+",
        examples=["/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"],
    )
    baud: Annotated[int, AfterValidator(usual_baud)] = Field(
        9600, title="Baud rate", description="As set on every device of the line."
    )
    parity: Literal["none", "even", "odd"] = Field("none", title="Parity")
    stop_bits: int = Field(1, ge=1, le=2, title="Stop bits")
    timeout_ms: int = Field(
        60,
        ge=10,
        le=2000,
        title="Time-out (ms)",
        description="How long a device may think, beyond the time that the bytes need.",
    )
    quiet_ms: int = Field(
        100,
        ge=0,
        le=2000,
        title="Quiet time after a failure (ms)",
        description="How long nothing is sent then, so that a late answer is heard and dropped: "
        "time-out and quiet time together must exceed the slowest answer.",
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Bus]:
    """The line, whether or not its port is there: then each call says so."""
    from drivers.modbus import shared_bus
    from drivers.modbus.rtu_wire import Pace, RtuWire
    from drivers.modbus.serial_port import LineSettings

    line = LineSettings(settings.port, settings.baud, settings.parity, settings.stop_bits)
    opening = _opening(line)
    pace = Pace(
        baud=settings.baud,
        char_s=line.char_s,
        timeout_s=settings.timeout_ms / 1000,
        quiet_s=settings.quiet_ms / 1000,
    )
    await _open_early(opening)
    async with shared_bus.taking_turns(RtuWire(settings.port, opening, pace)) as bus:
        yield bus


def _opening(line: "LineSettings") -> "Opening":
    from drivers.modbus.opening import Opening
    from drivers.modbus.serial_port import SerialPort

    async def opened() -> SerialPort:
        return SerialPort(line)

    return Opening(line.port, opened, pauses_s=(REOPEN_S,))


async def _open_early(opening: "Opening") -> None:
    """Save the first question the opening; a port that is away is no error yet."""
    try:
        await opening.port()
    except DeviceError as error:
        log.warning("%s", error)
