"""A barrier with a bus of its own: its map of status and orders is written in YAML.

The barrier's own controller moves the boom and guards it; an order is one frame.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Self

from pydantic import Field, model_validator

from drivers.modbus import RegisterAddress
from drivers.modbus.boards import BoardAddress
from drivers.modbus.boom_status import BoomStatus, State, StatusSettings
from gateway.ports import Barrier, Bus, BusName, Claim, DeviceError, Turn

log = logging.getLogger(__name__)

COIL_ON = 0xFF00
ORDERS = ("open", "close", "stop")


class Settings(StatusSettings):
    driver: Literal["register_barrier"]
    bus: BusName = Field(title="Bus", description="Name of the bus, from `buses:`.")
    slave: BoardAddress = Field(title="Modbus address", description="Address of the barrier.")
    order_by: Literal["coil", "register"] = Field(
        title="Orders by", description="coil: FC05; register: FC06."
    )
    manual: str = Field(
        "the barrier's manual",
        title="Manual",
        description="Where the addresses of the orders are; told where one is missing.",
    )
    open_address: RegisterAddress | None = Field(
        None, title="Open", description="Coil or register that opens, as it stands in the frame."
    )
    close_address: RegisterAddress | None = Field(
        None, title="Close", description="Coil or register that closes."
    )
    stop_address: RegisterAddress | None = Field(
        None,
        title="Stop",
        description="Coil or register that stops; with it, the boom is stopped before it is sent"
        " the other way.",
    )
    open_value: RegisterAddress = Field(
        COIL_ON, title="Open, value", description="0xFF00 sets a coil."
    )
    close_value: RegisterAddress = Field(COIL_ON, title="Close, value")
    stop_value: RegisterAddress = Field(COIL_ON, title="Stop, value")
    dead_ms: int = Field(
        200,
        ge=0,
        le=5000,
        title="Dead time (ms)",
        description="After a stop, before the other direction.",
    )

    @model_validator(mode="after")
    def _knows_its_orders(self) -> Self:
        missing = [name for name in ORDERS[:2] if getattr(self, f"{name}_address") is None]
        if missing:
            keys = " and ".join(f"{name}_address" for name in missing)
            raise ValueError(
                f"it is not known where this barrier takes its orders; write {keys} as in "
                f"{self.manual}"
            )
        orders = [(self.open_address, self.open_value), (self.close_address, self.close_value)]
        if orders[0] == orders[1]:
            raise ValueError("open and close are the same order; look them up in the manual again")
        return self

    def claims(self) -> dict[str, Claim]:
        return {"slave": Claim(self.bus, f"the barrier at slave {self.slave}")}

    def order(self, name: str) -> tuple[int, int] | None:
        """Address and value of an order; None for one that the barrier has not."""
        address: int | None = getattr(self, f"{name}_address")
        value: int = getattr(self, f"{name}_value")
        return None if address is None else (address, value)

    @property
    def place(self) -> str:
        return f"barrier at slave {self.slave} on bus {self.bus}"


@asynccontextmanager
async def connect(settings: Settings, buses: Mapping[str, Bus]) -> AsyncIterator[Barrier]:
    """Connecting writes nothing and asks nothing: the boom stays as it is."""
    yield RegisterBarrier(buses[settings.bus], settings)


class RegisterBarrier:
    """See `gateway.ports.Barrier`.

    `close()` asks the status first and refuses where the barrier reports a fault. `open()` is
    ordered whatever the status says. What stops a boom is sent only to one that was ordered the
    other way by us; where the stop fails, an open is ordered all the same.
    """

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._status = BoomStatus(bus, settings.slave, settings)
        self._last = ""

    async def open(self) -> None:
        try:
            await self._stop_unless("open", math.inf)
        except DeviceError as error:
            log.warning("%s: opening without a stop: %s", self._settings.place, error)
        await self._order("open", math.inf)

    async def close(self, *, not_after: float = math.inf) -> None:
        await self._refuse_fault()
        await self._stop_unless("close", not_after)
        await self._order("close", not_after)

    async def _refuse_fault(self) -> None:
        state, value = await self._status.state(Turn.ORDER)
        if state is State.FAULT:
            raise DeviceError(
                f"{self._settings.place}: reports a fault (status {value}) and is not told to "
                "close: look the status up in its manual"
            )

    async def _stop_unless(self, wanted: str, not_after: float) -> None:
        if self._last in ("", wanted) or self._settings.stop_address is None:
            return
        await self._order("stop", not_after)
        await asyncio.sleep(self._settings.dead_ms / 1000)

    async def _order(self, name: str, not_after: float) -> None:
        order = self._settings.order(name)
        if order is None:
            raise DeviceError(f"{self._settings.place}: has no order to {name}")
        write = (
            self._bus.write_coil if self._settings.order_by == "coil" else self._bus.write_register
        )
        if name != "stop":
            self._last = name
        await write(self._settings.slave, *order, not_after=not_after)
