"""Carries pictures to the cloud: loads one at a time, and hears what the cloud says of them."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gateway.sync import snaps
from gateway.sync.protocol import Have, Want
from gateway.sync.snaps import LARGEST, MOST_REMEMBERED, PicturePolicy, Plan, Waiting

log = logging.getLogger(__name__)

LOOK_S, LONG_S = 5.0, 1.0
MOST_ORDERS = 256
MOST_GONE = 10_000


class Pictures(Protocol):
    """What is on the disk; `gateway.evidence` is the real one."""

    async def read(self, name: str) -> bytes | None:
        """Empty where it is not here any more; None where it cannot be read now."""

    async def want(self, names: tuple[str, ...]) -> tuple[str, ...]: ...
    async def have(self, names: tuple[str, ...]) -> None: ...
    async def waiting(self, limit: int, *, everything: bool) -> Sequence[Waiting]: ...


class Snap(NamedTuple):
    """A picture's name and its JPEG bytes; empty bytes say that it is not here any more."""

    name: str
    jpeg: bytes


class Courier:
    """One for the whole run of the program; connections come and go.

    `hear`, `next`, `taken` and `cut` never wait; `run` does what takes time, beside them. `ready`
    is called when it is worth to ask for the `next` one.
    """

    def __init__(
        self,
        pictures: Pictures,
        policy: PicturePolicy,
        kb_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ready: Callable[[], None] = lambda: None
        self._pictures = pictures
        self._policy = policy
        self._clock = clock
        self._plan = Plan(kb_s * 1024)
        self._orders: deque[Want | Have] = deque()
        self._gone: deque[str] = deque(maxlen=MOST_GONE)
        self._loaded: Snap | None = None
        self._loaded_at = self._look_at = float("-inf")
        self._hungry = False
        self._timer: asyncio.TimerHandle | None = None
        self._poked = asyncio.Event()

    @property
    def on_the_wire(self) -> bool:
        """The broker has not taken the last picture yet: what comes behind it waits."""
        flight = self._plan.flight
        return flight is not None and flight.taken_at is None

    def hear(self, order: Want | Have) -> None:
        if len(self._orders) < MOST_ORDERS:
            self._orders.append(order)
        else:
            log.warning("uplink: too many orders about pictures; one is dropped")
        self._poked.set()

    def next(self) -> Snap | None:
        """To be published at once, where nothing else waits; None where there is none (yet)."""
        now = self._clock()
        self._plan = snaps.on_time(self._plan, now)
        if self._gone and not self.on_the_wire:
            return Snap(self._gone.popleft(), b"")
        if not snaps.may_go(self._plan, now):
            self._ask_again_after_the_rest(now)
            return None
        # One that waited here for long may have been deleted on the disk since.
        snap, self._loaded = self._loaded, None
        if snap is None or now - self._loaded_at > LOOK_S:
            self._hungry = now >= self._look_at
            self._poked.set()
            return None
        self._plan = snaps.went_out(self._plan, Waiting(snap.name, len(snap.jpeg)), now)
        return snap

    def _ask_again_after_the_rest(self, now: float) -> None:
        """The caller asks again by itself after a second; shorter rests would be that long too."""
        rest_s = self._plan.rest_until - now
        if self._plan.flight is None and self._timer is None and rest_s < LONG_S:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(rest_s, self._rested)

    def _rested(self) -> None:
        self._timer = None
        self.ready()

    def taken(self) -> None:
        """The broker took the last picture."""
        self._plan = snaps.taken(self._plan, self._clock())

    def cut(self) -> None:
        """The connection is over."""
        self._plan = snaps.cut(self._plan, self._clock())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._poked.wait()
            self._poked.clear()
            while self._orders:
                await self._obey(self._orders.popleft())
                self._look_at = float("-inf")
                self.ready()
            if self._hungry and self._loaded is None and self._plan.flight is None:
                self._hungry = False
                await self._load()

    async def _obey(self, order: Want | Have) -> None:
        match order:
            case Want(names) if self._policy is PicturePolicy.NONE:
                self._gone.extend(names)
            case Want(names):
                self._gone.extend(await self._pictures.want(names))
                self._plan = snaps.asked(self._plan, names)
            case Have(names):
                await self._pictures.have(names)
                self._plan = snaps.had(self._plan, names)
                self._let_go(names)

    def _let_go(self, names: tuple[str, ...]) -> None:
        """What the cloud has meanwhile need not go out any more."""
        if self._loaded and self._loaded.name in names:
            self._loaded = None

    async def _load(self) -> None:
        """The next picture into memory, as far as there is one that may go."""
        if self._policy is PicturePolicy.NONE:
            return
        everything = self._policy is PicturePolicy.ALL
        waiting = await self._pictures.waiting(MOST_REMEMBERED + 1, everything=everything)
        chosen = snaps.choose(self._plan, waiting, self._clock())
        if chosen is None:
            self._look_at = self._clock() + LOOK_S
            return
        jpeg = await self._pictures.read(chosen.name) if chosen.size <= LARGEST else b""
        if jpeg:
            self._loaded, self._loaded_at = Snap(chosen.name, jpeg), self._clock()
        else:
            self._plan = snaps.put_off(self._plan, chosen.name, self._clock())
            self._gone.extend(() if jpeg is None else (chosen.name,))
        self.ready()
