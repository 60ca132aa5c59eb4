"""What runs beside the lanes of a box. None of it may end them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.clockwatch import watch_clock
from gateway.config import Config
from gateway.daily import publish_ledgers
from gateway.evidence import Evidence
from gateway.health import Health, tell_systemd, watch_figures, watch_space
from gateway.lane.types import Now
from gateway.lanes import Lanes
from gateway.store import BoxAlarm, Store, StoreError
from gateway.sync.certwatch import tell_once, watch_certificate
from gateway.sync.uplink import Uplink
from gateway.tending import keep_of, tend

if TYPE_CHECKING:
    from gateway.parking import Park

SETTLE_S = 0.1
LOOK_S = 1.0

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Box:
    """The parts of a box at work; no uplink where the configuration names no cloud."""

    config: Config
    clock: Callable[[], Now]
    health: Health
    store: Store
    evidence: Evidence
    lanes: Lanes
    uplink: Uplink | None
    park: "Park | None" = None

    def committed(self) -> None:
        """There is something to send."""
        if self.uplink is not None:
            self.uplink.wake()

    def clock_is(self, untrusted: str) -> None:
        self.health.clock_is(untrusted)
        self.store.clock.trusted = not untrusted

    def clock_is_trusted(self) -> bool:
        return not self.health.clock_untrusted

    async def pictures_are(self, trouble: str) -> None:
        self.health.pictures_are(trouble)
        if trouble:
            with contextlib.suppress(StoreError):
                await self.store.alarm_of_box(BoxAlarm.PICTURES, trouble, datetime.now(UTC))
                self.committed()


def background(box: Box) -> dict[str, Work]:
    """By name. The clock is looked at before the ledgers, which a trusted one alone publishes."""
    always: dict[str, Work] = {
        "watchdog": partial(tell_systemd, box.health, box.store.meta),
        "clock": partial(watch_clock, box.clock, untrusted=box.clock_is, tell_lanes=box.lanes.tell),
        "disk": partial(watch_space, box.health, box.config.data),
        "figures": partial(watch_figures, box.health, box.store),
        "retention": partial(tend, box.store, lambda: keep_of(box.lanes.config)),
        "pictures": partial(box.evidence.run, box.pictures_are),
        "ledgers": partial(
            publish_ledgers,
            box.store,
            box.clock,
            trusted=box.clock_is_trusted,
            committed=box.committed,
        ),
    }
    if box.park is not None:
        from gateway.parking.occupancy import watch_occupancy
        from gateway.parking.overstays import watch_overstays

        always["overstays"] = partial(watch_overstays, box.park, box.clock_is_trusted)
        always["occupancy"] = partial(watch_occupancy, box.park, box.health.parking_is)
    return always if box.uplink is None else always | _of_the_uplink(box, box.uplink)


def _of_the_uplink(box: Box, uplink: Uplink) -> dict[str, Work]:
    works: dict[str, Work] = {
        "uplink": uplink.run,
        "state": partial(publish, box.health, uplink),
    }
    if uplink.credentials is None:
        return works
    certificate = partial(
        watch_certificate,
        uplink.credentials,
        lambda: box.clock().wall,
        trusted=box.clock_is_trusted,
        told=box.health.certificate_is,
        warn=partial(tell_once, box.store, box.committed),
    )
    return works | {"certificate": certificate}


async def publish(health: Health, uplink: Uplink) -> None:
    """The state goes out when it changes, and not more often than a person can read."""
    shown: dict[str, Any] = {}
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await health.news.wait()
        await asyncio.sleep(SETTLE_S)
        health.news.clear()
        status = uplink.status()
        health.cloud = "ok" if status.connected and status.answering else "lost"
        if (state := health.as_state()) != shown:
            uplink.publish_state(state)
            shown = state
