"""What a barrier with a bus of its own says of its boom: a register read by a table of states."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from drivers.modbus import RegisterAddress
from gateway.lane.types import Boom
from gateway.ports import Bus, DriverSettings, Turn

MOST_APART = 15


class State(StrEnum):
    UP = "up"
    DOWN = "down"
    BETWEEN = "between"
    FAULT = "fault"
    UNKNOWN = "unknown"


class StatusSettings(DriverSettings):
    """The map of a barrier's status, by its manual."""

    status_table: Literal["holding_registers", "input_registers"] = Field(
        "holding_registers", title="Table of the status", description="FC03 or FC04."
    )
    status_register: RegisterAddress = Field(
        title="Status", description="Register with the boom's state, as it stands in the frame."
    )
    states: dict[int, State] = Field(
        title="States",
        description="What each value of the status means: up, down, between, fault, unknown."
        " Any other value is unknown.",
        min_length=1,
    )
    position_register: RegisterAddress | None = Field(
        None,
        title="Position",
        description="Register with the boom's place; asked where the status does not know it.",
    )
    position_down: int = Field(
        0, ge=0, le=0xFFFF, title="Position down", description="Its value with the boom down."
    )
    position_up: int = Field(
        100, ge=0, le=0xFFFF, title="Position up", description="Its value with the boom up."
    )

    @field_validator("states")
    @classmethod
    def _both_ends(cls, states: dict[int, State]) -> dict[int, State]:
        for end in (State.UP, State.DOWN):
            if end not in states.values():
                raise ValueError(f"no value means {end}: the lane needs both ends of the travel")
        return states

    @field_validator("position_register")
    @classmethod
    def _near_the_status(cls, register: int | None, info: ValidationInfo) -> int | None:
        status = info.data.get("status_register")
        if register is None or status is None:
            return register
        if not 0 < abs(register - status) <= MOST_APART:
            raise ValueError(
                f"it must be another register than the status and within {MOST_APART} of it, "
                "so that one question reads both"
            )
        return register


class BoomStatus:
    """Reads a barrier's state. Raises `DeviceError` where it does not answer."""

    def __init__(self, bus: Bus, slave: int, settings: StatusSettings) -> None:
        self._read = (
            bus.read_holding_registers
            if settings.status_table == "holding_registers"
            else bus.read_input_registers
        )
        self._slave = slave
        self._settings = settings

    async def state(self, turn: Turn = Turn.REST) -> tuple[State, int]:
        """The state, and the register's value behind it."""
        status, position = self._settings.status_register, self._settings.position_register
        first = status if position is None else min(status, position)
        last = status if position is None else max(status, position)
        values = await self._read(self._slave, first, last - first + 1, turn=turn)
        value = values[status - first]
        state = self._settings.states.get(value, State.UNKNOWN)
        if state is State.UNKNOWN and position is not None:
            state = self._at(values[position - first])
        return state, value

    def _at(self, position: int) -> State:
        settings = self._settings
        if position == settings.position_up:
            return State.UP
        if position == settings.position_down:
            return State.DOWN
        low, high = sorted((settings.position_down, settings.position_up))
        return State.BETWEEN if low < position < high else State.UNKNOWN


def boom_of(state: State) -> Boom:
    """The boom's place; a fault says nothing of it."""
    return {State.UP: Boom.UP, State.DOWN: Boom.DOWN, State.BETWEEN: Boom.BETWEEN}.get(
        state, Boom.UNKNOWN
    )
