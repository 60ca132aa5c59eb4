"""The composition root: opens what the configuration names, starts its tasks, ends them well."""

import asyncio
import contextlib
import fcntl
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.background import Box, background
from gateway.config import Config
from gateway.control import listening
from gateway.evidence import Evidence
from gateway.health import Health, notify
from gateway.lane.types import Now
from gateway.lanes import Lanes
from gateway.lanework import Shared, supervised
from gateway.orders import Orders
from gateway.status import status_now
from gateway.store import Store, StoreError
from gateway.sync.uplink import Uplink

if TYPE_CHECKING:
    from gateway.parking import Park

DRAIN_S = 3.0


def clock() -> Now:
    return Now(time.monotonic(), datetime.now(UTC), secrets.token_hex(16))


async def run(config: Config, path: Path) -> None:
    """One box at work until SIGTERM or SIGINT; SIGHUP reads `path` again."""
    signals, health = Signals(), Health()
    async with (
        _store(config) as store,
        _evidence(config) as evidence,
        _park(config, path, store) as (park, trouble),
        contextlib.AsyncExitStack() as buses,
        asyncio.TaskGroup() as tasks,
    ):
        uplink = _uplink(config, store, evidence, park)
        committed = _committed(uplink, park)
        shared = Shared(store, evidence, {}, health, clock, committed, park=park)
        lanes = Lanes(shared, tasks, buses)
        orders = Orders(store, lambda: lanes.works, clock)
        shared.answered = orders.answered
        if park is not None:
            park.connect(uplink, lanes.judge_again, committed)
        box = Box(config, clock, health, store, evidence, lanes, uplink, park)
        questions = {"status": partial(status_now, box)}
        tell = None if park is None else park.told_by_hand
        await buses.enter_async_context(listening(config.data, orders, questions, tell))
        health.configuration_is(trouble or "ok")
        await lanes.start(config)
        beside = [
            tasks.create_task(supervised(name, start)) for name, start in background(box).items()
        ]
        while await signals.reload_or_stop():
            await lanes.reload(path)
        notify("STOPPING=1")
        await lanes.stop()
        if uplink:
            await uplink.drain(DRAIN_S)
        for task in beside:
            task.cancel()


@contextlib.asynccontextmanager
async def _park(
    config: Config, path: Path, store: Store
) -> AsyncIterator[tuple["Park | None", str]]:
    """The car park, and what is wrong with its files."""
    if config.parking is None:
        yield None, ""
        return
    # Imported here: a box that goes by lists alone starts without it.
    from gateway.parking import open_park

    async with open_park(config, path, store, clock) as opened:
        yield opened


def _uplink(config: Config, store: Store, evidence: Evidence, park: "Park | None") -> Uplink | None:
    if config.cloud is None:
        return None
    return Uplink(config.cloud, store, config.gateway, evidence, parking=park)


def _committed(uplink: Uplink | None, park: "Park | None") -> Callable[[], None]:
    """There is something to send, and somebody may have come or gone."""

    def tell() -> None:
        if uplink is not None:
            uplink.wake()
        if park is not None:
            park.news.set()

    return tell


class Signals:
    """Heard from the moment this is made, so that none ends the process while it starts."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[bool] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._news.put_nowait, False)  # noqa: FBT003
        loop.add_signal_handler(signal.SIGHUP, self._news.put_nowait, True)  # noqa: FBT003

    async def reload_or_stop(self) -> bool:
        """True for a reload, False for the end."""
        return await self._news.get()


@contextlib.asynccontextmanager
async def _store(config: Config) -> AsyncIterator[Store]:
    with _alone_in(config.data):
        store = Store.open_or_mend(config.data / "lanegate.db", config.gateway)
        try:
            yield store
        finally:
            await store.close()


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two daemons on one folder would tell two histories under one name."""
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((folder / "lanegate.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"{folder}: another lanegate works on this folder; end it first, as with"
                " systemctl stop lanegate"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{folder}: the data folder cannot be made or locked: {error.strerror}; make it,"
                " owned by the user that lanegate runs as"
            ) from error
        yield


@contextlib.asynccontextmanager
async def _evidence(config: Config) -> AsyncIterator[Evidence]:
    folder, days = config.data / "evidence", config.retention.pictures_days
    evidence = Evidence(folder, config.evidence_mb, days)
    try:
        yield evidence
    finally:
        await evidence.close()
