"""All lanes of a box, and the buses they share: started, changed by a reload, stopped."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from gateway.catalog import Catalog, DriverUnusableError
from gateway.config import Config, ConfigError, LaneConfig, load
from gateway.lane.events import FireSeen, JudgeAgain, LaneEvent
from gateway.lane.types import Visit
from gateway.lanework import LaneWork, Shared
from gateway.ports import Bus, DeviceError, DriverSettings
from gateway.rules.access import AccessList
from gateway.store import Changed

log = logging.getLogger(__name__)

Wanted = dict[str, tuple[LaneConfig, AccessList]]
FIXED = ("gateway", "data", "evidence_mb", "cloud")


class Lanes:
    """`tasks` runs the lanes; `buses` closes the buses after them.

    `config` is what they work by now, from `start` on.
    """

    config: Config

    def __init__(
        self, shared: Shared, tasks: asyncio.TaskGroup, buses: contextlib.AsyncExitStack
    ) -> None:
        self._shared = shared
        self._tasks = tasks
        self._stack = buses
        self._opened: dict[str, DriverSettings] = {}
        self._works: dict[str, tuple[LaneWork, asyncio.Task[None]]] = {}
        shared.fire = self._spread_fire

    @property
    def works(self) -> dict[str, LaneWork]:
        """Those that work now, by name."""
        return {name: work for name, (work, _) in self._works.items()}

    def tell(self, event: LaneEvent) -> None:
        """Every lane of the box."""
        for work in self.works.values():
            work.put(event)

    def judge_again(self, changed: Changed) -> None:
        """Whoever waits at a lane, and has paid meanwhile."""
        for work in self.works.values():
            visit = work.visit
            if visit is not None and _is_of(visit, changed):
                work.put(JudgeAgain(visit.pass_id))

    def _spread_fire(self, lane: str, reset: bool) -> None:  # noqa: FBT001
        for name, work in self.works.items():
            if name != lane:
                work.put(FireSeen(reset))

    async def start(self, config: Config) -> None:
        self._started_with = self.config = config
        await self._open_buses(config)
        self._start(_wanted(config))

    async def stop(self) -> None:
        await self._stop(list(self._works))

    async def reload(self, path: Path) -> None:
        """Only lanes that changed are touched.

        A file with a problem, or a new bus that cannot be opened, changes nothing at all.
        """
        try:
            new = await asyncio.to_thread(load, path)
            await self._open_buses(new)
        except (ConfigError, DeviceError, DriverUnusableError) as error:
            self._refuse(str(error))
        except Exception as error:
            log.exception("reload: an error that nobody expected")
            self._refuse(f"{type(error).__name__}: {error}")
        else:
            trouble = self._reload_park(new, path)
            await self._apply(new)
            self._tell_what_waits(new)
            if trouble:
                self._shared.health.configuration_is(trouble)

    def _reload_park(self, new: Config, path: Path) -> str:
        """What is wrong with the files of the car park, or nothing."""
        park = self._shared.park
        return park.reload(new, path) if park is not None and new.parking is not None else ""

    def _refuse(self, reason: str) -> None:
        log.error("configuration not reloaded, the last good one goes on:\n%s", reason)
        self._shared.health.configuration_is("refused; the last good one goes on")

    async def _apply(self, new: Config) -> None:
        self.config, wanted = new, _wanted(new)
        same = {
            name: work
            for name, (work, _) in self._works.items()
            if name in wanted and work.config == wanted[name][0]
        }
        for name, work in same.items():
            work.admit(wanted[name][1])
        await self._stop([name for name in self._works if name not in same])
        started = {name: lane for name, lane in wanted.items() if name not in same}
        self._start(started)
        log.info("reloaded: %s", f"lanes {', '.join(started)}" if started else "no lane started")

    def _tell_what_waits(self, new: Config) -> None:
        old = self._started_with
        keys = [key for key in FIXED if getattr(old, key) != getattr(new, key)]
        if (old.parking is None) != (new.parking is None):
            keys.append("parking")
        keys += [f"buses.{name}" for name in new.buses if new.buses[name] != self._opened[name]]
        waiting = ", ".join(keys)
        if waiting:
            log.warning("reload: %s changed and waits for a restart", waiting)
        self._shared.health.configuration_is(f"ok; restart for {waiting}" if waiting else "ok")

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
        """All that are new, or none."""
        new = {name: bus for name, bus in config.buses.items() if name not in self._opened}
        opened: dict[str, Bus] = {}
        async with contextlib.AsyncExitStack() as stack:
            for name, settings in new.items():
                connect: Any = Catalog().connector("bus", settings.driver)
                opened[name] = await stack.enter_async_context(connect(settings))
            await self._stack.enter_async_context(stack.pop_all())
        self._shared.buses.update(opened)
        self._opened |= new


def _is_of(visit: Visit, changed: Changed) -> bool:
    session_id = visit.terms.session_id if visit.terms else ""
    plate = visit.reading.text if visit.reading else ""
    return bool({session_id, plate} - {""} & {*changed.sessions, *changed.plates})


def _wanted(config: Config) -> Wanted:
    return {lane.name: (lane, config.access_list(lane)) for lane in config.lanes}
