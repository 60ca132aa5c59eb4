"""A lane's loops, limits and buttons on the inputs of a Modbus board, all in one reading."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from drivers.modbus import RegisterAddress
from drivers.modbus.boards import BoardAddress
from gateway.lane.types import Inputs, Level
from gateway.ports import Bus, BusName, Claim, DeviceError, DriverSettings, InputReader, Turn

SENSORS = (
    "closing_loop",
    "arming_loop",
    "up_limit",
    "down_limit",
    "open_button",
    "beam",
    "manual",
    "fire",
    "fire_reset",
    "arm_off",
)
WORD_BITS = 16
Table = Literal[
    "discrete_inputs",
    "coils",
    "holding_registers",
    "input_registers",
    "holding_word",
    "input_word",
]


class Wiring(BaseModel):
    """Where a sensor is wired, and which state of its contact means ON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: int = Field(ge=1, title="Input", description="As numbered on the board, from 1.")
    active: Literal["closed", "open"] = Field(
        title="Active contact",
        description="State of the contact with a vehicle on the loop, the limit reached or the "
        "button pressed. `open` also takes a broken wire for ON: right for the closing loop, the "
        "beam and the fire contact.",
    )


class BoardSettings(DriverSettings):
    """A board's inputs and what is wired to them."""

    bus: BusName = Field(title="Bus", description="Name of the bus, from `buses:`.")
    slave: BoardAddress = Field(title="Modbus address", description="Address of the board.")
    table: Table = Field(
        "discrete_inputs",
        title="Table",
        description="Where the board keeps its inputs: discrete_inputs FC02, coils FC01; one "
        "register each, holding_registers FC03 or input_registers FC04; sixteen in a word, "
        "holding_word FC03 or input_word FC04.",
    )
    first_input: RegisterAddress = Field(
        title="First input", description="Its number in the frame, mostly 0."
    )
    inputs: int = Field(ge=1, le=64, title="Inputs", description="How many the board has.")
    closed_reads: int = Field(
        1, ge=0, le=1, title="Closed reads", description="The bit of a closed contact."
    )
    closing_loop: Wiring = Field(
        title="Closing loop", description="Under the boom; nothing closes while it is ON."
    )
    arming_loop: Wiring = Field(
        title="Arming loop", description="In front of the boom, where the plate is read."
    )
    up_limit: Wiring | None = Field(None, title="Up limit")
    down_limit: Wiring | None = Field(None, title="Down limit")
    open_button: Wiring | None = Field(None, title="Open button")
    beam: Wiring | None = Field(
        None, title="Beam", description="Light barrier under the boom; ON is interrupted."
    )
    manual: Wiring | None = Field(
        None, title="Manual", description="Key switch that takes the boom from the box."
    )
    fire: Wiring | None = Field(None, title="Fire", description="Copy of the fire contact.")
    fire_reset: Wiring | None = Field(
        None,
        title="Fire reset",
        description="Local button that ends a fire opening, once the contact is off. Without it,"
        " the open button of a lane that has the fire contact does.",
    )
    arm_off: Wiring | None = Field(
        None, title="Arm off", description="Contact of an arm that was swung away or broken."
    )

    @field_validator(*SENSORS)
    @classmethod
    def _own_channel(cls, wiring: Wiring | None, info: ValidationInfo) -> Wiring | None:
        if wiring is None:
            return None
        inputs = info.data.get("inputs", wiring.channel)
        if wiring.channel > inputs:
            raise ValueError(f"the board has no input {wiring.channel}; it has 1 to {inputs}")
        for name in SENSORS:
            other = info.data.get(name)
            if other and other.channel == wiring.channel:
                raise ValueError(
                    f"input {wiring.channel} is wired to {name} already; give each its own"
                )
        return wiring

    def wired(self) -> dict[str, Wiring]:
        """The sensors that this lane has, by the names of `Inputs`."""
        wirings = {name: getattr(self, name) for name in SENSORS}
        return {name: wiring for name, wiring in wirings.items() if wiring is not None}

    def claims(self) -> dict[str, Claim]:
        return {
            name: Claim(self.bus, f"slave {self.slave} input {wiring.channel}")
            for name, wiring in self.wired().items()
        }


class Settings(BoardSettings):
    driver: Literal["modbus_inputs"]


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[InputReader]:
    yield ModbusInputs(buses[settings.bus], settings)


class ModbusInputs:
    """See `gateway.ports.InputReader`. A sensor that is not wired is not fitted."""

    def __init__(self, bus: Bus, settings: BoardSettings) -> None:
        self._bus = bus
        self._settings = settings
        self._wired = settings.wired()

    async def read(self) -> Inputs:
        return Inputs(**await self.levels())

    async def levels(self) -> dict[str, Level]:
        """Every sensor's level, by the names of `Inputs`."""
        bits = await self._bits()
        unwired = dict.fromkeys(SENSORS, Level.NOT_FITTED)
        return unwired | {name: self._level(bits, wire) for name, wire in self._wired.items()}

    async def _bits(self) -> Sequence[bool]:
        bus, settings = self._bus, self._settings
        slave, first, count = settings.slave, settings.first_input, settings.inputs
        words = -(-count // WORD_BITS)
        match settings.table:
            case "discrete_inputs":
                return await bus.read_discrete_inputs(slave, first, count, turn=Turn.SAFETY)
            case "coils":
                return await bus.read_coils(slave, first, count, turn=Turn.SAFETY)
            case "holding_registers":
                read = bus.read_holding_registers
                return self._one_each(await read(slave, first, count, turn=Turn.SAFETY))
            case "input_registers":
                read = bus.read_input_registers
                return self._one_each(await read(slave, first, count, turn=Turn.SAFETY))
            case "holding_word":
                read = bus.read_holding_registers
                return _unpacked(await read(slave, first, words, turn=Turn.SAFETY))
            case "input_word":
                read = bus.read_input_registers
                return _unpacked(await read(slave, first, words, turn=Turn.SAFETY))

    def _one_each(self, registers: Sequence[int]) -> list[bool]:
        """A register that holds neither 0 nor 1 is no input: better no reading than a wrong one."""
        for place, value in enumerate(registers):
            if value not in (0, 1):
                raise DeviceError(
                    f"slave {self._settings.slave} on bus {self._settings.bus}: input {place + 1} "
                    f"reads {value}, neither 0 nor 1: is this the board that its profile is for?"
                )
        return [value == 1 for value in registers]

    def _level(self, bits: Sequence[bool], wiring: Wiring) -> Level:
        closed = bits[wiring.channel - 1] == bool(self._settings.closed_reads)
        return Level.ON if closed == (wiring.active == "closed") else Level.OFF


def _unpacked(words: Sequence[int]) -> list[bool]:
    """Sixteen inputs a word, the first one in the lowest bit."""
    return [bool(word >> bit & 1) for word in words for bit in range(WORD_BITS)]
