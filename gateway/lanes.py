"""All lanes of a box, and the buses they share: started, changed by a reload, stopped."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from gateway.catalog import Catalog
from gateway.config import Config, ConfigError, LaneConfig, load
from gateway.lanework import LaneWork, Shared
from gateway.rules.access import AccessList

log = logging.getLogger(__name__)

Wanted = dict[str, tuple[LaneConfig, AccessList]]
FIXED = ("gateway", "data", "evidence_mb", "cloud")


class Lanes:
    """`tasks` runs the lanes; `buses` closes the buses after them."""

    def __init__(
        self, shared: Shared, tasks: asyncio.TaskGroup, buses: contextlib.AsyncExitStack
    ) -> None:
        self._shared = shared
        self._tasks = tasks
        self._stack = buses
        self._works: dict[str, tuple[LaneWork, asyncio.Task[None]]] = {}

    async def start(self, config: Config) -> None:
        self._started_with = config
        await self._open_buses(config)
        self._start(_wanted(config))

    async def stop(self) -> None:
        await self._stop(list(self._works))

    async def reload(self, path: Path) -> None:
        """Only lanes that changed are touched. A file with a problem changes nothing at all."""
        health = self._shared.health
        try:
            new = await asyncio.to_thread(load, path)
        except ConfigError as error:
            log.error("configuration not reloaded, the last good one goes on:\n%s", error)  # noqa: TRY400
            health.configuration_is("refused; the last good one goes on")
            return
        waiting = ", ".join(_needs_restart(self._started_with, new))
        if waiting:
            log.warning("reload: %s changed and waits for a restart", waiting)
        await self._apply(new)
        health.configuration_is(f"ok; restart for {waiting}" if waiting else "ok")

    async def _apply(self, new: Config) -> None:
        wanted = _wanted(new)
        works = {name: (work.config, work.access) for name, (work, _) in self._works.items()}
        same = {name for name in works if works[name] == wanted.get(name)}
        await self._open_buses(new)
        await self._stop([name for name in works if name not in same])
        started = {name: lane for name, lane in wanted.items() if name not in same}
        self._start(started)
        log.info("reloaded: %s", f"lanes {', '.join(started)}" if started else "no lane started")

    def _start(self, lanes: Wanted) -> None:
        for name, (config, access) in lanes.items():
            work = LaneWork(config, access, self._shared)
            self._works[name] = work, self._tasks.create_task(work.run(), name=name)

    async def _stop(self, names: list[str]) -> None:
        """Each lane carries out the step under way. The boom stays as it is: that is safe."""
        stopped = [self._works.pop(name) for name in names]
        for work, _ in stopped:
            work.stop()
        for work, task in stopped:
            await task
            self._shared.health.forget(work.config.name)

    async def _open_buses(self, config: Config) -> None:
        for name, settings in config.buses.items():
            if name not in self._shared.buses:
                connect: Any = Catalog().connector("bus", settings.driver)
                self._shared.buses[name] = await self._stack.enter_async_context(connect(settings))


def _wanted(config: Config) -> Wanted:
    return {lane.name: (lane, config.access_list(lane)) for lane in config.lanes}


def _needs_restart(old: Config, new: Config) -> list[str]:
    keys = [key for key in FIXED if getattr(old, key) != getattr(new, key)]
    buses = [name for name in old.buses if name in new.buses and old.buses[name] != new.buses[name]]
    return keys + [f"buses.{name}" for name in buses]
