"""The pictures on the disk and their index, kept within their quota and their time. Blocks."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from gateway.evidence.files import DamagedError, Files
from gateway.evidence.index import Index, Totals, is_damaged
from gateway.sync.snaps import Waiting
from gateway.worth import Worth

log = logging.getLogger(__name__)

T = TypeVar("T")
INDEX = "index.db"
SLICE = 200
REOPEN_S, AGREE_S = 5.0, 3600.0


class Limits(NamedTuple):
    """`keep_s`: so long a picture is kept while the box runs; `floor_s`: never less than this."""

    quota_bytes: int
    keep_s: float
    floor_s: float = 24 * 3600.0


@dataclass(slots=True)
class Losses:
    """Since the start."""

    unkept: int = 0
    crowded_out: int = 0
    damaged: int = 0


class Cabinet:
    """One thread at a time. Nothing here raises for the disk's sake: `trouble` says what is wrong.

    It is a sentence, and empty again as soon as a picture was written.
    """

    def __init__(self, files: Files, limits: Limits) -> None:
        self.trouble = ""
        self.losses = Losses()
        self._files = files
        self._limits = limits
        self._index: Index | None = None
        self._bytes = 0
        self._since_agreed_s = 0.0
        self._not_before = float("-inf")

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    # --- jobs

    def keep(self, name: str, jpeg: bytes, worth: Worth) -> bool:
        """Whether it is on the disk now."""

        def job(index: Index) -> bool:
            if not index.has(name):
                self._files.write(name, jpeg)
            if index.add(name, len(jpeg), worth):
                self._bytes += len(jpeg)
            self._keep_quota(index)
            self._is_well()
            return True

        kept = self._try(job, otherwise=False)
        self.losses.unkept += not kept
        return kept

    def value(self, names: Iterable[str], worth: Worth) -> None:
        """Named again: those that are here are worth more now."""
        for name in names:
            self._try(partial(Index.value, name=name, worth=worth), otherwise=None)

    def read(self, name: str) -> bytes | None:
        """Empty where it is not here, or not what its name says: then it is removed.

        None where the disk does not let us look.
        """

        def job(index: Index) -> bytes | None:
            try:
                return self._files.read(name)
            except FileNotFoundError:
                self._forget(index, name)
            except DamagedError:
                self.losses.damaged += 1
                log.error("evidence: %s is damaged; removed", self._files.path(name))  # noqa: TRY400
                self._forget(index, name)
            return b""

        return self._try(job, otherwise=None)

    def forget(self, names: Iterable[str]) -> int:
        """How many were here, and are no more."""
        jobs = (partial(self._forget, name=name) for name in names)
        return sum(self._try(job, otherwise=False) for job in jobs)

    def want(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Remembered for the cloud; those that are not here. None is said to be gone in trouble."""
        return self._try(lambda index: index.want(names), otherwise=())

    def have(self, names: tuple[str, ...]) -> None:
        self._try(lambda index: index.have(names), otherwise=None)

    def waiting(self, limit: int, *, everything: bool) -> list[Waiting]:
        return self._try(lambda index: index.waiting(limit, everything=everything), otherwise=[])

    def tend(self, ran_s: float) -> int:
        """The box ran so much longer: what was kept long enough goes. How many went."""

        def job(index: Index) -> int:
            index.ran(ran_s)
            self._since_agreed_s += ran_s
            if self._since_agreed_s >= AGREE_S:
                self._agree(index)
            went = 0
            while due := index.older_than(self._keep_s, SLICE):
                for name in due:
                    self._forget(index, name)
                went += len(due)
            return went

        return self._try(job, otherwise=0)

    def totals(self) -> Totals:
        return self._try(Index.totals, otherwise=Totals(0, 0, 0, 0))

    # --- within a job

    @property
    def _keep_s(self) -> float:
        return max(self._limits.keep_s, self._limits.floor_s)

    def _keep_quota(self, index: Index) -> None:
        while self._bytes > self._limits.quota_bytes and (least := index.least()):
            self._forget(index, least)
            self.losses.crowded_out += 1

    def _forget(self, index: Index, name: str) -> bool:
        self._files.remove(name)
        size = index.remove(name)
        self._bytes -= size or 0
        return size is not None

    def _try(self, job: Callable[[Index], T], *, otherwise: T) -> T:
        try:
            return self._with_a_sound_index(job)
        except OSError as error:
            self._is_ill(f"{error.filename or self._files.folder}: {error.strerror or error}")
        except sqlite3.Error as error:
            self.close()
            self._is_ill(f"{self._path}: {error}")
        return otherwise

    def _with_a_sound_index(self, job: Callable[[Index], T]) -> T:
        """A damaged one is made again from the files, and what was to be done is done with that."""
        try:
            return job(self._opened())
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            log.warning("evidence: %s: %s; it is made again from the files", self._path, error)
            self.close()
            self._discard()
            return job(self._opened())

    def _is_ill(self, what: str) -> None:
        if self.trouble:
            return
        self.trouble = (
            f"pictures are not kept: {what}; look at the disk's space, its health and the rights"
            " of that folder"
        )
        log.error("evidence: %s", self.trouble)

    def _is_well(self) -> None:
        if self.trouble:
            log.info("evidence: pictures are kept again")
        self.trouble = ""

    # --- the index

    @property
    def _path(self) -> Path:
        return self._files.folder / INDEX

    def _opened(self) -> Index:
        if self._index is None:
            self._index = self._open()
        return self._index

    def _open(self) -> Index:
        """After a failure not at once again: looking at all files takes its time."""
        now = time.monotonic()
        if now < self._not_before:
            raise OSError(0, "not tried again yet")
        self._not_before = now + REOPEN_S
        self._files.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        index = Index(self._path)
        try:
            self._agree(index)
            self._keep_quota(index)
        except BaseException:
            index.close()
            raise
        self._not_before = float("-inf")
        return index

    def _agree(self, index: Index) -> None:
        """Files come and go without us too: by a crash, by a person, by `lanegate purge`."""
        found, gone = index.agree_with(self._files.sizes())
        self._bytes, self._since_agreed_s = index.totals().bytes, 0.0
        if found or gone:
            log.info("evidence: %d pictures found that were not known, %d gone", found, gone)

    def _discard(self) -> None:
        self._not_before = float("-inf")
        for end in ("", "-wal", "-shm"):
            self._path.with_name(INDEX + end).unlink(missing_ok=True)
