"""The demo from the first car to the tally."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable

from drivers.twins.scene import TwinClient
from gateway.demo.money import Money, money_since
from gateway.demo.people import People, people
from gateway.demo.stage import DemoError, Stage, set_up
from gateway.demo.tally import Tally, tally
from gateway.demo.view import Seen
from gateway.lane.types import Direction
from gateway.store import StoreError, read_passes

START_S = 30.0
HOME_S = 40.0
EMPTY_S = 60.0
RECEIPT_S = 15.0
LOOK_S = 0.2
MONEY_S = 1.0

Look = Callable[[Seen], None]


class Leave:
    """The first signal lets the last cars go, the second one ends everything at once."""

    def __init__(self) -> None:
        self.asked = self.insisted = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        self.asked, self.insisted = True, self.asked


async def play(seconds: float | None, seed: int, look: Look | None) -> Tally:
    """Run until `seconds` are over or somebody asks to leave; then let the last cars go.

    `look` is given everything a few times a second.
    """
    leave = Leave()
    async with set_up(seed) as stage:
        await _simulation_is_up(stage)
        with TwinClient(stage.twin) as twin:
            async with people(stage, seed) as around:
                watch = Watch(stage, twin, around, look)
                await _until(lambda: leave.asked, seconds, watch.once)
                await _let_the_last_cars_go(watch, leave)
        await stage.stop_daemon()
        return tally(stage, around.payments)


async def _simulation_is_up(stage: Stage) -> None:
    await _until(lambda: stage.twin.exists() or _ended(stage), START_S, lambda: None)
    if not stage.twin.exists():
        log = (stage.folder / "log.txt").read_text("utf-8", "replace")
        raise DemoError(f"the daemon did not start; its last words:\n{log[-2000:]}")


def _ended(stage: Stage) -> bool:
    return stage.daemon.returncode is not None


class Watch:
    """Looks at everything, and shows it."""

    def __init__(self, stage: Stage, twin: TwinClient, around: People, look: Look | None) -> None:
        self.stage, self.twin, self.around = stage, twin, around
        self._look = look
        self._money, self._money_at = Money(), 0.0

    def once(self) -> None:
        """Raises `DemoError` where the show cannot go on."""
        if _ended(self.stage):
            raise DemoError(f"the daemon ended with {self.stage.daemon.returncode}")
        self.around.look()
        if self._look is not None:
            with contextlib.suppress(OSError, StoreError):
                self._look(self._seen())

    def nobody_is_left(self) -> bool:
        """Neither in a lane nor in the car park, by the simulation's truth."""
        passed = {Direction.ENTRY: 0, Direction.EXIT: 0}
        for lane in self.stage.config.lanes:
            passed[lane.direction] += self.twin.truth(lane.name)["passed"]
        return passed[Direction.ENTRY] == passed[Direction.EXIT] and self.lanes_are_empty()

    def lanes_are_empty(self) -> bool:
        return self.twin.truth()["in_lane"] == 0

    def all_received(self) -> bool:
        sums = tally(self.stage, self.around.payments)
        under_way = [row for row in read_passes(self.stage.database) if not row["ending"]]
        return not under_way and sums.lost == 0 and self.around.all_confirmed

    def _seen(self) -> Seen:
        if time.monotonic() >= self._money_at + MONEY_S:
            self._money = money_since(self.stage.database, self.stage.began)
            self._money_at = time.monotonic()
        return Seen(
            state=self.around.cloud.state,
            scenes={lane: self.twin.scene(lane) for lane in self.stage.screens},
            faces={lane: screen.face for lane, screen in self.around.screens.items()},
            passes=list(read_passes(self.stage.database, limit=8)),
            money=self._money,
            counts=self.twin.truth(),
        )


async def _let_the_last_cars_go(watch: Watch, leave: Leave) -> None:
    """Nobody comes in any more. Whoever is not on the way out after a while stays inside."""

    async def until(done: Callable[[], bool], seconds: float) -> None:
        await _until(lambda: leave.insisted or done(), seconds, watch.once)

    for lane in watch.stage.config.lanes:
        if lane.direction is Direction.ENTRY:
            watch.twin.hold_traffic(lane.name)
    await until(watch.nobody_is_left, HOME_S)
    watch.twin.hold_traffic()
    await until(watch.lanes_are_empty, EMPTY_S)
    await until(watch.all_received, RECEIPT_S)
    watch.once()


async def _until(done: Callable[[], bool], seconds: float | None, show: Callable[[], None]) -> None:
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    while time.monotonic() < end and not done():
        show()
        await asyncio.sleep(LOOK_S)
