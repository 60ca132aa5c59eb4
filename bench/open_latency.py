"""From the decision to the first and the last byte of the order on the wire.

    python -m bench.open_latency [--json] [--opens N]

A real lane (store with a full commit, relay driver, RTU line) is given the second agreeing plate;
`decided` is the moment before that. The line is a pty at its baud rate in another process, which
notes when each byte had gone over. The floor is the wire alone: eight characters. `idle`: nothing
else on the bus; `polled`: the inputs are read every 50 ms as in a running lane.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import rig
from drivers.twins.scene import TwinClient
from gateway.app import clock
from gateway.books import Books
from gateway.catalog import Catalog
from gateway.config import Config, load
from gateway.inbox import Inbox
from gateway.lane.events import (
    InputsSeen,
    PlateSeen,
)
from gateway.lane.states import Timing
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
from gateway.ports import Barrier, InputReader
from gateway.rules.access import AccessList
from gateway.runner import LaneRunner
from gateway.store import Store

CHARACTERS = 8
BITS = 10
PULSE_S = 0.6
ON, OFF = Level.ON, Level.OFF
CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 3.0), (0.0, 3.0))
READING = PlateReading("京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.9, 0.9, CORNERS)
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


async def opens(
    config: Config, folder: Path, client: TwinClient, count: int, *, polled: bool
) -> list[tuple[float, float]]:
    """(seconds to the first byte, seconds to the last byte) of each order."""
    catalog, lane = Catalog(), config.lanes[0]
    taken = []
    async with AsyncExitStack() as stack:
        bus = catalog.connector("bus", "modbus_rtu")(config.buses["line-1"])
        buses = {"line-1": await stack.enter_async_context(bus)}
        barrier: Barrier = await stack.enter_async_context(
            catalog.connector("barrier", lane.barrier.driver)(lane.barrier, buses)
        )
        inputs: InputReader = await stack.enter_async_context(
            catalog.connector("inputs", lane.inputs.driver)(lane.inputs, buses)
        )
        store = Store.open(folder / "data" / "lanegate.db", "bench")
        poller = Poller("entry-1", inputs, Inbox(), period_s=0.05, fresh_s=0.2)
        polling = asyncio.create_task(poller.run()) if polled else None
        await one_open(store, barrier)
        for number in range(count):
            await asyncio.sleep(PULSE_S + 0.007 * number % 0.05)
            decided = await one_open(store, barrier)
            order = await asyncio.to_thread(rig.first_order, client, decided)
            if order is None:
                raise SystemExit("an order did not reach the wire within 10 s")
            taken.append((order[0] - decided, order[1] - decided))
        if polling:
            polling.cancel()
        await store.close()
    return taken


def measured(baud: int, count: int, *, polled: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as name:
        folder = Path(name)
        with rig.twin(folder, baud) as client:
            config = load(rig.configuration(folder, baud, camera=False))
            taken = asyncio.run(opens(config, folder, client, count, polled=polled))
    first = [one * 1000 for one, _ in taken]
    last = sorted(both * 1000 for _, both in taken)
    floor_ms = CHARACTERS * BITS / baud * 1000
    return {
        "baud": baud,
        "bus": "polled" if polled else "idle",
        "first_byte_ms": round(statistics.median(first), 2),
        "last_byte_ms": round(statistics.median(last), 2),
        "worst_ms": round(last[-1], 2),
        "floor_ms": round(floor_ms, 2),
        "ratio": round(statistics.median(last) / floor_ms, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--opens", type=int, default=20)
    arguments = parser.parse_args()
    rows = [
        measured(baud, arguments.opens, polled=polled)
        for baud in (9600, 19200)
        for polled in (False, True)
    ]
    if arguments.json:
        print(json.dumps({"opens": rows}))
        return
    table = Table(*rows[0], title="decision to wire")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
