"""One lane's boom and loops, in virtual time. Whoever waits for it is woken by what changes."""

import asyncio
import contextlib
import math

from gateway.lane.types import Inputs, Level
from gateway.polling import Poller
from gateway.ports import DeviceError

TRAVEL_S = 1.5
BUSY_S, IDLE_S = 0.5, 600.0


def loop_time() -> float:
    return asyncio.get_running_loop().time()


class Site:
    """The barrier and the inputs of one lane, and the street around them."""

    def __init__(self) -> None:
        self.arming = self.closing = self.button = False
        self.fire = self.fire_reset = False
        self._goes_up = False
        self._since = -math.inf
        self._news = asyncio.Event()

    # --- `Barrier` and `InputReader`

    async def open(self) -> None:
        self._drive(up=True)

    async def close(self, *, not_after: float = math.inf) -> None:
        if loop_time() > not_after:
            raise DeviceError("the order to close is too late; look at the line")
        self._drive(up=False)

    async def read(self) -> Inputs:
        return Inputs(
            arming_loop=_level(self.arming),
            closing_loop=_level(self.closing),
            up_limit=_level(self.is_up),
            down_limit=_level(self.is_down),
            open_button=_level(self.button),
            fire=_level(self.fire),
            fire_reset=_level(self.fire_reset),
        )

    # --- the street

    def put(self, **levels: bool) -> None:
        for name, level in levels.items():
            setattr(self, name, level)
        self.wake()

    @property
    def is_up(self) -> bool:
        return self._goes_up and self._rests

    @property
    def is_down(self) -> bool:
        return not self._goes_up and self._rests

    @property
    def is_empty(self) -> bool:
        return self.is_down and not (self.arming or self.closing or self.button or self.fire)

    async def news(self, within_s: float) -> None:
        """Returns when something changed, or after so long."""
        event = self._news
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await event.wait()

    @property
    def _rests(self) -> bool:
        return loop_time() - self._since >= TRAVEL_S

    def _drive(self, *, up: bool) -> None:
        if up is not self._goes_up:
            self._goes_up, self._since = up, loop_time()
            self.wake()
            asyncio.get_running_loop().call_at(self._since + TRAVEL_S, self.wake)

    def wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _level(on: bool) -> Level:  # noqa: FBT001
    return Level.ON if on else Level.OFF


class SparePoller(Poller):
    """Asks twice a second while somebody is there; an empty lane is asked when that changes."""

    site: Site

    async def run(self) -> None:
        while True:
            asked = loop_time()
            await self._ask(asked)
            if self._at_rest():
                await self.site.news(IDLE_S)
            else:
                await asyncio.sleep(max(0.0, asked + BUSY_S - loop_time()))

    def _at_rest(self) -> bool:
        return self.site.is_empty and self.idle()

    def idle(self) -> bool:
        raise NotImplementedError
