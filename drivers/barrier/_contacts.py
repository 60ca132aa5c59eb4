"""What barriers on two contacts share: their settings, and who must wait for whom."""

import asyncio
import logging
import math
from abc import ABC, abstractmethod

from pydantic import Field, ValidationInfo, field_validator

from drivers.modbus import RegisterAddress
from drivers.modbus.boards import BoardAddress
from gateway.ports import Bus, BusName, Claim, DeviceError, DriverSettings, Turn

log = logging.getLogger(__name__)

NORMAL_MODE = 0
STILL_ON_THE_WIRE_S = 0.1


class ContactSettings(DriverSettings):
    """Two outputs of one board."""

    bus: BusName = Field(title="Bus", description="Name of the bus, from `buses:`.")
    slave: BoardAddress = Field(title="Modbus address", description="Address of the board.")
    outputs: int = Field(ge=2, le=64, title="Outputs", description="How many the board has.")
    open_output: int = Field(
        ge=1, title="Output OPEN", description="As numbered on the board, from 1."
    )
    close_output: int = Field(
        ge=1, title="Output CLOSE", description="As numbered on the board, from 1."
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

    def claims(self) -> dict[str, Claim]:
        return {
            name: Claim(self.bus, f"slave {self.slave} output {output}")
            for name, output in (
                ("open_output", self.open_output),
                ("close_output", self.close_output),
            )
        }

    @property
    def place(self) -> str:
        """The board, as messages name it."""
        return f"slave {self.slave} on bus {self.bus}"


class TimedSettings(ContactSettings):
    """A board that opens a contact by its own clock."""

    quantum_ms: int = Field(
        gt=0, le=60_000, title="Quantum (ms)", description="The step of the board's pulse timer."
    )
    most_quanta: RegisterAddress = Field(
        0x7FFF, ge=1, title="Most quanta", description="The longest time that its timer takes."
    )
    pulse_ms: int = Field(
        500,
        gt=0,
        le=5000,
        title="Pulse (ms)",
        description="How long a contact stays closed: a multiple of the quantum.",
    )
    control_mode_base: RegisterAddress | None = Field(
        None,
        title="Control mode",
        description="Register with the mode of the first output; only for boards whose inputs "
        "can be set to switch an output by themselves.",
    )
    control_mode_step: int = Field(
        1,
        ge=0,
        le=16,
        title="Control mode, step",
        description="Registers from one output's mode to the next; 0 where all share one.",
    )

    @field_validator("pulse_ms")
    @classmethod
    def _the_board_can_time_it(cls, pulse_ms: int, info: ValidationInfo) -> int:
        quantum_ms = info.data.get("quantum_ms", 1)
        if pulse_ms % quantum_ms:
            below = pulse_ms - pulse_ms % quantum_ms
            near = [str(each) for each in (below, below + quantum_ms) if each]
            raise ValueError(
                f"the board cannot time {pulse_ms} ms, only steps of {quantum_ms} ms; "
                f"write {' or '.join(near)}, or take another board if that is too long"
            )
        longest_ms = info.data.get("most_quanta", pulse_ms) * quantum_ms
        if pulse_ms > longest_ms:
            raise ValueError(
                f"the board cannot time {pulse_ms} ms, at most {longest_ms} ms; write less"
            )
        return pulse_ms

    @property
    def quanta(self) -> int:
        return self.pulse_ms // self.quantum_ms


# Between a crash and the first order of the next run lies at least the start of a process.
SOONEST_START_S = 1.1


class WrongModeError(DeviceError):
    """The board would switch an output by itself."""


class TimedContacts(ABC):
    """A barrier whose board times the pulses. The two contacts are never closed together.

    `close()` waits until an open pulse has ended. `open()` does not wait for a close pulse: it
    takes the close contact back first, and waits only where the board does not confirm that.
    """

    def __init__(self, bus: Bus, settings: TimedSettings) -> None:
        self._bus = bus
        self._timing = settings
        self._loop = asyncio.get_running_loop()
        self._modes_known = False
        # A pulse that was started before a crash may still run.
        free_at = (
            self._loop.time() + (settings.pulse_ms + settings.dead_ms) / 1000 - SOONEST_START_S
        )
        self._free_at = {settings.open_output: free_at, settings.close_output: free_at}

    async def settled(self) -> None:
        """Returns when every pulse that was started has ended."""
        for output in tuple(self._free_at):
            await self._wait_for(output)

    async def open(self) -> None:
        """A board that cannot say its modes now is told to open all the same."""
        try:
            await self._check_modes()
        except WrongModeError:
            raise
        except DeviceError as error:
            log.warning("%s: opening with its modes unread: %s", self._timing.place, error)
        await self._take_back(self._timing.close_output)
        await self._wait_for(self._timing.close_output)
        await self._pulse(self._timing.open_output, math.inf)

    async def close(self, *, not_after: float = math.inf) -> None:
        await self._check_modes()
        await self._wait_for(self._timing.open_output)
        await self._pulse(self._timing.close_output, not_after)

    @abstractmethod
    async def _start(self, output: int, not_after: float) -> None:
        """Order the pulse."""

    @abstractmethod
    async def _release(self, output: int) -> None:
        """Order the contact open."""

    @abstractmethod
    async def _is_closed(self, output: int) -> bool: ...

    @abstractmethod
    async def _prove(self, output: int) -> None:
        """Look whether the pulse runs, where the board's confirmation does not say so."""

    def _mode_name(self, mode: int) -> str:  # noqa: ARG002 - a board's own word for it
        """What the board's manual calls this mode; or nothing."""
        return ""

    async def _pulse(self, output: int, not_after: float) -> None:
        """One frame. Without a confirmation the pulse may run all the same."""
        self._modes_known = False
        try:
            await self._start(output, not_after)
            await self._prove(output)
            self._modes_known = True
        finally:
            late_s = 0.0 if self._modes_known else STILL_ON_THE_WIRE_S
            pulse_and_dead_ms = self._timing.pulse_ms + self._timing.dead_ms
            self._free_at[output] = self._loop.time() + pulse_and_dead_ms / 1000 + late_s

    async def _wait_for(self, output: int) -> None:
        await asyncio.sleep(max(0.0, self._free_at[output] - self._loop.time()))

    async def _take_back(self, output: int) -> None:
        """Open a contact before its pulse has ended, and see that it is open."""
        if self._loop.time() >= self._free_at[output]:
            return
        try:
            await self._release(output)
            opened_at = self._loop.time()
            still_closed = await self._is_closed(output)
        except DeviceError as error:
            log.warning("%s: waiting for the end of the close pulse: %s", self._timing.place, error)
            return
        if not still_closed:
            self._free_at[output] = opened_at + self._timing.dead_ms / 1000

    async def _check_modes(self) -> None:
        """Before the first order, and after each failure: the board may have been exchanged."""
        base, step = self._timing.control_mode_base, self._timing.control_mode_step
        if self._modes_known or base is None:
            return
        first, last = sorted((self._timing.open_output, self._timing.close_output))
        first_register, last_register = base + (first - 1) * step, base + (last - 1) * step
        modes = await self._bus.read_holding_registers(
            self._timing.slave,
            first_register,
            last_register - first_register + 1,
            turn=Turn.ORDER,
        )
        for output, register in ((first, first_register), (last, last_register)):
            mode = modes[register - first_register]
            if mode != NORMAL_MODE:
                raise WrongModeError(self._wrong_mode(output, mode, register))
        self._modes_known = True

    def _wrong_mode(self, output: int, mode: int, register: int) -> str:
        name = f" ({called})" if (called := self._mode_name(mode)) else ""
        return (
            f"{self._timing.place}: output {output} is in control mode {mode}{name}, so that an "
            f"input could move the boom: set register 0x{register:04X} to {NORMAL_MODE}"
        )
