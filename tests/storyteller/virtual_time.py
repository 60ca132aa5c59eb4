"""An event loop whose hours take no time: its clock jumps to the next timer, and never early.

What is real stays real: a thread of `run_in_executor` is waited for while the clock stands
still, and a socket or a pipe that is ready comes before any jump. So the same story gives the
same order of events on a slow machine and on a fast one.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from gateway.lane.types import Now

T = TypeVar("T")

START_S = 1000.0
PATIENCE_S = 60.0
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class StalledError(Exception):
    """Nothing can happen any more: no timer runs, and no thread or socket has answered."""


def run(story: Coroutine[Any, Any, T], patience_s: float = PATIENCE_S) -> T:
    """As `asyncio.run`, in virtual time. `patience_s`: real seconds for a thread or a socket."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(patience_s)) as runner:
        return runner.run(story)


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at `START_S` and moves only when everything has been done."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._virtual_s = START_S
        self._working: set[Future[Any]] = set()
        super().__init__(_JumpingSelector(self, patience_s))
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="virtual")
        self.set_default_executor(self._pool)

    def time(self) -> float:
        return self._virtual_s

    def jump(self, seconds: float) -> None:
        self._virtual_s += seconds

    @property
    def threads_work(self) -> bool:
        return bool(self._working)

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """The clock stands still until the thread is done, also where nobody waits for it."""
        work = (executor or self._pool).submit(func, *args)
        answer = asyncio.wrap_future(work, loop=self)
        self._working.add(work)
        # Behind `wrap_future`: the answer is on its way before the clock may go on.
        work.add_done_callback(self._thread_is_done)
        return answer

    def _thread_is_done(self, work: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody minds
            self.call_soon_threadsafe(self._working.discard, work)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop, patience_s: float) -> None:
        super().__init__()
        self._loop = loop
        self._patience_s = patience_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.threads_work:
            return self._wait_really()
        self._loop.jump(timeout)
        return []

    def _wait_really(self) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(self._patience_s)
        if not ready:
            who = "a thread" if self._loop.threads_work else "nobody has a timer, and no socket"
            raise StalledError(f"{who} did anything for {self._patience_s:g} real seconds")
        return ready


@dataclass(slots=True)
class VirtualClock:
    """What a lane asks for the time, in the running `VirtualLoop`. Ids count up: no chance.

    `stepped_s`: by how much somebody set the wall clock; monotonic time knows nothing of it.
    """

    epoch: datetime = EPOCH
    stepped_s: float = 0.0
    _asked: int = field(default=0)

    def __call__(self) -> Now:
        self._asked += 1
        mono = asyncio.get_running_loop().time()
        wall = self.epoch + timedelta(seconds=mono - START_S + self.stepped_s)
        return Now(mono, wall, f"{self._asked:032x}")
