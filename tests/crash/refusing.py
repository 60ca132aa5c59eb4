"""F3: the n-th write, sync or opening of the store fails, for every n: strace injects it."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.store import Store
from tests.crash.judge import unsound
from tests.crash.recorder import traced
from tests.crash.workload import GATEWAY, PLACE

RUN_S = 120.0
CALLS = 40


class Refusal(NamedTuple):
    """Each `every`-th call of this kind fails. So `every` runs let each single one fail once."""

    call: str
    error: str
    every: int


REFUSALS = (
    Refusal("pwrite64", "EIO", 211),
    Refusal("pwrite64", "ENOSPC", 211),
    Refusal("fdatasync", "EIO", 7),
    Refusal("openat", "EROFS", 5),
    Refusal("openat", "EIO", 5),
    Refusal("openat", "EMFILE", 5),
    Refusal("ftruncate", "EIO", 3),
    Refusal("unlink", "EIO", 3),
)


def runs() -> Iterator[tuple[Refusal, int]]:
    """Every call of every kind, once."""
    for refusal in REFUSALS:
        for first in range(1, refusal.every + 1):
            yield refusal, first


def refuse(refusal: Refusal, first: int, scratch: Path) -> int:
    """How often the store was refused something; raises `AssertionError` where that did harm."""
    folder, journal = scratch / "box", scratch / "journal"
    (folder / PLACE.parent).mkdir(parents=True)
    place = folder / PLACE
    fault = f"{refusal.call}:error={refusal.error}:when={first}+{refusal.every}"
    files = [word for end in ("", "-wal", "-journal") for word in ("-P", f"{place}{end}")]
    options = [*files, "-e", f"trace={refusal.call}", "-e", f"inject={fault}"]
    words = (str(folder), str(journal), str(first), str(CALLS))
    command = traced(scratch / "trace", options, "tests.crash.stubborn", *words)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_S)
    assert done.returncode == 0, f"{fault}: {done.stderr[-2000:]}"
    found = asyncio.run(_look(place))
    assert not found, f"{fault}: {found}"
    assert not list(place.parent.glob("*damaged*")), f"{fault}: a whole file was put aside"
    return int(journal.read_text())


async def _look(place: Path) -> str:
    store = Store.open(place, GATEWAY)
    try:
        return await store._do(unsound)
    finally:
        await store.close()
