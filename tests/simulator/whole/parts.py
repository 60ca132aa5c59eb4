"""The gateway's parts that the whole box is made of: the real ones, or a mutant's copy."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from drivers.barrier import modbus_relay
from drivers.inputs import modbus_inputs
from drivers.modbus import rtu_wire, shared_bus
from gateway import polling, runner


class Parts(NamedTuple):
    """Modules, so that one of them may be a copy with one place changed."""

    relay: Any = modbus_relay
    inputs: Any = modbus_inputs
    wire: Any = rtu_wire
    bus: Any = shared_bus
    polling: Any = polling
    runner: Any = runner


REAL_PARTS = Parts()


def loop_time() -> float:
    """Monotonic, and in a virtual loop virtual."""
    return asyncio.get_running_loop().time()


def poller_in_loop_time(module: Any) -> Callable[..., Any]:
    """The poller asks the time of the process; here there is another one."""

    class LoopPoller(module.Poller):  # type: ignore[misc]
        async def run(self) -> None:
            while True:
                asked = loop_time()
                await self._ask(asked)
                period_s = (
                    max(self._period_s, module.LOST_PERIOD_S) if self._lost else self._period_s
                )
                await asyncio.sleep(max(0.0, asked + period_s - loop_time()))

    return LoopPoller
