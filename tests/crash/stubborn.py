"""A day on a disk that refuses: whatever raises has changed nothing, and is asked again.

`python -m tests.crash.stubborn FOLDER JOURNAL SEED CALLS` writes how often it was refused.
"""

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from gateway.store import Store, StoreError
from gateway.store.storefile import QUOTA_MB
from tests.crash.watched import CHECKPOINT_PAGES, digest
from tests.crash.workload import GATEWAY, PLACE, Day

TRIES = 50


class OneThread(ThreadPoolExecutor):
    """The injected failures are counted for each thread: a new one would start all over."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """It serves the next store too."""


THREAD = OneThread(1)


class Stubborn(Store):
    """`held`: what the file holds as far as anybody was told."""

    held = ""
    refused = 0

    def __init__(self, path: Path, quota_mb: int = QUOTA_MB) -> None:
        super().__init__(path, quota_mb)
        self._thread = THREAD

    async def _do(self, job, *args, **kwargs) -> Any:
        for _ in range(TRIES):
            try:
                result = await super()._do(job, *args, **kwargs)
            except StoreError as error:
                type(self).refused += 1
                if self.held and await self._looked() != self.held:
                    raise AssertionError(f"refused, and yet something changed: {error}") from error
            else:
                self.held = await self._looked()
                return result
        raise AssertionError("it never works again")

    async def _looked(self) -> str:
        for _ in range(TRIES):
            try:
                return await super()._do(_look)
            except StoreError:
                type(self).refused += 1
        raise AssertionError("it cannot be looked at any more")


def _look(db) -> str:
    db.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return digest(db)


def _opened(path: Path) -> Stubborn:
    for _ in range(TRIES):
        try:
            store = Stubborn.open_or_mend(path, GATEWAY)
        except StoreError:
            Stubborn.refused += 1
        else:
            assert isinstance(store, Stubborn)
            return store
    raise AssertionError("it never opens")


async def _live(path: Path, day: Day, calls: int) -> None:
    held = ""
    for _ in range(2):
        store = _opened(path)
        assert held in ("", await store._looked())
        store.held = await store._looked()
        for _ in range(calls // 2):
            await day.step(store)
        await store.close()
        held = store.held


def main() -> None:
    folder, journal, seed, calls = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    asyncio.run(_live(Path(folder) / PLACE, Day(Random(int(seed))), int(calls)))
    Path(journal).write_text(str(Stubborn.refused))


if __name__ == "__main__":
    main()
