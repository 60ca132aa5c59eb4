"""A lane's sign and voice at work: the newest notice wins, and the lane never waits for them."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from gateway.ports import CodeDisplay, DeviceError, Display, Voice
from gateway.texts import AT_THE_FEE, RESTING, Language, Notice, NoticeKind, worded

log = logging.getLogger(__name__)

T = TypeVar("T")
_BRIEF = (NoticeKind.WELCOME, NoticeKind.GOODBYE, NoticeKind.DAYS_LEFT, NoticeKind.SECOND_CAR)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. `refresh_s`: a sign that lost its power, or whose text lapsed, is written anew."""

    brief_s: float = 15.0
    standing_s: float = 60.0
    refresh_s: float = 45.0
    patience_s: float = 40.0
    retry_s: float = 1.0
    longest_retry_s: float = 30.0
    stale_speech_s: float = 5.0


class _Face(NamedTuple):
    lines: tuple[str, ...]
    code: str


class Signage:
    """`rest` is what a lane with nobody before it shows, until a resting notice comes.

    Without a `voice` the display speaks, if it can; then it shows and speaks at the same time.
    `told` gets what is wrong with them as sentences, empty once all is well again.
    """

    def __init__(
        self,
        lane: str,
        rest: Notice,
        *,
        display: Display | None = None,
        voice: Voice | None = None,
        language: Language = "zh-CN",
        told: Callable[[str], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._pace = pace or Pace()
        self._language = language
        self._told = told
        self._rest = self._shown = rest
        self._ends_at = math.inf
        self._news = asyncio.Event()
        self._troubles: dict[str, str] = {}
        self._sign: _Outlet[_Face] | None = None
        self._speech: _Outlet[str] | None = None
        if display is not None:
            self._sign = _Outlet(f"{lane}: display", _shown_by(display), self._tell, self._pace)
        if (speaker := voice or display) is not None:
            stale_s = self._pace.stale_speech_s
            self._speech = _Outlet(f"{lane}: voice", speaker.say, self._tell, self._pace, stale_s)

    def tell(self, notice: Notice) -> None:
        """Returns at once; what was told before and not yet shown or said is forgotten.

        A fee stays on the display while help is called. The same one with a fresh code is not
        said again.
        """
        spoken = worded(notice, self._language).spoken
        before = self._shown
        if notice.kind in RESTING:
            self._rest = notice
        if notice.kind is not NoticeKind.AGENT_CALLED or before.kind not in AT_THE_FEE:
            self._shown, self._ends_at = notice, self._end_of(notice.kind)
            self._show()
            self._news.set()
        said_before = notice.code != "" and replace(before, code=notice.code) == notice
        if self._speech is not None and spoken and not said_before:
            self._speech.put(spoken)

    async def run(self) -> None:
        """Until cancelled."""
        self._show()
        async with asyncio.TaskGroup() as tasks:
            for outlet in (self._sign, self._speech):
                if outlet is not None:
                    tasks.create_task(outlet.run())
            tasks.create_task(self._keep_showing())

    async def _keep_showing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            due_at = min(self._ends_at, loop.time() + self._pace.refresh_s)
            try:
                async with asyncio.timeout_at(due_at):
                    await self._news.wait()
            except TimeoutError:
                if loop.time() >= self._ends_at:
                    self._shown, self._ends_at = self._rest, math.inf
                self._show()

    def _show(self) -> None:
        if self._sign is not None:
            self._sign.put(_Face(worded(self._shown, self._language).lines, self._shown.code))

    def _end_of(self, kind: NoticeKind) -> float:
        if kind in RESTING or kind in AT_THE_FEE:
            return math.inf
        lasts_s = self._pace.brief_s if kind in _BRIEF else self._pace.standing_s
        return asyncio.get_running_loop().time() + lasts_s

    def _tell(self, name: str, trouble: str) -> None:
        self._troubles[name] = trouble
        self._told("; ".join(one for one in self._troubles.values() if one))


def _shown_by(display: Display) -> Callable[[_Face], Awaitable[None]]:
    """A display without codes shows the words alone."""

    async def show(face: _Face) -> None:
        if face.code and isinstance(display, CodeDisplay):
            await display.show_code(face.lines, face.code)
        else:
            await display.show(face.lines)

    return show


class _Outlet(Generic[T]):
    """One device's newest item, tried until it is through or, after `stale_s`, worth nothing."""

    def __init__(
        self,
        name: str,
        act: Callable[[T], Awaitable[None]],
        tell: Callable[[str, str], None],
        pace: Pace,
        stale_s: float = math.inf,
    ) -> None:
        self._name = name
        self._act = act
        self._tell = tell
        self._pace = pace
        self._stale_s = stale_s
        self._items: list[tuple[T, float]] = []
        self._news = asyncio.Event()
        self._pause_s = pace.retry_s
        self._trouble = ""

    def put(self, item: T) -> None:
        self._items = [(item, asyncio.get_running_loop().time())]
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._deliver()

    async def _deliver(self) -> None:
        while self._items:
            item, since = self._items.pop()
            if asyncio.get_running_loop().time() - since >= self._stale_s:
                return
            trouble = await self._tried(item)
            self._note(trouble)
            if not trouble:
                continue
            self._items = self._items or [(item, since)]
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, self._pace.longest_retry_s)

    async def _tried(self, item: T) -> str:
        """What went wrong, or nothing."""
        try:
            async with asyncio.timeout(self._pace.patience_s):
                await self._act(item)
        except DeviceError as error:
            return str(error)
        except TimeoutError:
            return f"{self._name} did not finish in {self._pace.patience_s:g} s: restart it"
        self._pause_s = self._pace.retry_s
        return ""

    def _note(self, trouble: str) -> None:
        """One line for each loss; the health follows the newest sentence."""
        if trouble and not self._trouble:
            log.warning("%s: %s", self._name, trouble)
        elif self._trouble and not trouble:
            log.info("%s: is back", self._name)
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(self._name, trouble)
