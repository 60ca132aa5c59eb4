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
from typing import NoReturn

from gateway import pipe
from gateway.evidence import Evidence
from gateway.inbox import Inbox
from gateway.lane.events import PhotoTaken, PlateSeen
from gateway.lane.types import Inputs, Level
from gateway.retries import Retries
from gateway.sight import SEEING, Condition
from gateway.troubles import Troubles
from gateway.worth import Worth

log = logging.getLogger(__name__)

START_LIMIT_S = 15.0
SILENCE_LIMIT_S = 3.0
PHOTO_LIMIT_S = 4.0
# No camera gives 200 pictures a second: a child that floods us waits, and the lanes do not.
BETWEEN_MESSAGES_S = 0.005
_TELL_AGAIN_S = 30.0
# Pictures are large and live shortly: without these, malloc keeps the room of many.
CHILD_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}


class EyesLost(Exception):  # noqa: N818
    """Why the child is of no use any more: a sentence.

    `refused`: the camera does not let us in, and each further try may lock the account.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


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
        self._troubles, self._retries = Troubles(), Retries()
        self._loops = _Loops()
        self._photos: dict[int, str] = {}
        self._last_photo = 0
        self._child: asyncio.subprocess.Process | None = None

    def attend(self, inputs: Inputs) -> None:
        """Tell the child what the loops say, where that is new: it reads while one is occupied."""
        if self._loops.changed(inputs):
            self._say(pipe.Word(awake=self._loops.occupied))

    def look_again(self) -> None:
        """For 2 s every picture is read, and closer where the last doubt was."""
        self._say(pipe.Word(again=True))

    def photograph(self, subject: str) -> None:
        """A picture of now, at most a second old, comes into the inbox as `PhotoTaken`.

        It is kept. Where none comes within a few seconds, that is logged and nothing is sent.
        To be called in the event loop.
        """
        if len(self._photos) >= pipe.MOST_PHOTOS:
            log.warning("%s: no picture for %s: too many are wanted", self._lane, subject)
            return
        self._last_photo += 1
        self._photos[self._last_photo] = subject
        loop = asyncio.get_running_loop()
        loop.call_later(PHOTO_LIMIT_S, self._give_up_photo, self._last_photo)
        self._say(pipe.Word(photo=self._last_photo))

    def _give_up_photo(self, number: int) -> None:
        subject = self._photos.pop(number, None)
        if subject is not None:
            why = self.sight.why or f"the camera gave none in {PHOTO_LIMIT_S:g} s"
            log.warning("%s: no picture for %s: %s", self._lane, subject, why)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            started = time.monotonic()
            lost = await self._one_child()
            lasted_s = time.monotonic() - started
            pause_s = self._retries.pause_s(lasted_s, refused=lost.refused)
            again = f": tried again in {pause_s:g} s, for more tries may lock the account"
            self._tell(Condition.LOST, f"{lost}{again}" if lost.refused else str(lost))
            await self._rest(pause_s)

    async def _rest(self, pause_s: float) -> None:
        """An alarm that had to wait comes also in a long rest."""
        until = time.monotonic() + pause_s
        while (left_s := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, _TELL_AGAIN_S))
            self._tell(Condition.LOST, self.sight.why)

    async def _one_child(self) -> EyesLost:
        """Why it ended."""
        try:
            child = await _started()
            self.sight.pid = child.pid
            try:
                await self._listen(child)
            finally:
                self._child = None
                await _ended(child)
        except EyesLost as lost:
            return lost

    async def _listen(self, child: asyncio.subprocess.Process) -> NoReturn:
        if child.stdin is None or child.stdout is None:
            raise EyesLost("the camera's process has no pipes")
        child.stdin.write(self._order.to_line())
        self._child = child
        self._say_what_holds()
        limit_s = START_LIMIT_S
        while True:
            self._take(await _heard(child.stdout, limit_s))
            limit_s = SILENCE_LIMIT_S
            await asyncio.sleep(BETWEEN_MESSAGES_S)

    def _say_what_holds(self) -> None:
        """A child that was replaced must know what the one before was told."""
        if self._loops.occupied is not None:
            self._say(pipe.Word(awake=self._loops.occupied))
        for number in self._photos:
            self._say(pipe.Word(photo=number))

    def _say(self, word: pipe.Word) -> None:
        child = self._child
        if child is not None and child.stdin is not None:
            with contextlib.suppress(OSError, RuntimeError):
                child.stdin.write(word.to_line())

    def _take(self, message: pipe.Message) -> None:
        if message.error:
            raise EyesLost(message.error, refused=message.refused)
        self.sight.age_s = message.age_s
        if message.condition is not Condition.SILENT:
            self._retries.let_in()
        if message.read:
            self.sight.frames += 1
            self.sight.read_ms = message.read_ms
        self._hold(message)
        for reading in message.readings:
            self._inbox.put(PlateSeen(reading))
        for number, name in message.photos.items():
            if (subject := self._photos.pop(number, None)) is not None:
                self._evidence.keep([name], Worth.FRAME)
                self._inbox.put(PhotoTaken(subject, name))
        self._tell(message.condition, message.words)

    def _hold(self, message: pipe.Message) -> None:
        sure = {name for reading in message.readings if reading.sure for name in reading.evidence}
        sure.update(message.photos.values())
        for name, jpeg in message.pictures.items():
            self._evidence.hold(name, jpeg, in_doubt=name not in sure)

    def _tell(self, condition: Condition, why: str) -> None:
        """Alarms where one is due; the state has the newest."""
        if (alarm := self._troubles.news(condition, why, time.monotonic())) is not None:
            self._inbox.put(alarm)
        if (condition, why) == (self.sight.condition, self.sight.why):
            return
        self.sight.condition, self.sight.why = condition, why
        self.sight.seeing = condition in SEEING
        if condition is Condition.OK:
            log.info("%s: camera sees", self._lane)
        self._changed(self.sight)


class _Loops:
    """What a lane's loops say together: None for a lane whose loops were never heard."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.occupied: bool | None = None

    def changed(self, inputs: Inputs) -> bool:
        """A loop that was heard before and is unknown now counts as occupied."""
        loops = {"arming": inputs.arming_loop, "closing": inputs.closing_loop}
        self._known |= {name for name, level in loops.items() if level in (Level.ON, Level.OFF)}
        if not self._known:
            return False
        before = self.occupied
        self.occupied = any(loops[name] in (Level.ON, Level.UNKNOWN) for name in self._known)
        return self.occupied is not before


async def _heard(stream: asyncio.StreamReader, limit_s: float) -> pipe.Message:
    """Raises `EyesLost` where nothing comes in time, or nothing that makes sense."""
    try:
        async with asyncio.timeout(limit_s):
            return await pipe.read(stream)
    except TimeoutError:
        raise EyesLost(f"no picture for {limit_s:g} s") from None
    except asyncio.IncompleteReadError:
        raise EyesLost("the camera's process ended") from None
    except pipe.BrokenPipe as error:
        raise EyesLost(f"the camera's process sent nonsense: {error}") from None


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
