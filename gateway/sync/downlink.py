"""What the cloud tells about parking, and its answers to what the box asks.

Each message is settled once it is carried out, so a store that fails loses none: it is tried
again after a pause, and comes again with the next connection. Orders and rights have a line each,
in which one waits for the one before; neither holds up the acknowledgements.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from gateway.store import StoreError
from gateway.sync.asking import Question, RightsWanted, encode_question
from gateway.sync.fields import MalformedError
from gateway.sync.link import Arrived
from gateway.sync.telling import Answer, Told, decode

log = logging.getLogger(__name__)

ORDERS, MANIFEST, SETS = "parking", "rights", "rights-set"
LEAVES = (ORDERS, MANIFEST, SETS)
MAX_ORDER_BYTES = 16 * 1024
MOST_ORDERS, MOST_SETS = 256, 64
MOST_REMEMBERED = 256
PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0


class Parking(Protocol):
    """Who keeps sessions, money and rights."""

    async def told(self, told: Told) -> None:
        """Durable when it returns; the same again has no further effect. Raises `StoreError`."""

    async def rights_told(self, leaf: str, payload: bytes) -> None:
        """Raises `MalformedError`, and `StoreError`."""

    def rights_wanted(self) -> RightsWanted | None:
        """What to ask the cloud for now. Never waits."""


Job = Callable[[], Awaitable[None]]
Misunderstood = Callable[[str, MalformedError], None]
Settle = Callable[[Arrived], None]


async def _nothing() -> None:
    return


@dataclass(slots=True)
class _Asker:
    """Who waits for an answer; `ended`: no more, and `took` says if with it."""

    answer: asyncio.Future[Answer]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    took: bool = False


class Downlink:
    """One for the whole run of the program; connections come and go.

    `misunderstood` is called with the topic and what is wrong. Without `parking`, everything is.
    """

    def __init__(
        self, parking: Parking | None, misunderstood: Misunderstood, pause_s: float = PAUSE_S
    ) -> None:
        self.misunderstood = misunderstood
        self.pause_s = pause_s
        self._parking = parking
        self._askers: dict[str, _Asker] = {}
        self._answered: deque[str] = deque(maxlen=MOST_REMEMBERED)

    def wanted(self) -> RightsWanted | None:
        return self._parking.rights_wanted() if self._parking else None

    async def ask(
        self, question: Question, wait_s: float, post: Callable[[bytes], None]
    ) -> Answer | None:
        """None: no answer within `wait_s`; a later one goes to `parking`."""
        asker = _Asker(asyncio.get_running_loop().create_future())
        self._askers[question.ask_id] = asker
        try:
            async with asyncio.timeout(wait_s):
                post(encode_question(question, round(wait_s * 1000)))
                answer = await asker.answer
            asker.took = True
            self._answered.append(question.ask_id)
        except TimeoutError:
            return None
        else:
            return answer
        finally:
            del self._askers[question.ask_id]
            asker.ended.set()

    def job(self, leaf: str, message: Arrived) -> Job:
        """What is to do about a message. Who waits for an answer has it from now on."""
        if self._parking is None:
            raise MalformedError("this box has no `parking:` section in its configuration")
        if leaf != ORDERS:
            return partial(self._parking.rights_told, leaf, message.payload)
        if len(message.payload) > MAX_ORDER_BYTES:
            raise MalformedError(f"{len(message.payload)} bytes; at most {MAX_ORDER_BYTES}")
        told = decode(message.payload)
        if told is None:
            return _nothing
        if isinstance(told, Answer):
            return self._answer_job(told, self._parking)
        return partial(self._parking.told, told)

    def _answer_job(self, answer: Answer, parking: Parking) -> Job:
        asker = self._askers.get(answer.ask_id)
        if asker and not asker.answer.done():
            asker.answer.set_result(answer)
            return partial(self._unless_taken, asker, partial(parking.told, answer))
        return _nothing if answer.ask_id in self._answered else partial(parking.told, answer)

    async def _unless_taken(self, asker: _Asker, told: Job) -> None:
        """The asker may have given up in the same moment."""
        await asker.ended.wait()
        if not asker.took:
            await told()


class Lines:
    """What came over one connection and is not settled yet."""

    def __init__(self, downlink: Downlink) -> None:
        self._downlink = downlink
        orders, rights = _Line(MOST_ORDERS), _Line(MOST_SETS)
        self._lines = {ORDERS: orders, MANIFEST: rights, SETS: rights}

    def take(self, leaf: str, message: Arrived) -> None:
        """Put it into its line. Never waits."""
        line = self._lines[leaf]
        job: Job = _nothing
        try:
            if len(line.waiting) < line.most:
                job = self._downlink.job(leaf, message)
            elif leaf == SETS:
                # Asked for again by itself; unsettled it would take up the broker's room for more.
                log.warning("uplink: too many parts of rights wait; one is dropped")
            else:
                log.warning("uplink: too many messages wait; one on %s is dropped", message.topic)
                return
        except MalformedError as error:
            self._downlink.misunderstood(message.topic, error)
        line.put(message, job)

    async def run(self, settle: Settle) -> None:
        """Carry out what comes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in set(self._lines.values()):
                group.create_task(self._work(line, settle))

    async def _work(self, line: "_Line", settle: Settle) -> None:
        while True:
            message, job = await line.first()
            try:
                await self._until_kept(message, job)
            except MalformedError as error:
                self._downlink.misunderstood(message.topic, error)
                settle(message)
            except Exception:
                # An error in this program: the message comes again with the next connection.
                log.exception("uplink: a message on %s is left unsettled", message.topic)
            else:
                settle(message)
            line.waiting.popleft()

    async def _until_kept(self, message: Arrived, job: Job) -> None:
        pause_s = self._downlink.pause_s
        while True:
            try:
                return await job()
            except StoreError as error:
                words = "uplink: what came on %s is not kept, again in %g s: %s"
                log.warning(words, message.topic, pause_s, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class _Line:
    """Messages of a kind, the first first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: deque[tuple[Arrived, Job]] = deque()
        self._news = asyncio.Event()

    def put(self, message: Arrived, job: Job) -> None:
        self.waiting.append((message, job))
        self._news.set()

    async def first(self) -> tuple[Arrived, Job]:
        while not self.waiting:
            self._news.clear()
            await self._news.wait()
        return self.waiting[0]
