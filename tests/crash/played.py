"""One search from beginning to end, in a folder that is in memory where there is one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.damaged import recorded_mending
from tests.crash.explore import Recording, Report, Search, explore
from tests.crash.recorder import record

MEMORY = Path("/dev/shm")
CALLS = 60


@contextmanager
def scratch() -> Iterator[Path]:
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="crash-", dir=where) as folder:
        yield Path(folder)


def of_a_day(search: Search, kind: str = "whole", calls: int = CALLS) -> Report:
    """Crash states of a new store that lives through some days."""
    with scratch() as place:
        (place / "box").mkdir()
        words = (str(search.seed), str(calls), kind)
        ops = record(place / "box", place, "tests.crash.workload", *words)
        return explore(Recording(ops, {}), place / "state", search)


def of_a_mending(search: Search, kind: str = "whole") -> Report:
    """Crash states of a start that finds its file damaged."""
    with scratch() as place:
        return explore(recorded_mending(place, kind), place / "state", search)
