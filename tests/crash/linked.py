"""A box at work with its uplink, to be killed at any call that it makes of the system.

`python -m tests.crash.linked FOLDER JOURNAL PORT PASSES NAME`: each pass is in the journal as
soon as it is committed. Ends by itself when all are acknowledged.
"""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.lane.types import Direction
from gateway.store import Store
from gateway.sync.uplink import Uplink
from tests.crash.workload import LANE, PLACE
from tests.storing import a_pass, a_visit
from tests.sync.mqtt_story import GW, all_done, settings_for

PAUSE_S = 0.004
"""So that commits, batches, receipts and tidying up run beside each other."""
TEND_EACH = 5


async def _work(store: Store, uplink: Uplink, journal: int, names: list[str]) -> None:
    for number, name in enumerate(names):
        visit = a_visit(name, at=datetime.now(UTC))
        await store.decide(LANE, Direction.ENTRY, visit, datetime.now(UTC))
        os.write(journal, f"{name}\n".encode())
        uplink.wake()
        await store.end(LANE, Direction.ENTRY, a_pass(visit))
        uplink.wake()
        if number % TEND_EACH == 0:
            await store.tend(1.0, 0.0)
        await asyncio.sleep(PAUSE_S)
    await all_done(store)
    await store.tend(1.0, 0.0)


async def _live(path: Path, journal: int, port: int, names: list[str]) -> None:
    store = Store.open_or_mend(path, GW)
    uplink = Uplink(settings_for(port), store, GW)
    running = asyncio.create_task(uplink.run())
    try:
        await _work(store, uplink, journal, names)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def main() -> None:
    folder, journal, port, passes, name = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    written = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    names = [f"{name}-{n}" for n in range(int(passes))]
    asyncio.run(_live(Path(folder) / PLACE, written, int(port), names))


if __name__ == "__main__":
    main()
