"""How fast a backlog reaches the cloud, and what a live pass feels of it.

    python -m bench.drain [--json] [--passes N] [--no-tls] [--dir DIR]

Real processes on this machine: a gateway (store and uplink) with a backlog of vehicles, each of
which was decided and ended (two records), Mosquitto, and the product's receiver over SQLite.
Certificates on both sides. `seconds`: from the connection to the moment when the receipt of the
last record is on the gateway's disk; the receiver has committed each before it gives a receipt.
At the end its file is searched: every pass must be there, none of its records twice, none missing.
`bytes_per_pass`: what went over TCP, TLS included; this link is fast. On a slow one batches are
packed smaller: `python -m bench.sync_bytes`.

A second gateway on the same broker and receiver decides a pass every 50 ms all the while.
`rtt_ms`: the median from its commit to the receipt on its disk before the backlog is sent;
`live_p99_ms`: the 99th percentile while it is sent. `cpu_s`: of each process meanwhile.

`peers`: passes a second of paho and of mosquitto_pub, which publish one message a pass, the last
record's line, on the same broker: QoS 1, from memory, up to the *broker's* receipt; nobody
subscribes, nothing is stored. `ratio`: ours to theirs.
"""

import argparse
import json
import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.drain import backlog, peers
from bench.drain.broker import mosquitto
from bench.drain.parts import LIVE, RECEIVER, Drained, Site, drained
from bench.sync_bytes import GATEWAY
from gateway.sync.receipts import summary

QUIET_S = 5.0
SETTLED_S = 1.0
Figures = dict[str, Any]
Publish = Callable[[int, Path | None, Sequence[bytes], int], float]
PUBLISHERS: dict[str, Publish] = {
    "paho": peers.with_paho,
    "mosquitto_pub": peers.with_mosquitto_pub,
}


def measure(folder: Path, passes: int, *, tls: bool = True, quiet_s: float = QUIET_S) -> Figures:
    """In an empty folder."""
    lines = backlog.make(folder / "backlog.db", passes)
    names = (GATEWAY, LIVE, RECEIVER, peers.NAME)
    with mosquitto(folder, tls=tls, names=names) as (port, broker_id):
        site = Site(folder, port, broker_id, tls)
        found = drained(site, quiet_s)
        _look_for_all(folder / "cloud.db", passes)
        seconds = {
            name: publish(port, site.keys, lines, passes) for name, publish in PUBLISHERS.items()
        }
    return {"passes": passes} | _figures(found, passes) | {"peers": _beside(found, seconds, passes)}


def _look_for_all(path: Path, passes: int) -> None:
    stored = summary(path)
    if stored["passes"] < passes or stored["duplicated"] or stored["gaps"]:
        raise SystemExit(f"the receiver's file does not hold {passes} passes once each: {stored}")


def _figures(found: Drained, passes: int) -> Figures:
    seconds = found.ended - found.began
    quiet = found.took_ms(0.0, found.began - SETTLED_S)
    busy = found.took_ms(found.began, found.ended)
    return {
        "seconds": round(seconds, 2),
        "passes_per_s": round(passes / seconds),
        "bytes_per_pass": round(found.sent_bytes / passes, 1),
        "rtt_ms": round(statistics.median(quiet), 2) if quiet else None,
        "live_p99_ms": round(busy[math.ceil(len(busy) * 0.99) - 1], 2) if busy else None,
        "live_median_ms": round(statistics.median(busy), 2) if busy else None,
        "live_passes": len(busy),
        "cpu_s": {name: round(value, 2) for name, value in found.cpu_s.items()},
    }


def _beside(found: Drained, seconds: dict[str, float], passes: int) -> Figures:
    ours_s = found.ended - found.began
    return {
        name: {
            "seconds": round(theirs_s, 2),
            "passes_per_s": round(passes / theirs_s),
            "ratio": round(theirs_s / ours_s, 2),
        }
        for name, theirs_s in seconds.items()
    }


def show(found: Figures) -> None:
    table = Table("", "passes/s", "seconds", "ours / theirs", title=f"{found['passes']} passes")
    table.add_row("lanegate, end to end", str(found["passes_per_s"]), str(found["seconds"]), "")
    for name, other in found["peers"].items():
        table.add_row(name, *(str(other[key]) for key in ("passes_per_s", "seconds", "ratio")))
    console = Console()
    console.print(table)
    for name in ("bytes_per_pass", "rtt_ms", "live_median_ms", "live_p99_ms", "live_passes"):
        console.print(f"{name} = {found[name]}")
    spent = ", ".join(f"{name} {value}" for name, value in found["cpu_s"].items())
    console.print(f"CPU seconds: {spent}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.drain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--passes", type=int, default=100_000, help="passes in the backlog")
    parser.add_argument("--no-tls", action="store_true", help="in the clear, to see what TLS costs")
    parser.add_argument(
        "--dir", type=Path, help="folder on the disk to measure; default: temporary"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="lanegate-bench-") as folder:
        found = measure(Path(folder), options.passes, tls=not options.no_tls)
    if options.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
