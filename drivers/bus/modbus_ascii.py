"""Modbus ASCII on a serial line: older boards and converters that never learnt RTU."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from gateway.ports import Bus, DeviceError, DriverSettings

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

    from drivers.modbus.byte_port import BytePort
    from drivers.modbus.errand import Errand
    from drivers.modbus.opening import Opening
    from drivers.modbus.pdu import Question
    from drivers.modbus.serial_port import LineSettings

REOPEN_S = 1.0
LEAST_GAP_S, GAP_CHARS = 0.002, 4
MAX_NOISE_S = 1.0
SHOWN_CHARS = 24
SEVEN = 7
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]


class Settings(DriverSettings):
    driver: Literal["modbus_ascii"]
    port: str = Field(
        title="Serial port",
        description="Path of the port; a link below /dev/serial/by-id stays the same for ever.",
        pattern=r"^/.+",
        examples=["/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"],
    )
    baud: Baud = Field(9600, title="Baud rate", description="As set on every device of the line.")
    data_bits: Literal[7, 8] = Field(7, title="Data bits", description="The standard asks for 7.")
    parity: Literal["none", "even", "odd"] = Field("even", title="Parity")
    stop_bits: int = Field(1, ge=1, le=2, title="Stop bits")
    timeout_ms: int = Field(
        100,
        ge=10,
        le=2000,
        title="Time-out (ms)",
        description="How long a device may think, beyond the time that the characters need.",
    )
    quiet_ms: int = Field(
        150,
        ge=0,
        le=2000,
        title="Quiet time after a failure (ms)",
        description="How long nothing is sent then, so that a late answer is heard and dropped: "
        "time-out and quiet time together must exceed the slowest answer.",
    )

    @model_validator(mode="after")
    def _seven_bits_with_a_tenth(self) -> Self:
        """A port of 8 bits carries 7 bits with parity or a second stop bit, and no less."""
        ten = (self.parity == "none") == (self.stop_bits == 2)  # noqa: PLR2004
        if self.data_bits == SEVEN and not ten:
            raise ValueError(
                "7 data bits go with even or odd parity and stop_bits 1, or with parity none "
                "and stop_bits 2; write one of these, or data_bits: 8"
            )
        return self


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Bus]:
    """The line, whether or not its port is there: then each call says so."""
    from drivers.modbus import shared_bus

    line = _line(settings)
    async with shared_bus.taking_turns(AsciiWire(settings, _opening(line), line.char_s)) as bus:
        yield bus


def _line(settings: Settings) -> "LineSettings":
    """The port's own settings: characters of 7 bits are sent as 8N1, see `seven_bits`."""
    from drivers.modbus.serial_port import LineSettings

    seven = settings.data_bits == SEVEN
    parity = "none" if seven else settings.parity
    return LineSettings(settings.port, settings.baud, parity, 1 if seven else settings.stop_bits)


def _opening(line: "LineSettings") -> "Opening":
    from drivers.modbus.opening import Opening
    from drivers.modbus.serial_port import SerialPort

    async def opened() -> SerialPort:
        return SerialPort(line)

    return Opening(line.port, opened, pauses_s=(REOPEN_S,))


class AsciiWire:
    """See `drivers.modbus.shared_bus.Wire`.

    An answer names its slave and its function and nothing else. So the line stays quiet after a
    failure, and the reading that follows is asked twice and must give the same both times: a
    late answer that outlives the quiet time shows, unless both values are equal.
    """

    gives_way = False
    is_sent = False

    def __init__(self, settings: Settings, opening: "Opening", char_s: float) -> None:
        from drivers.modbus import ascii_frame, errand, pdu

        self.name = settings.port
        self._settings = settings
        self._opening = opening
        self._char_s = char_s
        self._loop = asyncio.get_running_loop()
        self._frames = ascii_frame
        self._decoder = pdu.decoder()
        self._no_answer = errand.NoAnswerError
        self._failed = False

    @property
    def recoveries(self) -> int:
        return self._opening.recoveries

    def close(self) -> None:
        self._opening.close()

    async def ask(self, errand: "Errand") -> "ModbusPDU":
        self.is_sent = False
        port = await self._opening.port(at_once=errand.is_order)
        doubtful = self._failed and not errand.question.is_write
        answer = await self._asked(port, errand)
        if doubtful and not _same(answer, await self._asked(port, errand)):
            raise DeviceError(
                f"{self.name}: asked twice after a failure to {errand.question.words}, slave "
                f"{errand.slave} gave answers that contradict each other"
            )
        return answer

    async def _asked(self, port: "BytePort", errand: "Errand") -> "ModbusPDU":
        await self._silence(port, errand)
        self._failed = True
        answer = await self._exchange(port, errand.question)
        self._failed = False
        return answer

    async def _exchange(self, port: "BytePort", question: "Question") -> "ModbusPDU":
        frame = self._frame_of(question)
        answer_s = self._frames.frame_size(question.answer_bytes + 1) * self._char_s
        sent_at = port.send(self._on_the_wire(frame))
        self.is_sent = True
        deadline = sent_at + answer_s + self._settings.timeout_ms / 1000
        while self._loop.time() < deadline:
            await port.more(deadline)
            too_early = self._loop.time() < sent_at + answer_s / 2
            if frame in self._heard(port) and (too_early or not question.is_write):
                raise DeviceError(self._echoing)
            answer = self._answer(self._heard(port), question)
            if answer is not None:
                return answer
        port.busy_until = max(port.busy_until, self._loop.time())
        raise self._failure(self._heard(port), question)

    def _frame_of(self, question: "Question") -> bytes:
        request = question.request
        head = bytes([question.slave, request.function_code])
        return self._frames.frame_of(head + request.encode())

    @property
    def _echoing(self) -> str:
        """An order's right answer is the order again: only its time tells it from an echo."""
        return (
            f"{self.name}: the adapter sends back what we send, so that an order would seem "
            "confirmed by itself: switch its echo off (2-wire or half-duplex mode)"
        )

    def _answer(self, heard: bytes, question: "Question") -> "ModbusPDU | None":
        for body in self._frames.bodies(heard):
            answer = self._decoder.decode(body[1:])
            if answer is not None:
                answer.dev_id = body[0]
                if not question.complaint(answer):
                    return answer
        return None

    def _failure(self, heard: bytes, question: "Question") -> DeviceError:
        asked = f"{self.name}: asked to {question.words}, slave {question.slave}"
        if not heard:
            sentence = (
                f"{asked} gave no answer: is it powered, is its address right, and is it set to "
                "Modbus ASCII with this baud rate and parity?"
            )
        else:
            shown = heard[:SHOWN_CHARS].decode("ascii", "backslashreplace").strip()
            sentence = f"{asked} sent no right answer ({shown}): check wiring, parity and data bits"
        return self._no_answer(sentence, silent=not heard)

    def _on_the_wire(self, frame: bytes) -> bytes:
        if self._settings.data_bits == SEVEN:
            return self._frames.seven_bits(frame, self._settings.parity)
        return frame

    def _heard(self, port: "BytePort") -> bytes:
        received = bytes(port.received)
        seven = self._settings.data_bits == SEVEN
        return self._frames.low_bits(received) if seven else received

    @property
    def _gap_s(self) -> float:
        """Time for a slave to let go of the line; the standard asks for none in ASCII."""
        return max(LEAST_GAP_S, GAP_CHARS * self._char_s)

    async def _silence(self, port: "BytePort", errand: "Errand") -> None:
        """Wait until the line was silent for long enough, longer after a failure; then forget."""
        silence_s = self._settings.quiet_ms / 1000 if self._failed else self._gap_s
        give_up_at = self._loop.time() + silence_s + MAX_NOISE_S
        while (free_at := port.busy_until + silence_s) > self._loop.time():
            errand.require_time(free_at, self.name)
            if self._loop.time() > give_up_at:
                raise DeviceError(
                    f"{self.name}: the line is never silent: is there a second master, "
                    "or is its termination missing?"
                )
            await port.more(free_at)
        errand.require_time(self._loop.time(), self.name)
        port.forget()


def _same(one: "ModbusPDU", other: "ModbusPDU") -> bool:
    return (one.function_code, one.encode()) == (other.function_code, other.encode())
