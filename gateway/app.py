"""The composition root: opens what the configuration names, starts its tasks, ends them well."""

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.catalog import Catalog
from gateway.config import Config, LaneConfig, load
from gateway.config.problems import ConfigError
from gateway.evidence import Evidence
from gateway.health import Health, notify, tell_systemd
from gateway.lane.types import Now
from gateway.lanework import LaneWork, Shared, changed_lanes
from gateway.ports import Bus
from gateway.rules.access import AccessList
from gateway.store import Store
from gateway.sync.uplink import Uplink

log = logging.getLogger(__name__)

DRAIN_S = 3.0
SETTLE_S = 0.1
LOOK_S = 1.0


def clock() -> Now:
    return Now(time.monotonic(), datetime.now(UTC), secrets.token_hex(16))


class Gateway:
    """One box at work: `run` until SIGTERM; SIGHUP reads the configuration again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._config = load(path)
        self._health = Health()
        self._works: dict[str, tuple[LaneWork, asyncio.Task[None]]] = {}
        self._buses: dict[str, Bus] = {}

    async def run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            store = await stack.enter_async_context(_opened_store(self._config))
            self._stack = stack
            await self._open_buses(self._config)
            async with asyncio.TaskGroup() as tasks:
                await self._work(store, tasks)

    async def _work(self, store: Store, tasks: asyncio.TaskGroup) -> None:
        evidence = Evidence(self._config.data / "evidence", self._config.evidence_mb)
        uplink = self._uplink(store)
        committed = uplink.wake if uplink else lambda: None
        self._shared = Shared(store, evidence, self._buses, self._health, clock, committed)
        self._tasks = tasks
        self._start(_lanes(self._config))
        background = [
            tasks.create_task(tell_systemd(self._health, store.meta)),
            *([tasks.create_task(uplink.run())] if uplink else []),
            *([tasks.create_task(self._publish(uplink))] if uplink else []),
        ]
        await self._until_told_to_stop()
        notify("STOPPING=1")
        await self._stop([work for work, _ in self._works.values()])
        if uplink:
            await uplink.drain(DRAIN_S)
        await evidence.close()
        for task in background:
            task.cancel()

    def _uplink(self, store: Store) -> Uplink | None:
        if self._config.cloud is None:
            return None
        return Uplink(self._config.cloud, store, self._config.gateway)

    async def _publish(self, uplink: Uplink) -> None:
        """The state goes out when it changes, and not more often than a person can read."""
        shown: dict[str, Any] = {}
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._health.news.wait()
            await asyncio.sleep(SETTLE_S)
            self._health.news.clear()
            status = uplink.status()
            self._health.cloud = "ok" if status.connected and status.answering else "lost"
            if (state := self._health.as_state()) != shown:
                uplink.publish_state(state)
                shown = state

    async def _until_told_to_stop(self) -> None:
        stop, reload = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        stopping = asyncio.create_task(stop.wait())
        while not stopping.done():
            reloading = asyncio.create_task(reload.wait())
            await asyncio.wait((stopping, reloading), return_when=asyncio.FIRST_COMPLETED)
            reloading.cancel()
            if reload.is_set():
                reload.clear()
                await self._reload()

    # --- lanes and buses

    def _start(self, lanes: Mapping[str, tuple[LaneConfig, AccessList]]) -> None:
        for name, (config, access) in lanes.items():
            work = LaneWork(config, access, self._shared)
            self._works[name] = work, self._tasks.create_task(work.run(), name=name)

    async def _stop(self, works: list[LaneWork]) -> None:
        """Each lane carries out the step under way. The boom stays as it is: that is safe."""
        for work in works:
            work.stop()
        for work in works:
            _, task = self._works.pop(work.config.name)
            await task
            self._health.lanes.pop(work.config.name, None)

    async def _open_buses(self, config: Config) -> None:
        for name, settings in config.buses.items():
            if name not in self._buses:
                connect: Any = Catalog().connector("bus", settings.driver)
                self._buses[name] = await self._stack.enter_async_context(connect(settings))

    async def _reload(self) -> None:
        """A configuration with a problem changes nothing: the last good one goes on."""
        try:
            new = await asyncio.to_thread(load, self._path)
        except ConfigError as error:
            log.error("configuration not reloaded, the last good one goes on:\n%s", error)  # noqa: TRY400
            self._health.configuration = "refused; the last good one goes on"
            self._health.news.set()
            return
        if fixed := _needs_restart(self._config, new):
            log.warning("reload: %s changed and waits for a restart", ", ".join(fixed))
        await self._apply(new, waiting=fixed)

    async def _apply(self, new: Config, *, waiting: list[str]) -> None:
        await self._open_buses(new)
        lanes = _lanes(new)
        works = [work for work, _ in self._works.values()]
        stopped, started = changed_lanes(works, lanes)
        await self._stop(stopped)
        self._start({name: lanes[name] for name in started})
        restart = f"; restart for {', '.join(waiting)}" if waiting else ""
        self._health.configuration = f"ok{restart}"
        self._health.news.set()
        log.info("reloaded: %s", f"lanes {', '.join(started)}" if started else "no lane changed")


def _lanes(config: Config) -> dict[str, tuple[LaneConfig, AccessList]]:
    return {lane.name: (lane, config.access_list(lane)) for lane in config.lanes}


def _needs_restart(old: Config, new: Config) -> list[str]:
    keys = [key for key in ("gateway", "data", "evidence_mb", "cloud") if _differ(old, new, key)]
    buses = [name for name in old.buses if name in new.buses and old.buses[name] != new.buses[name]]
    return keys + [f"buses.{name}" for name in buses]


def _differ(old: Config, new: Config, key: str) -> bool:
    return bool(getattr(old, key) != getattr(new, key))


@contextlib.asynccontextmanager
async def _opened_store(config: Config) -> AsyncIterator[Store]:
    store = Store.open(config.data / "lanegate.db", config.gateway)
    try:
        yield store
    finally:
        await store.close()
