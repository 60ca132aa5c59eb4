"""Loops and buttons on an IO board, and the limits from a barrier that says its own status."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field, field_validator

from drivers.inputs.modbus_inputs import BoardSettings, ModbusInputs, Wiring
from drivers.modbus.boards import BoardAddress
from drivers.modbus.boom_status import BoomStatus, StatusSettings, boom_of
from gateway.lane.types import Boom, Inputs, Level
from gateway.ports import Bus, BusName, DeviceError, InputReader

log = logging.getLogger(__name__)

STATUS_S = 0.1
LIMITS = {
    Boom.UP: (Level.ON, Level.OFF),
    Boom.DOWN: (Level.OFF, Level.ON),
    Boom.BETWEEN: (Level.OFF, Level.OFF),
    Boom.UNKNOWN: (Level.UNKNOWN, Level.UNKNOWN),
}


class Settings(BoardSettings, StatusSettings):
    driver: Literal["board_and_barrier"]
    status_bus: BusName = Field(
        title="Barrier's bus", description="Name of the barrier's bus, from `buses:`."
    )
    status_slave: BoardAddress = Field(
        title="Barrier's address", description="Modbus address of the barrier."
    )

    @field_validator("up_limit", "down_limit")
    @classmethod
    def _said_by_the_barrier(cls, wiring: Wiring | None) -> Wiring | None:
        if wiring is not None:
            raise ValueError(
                "the barrier says its limits itself; leave this out, or use driver: modbus_inputs"
            )
        return wiring


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[InputReader]:
    board = ModbusInputs(buses[settings.bus], settings)
    status = BoomStatus(buses[settings.status_bus], settings.status_slave, settings)
    yield BoardAndBarrier(board, status)


class BoardAndBarrier:
    """See `gateway.ports.InputReader`. Raises only where the board with the loops is lost.

    A barrier that does not say its status within `STATUS_S` leaves the limits unknown.
    """

    def __init__(self, board: ModbusInputs, status: BoomStatus) -> None:
        self._board = board
        self._status = status
        self._silent = False

    async def read(self) -> Inputs:
        levels, boom = await asyncio.gather(self._board.levels(), self._boom())
        up, down = LIMITS[boom]
        return Inputs(**levels | {"up_limit": up, "down_limit": down})

    async def _boom(self) -> Boom:
        try:
            async with asyncio.timeout(STATUS_S):
                state, _ = await self._status.state()
        except TimeoutError:
            return self._lost("the barrier gave no status in time")
        except DeviceError as error:
            return self._lost(str(error))
        if self._silent:
            log.info("the barrier's status is back")
        self._silent = False
        return boom_of(state)

    def _lost(self, why: str) -> Boom:
        if not self._silent:
            log.warning("limits unknown: %s", why)
        self._silent = True
        return Boom.UNKNOWN
