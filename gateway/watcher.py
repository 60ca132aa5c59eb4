"""Supervises one camera's child process and turns its readings into lane events.

A child that is silent for 3 s is killed and started again, paced; one that lives says once a
second how its picture is. Whatever happens to it, the lane goes on without eyes.
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
    Inputs,
    Level,
)
from gateway.sight import SEEING, Condition

log = logging.getLogger(__name__)

START_LIMIT_S = 15.0
SILENCE_LIMIT_S = 3.0
# No camera gives 200 pictures a second: a child that floods us waits, and the lanes do not.
BETWEEN_MESSAGES_S = 0.005
SHORTEST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GOOD_RUN_S = 10.0
# Pictures are large and live shortly: without these, malloc keeps the room of many.
CHILD_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}


class EyesLost(Exception):  # noqa: N818
    """Why the child is of no use any more: a sentence."""


@dataclass(slots=True)
class Sight:
    """What a camera's child did last, for the state and the page.

    `why`: what is wrong, a sentence; empty while `condition` is OK. `frames`: that were read.
    """

    seeing: bool = False
    why: str = "starting"
    condition: Condition = Condition.LOST
    frames: int = 0
    age_s: float = 0.0
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
        self._alarmed = _Alarmed()
        self._loops = _Loops()
        self._child: asyncio.subprocess.Process | None = None

    def attend(self, inputs: Inputs) -> None:
        """Tell the child what the loops say, where that is new: it reads while one is occupied."""
        if self._loops.changed(inputs):
            self._tell_child()

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = SHORTEST_PAUSE_S
        while True:
            started = time.monotonic()
            try:
                await self._one_child()
            except EyesLost as lost:
                self._tell(Condition.LOST, str(lost))
            good = time.monotonic() - started > GOOD_RUN_S
            pause_s = SHORTEST_PAUSE_S if good else min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _one_child(self) -> None:
        child = await _started()
        self.sight.pid = child.pid
        try:
            await self._listen(child)
        finally:
            self._child = None
            await _ended(child)

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        if child.stdin is None or child.stdout is None:
            raise EyesLost("the camera's process has no pipes")
        child.stdin.write(self._order.to_line())
        self._child = child
        self._tell_child()
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
            await asyncio.sleep(BETWEEN_MESSAGES_S)

    def _tell_child(self) -> None:
        child, occupied = self._child, self._loops.occupied
        if child is not None and child.stdin is not None and occupied is not None:
            with contextlib.suppress(OSError, RuntimeError):
                child.stdin.write(pipe.wake(occupied=occupied))

    def _take(self, message: pipe.Message) -> None:
        if message.error:
            raise EyesLost(message.error)
        self.sight.age_s = message.age_s
        if message.read:
            self.sight.frames += 1
            self.sight.read_ms = message.read_ms
        for name, jpeg in message.pictures.items():
            self._evidence.hold(name, jpeg)
        for reading in message.readings:
            self._inbox.put(PlateSeen(reading))
        self._tell(message.condition, message.words)

    def _tell(self, condition: Condition, why: str) -> None:
        """One alarm for each kind of trouble, and one for its end; the state has the newest."""
        if (condition, why) == (self.sight.condition, self.sight.why):
            return
        self.sight.condition, self.sight.why = condition, why
        self.sight.seeing = condition in SEEING
        if condition is Condition.OK:
            log.info("%s: camera sees", self._lane)
        for alarm in self._alarmed.news(condition, why):
            self._inbox.put(alarm)
        self._changed(self.sight)


class _Loops:
    """What a lane's loops say together: None for a lane whose loops were never heard."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.occupied: bool | None = None

    def changed(self, inputs: Inputs) -> bool:
        """A loop that was heard before and is unknown now counts as occupied."""
        loops = {"arming": inputs.arming_loop, "closing": inputs.closing_loop}
        self._known |= {name for name, level in loops.items() if level is not Level.UNKNOWN}
        if not self._known:
            return False
        before = self.occupied
        self.occupied = any(loops[name] is not Level.OFF for name in self._known)
        return self.occupied is not before


class _Alarmed:
    """Which trouble is in the records already. A silent camera and a lost process are one."""

    def __init__(self) -> None:
        self._open = Condition.OK

    def news(self, condition: Condition, why: str) -> list[Noticed]:
        kind = Condition.LOST if condition is Condition.SILENT else condition
        if kind is self._open:
            return []
        was, self._open = self._open, kind
        if kind is Condition.OK:
            return [Noticed(AlarmCode.VISION_BACK, f"camera sees again: it was {was.value}")]
        if kind is Condition.LOST:
            return [Noticed(AlarmCode.VISION_LOST, f"camera lost: {why}")]
        code = AlarmCode.VISION_DOUBTED if kind in SEEING else AlarmCode.VISION_LOST
        return [Noticed(code, f"camera {kind.value.replace('_', ' ')}: {why}")]


async def _ended(child: asyncio.subprocess.Process) -> None:
    """Killed and gone. What it still said is read first: asyncio waits for that, even for ever."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    while child.stdout is not None and await child.stdout.read(pipe.PICTURE_LIMIT):
        pass
    await child.wait()


async def _started() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.eyes",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=pipe.PICTURE_LIMIT,
            env=os.environ | CHILD_ENVIRONMENT,
        )
    except OSError as error:
        raise EyesLost(f"the camera's process cannot be started: {error}") from error
