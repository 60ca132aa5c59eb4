"""Orders of people to a lane: each is carried out at most once, and answered."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.lane.events import AgentOpens, LaneEvent, ModeOrdered
from gateway.lane.reports import ModeKind
from gateway.lane.types import Now, Visit
from gateway.store import Store, StoreError

PATIENCE_S = 5.0
UNDER_WAY = "accepted, and not answered yet: look at the lane's state"
MODES = {
    "hold-open": ModeKind.HOLD_OPEN,
    "lock-down": ModeKind.LOCK_DOWN,
    "automatic": ModeKind.AUTOMATIC,
}
WORDS = ("open", *MODES)


@dataclass(frozen=True, slots=True)
class Order:
    """`word` is one of `WORDS`; `by` is who gave it. `hold_s` only for hold-open.

    `pass_id` names the visit that `open` is for; empty for whoever waits there now.
    """

    order_id: str
    lane: str
    word: str
    by: str
    reason: str = ""
    hold_s: float = 0.0
    pass_id: str = ""


class Ordered(Protocol):
    """A lane that takes orders."""

    @property
    def visit(self) -> Visit | None: ...
    def put(self, event: LaneEvent) -> None: ...


class Orders:
    """`lanes` are those that work now, by name."""

    def __init__(
        self, store: Store, lanes: Callable[[], Mapping[str, Ordered]], clock: Callable[[], Now]
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._waiting: dict[str, asyncio.Future[str]] = {}

    async def give(self, order: Order) -> str:
        """`done`, or a sentence that says why not; the same again gets the same answer."""
        lane = self._lanes().get(order.lane)
        if lane is None:
            return f"there is no lane {order.lane}; known: {', '.join(sorted(self._lanes()))}"
        if order.word not in WORDS:
            return f"there is no order {order.word}; known: {', '.join(WORDS)}"
        try:
            return await self._once(order, lane)
        except StoreError as error:
            return f"not carried out, because it cannot be recorded: {error}"

    def answered(self, order_id: str, answer: str) -> None:
        """The lane's word."""
        future = self._waiting.get(order_id)
        if future is not None and not future.done():
            future.set_result(answer)

    async def _once(self, order: Order, lane: Ordered) -> str:
        claimed = await self._store.ordered(
            order.lane, order.order_id, UNDER_WAY, self._clock().wall
        )
        if not claimed:
            return await self._store.answer_of(order.order_id) or UNDER_WAY
        answer = await self._carried_out(order, lane)
        await self._store.answered(order.order_id, answer)
        return answer

    async def _carried_out(self, order: Order, lane: Ordered) -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[order.order_id] = future
        lane.put(_event(order, lane.visit))
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await future
        except TimeoutError:
            return UNDER_WAY
        finally:
            del self._waiting[order.order_id]


def _event(order: Order, visit: Visit | None) -> LaneEvent:
    if order.word == "open":
        pass_id = order.pass_id or (visit.pass_id if visit else "")
        return AgentOpens(order.order_id, pass_id, order.by)
    return ModeOrdered(
        order.order_id, MODES[order.word], order.by, order.reason, hold_s=order.hold_s
    )
