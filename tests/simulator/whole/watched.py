"""What stands between the gateway and its site, and writes down what went by."""

import math
from collections import deque
from collections.abc import Callable
from typing import Any

from drivers.twins.board import Board
from gateway.lane import events as ev
from gateway.lane.sensors import Timing
from gateway.lane.states import Lane
from gateway.lane.types import Inputs
from gateway.ports import Barrier, InputReader
from gateway.store import Store
from tests.simulator.site import Site
from tests.simulator.truth import Alarm, Entry, Happening, History, Kind, Order
from tests.simulator.whole.line import Line
from tests.simulator.whole.parts import loop_time

ORDERS = {
    ev.OpenBarrier: Kind.OPEN,
    ev.ReopenBarrier: Kind.REOPEN,
    ev.CloseBarrier: Kind.CLOSE,
}


class WatchedInputs:
    """Each reading becomes a look, with the truth of the instant at which it was asked for."""

    def __init__(self, inputs: InputReader, site: Site) -> None:
        self._inputs = inputs
        self._site = site

    async def read(self) -> Inputs:
        history, look = self._site.history, self._site.look()._replace(at=loop_time())
        history.looks.append(look._replace(inputs=None))
        history.heard.append(math.inf)
        inputs = await self._inputs.read()
        history.looks[-1] = look._replace(inputs=inputs)
        history.reads.append((look.at, loop_time(), inputs))
        return inputs


class WatchedBarrier:
    """Each order, with what became of it on the wire and at the board."""

    def __init__(self, barrier: Barrier, lane: "LaneRecord", line: Line, board: Board) -> None:
        self._barrier = barrier
        self._lane = lane
        self._line = line
        self._board = board

    async def open(self) -> None:
        await self._ordered(self._barrier.open, Kind.OPEN)

    async def close(self, *, not_after: float = math.inf) -> None:
        await self._ordered(lambda: self._barrier.close(not_after=not_after), Kind.CLOSE)

    async def _ordered(self, order: Callable[[], Any], kind: Kind) -> None:
        lane, done = self._lane, len(self._line.carried_out)
        at, confirmed = loop_time(), False
        number = lane.begin(at, kind)
        try:
            await order()
            confirmed = True
        finally:
            mine = [one for one in self._line.carried_out[done:] if self._is_pulse(one.frame)]
            lane.end(number, confirmed=confirmed, done=bool(mine))

    def _is_pulse(self, frame: bytes) -> bool:
        return frame[0] == self._board.slave and frame[2] == 2


class LaneRecord:
    """One lane's history as it is written; also what the runner tells as to the outside."""

    def __init__(self, history: History, timing: Timing) -> None:
        self.history = history
        self.timing = timing
        self.life = 0
        self.look = -1
        self._announced: deque[object] = deque()

    def begin(self, at: float, kind: Kind) -> int:
        pass_id = ""
        while self._announced:
            command = self._announced.popleft()
            found = ORDERS[type(command)]
            if (found is Kind.CLOSE) is (kind is Kind.CLOSE):
                kind, pass_id = found, getattr(command, "pass_id", "")
                break
        order = Order(
            at, kind, pass_id, confirmed=False, done=False, life=self.life, look=self.look,
            timing=self.timing,
        )  # fmt: skip
        self.history.orders.append(order)
        return len(self.history.orders) - 1

    def end(self, number: int, *, confirmed: bool, done: bool) -> None:
        order = self.history.orders[number]
        self.history.orders[number] = order._replace(confirmed=confirmed, done=done)

    def heard(self, event: ev.LaneEvent) -> None:
        self.history.steps += 1
        if isinstance(event, ev.InputsSeen):
            number = self.history.newest(event.read_at + 1e-9)
            if number >= 0 and self.history.heard[number] == math.inf:
                self.history.heard[number] = loop_time()
                self.look = number

    # --- `gateway.runner.Outside` and `Eyes`

    def fire(self, *, reset: bool) -> None: ...

    def answered(self, order_id: str, answer: str) -> None: ...

    def moved(self, before: Lane, after: Lane, commands: tuple[ev.Command, ...]) -> None:
        self._announced = deque(one for one in commands if type(one) in ORDERS)
        for command in commands:
            if isinstance(command, ev.RaiseAlarm):
                alarm = Alarm(loop_time(), command.code, command.detail)
                self.history.alarms.append(alarm)

    def photograph(self, subject: str) -> None:
        self.history.happened.append(Happening(loop_time(), "photo", subject))

    def look_again(self) -> None: ...


class WatchedStore:
    """What the real store has committed when it returns: it would survive a power cut."""

    def __init__(self, store: Store, history: History) -> None:
        self._store = store
        self._history = history

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def decide(self, lane: str, direction: Any, visit: Any, at: Any) -> None:
        await self._store.decide(lane, direction, visit, at)
        self._wrote(ev.StoreDecision(visit, at))

    async def end(self, lane: str, direction: Any, record: Any, place: Any = None) -> None:
        await self._store.end(lane, direction, record, place)
        ended = {one.what.record.visit.pass_id for one in self._history.durable(ev.StorePass)}
        if record.visit.pass_id not in ended:
            self._wrote(ev.StorePass(record))

    async def raised(self, lane: str, risen: Any) -> None:
        await self._store.raised(lane, risen)
        self._wrote(ev.StoreRaise(risen))

    async def mode(self, lane: str, mode: Any, at: Any) -> None:
        await self._store.mode(lane, mode, at)
        self._history.modes.append((loop_time(), mode.kind.value))
        self._wrote(ev.StoreMode(mode))

    def _wrote(self, what: object) -> None:
        self._history.entries.append(Entry(loop_time(), what))


def watched_runner(module: Any, lane: LaneRecord) -> Callable[..., Any]:
    """The runner's class, told apart only by writing down what it hears."""

    class WatchedRunner(module.LaneRunner):  # type: ignore[misc]
        async def handle(self, event: ev.LaneEvent) -> None:
            lane.heard(event)
            await super().handle(event)

    return WatchedRunner
