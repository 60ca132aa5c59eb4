"""Each day's ledger of raises goes to the cloud once, a few minutes after midnight."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from gateway.lane.types import Now
from gateway.ledger import day_of
from gateway.store import Store, StoreError

log = logging.getLogger(__name__)

AFTER_MIDNIGHT = timedelta(minutes=5)
LOOK_S = 60.0


async def publish_ledgers(
    store: Store,
    clock: Callable[[], Now],
    *,
    trusted: Callable[[], bool] = lambda: True,
    committed: Callable[[], None] = lambda: None,
    look_s: float = LOOK_S,
) -> None:
    """Until cancelled. Days that were missed are published too; with a wrong clock none is.

    `committed`: there is something to send.
    """
    complaint = ""
    while True:
        if trusted():
            try:
                await _publish_due(store, clock(), committed)
                complaint = ""
            except StoreError as error:
                if str(error) != complaint:
                    log.warning("ledger: not published yet: %s", error)
                complaint = str(error)
        await asyncio.sleep(look_s)


async def _publish_due(store: Store, now: Now, committed: Callable[[], None]) -> None:
    last = day_of(now.wall - AFTER_MIDNIGHT) - timedelta(days=1)
    for day in await store.ledgers_due(last):
        if await store.publish_ledger(day, now.wall):
            log.info("ledger: %s published", day)
            committed()
