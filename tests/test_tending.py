"""The box counts its running time and keeps what the configuration says, and no longer."""

import asyncio
import itertools

from gateway.config import Config, RetentionConfig
from gateway.lane.types import Direction
from gateway.store import Store, StoreError
from gateway.store.retention import DAY_S, HOUR_S, Keep
from gateway.tending import keep_of, tend
from tests.storing import a_pass, played, rows


class SlowStore:
    """Fails at first, and notes what it is told."""

    def __init__(self, failures):
        self.failures, self.told = failures, []

    async def tend(self, ran_s, keep_s, *, events_s, sends):
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is away")
        self.told.append((ran_s, keep_s, events_s, sends))


async def tended(store, clock, rounds, keep=Keep()):  # noqa: B008 -- it cannot be changed
    task = asyncio.ensure_future(tend(store, lambda: keep, clock=clock, every_s=0.001))
    while not rounds():
        assert not task.done(), task.result()
        await asyncio.sleep(0.001)
    task.cancel()


def test_time_in_which_the_store_failed_is_counted_afterwards(caplog):
    store, ticks = SlowStore(2), itertools.count(0, 10)
    asyncio.run(tended(store, lambda: next(ticks), lambda: len(store.told) == 2))
    assert [told[0] for told in store.told] == [30, 10]
    assert [record.message for record in caplog.records] == [
        "retention: nothing is let go: the disk is away"
    ]


def test_what_the_configuration_says_reaches_the_store():
    kept = RetentionConfig(events_days=90, pictures_days=10, acked_hours=48)
    config = Config.model_construct(retention=kept, cloud=None)
    assert keep_of(config) == Keep(48 * HOUR_S, 90 * DAY_S, sends=False)


def test_a_box_without_a_cloud_lets_go_too(tmp_path):
    path = tmp_path / "lanegate.db"
    ticks = itertools.count(0.0, 20 * DAY_S)

    async def story(store: Store):
        await store.end("lane-1", Direction.ENTRY, a_pass())
        keep = Keep(events_s=30 * DAY_S, sends=False)
        await tended(
            store,
            lambda: next(ticks),
            lambda: rows(path, "select count(*) from outbox") == [(0,)],
            keep,
        )
        return await store.counts()

    assert played(path, story)["passes"] == 0
