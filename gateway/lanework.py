"""One lane's devices and tasks, started together and started again by themselves."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway import pipe
from gateway.books import Books
from gateway.catalog import Catalog
from gateway.config import LaneConfig
from gateway.evidence import Evidence
from gateway.frontage import Frontage
from gateway.health import Health, LaneHealth
from gateway.inbox import Inbox
from gateway.judging import Judge
from gateway.lane.events import Command, LaneEvent
from gateway.lane.sensors import Timing
from gateway.lane.states import Lane
from gateway.lane.types import Now, Visit
from gateway.polling import Poller
from gateway.ports import Barrier, Bus, InputReader
from gateway.rules.access import AccessList
from gateway.runner import LaneRunner
from gateway.store import Place, Store
from gateway.watcher import Watcher

if TYPE_CHECKING:
    from gateway.parking import Park

log = logging.getLogger(__name__)

SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
GOOD_RUN_S = 60.0
BEAT_S = 1.0


async def supervised(
    name: str,
    start: Callable[[], Awaitable[None]],
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Until `start` returns. What it raises is logged and costs a `pause` in seconds, no more.

    The pause doubles with each failure; after a good run it is back at its shortest.
    """
    pause_s = SHORTEST_PAUSE_S
    while True:
        started = time.monotonic()
        try:
            await start()
        except Exception:
            if time.monotonic() - started >= GOOD_RUN_S:
                pause_s = SHORTEST_PAUSE_S
            log.exception("%s: stopped by an error; again in %g s", name, pause_s)
        else:
            return
        await pause(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


@dataclass(slots=True)
class Shared:
    """What all lanes of a box have in common.

    `answered` takes what became of an order, `fire` tells the other lanes of a fire, or its end.
    Without a `park` the lanes go by their lists alone.
    """

    store: Store
    evidence: Evidence
    buses: dict[str, Bus]
    health: Health
    clock: Callable[[], Now]
    committed: Callable[[], None]
    answered: Callable[[str, str], None] = lambda _order_id, _answer: None
    fire: Callable[[str, bool], None] = lambda _lane, _reset: None
    park: "Park | None" = None


class LaneWork:
    """A lane from its configuration to its last task. `run` ends after `stop`."""

    def __init__(self, config: LaneConfig, access: AccessList, shared: Shared) -> None:
        self.config = config
        self.access = access
        self._shared = shared
        self._books = self._new_books()
        self._runner: LaneRunner | None = None
        self._eyes: Watcher | None = None
        self._front: Frontage | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """An error in one lane's code costs that lane a restart, and no other lane anything."""
        self._shared.health.lanes[self.config.name] = LaneHealth(self.config.direction)
        await supervised(self.config.name, self._run_once, self._pause)

    @property
    def visit(self) -> Visit | None:
        return self._runner.lane.visit if self._runner is not None else None

    def put(self, event: LaneEvent) -> None:
        """For the lane's runner; a lane that is being started again misses it."""
        if self._runner is not None:
            self._runner.inbox.put(event)

    # --- what the runner asks of us

    def photograph(self, subject: str) -> None:
        if self._eyes is not None:
            self._eyes.photograph(subject)

    def look_again(self) -> None:
        if self._eyes is not None:
            self._eyes.look_again()

    def fire(self, *, reset: bool) -> None:
        self._shared.fire(self.config.name, reset)

    def answered(self, order_id: str, answer: str) -> None:
        self._shared.answered(order_id, answer)

    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None:
        if self._front is not None:
            self._front.moved(before, after, commands)

    # --- from its start to its end

    def stop(self) -> None:
        self._stopping.set()
        if self._runner is not None:
            self._runner.stop()

    def admit(self, access: AccessList) -> None:
        """From now on the rules decide by this list; a visit that was decided stays so."""
        self.access = access
        self._books.place = self._place()
        if self._runner is not None:
            self._runner.admit(access, self._judge())

    def _judge(self) -> Judge | None:
        park = self._shared.park
        return None if park is None else park.judge_of(self.config)

    def _place(self) -> Place | None:
        park = self._shared.park
        return None if park is None else park.place_of(self.config)

    async def _pause(self, pause_s: float) -> None:
        """Cut short by `stop`. A lane that waits is alive: one sick lane restarts no others."""
        health, name, until = self._shared.health, self.config.name, time.monotonic() + pause_s
        health.inputs_are(name, "not read: an error stopped the lane; it is in the log")
        while not self._stopping.is_set() and (left_s := until - time.monotonic()) > 0:
            health.beat(name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, BEAT_S)):
                    await self._stopping.wait()

    async def _run_once(self) -> None:
        if self._stopping.is_set():
            return
        async with self._devices() as (barrier, inputs):
            runner = self._runner = self._new_runner(barrier)
            if self._stopping.is_set():
                return
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(self._books.write_always()),
                    tasks.create_task(self._poller(inputs, runner.inbox).run()),
                ]
                if self.config.camera is not None:
                    self._eyes = self._watcher(runner.inbox)
                    helpers.append(tasks.create_task(self._eyes.run()))
                if self.config.display or self.config.voice or self.config.scanner:
                    helpers.append(tasks.create_task(self._frontage(runner.inbox)))
                await runner.run()
                for helper in helpers:
                    helper.cancel()

    @contextlib.asynccontextmanager
    async def _devices(self) -> AsyncIterator[tuple[Barrier, InputReader]]:
        async with contextlib.AsyncExitStack() as stack:
            yield (
                await stack.enter_async_context(self._connect("barrier", self.config.barrier)),
                await stack.enter_async_context(self._connect("inputs", self.config.inputs)),
            )

    def _connect(self, kind: str, settings: Any) -> contextlib.AbstractAsyncContextManager[Any]:
        connect = Catalog().connector(kind, settings.driver)
        opened: contextlib.AbstractAsyncContextManager[Any] = connect(settings, self._shared.buses)
        return opened

    async def _frontage(self, inbox: Inbox) -> None:
        """An error in a sign's code costs the signs a restart, not the lane."""
        told = partial(self._shared.health.device_is, self.config.name)
        self._front = Frontage(self.config, inbox, told)
        await supervised(f"{self.config.name}: signs", self._front.run)

    def _new_books(self) -> Books:
        """Made once: what could not be written yet outlives a restart of the lane."""
        shared = self._shared
        return Books(
            shared.store,
            self.config.name,
            self.config.direction,
            keep=shared.evidence.keep,
            committed=shared.committed,
            failed=shared.health.storage_is,
            place=self._place(),
            wall=lambda: shared.clock().wall,
        )

    def _new_runner(self, barrier: Barrier) -> LaneRunner:
        name, shared = self.config.name, self._shared
        return LaneRunner(
            self._books,
            barrier,
            access=self.access,
            timing=Timing(**self.config.timing.model_dump()),
            clock=shared.clock,
            changed=self._lane_changed,
            beat=partial(shared.health.beat, name),
            eyes=self,
            outside=self,
            judge=self._judge(),
        )

    def _lane_changed(self, lane: Lane) -> None:
        self._shared.health.lane_changed(self.config.name, lane)
        if self._eyes is not None:
            self._eyes.attend(lane.sensors.inputs)

    def _poller(self, inputs: InputReader, inbox: Inbox) -> Poller:
        return Poller(
            self.config.name,
            inputs,
            inbox,
            period_s=self.config.poll_ms / 1000,
            fresh_s=self.config.timing.fresh_s,
            told=partial(self._shared.health.inputs_are, self.config.name),
        )

    def _watcher(self, inbox: Inbox) -> Watcher:
        config = self.config
        assert config.camera is not None  # noqa: S101 -- for the type checker; `_run_once` asks
        order = pipe.Order(
            camera=config.camera.model_dump(mode="json"),
            reader=config.reader.model_dump(mode="json"),
            gate=config.gate.model_dump(),
            view=config.view.model_dump(mode="json"),
        )
        changed = partial(self._shared.health.camera_is, config.name)
        return Watcher(
            config.name, order, inbox=inbox, evidence=self._shared.evidence, changed=changed
        )
