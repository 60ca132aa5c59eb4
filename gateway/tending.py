"""Counts how long the box runs, and lets go of what it has kept long enough."""

import asyncio
import logging
import time
from collections.abc import Callable

from gateway.config import Config
from gateway.store import Store, StoreError
from gateway.store.retention import DAY_S, HOUR_S, Keep

log = logging.getLogger(__name__)

TEND_S = 60.0


def keep_of(config: Config) -> Keep:
    kept = config.retention
    return Keep(
        acked_s=kept.acked_hours * HOUR_S,
        events_s=kept.events_days * DAY_S,
        sends=config.cloud is not None,
    )


async def tend(
    store: Store,
    keep: Callable[[], Keep],
    *,
    clock: Callable[[], float] = time.monotonic,
    every_s: float = TEND_S,
) -> None:
    """Until cancelled. One such task alone may count a store's running time.

    Time in which the store fails is counted when it works again.
    """
    before, complaint = clock(), ""
    while True:
        await asyncio.sleep(every_s)
        now, kept = clock(), keep()
        try:
            await store.tend(now - before, kept.acked_s, events_s=kept.events_s, sends=kept.sends)
            before, complaint = now, ""
        except StoreError as error:
            if str(error) != complaint:
                log.warning("retention: nothing is let go: %s", error)
            complaint = str(error)
