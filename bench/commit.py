"""How long a decision takes to be durable, beside what the disk alone takes.

    python -m bench.commit [--json] [--dir DIR]

`commit_ms`: `Store.decide` as the lane calls it (pass + outbox record + chain, one transaction,
WAL, synchronous=FULL). `fdatasync_ms`: a 4 KiB append and fdatasync in the same folder;
`same_bytes_ms`: an append of as much as a commit writes. They take turns, so that all see the same
disk. Medians; the table shows the 99th percentile too. `ratio` is to the 4 KiB.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.lane.types import (
    Decision,
    Direction,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.store import Store

ROUNDS = 1000
WARM_UP = 100
BLOCK = b"\x5a" * 4096
FIRST = 10
"""Commits that begin the WAL file; it starts over after a thousand pages."""
CORNERS = ((100.0, 200.0), (240.0, 200.0), (240.0, 245.0), (100.0, 245.0))


def a_visit(number: int) -> Visit:
    reading = PlateReading(
        "京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.9876, 0.95, CORNERS, ("5a" * 32,)
    )
    decision = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    return Visit(f"{number % 2**128:032x}", datetime.now(UTC), decision, reading)


@dataclass(slots=True)
class Times:
    """Milliseconds of each commit, and of each append of 4 KiB and of `commit_bytes`."""

    commits: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)
    same_bytes: list[float] = field(default_factory=list)
    commit_bytes: int = 0

    def figures(self) -> dict[str, float]:
        commit_ms, block_ms = statistics.median(self.commits), statistics.median(self.blocks)
        same_ms = statistics.median(self.same_bytes)
        return {
            "commit_ms": round(commit_ms, 4),
            "fdatasync_ms": round(block_ms, 4),
            "ratio": round(commit_ms / block_ms, 2),
            "commit_bytes": self.commit_bytes,
            "same_bytes_ms": round(same_ms, 4),
            "ratio_same_bytes": round(commit_ms / same_ms, 2),
        }


@contextmanager
def appending(path: Path) -> Iterator[Callable[[bytes], float]]:
    """A function that appends and tells the milliseconds until it is on the disk."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def append(content: bytes) -> float:
        began = time.perf_counter()
        os.write(file, content)
        os.fdatasync(file)
        return (time.perf_counter() - began) * 1000

    try:
        yield append
    finally:
        os.close(file)


async def commit_ms(store: Store, number: int) -> float:
    visit = a_visit(number)
    began = time.perf_counter()
    await store.decide("lane-1", Direction.ENTRY, visit, visit.arrived_at)
    return (time.perf_counter() - began) * 1000


async def bytes_of_a_commit(store: Store) -> int:
    """By the growth of the WAL file, while it is short."""
    wal = store.path.with_name(f"{store.path.name}-wal")
    before = wal.stat().st_size
    for number in range(FIRST):
        await commit_ms(store, -1 - number)
    return (wal.stat().st_size - before) // FIRST


async def measure(folder: Path, rounds: int = ROUNDS, warm_up: int = WARM_UP) -> Times:
    store = Store.open(folder / "bench.db", "bench")
    times = Times()
    try:
        times.commit_bytes = await bytes_of_a_commit(store)
        same = b"\x5a" * times.commit_bytes
        with appending(folder / "bench.raw") as append:
            for number in range(rounds + warm_up):
                found = await commit_ms(store, number), append(BLOCK), append(same)
                if number >= warm_up:
                    for values, ms in zip(
                        (times.commits, times.blocks, times.same_bytes), found, strict=True
                    ):
                        values.append(ms)
    finally:
        await store.close()
    return times


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def show(times: Times) -> None:
    table = Table("", "median ms", "p99 ms", title=f"{len(times.commits)} of each")
    names = ("commit", "fdatasync of 4 KiB", f"fdatasync of {times.commit_bytes} bytes")
    for name, values in zip(names, (times.commits, times.blocks, times.same_bytes), strict=True):
        table.add_row(name, f"{statistics.median(values):.3f}", f"{p99(values):.3f}")
    console = Console()
    console.print(table)
    found = times.figures()
    console.print(f"commit / fdatasync = {found['ratio']} (medians)")
    console.print(f"commit / fdatasync of the same bytes = {found['ratio_same_bytes']}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.commit", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--dir", type=Path, help="folder on the disk to measure; default: temporary"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="lanegate-bench-") as folder:
        times = asyncio.run(measure(Path(folder)))
    if options.json:
        print(json.dumps(times.figures()))
    else:
        show(times)


if __name__ == "__main__":
    main()
