"""F1: kill -9 at the n-th call that a box at work makes; what it committed arrives once."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from gateway.sync.receive import summary
from tests.crash.recorder import traced

RUN_S = 90.0
PASSES = 40
CALLS = {"pwrite64": 900, "fdatasync": 90, "sendto": 20, "recvfrom": 20, "write": 50}
"""Calls of the system, and about how many a life has. Commits and receipts are written with
`pwrite64` and made safe with `fdatasync`; `sendto` publishes; PUBACK and receipts come in by
`recvfrom`; `write` is the journal's line after a commit.
"""


class Kill(NamedTuple):
    call: str
    number: int


def some_kills(dice: Random) -> list[Kill]:
    """One for each kind of call, somewhere in its life."""
    return [Kill(call, dice.randint(1, most)) for call, most in CALLS.items()]


def live_once(kill: Kill | None, scratch: Path, port: int, name: str) -> bool:
    """A life of the box in `scratch`; whether it was killed."""
    words = (str(scratch / "box"), str(scratch / "journal"), str(port), str(PASSES), name)
    (scratch / "box").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.crash.linked", *words]
    if kill is not None:
        fault = f"inject={kill.call}:signal=KILL:when={kill.number}"
        options = ["-e", f"trace={kill.call}", "-e", fault]
        command = traced(scratch / "trace", options, "tests.crash.linked", *words)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_S)
    killed = done.returncode == -signal.SIGKILL
    assert killed or done.returncode == 0, f"{kill}: {done.stderr[-2000:]}"
    return killed


def not_once(scratch: Path, received: Path) -> str:
    """Empty where every pass that was committed is in the cloud, and nothing is there twice."""
    committed = set((scratch / "journal").read_text().split())
    with closing(sqlite3.connect(received)) as db:
        here = [row[0] for row in db.execute("select pass_id from pass")]
    if missing := committed - set(here):
        return f"{len(missing)} passes never arrived, for example {min(missing)}"
    said = summary(received)
    told = {name: said[name] for name in ("duplicated", "gaps")}
    return f"the cloud has {told}" if any(told.values()) or len(here) != len(set(here)) else ""
