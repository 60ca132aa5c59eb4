"""Watches a board's contacts while a boom rises and one car drives through."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from gateway.probe.lessons import (
    Contacts,
    Limits,
    Loops,
    Seen,
    Trace,
    channels_of,
    flips,
    limits_of,
    loops_of,
    restless,
    turned,
)

REST_S = 2.0
PERIOD_S = 0.02
QUIET_S = 1.5
FIRST_MOVE_S = 60.0
SECOND_LIMIT_S = 15.0
DRIVE_S = 300.0

Tell = Callable[[str], object]
Enough = Callable[[Trace], bool]


class ContactReader(Protocol):
    async def read(self) -> Contacts: ...


class Lesson:
    """Three things happen one after the other, and nothing else while they do."""

    def __init__(self, contacts: ContactReader, tell: Tell) -> None:
        self._contacts = contacts
        self._tell = tell
        self._ignored: set[int] = set()
        self._empty: Seen | None = None

    async def rest(self) -> None:
        """Boom down, lane empty: what changes now has nothing to do with the lane."""
        self._tell(f"watching the inputs at rest for {REST_S:.0f} s")
        trace = await self._recorded(await self._seen(), lambda _: False, REST_S)
        self._empty = trace[-1]
        self._ignored |= restless(trace)
        if self._ignored:
            shown = ", ".join(map(str, sorted(self._ignored)))
            self._tell(f"input {shown} changes by itself and is left out")

    async def rise(self, order: Callable[[], Awaitable[None]] | None) -> Limits:
        """`order` raises the boom; without one, somebody does it with the boom's own remote."""
        before = await self._seen()
        if order is not None:
            await order()
        self._tell("watching the boom rise" if order else "raise the boom now")
        trace = await self._recorded(before, self._risen, FIRST_MOVE_S + SECOND_LIMIT_S)
        limits = limits_of(trace, self._ignored)
        self._ignored |= limits.channels
        return limits

    async def drive(self) -> Loops:
        """One car, once, in the lane's direction; on the first loop it may be already."""
        self._tell("drive ONE car through the lane now, without stopping under the boom")
        before = self._empty or await self._seen()
        return loops_of(await self._recorded(before, self._gone, DRIVE_S), self._ignored)

    async def _seen(self) -> Seen:
        closed = await self._contacts.read()
        return Seen(asyncio.get_running_loop().time(), closed)

    async def _recorded(self, before: Seen, enough: Enough, longest_s: float) -> Trace:
        """`before` and what came since, until it is `enough` or for `longest_s`.

        Raises `DeviceError`.
        """
        trace = [before, await self._seen()]
        end = trace[-1].at_s + longest_s
        while trace[-1].at_s < end and not enough(tuple(trace)):
            await asyncio.sleep(PERIOD_S)
            trace.append(await self._seen())
            self._tell_changes(trace[-2].closed, trace[-1].closed)
            if trace[-3].closed == trace[-2].closed == trace[-1].closed:
                del trace[-2]
        return tuple(trace)

    def _tell_changes(self, before: Contacts, after: Contacts) -> None:
        for channel, (old, new) in enumerate(zip(before, after, strict=True), start=1):
            if old != new and channel not in self._ignored:
                self._tell(f"input {channel} {'closed' if new else 'opened'}")

    def _risen(self, trace: Trace) -> bool:
        changed = [channel for channel in turned(trace) if channel not in self._ignored]
        times = [at for channel in changed for at in flips(trace, channel)]
        if not times:
            return trace[-1].at_s - trace[0].at_s > FIRST_MOVE_S
        settled = trace[-1].at_s - max(times) > QUIET_S
        return settled and (len(changed) > 1 or trace[-1].at_s - min(times) > SECOND_LIMIT_S)

    def _gone(self, trace: Trace) -> bool:
        """Two inputs noticed a car and every one of them is as before."""
        touched = _touched(trace, self._ignored)
        times = [at for channel in touched for at in flips(trace, channel)]
        still_on = set(touched) & set(turned(trace))
        enough = len(touched) > 1 and not still_on
        return enough and trace[-1].at_s - max(times) > QUIET_S


def _touched(trace: Trace, ignored: Collection[int]) -> list[int]:
    return [one for one in channels_of(trace) if one not in ignored and flips(trace, one)]
