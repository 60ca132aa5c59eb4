"""One gateway's store and uplink in a process of its own, told what to do on the command line.

    python -m bench.drain.box drain|live PORT TLS_FOLDER|- STORE NAME

`drain` sends what waits and ends; `live` commits passes until its standard input ends. What they
measured is their last line, as JSON. Times are of the system's monotonic clock, in seconds.
"""

import asyncio
import json
import os
import resource
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bench.drain.broker import settings
from gateway.lane.types import Decision, Direction, Reason, Verdict, Visit
from gateway.store import Store
from gateway.store.shelf import Shelf
from gateway.sync.desk import Outcome
from gateway.sync.settings import UplinkSettings
from gateway.sync.uplink import Uplink

R = TypeVar("R")
LOOK_S = 0.01
EVERY_S = 0.05
BYTES_SENT = slice(200, 208)
"""Of Linux's `struct tcp_info`: all that was sent, TLS included."""


class Timed(Store):
    """Knows when each record was committed, and when its receipt was on this disk."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.committed: dict[int, float] = {}
        self.receipts: list[tuple[float, float]] = []

    async def serve(self, job: Callable[[Shelf], R]) -> R:
        found = await super().serve(job)
        if isinstance(found, Outcome) and found.acked:
            upto, now = (await self.meta()).acked.seq, time.monotonic()
            for seq in [seq for seq in self.committed if seq <= upto]:
                committed = self.committed.pop(seq)
                self.receipts.append((committed, (now - committed) * 1000))
        return found


def wire_bytes(port: int) -> int:
    """What this process sent to a TCP port over the connections that it has open."""
    total = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError), socket.socket(fileno=os.dup(int(file.name))) as sock:
            if sock.family is socket.AF_INET and sock.getpeername()[1] == port:
                told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
                total += struct.unpack("Q", told[BYTES_SENT])[0]
    return total


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _connected(uplink: Uplink) -> None:
    while not uplink.connected:  # noqa: ASYNC110 -- a look at it from outside
        await asyncio.sleep(LOOK_S / 10)


async def drain(store: Store, uplink: Uplink, port: int) -> dict[str, Any]:
    """From the connection to the last receipt."""
    before = _cpu_s()
    await _connected(uplink)
    began = time.monotonic()
    while (await store.meta()).unacked:  # noqa: ASYNC110 -- a look at it from outside
        await asyncio.sleep(LOOK_S)
    ended = time.monotonic()
    return {
        "began": began,
        "ended": ended,
        "cpu_s": _cpu_s() - before,
        "sent_bytes": wire_bytes(port),
    }


async def live(store: Timed, uplink: Uplink) -> dict[str, Any]:
    """A pass is decided every 50 ms, whatever became of those before."""
    await _connected(uplink)
    print("connected", flush=True)
    enough = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    due, seq = time.monotonic(), 0
    while not enough.done():
        seq, due = seq + 1, due + EVERY_S
        at = datetime.now(UTC)
        visit = Visit(secrets.token_hex(16), at, Decision(Verdict.DENY, Reason.UNKNOWN_PLATE))
        await store.decide("exit-1", Direction.EXIT, visit, at)
        store.committed[seq] = time.monotonic()
        uplink.wake()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return {"receipts": store.receipts, "missing": len(store.committed)}


async def _play(task: str, told: UplinkSettings, path: Path, name: str) -> dict[str, Any]:
    store = Timed.open(path, name)
    assert isinstance(store, Timed)  # noqa: S101 -- `open` makes one of its own class
    uplink = Uplink(told, store, name)
    running = asyncio.create_task(uplink.run())
    try:
        found = drain(store, uplink, told.port) if task == "drain" else live(store, uplink)
        return await found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def main() -> None:
    task, port, folder, path, name = sys.argv[1:]
    told = settings(int(port), None if folder == "-" else Path(folder), name)
    print(json.dumps(asyncio.run(_play(task, told, Path(path), name))))


if __name__ == "__main__":
    main()
