"""The box that a story is played on: the real runner, books and store, and a boom on paper."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.books import Books
from gateway.lane.events import AgentOpens, InputsSeen, LaneEvent, Noticed
from gateway.lane.reports import AlarmCode
from gateway.lane.states import Lane
from gateway.lane.types import Inputs
from gateway.ports import DeviceError
from gateway.runner import LaneRunner
from gateway.store import Store
from tests.storyteller.boom import PaperBoom
from tests.storyteller.chronicle import Chronicle
from tests.storyteller.desk import Desk
from tests.storyteller.story import Story
from tests.storyteller.virtual_time import VirtualClock
from tests.storyteller.witness import Witness

NAME = "lane-1"
POLL_S = 0.05


class Box:
    """Everything outlives a crash except the runner, its books and the store's connection."""

    def __init__(self, folder: Path, story: Story) -> None:
        self.path = folder / "lanegate.db"
        self.access = story.access
        self.clock = VirtualClock()
        self.chronicle = Chronicle(self.path)
        self.boom = PaperBoom(
            story.lane.travel_s, lambda word: self.chronicle.write("order", do=word)
        )
        self.desk = Desk(self.boom, limits_fitted=story.lane.limits)
        for sensor in story.fitted:
            self.desk.fit(sensor)
        self.witness = Witness(self.chronicle, self.send)
        self.watching: asyncio.Task[None] | None = None
        self.last_order: AgentOpens | None = None
        self.runner: LaneRunner | None = None
        self._story = story
        self._timing = story.lane.timing
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lane(self) -> Lane:
        assert self.runner is not None, "the gateway is off: say `gateway starts` before this"
        return self.runner.lane

    def send(self, event: LaneEvent) -> None:
        """Into the lane's inbox; nobody hears it while the gateway is off."""
        if self.runner is not None:
            self.runner.inbox.put(event)

    def start(self) -> None:
        self._store = Store.open(self.path, "box-1")
        books = Books(self._store, NAME, self._story.lane.direction, committed=self.chronicle.look)
        self.runner = LaneRunner(
            books,
            self.boom,
            access=self.access,
            timing=self._timing,
            clock=self.clock,
            eyes=self.witness,
            outside=self.witness,
        )
        work = (self.runner.run(), books.write_always(), self._poll())
        self._tasks = [asyncio.create_task(one) for one in work]

    async def crash(self) -> None:
        """As if the power went: what was not on the disk is lost."""
        self.runner = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._store.close()
        self.chronicle.look()

    async def stop(self) -> None:
        """In good order: the step under way is carried out."""
        if self.runner is not None:
            self.runner.stop()
            await self._tasks[0]
            await self.crash()

    async def end(self) -> None:
        if self.watching is not None:
            self.watching.cancel()
        if self.runner is not None:
            await self.crash()

    def check(self) -> None:
        """An error in the gateway's own code is the story's failure."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def disk_is_full(self, *, full: bool) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("drop trigger if exists full")
            if full:
                words = "select raise(fail, 'the disk is full')"
                db.execute(f"create trigger full before insert on outbox begin {words}; end")

    async def _poll(self) -> None:
        """Asks the desk as the gateway's poller asks a board."""
        told, fresh_s = False, self._timing.fresh_s
        heard_at = -fresh_s
        while True:
            asked = asyncio.get_running_loop().time()
            try:
                self.send(InputsSeen(await self.desk.read(), asked))
                heard_at, told = asked, False
            except DeviceError as error:
                if asked - heard_at > fresh_s:
                    self.send(InputsSeen(Inputs(), asked))
                    if not told:
                        self.send(Noticed(AlarmCode.INPUTS_LOST, str(error)))
                        told = True
            await asyncio.sleep(POLL_S)
