"""How long a decision takes to be durable, beside what the disk alone takes.

    python -m bench.commit [--json] [--dir DIR]

`commit_ms`: `Store.decide` as the lane calls it (pass + outbox record + chain, one transaction,
WAL, synchronous=FULL). `fdatasync_ms`: a 4 KiB append and fdatasync in the same folder. The two
take turns, so that both see the same disk. Medians; the table shows the 99th percentile too.
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
CORNERS = ((100.0, 200.0), (240.0, 200.0), (240.0, 245.0), (100.0, 245.0))


def a_visit(number: int) -> Visit:
    reading = PlateReading(
        "京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.9876, 0.95, CORNERS, ("5a" * 32,)
    )
    decision = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    return Visit(f"{number:032x}", datetime.now(UTC), decision, reading)


@contextmanager
def appending(path: Path) -> Iterator[Callable[[], None]]:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def append() -> None:
        os.write(file, BLOCK)
        os.fdatasync(file)

    try:
        yield append
    finally:
        os.close(file)


async def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each commit and of each append."""
    store = Store.open(folder / "bench.db", "bench")
    commits, appends = [], []
    try:
        with appending(folder / "bench.raw") as append:
            for number in range(ROUNDS + WARM_UP):
                visit = a_visit(number)
                began = time.perf_counter()
                await store.decide("lane-1", Direction.ENTRY, visit, visit.arrived_at)
                between = time.perf_counter()
                append()
                appends.append((time.perf_counter() - between) * 1000)
                commits.append((between - began) * 1000)
    finally:
        await store.close()
    return commits[WARM_UP:], appends[WARM_UP:]


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def show(commits: list[float], appends: list[float]) -> None:
    table = Table("", "median ms", "p99 ms", title=f"{len(commits)} commits and appends")
    for name, values in (("commit", commits), ("fdatasync", appends)):
        table.add_row(name, f"{statistics.median(values):.3f}", f"{p99(values):.3f}")
    console = Console()
    console.print(table)
    ratio = statistics.median(commits) / statistics.median(appends)
    console.print(f"commit / fdatasync = {ratio:.2f} (medians)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.commit", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--dir", type=Path, help="folder on the disk to measure; default: temporary"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="lanegate-bench-") as folder:
        commits, appends = asyncio.run(measure(Path(folder)))
    commit_ms, fdatasync_ms = statistics.median(commits), statistics.median(appends)
    if options.json:
        found = {
            "commit_ms": round(commit_ms, 4),
            "fdatasync_ms": round(fdatasync_ms, 4),
            "ratio": round(commit_ms / fdatasync_ms, 2),
        }
        print(json.dumps(found))
    else:
        show(commits, appends)


if __name__ == "__main__":
    main()
