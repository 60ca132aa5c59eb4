"""The processes of one run, and what each of them used."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.sync_bytes import GATEWAY

LIVE, RECEIVER = "south-gate", "receiver"
GIVE_UP_S = 540.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Drained:
    """`began` and `ended` in seconds, as are the times of the receipts: (committed, took ms)."""

    began: float
    ended: float
    sent_bytes: int
    receipts: tuple[tuple[float, float], ...]
    cpu_s: dict[str, float]

    def took_ms(self, since: float, until: float) -> list[float]:
        return sorted(ms for at, ms in self.receipts if since <= at <= until)


@dataclass(frozen=True, slots=True)
class Site:
    """One broker and the folder with everybody's files. `tls`: the certificates are there too."""

    folder: Path
    port: int
    broker_id: int
    tls: bool

    @property
    def keys(self) -> Path | None:
        return self.folder if self.tls else None

    def words(self, module: str, *task: str, file: str, name: str) -> list[str]:
        """What starts a part of this bench at this site."""
        where = [str(self.port), str(self.keys or "-"), str(self.folder / file), name]
        return [sys.executable, "-m", f"bench.drain.{module}", *task, *where]


@contextlib.contextmanager
def child(words: list[str], until: str) -> Iterator["subprocess.Popen[str]"]:
    """A process, once it printed `until`; killed at the end if it still runs."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if not any(until in line for line in _pipe(process.stdout)):
                raise SystemExit(f"{words[2]} ended before it was ready: its words are above")
            yield process
        finally:
            process.kill()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 -- `child` asked for both
    return pipe


def drained(site: Site, quiet_s: float) -> Drained:
    """The backlog of `backlog.db` is sent while the live gateway works, for `quiet_s` already."""
    receiver = site.words("receiver", file="cloud.db", name=RECEIVER)
    live = site.words("box", "live", file="live.db", name=LIVE)
    with child(receiver, until="ready") as cloud, child(live, until="connected") as other:
        time.sleep(quiet_s)
        before = _cpu_of(site.broker_id), _cpu_of(cloud.pid)
        told = _drain(site)
        after = _cpu_of(site.broker_id), _cpu_of(cloud.pid)
        heard = json.loads(other.communicate("", GIVE_UP_S)[0])
    used = [later - sooner for later, sooner in zip(after, before, strict=True)]
    cpu_s = {"gateway": told.pop("cpu_s"), "broker": used[0], "receiver": used[1]}
    receipts = tuple((at, ms) for at, ms in heard["receipts"])
    return Drained(**told, receipts=receipts, cpu_s=cpu_s)


def _drain(site: Site) -> dict[str, Any]:
    words = site.words("box", "drain", file="backlog.db", name=GATEWAY)
    try:
        done = subprocess.run(
            words, check=True, stdout=subprocess.PIPE, text=True, timeout=GIVE_UP_S
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(
            f"the backlog is not in the cloud after {GIVE_UP_S:g} s; try fewer --passes"
        ) from None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _cpu_of(process_id: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
