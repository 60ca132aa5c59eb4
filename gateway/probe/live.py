"""A board's inputs as they change, for eyes at a terminal and for programs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from gateway.ports import DeviceError

PERIOD_S = 0.05
LOST_PERIOD_S = 1.0


@dataclass(slots=True)
class Channel:
    """An input, from 1. `changed_at`: the wall clock's time of its last change."""

    number: int
    closed: bool
    changes: int = 0
    changed_at: datetime | None = None

    @property
    def words(self) -> str:
        return "closed" if self.closed else "open"


@dataclass(slots=True)
class View:
    """All inputs as last read; `last` is the one that changed last, `trouble` why none can be."""

    channels: list[Channel]
    last: Channel | None = None
    trouble: str = ""

    def take(self, closed: tuple[bool, ...], now: datetime) -> list[Channel]:
        """The inputs that changed. The first reading changes nothing."""
        if not self.channels:
            self.channels = [Channel(at, one) for at, one in enumerate(closed, start=1)]
        changed = [
            channel
            for channel, state in zip(self.channels, closed, strict=True)
            if channel.closed != state
        ]
        for channel in changed:
            channel.closed, channel.changed_at = not channel.closed, now
            channel.changes += 1
            self.last = channel
        return changed

    def as_json(self) -> dict[str, Any]:
        told = [asdict(channel) for channel in self.channels]
        for one in told:
            one["changed_at"] = one["changed_at"] and one["changed_at"].isoformat()
        return {"inputs": told, "last": self.last and self.last.number, "trouble": self.trouble}


async def watch(
    read: Callable[[], Awaitable[tuple[bool, ...]]],
    view: View,
    seconds: float | None,
    look: Callable[[View, list[Channel]], object],
) -> None:
    """Until `seconds` are over; calls `look` after each reading, and when readings fail."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                changed: list[Channel] = []
                try:
                    changed = view.take(await read(), datetime.now().astimezone())
                    view.trouble = ""
                except DeviceError as error:
                    view.trouble = str(error)
                look(view, changed)
                await asyncio.sleep(LOST_PERIOD_S if view.trouble else PERIOD_S)
