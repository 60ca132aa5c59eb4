"""The day's ledger goes out a few minutes after midnight, once, and no day is forgotten."""

import asyncio
import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from gateway.daily import publish_ledgers
from gateway.lane.reports import Cause, Raise
from gateway.lane.types import Now
from gateway.store import Store
from tests.storing import NOON

MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


class Clock:
    def __init__(self, wall):
        self.wall = wall

    def __call__(self):
        return Now(0.0, self.wall, "0" * 32)


async def settled():
    """The task has looked a few times by then."""
    await asyncio.sleep(0.1)


async def days_of(store):
    records = await store.unsent(0, 1000)
    return [json.loads(one.body)["day"] for one in records if one.kind == "ledger"]


async def published(store, *days):
    async with asyncio.timeout(20):
        while await days_of(store) != list(days):
            await asyncio.sleep(0.01)
    await settled()
    return await days_of(store)


def played(path, story, **options):
    async def play():
        store, clock = Store.open(path, "north"), Clock(NOON)
        await store.raised("lane-1", Raise("r1", NOON, Cause.FIRE, "the fire contact"))
        task = asyncio.create_task(publish_ledgers(store, clock, look_s=0.01, **options))
        try:
            return await story(store, clock)
        finally:
            task.cancel()
            await store.close()

    return asyncio.run(play())


def test_a_day_is_published_five_minutes_after_its_midnight_in_shanghai(path):
    committed = []

    async def story(store, clock):
        await settled()
        clock.wall = MIDNIGHT + timedelta(minutes=4, seconds=59)
        await settled()
        before = await days_of(store)
        clock.wall = MIDNIGHT + timedelta(minutes=5)
        return before, await published(store, "2026-03-01")

    assert played(path, story, committed=lambda: committed.append(1)) == ([], ["2026-03-01"])
    assert committed == [1]


def test_days_that_were_missed_are_published_each_once_also_after_a_restart(path):
    days = ["2026-03-01", "2026-03-02", "2026-03-03"]

    async def first(store, clock):
        clock.wall = MIDNIGHT + timedelta(days=2, hours=1)
        return await published(store, *days)

    async def again(store, clock):
        clock.wall = MIDNIGHT + timedelta(days=3, hours=1)
        return await published(store, *days, "2026-03-04")

    assert played(path, first) == days
    assert played(path, again) == [*days, "2026-03-04"]


def test_with_a_clock_that_is_not_trusted_nothing_is_published_yet(path):
    trusted = []

    async def story(store, clock):
        clock.wall = MIDNIGHT + timedelta(hours=1)
        await settled()
        before = await days_of(store)
        trusted.append(True)
        return before, await published(store, "2026-03-01")

    assert played(path, story, trusted=lambda: bool(trusted)) == ([], ["2026-03-01"])


def test_a_store_that_fails_is_asked_again(path, caplog):
    async def story(store, clock):
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(
                "create trigger shut before insert on ledgers"
                " begin select raise(abort, 'shut'); end"
            )
            clock.wall = MIDNIGHT + timedelta(hours=1)
            await settled()
            before = await days_of(store)
            other.execute("drop trigger shut")
        return before, await published(store, "2026-03-01")

    assert played(path, story) == ([], ["2026-03-01"])
    assert caplog.text.count("not published yet") == 1
