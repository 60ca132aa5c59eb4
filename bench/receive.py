"""What a record costs a receiver, from the message to the disk, beside its bare row.

    python -m bench.receive [--json] [--records N] [--together N] [--db ADDRESS ...]

Batches of 200 records of passes as a backlog brings them, deflated as on a fast link, through the
receiver's own session; `--together` batches in one transaction, as they wait in a busy receiver.
`bare` is the same lines in one table without a second thought: as many rows in one transaction.
Addresses are those of `lanegate receive`; a PostgreSQL database must be one for this bench alone,
for its tables are emptied. `cpu_us` is this process's own, so PostgreSQL's comes on top of it.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as Shown

from bench.sync_bytes import MORNING, Traffic
from gateway.store.records import pass_body, utc_text, visit_row
from gateway.sync import messages, protocol
from gateway.sync.broker import Arrived
from gateway.sync.cloud.address import read_address
from gateway.sync.cloud.database import Database, Table
from gateway.sync.cloud.figures import Figures
from gateway.sync.protocol import MAX_RECORDS, Batch, Moment, Position, genesis, next_chain
from gateway.sync.session import Session

GATEWAY, EPOCH, START = "north-gate", "e1" * 16, "5a" * 8
BARE = Table("bare", ("seq", "line"), ("seq",))
FULL = ("epoch", "start", "record", "pass", "event", "boot")


class NoLink:
    """The answers go nowhere."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        return len(topic) + len(payload) + retain

    def settle(self, message: Arrived) -> None:
        del message

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        return


def lines(count: int) -> list[bytes]:
    """Two for each vehicle: decided, and ended."""
    traffic, found = Traffic(1, raises=False), list[bytes]()
    while len(found) < count:
        row = visit_row("entry-1", "entry", traffic.visit())
        row |= {"decided_at": utc_text(traffic.later(1)), "ended_at": None, "ending": None}
        for change in ({}, {"ended_at": utc_text(traffic.later(8)), "ending": "passed"}):
            row |= change
            moment = traffic.clock.now().text()
            seq = len(found) + 1
            found.append(protocol.record_line(seq, 2, "pass", pass_body(row), moment))
    return found


def batches(found: Sequence[bytes]) -> list[Arrived]:
    sent, before = Moment(utc_text(MORNING), "5b" * 16, "ok", 90_000_000), genesis(EPOCH)
    arrived: list[Arrived] = []
    for first in range(0, len(found), MAX_RECORDS):
        here, chain = tuple(found[first : first + MAX_RECORDS]), before.chain
        for line in here:
            chain = next_chain(chain, line)
        payload = messages.deflate_batch(Batch(EPOCH, START, before, here, chain, sent))
        arrived.append(Arrived(protocol.up(GATEWAY, "rec"), payload, len(arrived) + 1))
        before = Position(first + len(here), chain)
    return arrived


def bare(db: Database, found: Sequence[bytes], together: int) -> float:
    """Seconds for the rows alone."""
    rows = list(enumerate(found))
    size = MAX_RECORDS * together
    began = time.perf_counter()
    for first in range(0, len(rows), size):
        with db.writing((GATEWAY,)):
            db.insert(BARE, rows[first : first + size])
    return time.perf_counter() - began


def received(db: Database, arrived: Sequence[Arrived], together: int) -> tuple[float, float]:
    """Seconds by the clock, and of this process's work."""
    session = Session(
        db, NoLink(), Figures(), threading.Event(), now=lambda: datetime(2026, 11, 22, tzinfo=UTC)
    )
    began, worked = time.perf_counter(), time.process_time()
    for first in range(0, len(arrived), together):
        session.deal_with_all(arrived[first : first + together])
    return time.perf_counter() - began, time.process_time() - worked


def measure(address: str, found: Sequence[bytes], together: int) -> dict[str, float]:
    blob, number = ("bytea", "bigint") if address.startswith("postgres") else ("blob", "integer")
    with closing(read_address(address).open()) as db:
        for table in FULL:
            db.execute(f"delete from {table}")  # noqa: S608 -- a name from the list above
        db.execute("drop table if exists bare")
        db.execute(f"create table bare (seq {number} primary key, line {blob} not null)")
        bare_s = bare(db, found, together)
        wall_s, cpu_s = received(db, batches(found), together)
        db.execute("drop table bare")
    count = len(found)
    return {
        "records_per_s": round(count / wall_s),
        "us_per_record": round(wall_s / count * 1e6, 1),
        "cpu_us_per_record": round(cpu_s / count * 1e6, 1),
        "bare_per_s": round(count / bare_s),
        "ratio": round(wall_s / bare_s, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.receive", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--together", type=int, default=4, help="batches in one transaction")
    parser.add_argument("--db", action="append", help="default: an SQLite file in /tmp")
    options = parser.parse_args()
    found = lines(options.records)
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as folder:
        addresses = options.db or [f"sqlite://{Path(folder) / 'received.db'}"]
        figures = {
            address.partition(":")[0]: measure(address, found, options.together)
            for address in addresses
        }
    if options.json:
        print(json.dumps({"records": len(found), "together": options.together} | figures))
        return
    table = Shown("database", *next(iter(figures.values())), title="a record at the receiver")
    for name, row in figures.items():
        table.add_row(name, *map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
