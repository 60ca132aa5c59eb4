"""The one door into a lane: a bounded queue."""

import asyncio
import math
from collections import deque

from gateway.lane.events import InputsSeen, LaneEvent, PlateSeen

ROOM = 256


class Inbox:
    """Events in order.

    When the lane falls behind so far that the queue is full (12 s of polls), plates are lost
    first, for there will be more of them. Then polls: the inputs are declared unknown instead,
    which is safe, since unknown is presence. Nothing else is ever lost: an order, an answer of
    the rules or a failure comes only once.
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
        kept = [event for event in self._events if not isinstance(event, PlateSeen)]
        polls = [event for event in kept if isinstance(event, InputsSeen)]
        if len(kept) >= self._room and polls:
            kept = [event for event in kept if not isinstance(event, InputsSeen)]
            kept.append(InputsSeen(polls[-1].inputs.lost(), -math.inf))
        self._events = deque(kept)

    async def get(self) -> LaneEvent:
        while not self._events:
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def __len__(self) -> int:
        return len(self._events)
