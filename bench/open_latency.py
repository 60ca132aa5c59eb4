"""From the decision to the last byte of the order on the wire, at 19200 baud.

    python -m bench.open_latency [--json] [--opens N]

A real lane (store with a full commit, relay driver, RTU line) is given the second agreeing plate;
`decided` is the moment before that. The line is a pty at its baud rate in another process, which
notes when each byte had gone over. The floor is the wire alone: eight characters. `idle`: nothing
else on the bus; `polled`: the inputs are read every 50 ms as in a running lane; `dead_slave`: that,
and all the time a question waits for a slave that is not there, a new one after three silences,
so that no pause between the questions to a slave that is away makes the figure better. `draining`:
polled, while the same process sends a backlog to a cloud over TLS as fast as that takes it. Broker
and receiver run on this machine too, and share its cores with the lane: on a box they do not.
"""

import argparse
import asyncio
import itertools
import json
import math
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import rig
from bench.drain import backlog
from bench.drain.broker import mosquitto, settings
from bench.drain.parts import RECEIVER, Site, child
from bench.sync_bytes import GATEWAY
from drivers.twins.scene import TwinClient
from gateway.app import clock
from gateway.books import Books
from gateway.catalog import Catalog
from gateway.config import Config
from gateway.config import load as load_config
from gateway.inbox import Inbox
from gateway.lane.events import (
    InputsSeen,
    PlateSeen,
)
from gateway.lane.sensors import Timing
from gateway.lane.types import (
    Direction,
    Inputs,
    Level,
    PlateColour,
    PlateReading,
    PlateType,
    Verdict,
)
from gateway.polling import Poller
from gateway.ports import Barrier, Bus, DeviceError, InputReader
from gateway.rules.access import AccessList
from gateway.runner import LaneRunner
from gateway.store import Store
from gateway.sync.settings import UplinkSettings
from gateway.sync.uplink import Uplink

BAUD = 19200
CHARACTERS = 8
BITS = 10
PAUSE_S, SHORT_PAUSE_S = 0.2, 0.03
LOADS = ("idle", "polled", "dead_slave", "draining")
BACKLOG = 100_000
LEAST_OPENS = 30
ABSENT, SILENCES, INPUTS = range(100, 248), 3, 8
ON, OFF = Level.ON, Level.OFF
CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 3.0), (0.0, 3.0))
READING = PlateReading("京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.95, 0.95, CORNERS)
EVERYBODY = AccessList(frozenset(), frozenset(), Verdict.ALLOW)


async def one_open(store: Store, barrier: Barrier) -> float:
    """A new lane is brought to its second plate; returns the moment before that one."""
    runner = LaneRunner(
        Books(store, "entry-1", Direction.ENTRY),
        barrier,
        access=EVERYBODY,
        timing=Timing(arm_s=0.0),
        clock=clock,
    )
    for level in (OFF, ON, ON):
        inputs = Inputs(level, OFF, OFF, ON, OFF)
        await runner.handle(InputsSeen(inputs, clock().mono))
    await runner.handle(PlateSeen(READING))
    decided = time.monotonic()
    await runner.handle(PlateSeen(READING))
    while len(runner.inbox):
        await runner.handle(await runner.inbox.get())
    return decided


async def ask_absent(bus: Bus) -> None:
    """Keep the line waiting for slaves that do not exist."""
    for slave in itertools.cycle(ABSENT):
        for _ in range(SILENCES):
            with suppress(DeviceError):
                await bus.read_discrete_inputs(slave, 0, INPUTS)
            await asyncio.sleep(0)


@asynccontextmanager
async def traffic(load: str, bus: Bus, inputs: InputReader) -> AsyncIterator[None]:
    """What else is on the line."""
    poller = Poller("entry-1", inputs, Inbox(), period_s=0.05, fresh_s=0.2)
    tasks = []
    if load != "idle":
        tasks.append(asyncio.create_task(poller.run()))
    if load == "dead_slave":
        tasks.append(asyncio.create_task(ask_absent(bus)))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def cloud(folder: Path) -> Iterator[UplinkSettings]:
    """A broker and the product's receiver, and how the box reaches them."""
    with mosquitto(folder, tls=True, names=(GATEWAY, RECEIVER)) as (port, broker_id):
        receiver = Site(folder, port, broker_id, tls=True).words(
            "receiver", file="cloud.db", name=RECEIVER
        )
        with child(receiver, until="ready"):
            yield settings(port, folder, GATEWAY)


@asynccontextmanager
async def draining(folder: Path, store: Store) -> AsyncIterator[None]:
    with cloud(folder) as told:
        uplink = Uplink(told, store, GATEWAY)
        running = asyncio.create_task(uplink.run())
        while not uplink.connected:  # noqa: ASYNC110 -- a look at it from outside
            await asyncio.sleep(0.01)
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def opens(
    config: Config, folder: Path, client: TwinClient, count: int, load: str
) -> list[float]:
    """Seconds from each decision to its order's last byte."""
    catalog, lane = Catalog(), config.lanes[0]
    async with AsyncExitStack() as stack:
        connecting = catalog.connector("bus", "modbus_rtu")(config.buses["line-1"])
        bus: Bus = await stack.enter_async_context(connecting)
        barrier: Barrier = await stack.enter_async_context(
            catalog.connector("barrier", lane.barrier.driver)(lane.barrier, {"line-1": bus})
        )
        inputs: InputReader = await stack.enter_async_context(
            catalog.connector("inputs", lane.inputs.driver)(lane.inputs, {"line-1": bus})
        )
        store = Store.open(folder / "data" / "lanegate.db", GATEWAY)
        stack.push_async_callback(store.close)
        await one_open(store, barrier)
        await stack.enter_async_context(traffic(load, bus, inputs))
        if load != "draining":
            return [await timed(store, barrier, client, number) for number in range(count)]
        await stack.enter_async_context(draining(folder, store))
        return await while_draining(store, barrier, client)


async def while_draining(store: Store, barrier: Barrier, client: TwinClient) -> list[float]:
    """As many as there is time for."""
    taken: list[float] = []
    while (await store.meta()).unacked > LEAST_OPENS:
        taken.append(await timed(store, barrier, client, len(taken), SHORT_PAUSE_S))
    if len(taken) < LEAST_OPENS:
        raise SystemExit(f"the backlog was sent after {len(taken)} opens; make BACKLOG larger")
    return taken


async def timed(
    store: Store, barrier: Barrier, client: TwinClient, number: int, pause_s: float = PAUSE_S
) -> float:
    """One order, at a moment that shifts against the polls."""
    await asyncio.sleep(pause_s + 0.007 * number % 0.05)
    decided = await one_open(store, barrier)
    order = await asyncio.to_thread(rig.first_order, client, decided)
    if order is None:
        raise SystemExit("an order did not reach the wire within 10 s")
    return order[1] - decided


def measured(count: int, load: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as name:
        folder = Path(name)
        with rig.twin(folder, BAUD) as client:
            config = load_config(rig.configuration(folder, BAUD, camera=False))
            if load == "draining":
                config.data.mkdir()
                backlog.make(config.data / "lanegate.db", BACKLOG)
            taken = asyncio.run(opens(config, folder, client, count, load))
    last = sorted(seconds * 1000 for seconds in taken)
    return {
        "p50_ms": round(statistics.median(last), 2),
        "p99_ms": round(last[math.ceil(0.99 * len(last)) - 1], 2),
        "floor_ms": round(CHARACTERS * BITS / BAUD * 1000, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--opens", type=int, default=100)
    arguments = parser.parse_args()
    figures = {load: measured(arguments.opens, load) for load in LOADS}
    if arguments.json:
        print(json.dumps(figures))
        return
    table = Table("bus", "p50 ms", "p99 ms", "floor ms", title=f"decision to wire, {BAUD} baud")
    for load, figure in figures.items():
        table.add_row(load, *map(str, figure.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
