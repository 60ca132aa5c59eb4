"""A lane's loops, limits and buttons on the inputs of a Modbus board, all in one reading."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from drivers.modbus import RegisterAddress, SlaveId
from gateway.lane.types import Inputs, Level
from gateway.ports import Bus, BusName, Claim, DriverSettings, InputReader

SENSORS = ("closing_loop", "arming_loop", "up_limit", "down_limit", "open_button")


class Wiring(BaseModel):
    """Where a sensor is wired, and which state of its contact means ON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: int = Field(ge=1, title="Input", description="As numbered on the board, from 1.")
    active: Literal["closed", "open"] = Field(
        title="Active contact",
        description="State of the contact with a vehicle on the loop, the limit reached or the "
        "button pressed. `open` also takes a broken wire for ON: right for the closing loop.",
    )


class Settings(DriverSettings):
    driver: Literal["modbus_inputs"]
    bus: BusName = Field(title="Bus", description="Name of the bus, from `buses:`.")
    slave: SlaveId = Field(title="Modbus address", description="Address of the board.")
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


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[InputReader]:
    yield ModbusInputs(buses[settings.bus], settings)


class ModbusInputs:
    """See `gateway.ports.InputReader`. A sensor that is not wired is unknown."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._wired = settings.wired()

    async def read(self) -> Inputs:
        settings = self._settings
        bits = await self._bus.read_discrete_inputs(
            settings.slave, settings.first_input, settings.inputs
        )
        return Inputs(**{name: self._level(bits, wiring) for name, wiring in self._wired.items()})

    def _level(self, bits: tuple[bool, ...], wiring: Wiring) -> Level:
        closed = bits[wiring.channel - 1] == bool(self._settings.closed_reads)
        return Level.ON if closed == (wiring.active == "closed") else Level.OFF
