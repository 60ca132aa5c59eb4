"""Supervises one camera's child process and turns its readings into lane events.

A child that is silent for 3 s (no frame, or no answer about it) is killed and started again,
paced. Whatever happens to it, the lane goes on without eyes.
"""

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway import pipe
from gateway.evidence import Evidence
from gateway.inbox import Inbox
from gateway.lane.events import (
    Noticed,
    PlateSeen,
)
from gateway.lane.types import (
    AlarmCode,
)

log = logging.getLogger(__name__)

START_LIMIT_S = 15.0
SILENCE_LIMIT_S = 3.0
SHORTEST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GOOD_RUN_S = 10.0


class EyesLost(Exception):  # noqa: N818
    """Why the child is of no use any more: a sentence."""


@dataclass(slots=True)
class Sight:
    """What a camera's child did last, for the state and the page."""

    seeing: bool = False
    why: str = "starting"
    frames: int = 0
    read_ms: float = 0.0
    pid: int = 0


class Watcher:
    def __init__(
        self,
        lane: str,
        order: pipe.Order,
        *,
        inbox: Inbox,
        evidence: Evidence,
        changed: Callable[[Sight], None] = lambda _: None,
    ) -> None:
        self.sight = Sight()
        self._lane = lane
        self._order = order
        self._inbox = inbox
        self._evidence = evidence
        self._changed = changed
        self._lost = False

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = SHORTEST_PAUSE_S
        while True:
            started = time.monotonic()
            try:
                await self._one_child()
            except EyesLost as lost:
                self._tell(seeing=False, why=str(lost))
            good = time.monotonic() - started > GOOD_RUN_S
            pause_s = SHORTEST_PAUSE_S if good else min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _one_child(self) -> None:
        child = await _started()
        self.sight.pid = child.pid
        try:
            await self._listen(child)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        if child.stdin is None or child.stdout is None:
            raise EyesLost("the camera's process has no pipes")
        child.stdin.write(self._order.to_line())
        limit_s = START_LIMIT_S
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    message = await pipe.read(child.stdout)
            except TimeoutError:
                raise EyesLost(f"no picture for {limit_s:g} s") from None
            except asyncio.IncompleteReadError:
                raise EyesLost("the camera's process ended") from None
            except pipe.BrokenPipe as error:
                raise EyesLost(f"the camera's process sent nonsense: {error}") from None
            self._take(message)
            limit_s = SILENCE_LIMIT_S

    def _take(self, message: pipe.Message) -> None:
        if message.error:
            raise EyesLost(message.error)
        self.sight.frames += 1
        self.sight.read_ms = message.read_ms
        for name, jpeg in message.pictures.items():
            self._evidence.hold(name, jpeg)
        if message.readings:
            self._inbox.put(PlateSeen(message.readings[0]))
        if not self.sight.seeing:
            self._tell(seeing=True, why="")

    def _tell(self, *, seeing: bool, why: str) -> None:
        """One alarm for each loss; the state follows the newest sentence."""
        if (seeing, why) == (self.sight.seeing, self.sight.why):
            return
        self.sight.seeing, self.sight.why = seeing, why
        if seeing:
            log.info("%s: camera sees", self._lane)
        elif not self._lost:
            self._inbox.put(Noticed(AlarmCode.VISION_LOST, f"camera lost: {why}"))
        self._lost = not seeing
        self._changed(self.sight)


async def _started() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.eyes",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=pipe.PICTURE_LIMIT,
            env=os.environ | {"MALLOC_ARENA_MAX": "2"},
        )
    except OSError as error:
        raise EyesLost(f"the camera's process cannot be started: {error}") from error
