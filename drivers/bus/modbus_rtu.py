"""Modbus RTU on a serial line, mostly RS-485: one master, one question on the wire at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.ports import Bus, DeviceError, DriverSettings

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

    from drivers.modbus.pdu import Question
    from drivers.modbus.serial_port import SerialPort

log = logging.getLogger(__name__)

BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
GAP_CHARS = 3.5
FAST_BAUD = 19200
FAST_GAP_S = 0.00175
REOPEN_S = 1.0
MAX_NOISE_S = 1.0


def _usual_baud(baud: int) -> int:
    if baud not in BAUD_RATES:
        rates = ", ".join(map(str, BAUD_RATES))
        raise ValueError(f"{baud} is not a usual baud rate; write one of {rates}")
    return baud


class Settings(DriverSettings):
    driver: Literal["modbus_rtu"]
    port: str = Field(
        title="Serial port",
        description="Path of the port; a link below /dev/serial/by-id stays the same for ever.",
        pattern=r"^/.+",
        examples=["/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"],
    )
    baud: Annotated[int, AfterValidator(_usual_baud)] = Field(
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

    wire = RtuWire(settings)
    wire.open_early()
    async with shared_bus.taking_turns(wire) as bus:
        yield bus


class RtuWire:
    """Asks and waits, leaves the gaps the standard wants, and finds its port again by path."""

    def __init__(self, settings: Settings) -> None:
        from drivers.modbus import rtu_frame, serial_port

        self.name = settings.port
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._frames = rtu_frame
        self._open = serial_port.SerialPort
        self._line = serial_port.LineSettings(
            settings.port, settings.baud, settings.parity, settings.stop_bits
        )
        self._port: SerialPort | None = None
        self._open_again_at = self._loop.time()
        self._trouble = f"{self.name}: not opened yet"
        self._failed = False

    def open_early(self) -> None:
        """Save the first question the opening; a port that is away is no error yet."""
        try:
            self._opened()
        except DeviceError as error:
            log.warning("%s", error)

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    async def ask(self, question: "Question") -> "ModbusPDU":
        port = self._opened()
        await self._silence(port)
        self._failed = True
        answer = await self._exchange(port, question)
        self._failed = False
        return answer

    async def _exchange(self, port: "SerialPort", question: "Question") -> "ModbusPDU":
        frame = self._frames.frame_of(question)
        answer_s = self._frames.answer_size(question) * self._line.char_s
        sent_at = port.send(frame)
        deadline = sent_at + answer_s + self._settings.timeout_ms / 1000
        now = sent_at
        while now < deadline:
            await port.more(deadline)
            now = self._loop.time()
            too_early = now < sent_at + answer_s / 2
            self._refuse_own_echo(port, question, frame, too_early=too_early)
            found = self._frames.find_answer(bytes(port.received), question)
            if found is not None:
                answer, end = found
                if not too_early:
                    return answer
                del port.received[:end]
        port.busy_until = max(port.busy_until, now)
        raise DeviceError(self._explain(port, question))

    def _refuse_own_echo(
        self, port: "SerialPort", question: "Question", frame: bytes, *, too_early: bool
    ) -> None:
        """An adapter that hears itself would confirm every order to a dead device.

        A reading always shows it; an order may not, where this process was stalled meanwhile.
        """
        if frame in port.received and (too_early or not question.is_write):
            raise DeviceError(
                f"{self.name}: the adapter sends back what we send, so that an order would seem "
                "confirmed by itself: switch its echo off (2-wire or half-duplex mode)"
            )

    async def _silence(self, port: "SerialPort") -> None:
        """Wait until the line was silent for long enough; then forget what came meanwhile."""
        silence_s = self._settings.quiet_ms / 1000 if self._failed else self._gap_s
        give_up_at = self._loop.time() + silence_s + MAX_NOISE_S
        while (rest_s := port.busy_until + silence_s - self._loop.time()) > 0:
            if self._loop.time() > give_up_at:
                raise DeviceError(
                    f"{self.name}: the line is never silent: is there a second master, "
                    "or is its termination missing?"
                )
            await asyncio.sleep(rest_s)
        port.forget()

    @property
    def _gap_s(self) -> float:
        slow = self._line.baud <= FAST_BAUD
        return GAP_CHARS * self._line.char_s if slow else FAST_GAP_S

    def _opened(self) -> "SerialPort":
        if self._port is not None and self._port.lost:
            self.close()
        if self._port is None:
            self._port = self._reopened()
        return self._port

    def _reopened(self) -> "SerialPort":
        if self._loop.time() < self._open_again_at:
            raise DeviceError(self._trouble)
        self._open_again_at = self._loop.time() + REOPEN_S
        try:
            port = self._open(self._line)
        except DeviceError as error:
            self._trouble = str(error)
            raise
        self._trouble = f"{self.name}: was lost: is the adapter plugged in?"
        log.info("%s: opened at %d baud", self.name, self._line.baud)
        return port

    def _explain(self, port: "SerialPort", question: "Question") -> str:
        complaint = self._frames.explain(bytes(port.received), question)
        return f"{self.name}: asked to {question.words}, slave {question.slave} {complaint}"
