"""Gates as drivers know them: they queue, show a plate, wait for the boom, and drive through."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from gateway.inbox import Inbox
from gateway.lane.events import AgentOpens, CodeSeen, Command, PlateSeen, StorePass
from gateway.lane.reports import ModeKind
from gateway.lane.states import Lane, Open, Opening
from gateway.lane.types import Direction, Ending, PlateReading, Visit
from gateway.runner import LaneRunner
from tests.week.people import Car
from tests.week.site import Site, loop_time
from tests.week.truth import Crossing, Truth

LOOK_S, TOLD_S, AGAIN_S = 2.0, 75.0, 0.5
CORNERS = ((0.0, 0.0), (120.0, 0.0), (120.0, 34.0), (0.0, 34.0))
Line = contextlib.AbstractAsyncContextManager["AtGate"]
Idea = Callable[["AtGate"], None]
"""What a driver, an agent or the guard does each time they look."""


@dataclass(slots=True)
class Gate:
    """One lane from outside. `runner` is None while the gateway is down."""

    name: str
    direction: Direction
    truth: Truth
    site: Site = field(default_factory=Site)
    runner: LaneRunner | None = None
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)
    crossing: Crossing | None = None
    others: Callable[[str, bool], None] = lambda _lane, _reset: None

    # --- `gateway.outside.Outside`

    def fire(self, *, reset: bool) -> None:
        self.others(self.name, reset)

    def answered(self, order_id: str, answer: str) -> None:
        pass

    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if isinstance(command, StorePass) and command.record.ending is Ending.PASSED:
                self._passed(command)
        if before.state != after.state:
            self.site.wake()

    def _passed(self, command: StorePass) -> None:
        crossing = self.crossing
        if crossing is None or crossing.record is not None:
            self.truth.wrong(f"{self.name}: {command.record.visit.pass_id} passed, but nobody did")
            return
        crossing.record = command.record
        crossing.told.set()

    # --- what drivers see

    @property
    def inbox(self) -> Inbox | None:
        return self.runner.inbox if self.runner else None

    @property
    def visit(self) -> Visit | None:
        return self.runner.lane.visit if self.runner else None

    @property
    def lets_in(self) -> bool:
        """The boom is up, and for whoever stands before it."""
        if self.runner is None or not self.site.is_up:
            return False
        lane = self.runner.lane
        free = lane.mode.kind in (ModeKind.FIRE, ModeKind.HOLD_OPEN)
        return free or isinstance(lane.state, Open | Opening)


@dataclass(slots=True)
class AtGate:
    """A vehicle before a boom. `text` is what the camera reads, empty for nothing."""

    gate: Gate
    car: Car
    text: str
    crossing: Crossing
    dice: random.Random
    pressed: bool = False
    done: set[str] = field(default_factory=set)

    @property
    def waited_s(self) -> float:
        return loop_time() - self.crossing.arrived_s

    @property
    def visit(self) -> Visit | None:
        return self.gate.visit

    def show(self) -> None:
        inbox = self.gate.inbox
        if inbox is None or not self.text:
            return
        car = self.car
        reading = PlateReading(self.text, car.type, car.colour, 0.97, 0.96, CORNERS)
        inbox.put(PlateSeen(reading))
        inbox.put(PlateSeen(reading))

    def once(self, what: str) -> bool:
        """True the first time."""
        fresh = what not in self.done
        self.done.add(what)
        return fresh

    def agent_opens(self, order_id: str) -> None:
        if self.gate.inbox is not None and self.visit is not None:
            self.gate.inbox.put(AgentOpens(order_id, self.visit.pass_id, "agent 7"))

    def code(self, code: str) -> None:
        if self.gate.inbox is not None:
            self.gate.inbox.put(CodeSeen(code))

    def press(self) -> None:
        """The guard's button, for a second."""
        self.gate.site.put(button=True)
        asyncio.get_running_loop().call_later(1.0, lambda: self.gate.site.put(button=False))


@contextlib.asynccontextmanager
async def first_in_line(gate: Gate, car: Car, text: str) -> AsyncIterator[AtGate]:
    """Stands on the arming loop; whoever is next comes when this one is off the closing loop."""
    async with gate.queue:
        await asyncio.sleep(car.dice.uniform(1.0, 5.0))
        crossing = Crossing(gate.name, gate.direction, text, loop_time())
        gate.site.put(arming=True)
        yield AtGate(gate, car, text, crossing, car.dice)
        gate.site.put(arming=False)


async def let_in(at: AtGate, patience_s: float, *ideas: Idea) -> bool:
    """Waits for the boom, while people have their ideas; False where patience ends."""
    while not at.gate.lets_in:
        if at.waited_s > patience_s:
            return False
        at.show()
        for idea in ideas:
            idea(at)
        await at.gate.site.news(LOOK_S)
        await asyncio.sleep(AGAIN_S)
    at.crossing.let_in_s = loop_time()
    return True


async def drive(at: AtGate) -> None:
    """Over both loops."""
    site, crossing = at.gate.site, at.crossing
    at.gate.crossing = crossing
    await asyncio.sleep(at.dice.uniform(0.8, 2.0))
    crossing.under_s = loop_time()
    site.put(closing=True)
    await asyncio.sleep(at.dice.uniform(1.1, 2.0))
    site.put(arming=False)
    await asyncio.sleep(at.dice.uniform(1.1, 2.5))
    site.put(closing=False)
    crossing.off_s = loop_time()


async def backs_out(at: AtGate) -> None:
    """Stays in everybody's way until the boom is down again."""
    await asyncio.sleep(2.0)
    at.gate.site.put(arming=False)
    while not at.gate.site.is_down:
        await at.gate.site.news(60.0)
    await asyncio.sleep(3.0)


async def was_told(crossing: Crossing) -> bool:
    """Whether the lane told of it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TOLD_S):
            await crossing.told.wait()
    return crossing.record is not None
