"""A barrier on two outputs of a board whose timed pulses are ordered by writing registers.

The register of an output is `pulse_base` + `pulse_step` for each output after the first. Either
FC06 writes `pulse_code` + N there (eletechsup), or FC10 writes `pulse_code` and N into two
(Juying DAM). The board closes the contact and opens it again after N quanta, by its own clock.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Literal, Self

from pydantic import Field, model_validator

from drivers.barrier._contacts import TimedContacts, TimedSettings
from drivers.modbus import RegisterAddress
from gateway.ports import Barrier, Bus, DeviceError, Turn

COIL_OFF = 0x0000
CLOSED = 1
WORD_MAX = 0xFFFF
SURE_SHARE = 0.5


class Settings(TimedSettings):
    driver: Literal["register_relay"]
    pulse_frame: Literal["one_register", "two_registers"] = Field(
        title="Pulse frame",
        description="one_register: FC06 with code + time; two_registers: FC10 with code, time.",
    )
    pulse_base: RegisterAddress = Field(
        title="Pulse register", description="That of the first output."
    )
    pulse_step: int = Field(
        1, ge=1, le=256, title="Pulse step", description="Registers from one output to the next."
    )
    pulse_code: RegisterAddress = Field(
        title="Pulse code", description="What means: close now, open after the time."
    )
    release_by: Literal["coil", "register"] = Field(
        title="Release by",
        description="coil: FC05 opens a contact and FC01 reads it; register: FC06 and FC03.",
    )
    release_base: RegisterAddress = Field(
        title="Release", description="Coil or register of the first output; the next ones follow."
    )
    release_code: RegisterAddress = Field(
        0, title="Release code", description="What opens the contact; only for registers."
    )

    @model_validator(mode="after")
    def _fits_into_a_word(self) -> Self:
        one_register = self.pulse_frame == "one_register"
        if one_register and self.pulse_code + self.most_quanta > WORD_MAX:
            raise ValueError(
                f"pulse_code + most_quanta is over 0x{WORD_MAX:X}; the longest time of such a "
                "board is in its manual, mostly 255"
            )
        return self


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[Barrier]:
    """Connecting writes nothing and asks nothing; the end waits for the end of the last pulse."""
    relay = RegisterRelay(buses[settings.bus], settings)
    try:
        yield relay
    finally:
        await relay.settled()


class RegisterRelay(TimedContacts):
    """See `gateway.ports.Barrier` and `TimedContacts`.

    FC10's answer does not repeat what was written: the contact is read after it. One that is not
    closed then is ordered open, because some boards know the same code as its opposite.
    """

    def __init__(self, bus: Bus, settings: Settings) -> None:
        super().__init__(bus, settings)
        self._settings = settings
        self._slave = settings.slave
        self._ordered_at = 0.0

    async def _start(self, output: int, not_after: float) -> None:
        settings = self._settings
        register = settings.pulse_base + (output - 1) * settings.pulse_step
        code, quanta = settings.pulse_code, settings.quanta
        self._ordered_at = self._loop.time()
        if settings.pulse_frame == "one_register":
            await self._bus.write_register(
                self._slave, register, code + quanta, not_after=not_after
            )
        else:
            await self._bus.write_registers(
                self._slave, register, (code, quanta), not_after=not_after
            )

    async def _prove(self, output: int) -> None:
        if self._settings.pulse_frame == "one_register":
            return
        closed = await self._is_closed(output)
        sure_s = self._settings.pulse_ms / 1000 * SURE_SHARE
        if closed or self._loop.time() - self._ordered_at > sure_s:
            return
        with suppress(DeviceError):
            await self._release(output)
        raise DeviceError(
            f"{self._settings.place}: confirmed a pulse of output {output}, and its contact is "
            "not closed: with nothing wired to it, try the other pulse_code of its kind (0x0002 "
            "for 0x0004)"
        )

    async def _release(self, output: int) -> None:
        place = self._settings.release_base + output - 1
        if self._settings.release_by == "coil":
            await self._bus.write_coil(self._slave, place, COIL_OFF)
        else:
            await self._bus.write_register(self._slave, place, self._settings.release_code)

    async def _is_closed(self, output: int) -> bool:
        place = self._settings.release_base + output - 1
        if self._settings.release_by == "coil":
            (closed,) = await self._bus.read_coils(self._slave, place, 1, turn=Turn.ORDER)
            return closed
        (value,) = await self._bus.read_holding_registers(self._slave, place, 1, turn=Turn.ORDER)
        return value == CLOSED
