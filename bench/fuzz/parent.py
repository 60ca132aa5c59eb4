"""Watches the child: counts what became of each case, and starts it again after a crash."""

import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MOST_CPU_S, MOST_MB, PATIENCE_S = 5.0, 1000.0, 900.0
# A case that used so much of the processor without an end hangs; a starved one only waits.
HANGS_AFTER_S, LOOK_S = 60.0, 10.0
MOST_SHOWN = 50


@dataclass(slots=True)
class Tally:
    """`bad`: the cases that broke a promise, with their numbers; the first 50 of them."""

    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    sorts: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    bad: list[dict[str, Any]] = field(default_factory=list)
    slowest_s: float = 0.0
    largest_mb: float = 0.0

    def add(self, number: int, told: dict[str, Any]) -> None:
        self.done += 1
        self.outcomes[f"{told['sort']}: {told['outcome']}"] += 1
        self.sorts[told["outcome"]] += 1
        self.slowest_s = max(self.slowest_s, told["cpu_s"])
        self.largest_mb = max(self.largest_mb, told["peak_mb"])
        broken = {
            told["outcome"]: told["outcome"] in ("exception", "crash", "hang"),
            "slow": told["cpu_s"] > MOST_CPU_S,
            "large": told["peak_mb"] > MOST_MB,
        }
        wrongs = [name for name, is_so in broken.items() if is_so]
        self.broken.update(wrongs)
        if wrongs and len(self.bad) < MOST_SHOWN:
            self.bad.append({"case": number, "broken": wrongs} | told)


def fuzz(
    child: str,
    seed: int,
    first: int,
    last: int,
    *,
    tick: Callable[[Tally], None] = lambda _: None,
    hang_s: float = HANGS_AFTER_S,
) -> Tally:
    """The cases `first` up to and without `last` of a module that runs them, as `child` does.

    What was done up to a Ctrl-C counts.
    """
    tally = Tally()
    try:
        while first < last:
            command = [sys.executable, "-m", child, *map(str, (seed, first, last))]
            for number, told in _lines(command, hang_s):
                tally.add(number, told)
                first = number + 1
                tick(tally)
    except KeyboardInterrupt:
        pass
    return tally


def _lines(command: Sequence[str], hang_s: float) -> Iterator[tuple[int, dict[str, Any]]]:
    """Of one child, to its end. A case that ended it is the last one, as `crash` or `hang`."""
    under_way, hung = -1, False
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        try:
            for told in _told(child, hang_s):
                if "case" in told:
                    under_way = told["case"]
                    continue
                yield under_way, told
                under_way = -1
        except TimeoutError:
            hung = True
        if hung:
            child.kill()
    if under_way >= 0:
        yield under_way, _ended(child.returncode, hung=hung)
    elif hung or child.returncode:
        raise SystemExit(
            f"the child ended with {child.returncode} outside of a case; try `{' '.join(command)}`"
        )


def _told(child: subprocess.Popen[bytes], hang_s: float) -> Iterator[dict[str, Any]]:
    """Raises `TimeoutError` where a case does not end."""
    assert child.stdout is not None  # noqa: S101 -- it is a pipe
    rest = b""
    while True:
        _wait(child, hang_s)
        more = os.read(child.stdout.fileno(), 1 << 16)
        if not more:
            return
        *lines, rest = (rest + more).split(b"\n")
        yield from map(json.loads, lines)


def _wait(child: subprocess.Popen[bytes], hang_s: float) -> None:
    before, began = _cpu_s(child.pid), time.monotonic()
    answers = child.stdout.fileno() if child.stdout else -1
    while not select.select([answers], [], [], min(LOOK_S, hang_s))[0]:
        used, waited = _cpu_s(child.pid) - before, time.monotonic() - began
        if used > hang_s or waited > PATIENCE_S:
            raise TimeoutError


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ended(status: int, *, hung: bool) -> dict[str, Any]:
    outcome = "hang" if hung else "crash"
    return {"sort": "?", "outcome": outcome, "why": f"ended {status}", "cpu_s": 0, "peak_mb": 0}
