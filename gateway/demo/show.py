"""The demo from the first car to the tally."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from drivers.twins.scene import Scene, TwinClient
from gateway.demo.stage import DemoError, Stage, set_up
from gateway.demo.tally import Tally, tally
from gateway.demo.view import StateListener
from gateway.store import StoreError, read_passes

START_S = 30.0
EMPTY_S = 60.0
RECEIPT_S = 15.0
LOOK_S = 0.2

Look = Callable[
    [Mapping[str, Any], Mapping[str, Scene], list[dict[str, Any]], dict[str, int]], None
]


class Leave:
    """The first signal lets the last cars go, the second one ends everything at once."""

    def __init__(self) -> None:
        self.asked = self.insisted = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        self.asked, self.insisted = True, self.asked


async def play(seconds: float | None, seed: int, look: Look) -> Tally:
    """Run until `seconds` are over or somebody asks to leave; then let the last cars go."""
    leave = Leave()
    async with set_up(seed) as stage:
        await _simulation_is_up(stage)
        with TwinClient(stage.twin) as twin:
            listener = StateListener(stage.port, stage.config.gateway)
            show = partial(_show, stage, twin, listener, look)
            try:
                await _until(lambda: leave.asked, seconds, show)
                await _let_the_last_cars_go(stage, twin, leave, show)
            finally:
                listener.close()
        await stage.stop_daemon()
        return tally(stage.journal, stage.database, stage.received)


async def _simulation_is_up(stage: Stage) -> None:
    await _until(lambda: stage.twin.exists() or _ended(stage), START_S, lambda: None)
    if not stage.twin.exists():
        log = (stage.folder / "log.txt").read_text("utf-8", "replace")
        raise DemoError(f"the daemon did not start; its last words:\n{log[-2000:]}")


def _ended(stage: Stage) -> bool:
    return stage.daemon.returncode is not None


async def _let_the_last_cars_go(
    stage: Stage, twin: TwinClient, leave: Leave, show: Callable[[], None]
) -> None:
    twin.hold_traffic()
    await _until(lambda: leave.insisted or twin.truth()["in_lane"] == 0, EMPTY_S, show)
    await _until(lambda: leave.insisted or _all_received(stage), RECEIPT_S, show)


def _all_received(stage: Stage) -> bool:
    sums = tally(stage.journal, stage.database, stage.received)
    under_way = [row for row in read_passes(stage.database) if not row["ending"]]
    return not under_way and sums.lost == 0


async def _until(done: Callable[[], bool], seconds: float | None, show: Callable[[], None]) -> None:
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    while time.monotonic() < end and not done():
        show()
        await asyncio.sleep(LOOK_S)


def _show(stage: Stage, twin: TwinClient, listener: StateListener, look: Look) -> None:
    if _ended(stage):
        raise DemoError(f"the daemon ended with {stage.daemon.returncode}")
    scenes: dict[str, Scene] = {}
    passes: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, StoreError):
        scenes = {lane.name: twin.scene(lane.name) for lane in stage.config.lanes}
        passes = list(read_passes(stage.database, limit=8))
        look(listener.state, scenes, passes, twin.truth())
