"""A barrier on two outputs of a Modbus relay board that times its pulses by itself.

One order is one frame: the board closes the contact and opens it again on its own clock, so
that no crash and no broken wire can leave it closed.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from drivers.modbus import RegisterAddress, SlaveId
from gateway.ports import Barrier, Bus, BusName, Claim, DeviceError, DriverSettings

log = logging.getLogger(__name__)

NORMAL_MODE = 0
MODE_NAMES = {1: "linkage", 2: "toggle", 3: "edge"}
COIL_OFF = 0x0000


class Settings(DriverSettings):
    driver: Literal["modbus_relay"]
    bus: BusName = Field(title="Bus", description="Name of the bus, from `buses:`.")
    slave: SlaveId = Field(title="Modbus address", description="Address of the board.")
    outputs: int = Field(ge=2, le=64, title="Outputs", description="How many the board has.")
    timed_pulse_base: RegisterAddress = Field(
        title="Timed pulse", description="Coil that starts the timed pulse of the first output."
    )
    quantum_ms: int = Field(
        gt=0, le=1000, title="Quantum (ms)", description="The step of the board's pulse timer."
    )
    control_mode_base: RegisterAddress | None = Field(
        None,
        title="Control mode",
        description="Register with the mode of the first output; only for boards whose inputs "
        "can be set to switch an output by themselves.",
    )
    open_output: int = Field(
        ge=1, title="Output OPEN", description="As numbered on the board, from 1."
    )
    close_output: int = Field(
        ge=1, title="Output CLOSE", description="As numbered on the board, from 1."
    )
    pulse_ms: int = Field(
        500,
        gt=0,
        le=5000,
        title="Pulse (ms)",
        description="How long a contact stays closed: a multiple of the quantum.",
    )
    dead_ms: int = Field(
        50,
        ge=0,
        le=2000,
        title="Dead time (ms)",
        description="Between the opening of one contact and the closing of the other.",
    )

    @field_validator("open_output", "close_output")
    @classmethod
    def _on_the_board(cls, output: int, info: ValidationInfo) -> int:
        outputs = info.data.get("outputs", output)
        if output > outputs:
            raise ValueError(f"the board has no output {output}; it has 1 to {outputs}")
        if info.field_name == "close_output" and output == info.data.get("open_output"):
            raise ValueError(f"output {output} opens the barrier already; wire CLOSE to another")
        return output

    @field_validator("pulse_ms")
    @classmethod
    def _whole_quanta(cls, pulse_ms: int, info: ValidationInfo) -> int:
        quantum_ms = info.data.get("quantum_ms", 1)
        if pulse_ms % quantum_ms:
            below = pulse_ms - pulse_ms % quantum_ms
            near = [str(each) for each in (below, below + quantum_ms) if each]
            raise ValueError(
                f"the board cannot time {pulse_ms} ms, only steps of {quantum_ms} ms; "
                f"write {' or '.join(near)}"
            )
        return pulse_ms

    def claims(self) -> dict[str, Claim]:
        return {
            name: Claim(self.bus, f"slave {self.slave} output {output}")
            for name, output in (
                ("open_output", self.open_output),
                ("close_output", self.close_output),
            )
        }


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[Barrier]:
    """Connecting writes nothing and asks nothing: the boom stays as it is."""
    yield ModbusRelay(buses[settings.bus], settings)


class WrongModeError(DeviceError):
    """The board would switch an output by itself."""


class ModbusRelay:
    """See `gateway.ports.Barrier`. The two contacts are never closed at the same time.

    `close()` waits until an open pulse has ended. `open()` does not wait for a close pulse: it
    takes the close contact back first, and waits only where the board does not confirm that.
    """

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._place = f"slave {settings.slave} on bus {settings.bus}"
        self._loop = asyncio.get_running_loop()
        self._modes_known = False
        self._free_at = {settings.open_output: 0.0, settings.close_output: 0.0}

    async def open(self) -> None:
        """A board that cannot say its modes now is told to open all the same."""
        try:
            await self._check_modes()
        except WrongModeError:
            raise
        except DeviceError as error:
            log.warning("%s: opening with its modes unread: %s", self._place, error)
        await self._take_back(self._settings.close_output)
        await self._wait_for(self._settings.close_output)
        await self._pulse(self._settings.open_output)

    async def close(self, *, not_after: float = math.inf) -> None:
        await self._check_modes()
        await self._wait_for(self._settings.open_output)
        await self._pulse(self._settings.close_output, not_after)

    async def _pulse(self, output: int, not_after: float = math.inf) -> None:
        """One frame. Without a confirmation the pulse may run all the same."""
        settings = self._settings
        self._modes_known = False
        try:
            await self._bus.write_coil(
                settings.slave,
                settings.timed_pulse_base + output - 1,
                settings.pulse_ms // settings.quantum_ms,
                not_after=not_after,
            )
            self._modes_known = True
        finally:
            pulse_and_dead_ms = settings.pulse_ms + settings.dead_ms
            self._free_at[output] = self._loop.time() + pulse_and_dead_ms / 1000

    async def _wait_for(self, output: int) -> None:
        await asyncio.sleep(max(0.0, self._free_at[output] - self._loop.time()))

    async def _take_back(self, output: int) -> None:
        """Open a contact before its pulse has ended, and see that it is open."""
        if self._loop.time() >= self._free_at[output]:
            return
        slave, coil = self._settings.slave, output - 1
        try:
            await self._bus.write_coil(slave, coil, COIL_OFF)
            opened_at = self._loop.time()
            (still_closed,) = await self._bus.read_coils(slave, coil, 1)
        except DeviceError as error:
            log.warning("%s: waiting for the end of the close pulse: %s", self._place, error)
            return
        if not still_closed:
            self._free_at[output] = opened_at + self._settings.dead_ms / 1000

    async def _check_modes(self) -> None:
        """Before the first order, and after each failure: the board may have been exchanged."""
        base = self._settings.control_mode_base
        if self._modes_known or base is None:
            return
        first, last = sorted((self._settings.open_output, self._settings.close_output))
        modes = await self._bus.read_holding_registers(
            self._settings.slave, base + first - 1, last - first + 1
        )
        for output, mode in ((first, modes[0]), (last, modes[-1])):
            if mode != NORMAL_MODE:
                raise WrongModeError(self._wrong_mode(output, mode, base + output - 1))
        self._modes_known = True

    def _wrong_mode(self, output: int, mode: int, register: int) -> str:
        name = MODE_NAMES.get(mode, "unknown")
        return (
            f"{self._place}: output {output} is in control mode {mode} ({name}), so that an input "
            f"could move the boom: set register 0x{register:04X} to 0"
        )
