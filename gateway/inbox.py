"""The one door into a lane: a bounded queue."""

import asyncio
import math
from collections import deque

from gateway.lane.events import (
    InputsSeen,
    LaneEvent,
    PlateSeen,
)
from gateway.lane.types import (
    Inputs,
)

ROOM = 256


class Inbox:
    """Events in order.

    When the lane falls behind so far that the queue is full (12 s of polls), what is lost is
    plates, of which there will be more, and polls: the inputs are declared unknown instead,
    which is safe, since unknown is presence.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._events: deque[LaneEvent] = deque()
        self._room = room
        self._news = asyncio.Event()

    def put(self, event: LaneEvent) -> None:
        if len(self._events) >= self._room:
            self._make_room()
        self._events.append(event)
        self._news.set()

    def _make_room(self) -> None:
        kept = [event for event in self._events if not isinstance(event, PlateSeen | InputsSeen)]
        self._events = deque([*kept[-self._room + 2 :], InputsSeen(Inputs(), -math.inf)])

    async def get(self) -> LaneEvent:
        while not self._events:
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def __len__(self) -> int:
        return len(self._events)
