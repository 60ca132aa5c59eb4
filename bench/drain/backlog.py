"""A store full of passes that no cloud has heard of, as an entry lane writes them."""

import asyncio
import sqlite3
from pathlib import Path

from bench.sync_bytes import GATEWAY, Traffic
from gateway.lane.types import Direction, Ending, Pass, Verdict
from gateway.store import Store, passes
from gateway.store.shelf import Shelf

LANE = "entry-1"
SLICE = 1000
SAMPLE = 400


def make(path: Path, count: int) -> list[bytes]:
    """Returns the last records' lines of a few passes: what a plain publisher would send."""
    return asyncio.run(_make(path, count))


async def _make(path: Path, count: int) -> list[bytes]:
    store = Store.open(path, GATEWAY)
    traffic = Traffic(pictures=1, raises=False)
    store.clock = traffic.clock

    def some(shelf: Shelf, vehicles: int) -> None:
        for _ in range(vehicles):
            _vehicle(shelf.db, traffic)

    try:
        for done in range(0, count, SLICE):
            vehicles = min(SLICE, count - done)
            # One commit for many of them: how long a commit takes is bench.commit's matter.
            await store.serve(lambda shelf, vehicles=vehicles: some(shelf, vehicles))  # type: ignore[misc]
        records = await store.look(lambda shelf: shelf.records_after(0, SAMPLE))
        return [record.line() for record in records if '"phase":"ended"' in record.body]
    finally:
        await store.close()


def _vehicle(db: sqlite3.Connection, traffic: Traffic) -> None:
    """Decided, then ended: two records."""
    visit, dice = traffic.visit(), traffic.dice
    passes.decide(db, LANE, Direction.ENTRY, visit, traffic.later(dice.uniform(0.3, 2)))
    ended_at = traffic.later(max(2.0, dice.gauss(9, 2)))
    ending = Ending.PASSED if visit.decision.verdict is Verdict.ALLOW else Ending.LEFT
    passes.end(db, LANE, Direction.ENTRY, Pass(visit, ending, ended_at))
