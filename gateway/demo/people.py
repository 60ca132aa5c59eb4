"""Who is around the car park: drivers with their phones, and an operator at the cloud."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from gateway.demo.cloud import Cloud
from gateway.demo.phone import Payment, Phone
from gateway.demo.received import inside_since_before, told_at
from gateway.demo.screens import Screen
from gateway.demo.stage import RIGHTS, Stage
from gateway.lane.types import Direction
from gateway.rights import read_rights
from gateway.store.records import utc_text

ROUND_S = 20.0
LONG_S = 600.0


@dataclass(frozen=True, slots=True)
class People:
    """`screens` by the lane's name, one phone for each exit."""

    cloud: Cloud
    screens: dict[str, Screen]
    phones: tuple[Phone, ...]
    tasks: tuple[asyncio.Task[None], ...]

    @property
    def payments(self) -> list[Payment]:
        return [payment for phone in self.phones for payment in phone.payments]

    @property
    def all_confirmed(self) -> bool:
        return all(phone.all_confirmed for phone in self.phones)

    def look(self) -> None:
        """Raises what ended one of them."""
        for task in self.tasks:
            if task.done():
                task.result()


@contextlib.asynccontextmanager
async def people(stage: Stage, seed: int) -> AsyncIterator[People]:
    """At work until the end of the context."""
    cloud = Cloud(stage.port, stage.config.gateway, list(read_rights(RIGHTS)))
    screens = {lane: Screen(port) for lane, port in stage.screens.items()}
    exits = [lane.name for lane in stage.config.lanes if lane.direction is Direction.EXIT]
    known = partial(told_at, stage.received)
    phones = tuple(Phone(screens[name], cloud, known, seed=seed) for name in exits)
    at_work = [screen.run() for screen in screens.values()] + [phone.run() for phone in phones]
    tasks = tuple(asyncio.create_task(one) for one in (*at_work, _operate(stage, cloud)))
    try:
        yield People(cloud, screens, phones, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        cloud.close()


async def _operate(stage: Stage, cloud: Cloud) -> None:
    """A car that left under a misread plate is not there any more: its stay is ended by hand."""
    while True:
        await asyncio.sleep(ROUND_S)
        before = utc_text(datetime.now(UTC) - timedelta(seconds=LONG_S))
        for session_id in inside_since_before(stage.received, before):
            # The same id for each telling: however often it is told, it counts once.
            order_id = hashlib.sha256(f"close {session_id}".encode()).hexdigest()[:32]
            order = {"do": "close", "id": order_id, "session_id": session_id}
            cloud.order(order | {"by": "demo operator", "reason": "it is not there any more"})
