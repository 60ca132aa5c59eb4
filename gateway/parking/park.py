"""One box's car park: what its lanes share, and what the cloud or a person tells it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.config import Config, LaneConfig
from gateway.config.problems import ConfigError
from gateway.lane.types import Now
from gateway.parking.judge import LaneJudge
from gateway.parking.policies import OTHER_CLASS, place_of, policy_config, policy_of
from gateway.parking.tariffbook import good_tariffs, read_calendar
from gateway.rights import RightsBook
from gateway.rules.clock import Calendar
from gateway.rules.tariff import TariffSet
from gateway.rules.tariff.words import Language
from gateway.store import Changed, Place, Store
from gateway.sync.asking import Deduct, Question, RightsWanted
from gateway.sync.rightsfeed import RightsFeed
from gateway.sync.telling import Answer, Correct, Ordered, Pay, Said, Told
from gateway.tickets import TicketKey

log = logging.getLogger(__name__)

MOST_LATE = 256


class Cloud(Protocol):
    """`ask` waits at most so long for the answer; None: it did not come."""

    @property
    def online(self) -> bool: ...
    async def ask(self, question: Question, wait_s: float) -> Answer | None: ...


class Nobody:
    """For a box without a cloud: what it decides is never judged again by anybody."""

    online = True

    async def ask(self, question: Question, wait_s: float) -> Answer | None:
        del question, wait_s
        return None


@dataclass(slots=True)
class Parts:
    """`changed` gets what lanes may have to judge again; without a `key` nobody gets a ticket."""

    store: Store
    rights: RightsBook
    feed: RightsFeed
    key: TicketKey | None
    clock: Callable[[], Now]
    cloud: Cloud = field(default_factory=Nobody)
    changed: Callable[[Changed], None] = lambda _: None
    committed: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Park:
    """`tariffs` and `calendar` may be put in anew at any time: the next decision goes by them."""

    config: Config
    parts: Parts
    tariffs: TariffSet
    calendar: Calendar = field(default_factory=Calendar)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: dict[str, Deduct] = field(default_factory=dict)

    def reload(self, config: Config, path: Path) -> str:
        """From now on by these; what is wrong with the files that it names, or nothing.

        Wrong ones change nothing: what was good before stays in force.
        """
        self.config = config
        try:
            self.calendar = read_calendar(config, path)
            self.tariffs, trouble = good_tariffs(config, path)
        except ConfigError as error:
            log.error("parking: not taken, what was good before goes on:\n%s", error)  # noqa: TRY400
            return f"parking refused; what was good before goes on: {error.problems[0]}"
        return trouble

    def connect(
        self,
        cloud: Cloud | None,
        changed: Callable[[Changed], None],
        committed: Callable[[], None],
    ) -> None:
        """To the parts of the box that are made after it."""
        self.parts.cloud = cloud or Nobody()
        self.parts.changed, self.parts.committed = changed, committed

    def judge_of(self, lane: LaneConfig) -> LaneJudge:
        policy = policy_of(self.config, lane, self.calendar)
        wanted, language = policy_config(self.config, lane), Language(lane.language)
        return LaneJudge(self, lane.name, policy, wanted, language)

    def place_of(self, lane: LaneConfig) -> Place | None:
        """Where the lane leads to, for its books."""
        return place_of(self.config, lane)

    async def ask(self, question: Question, wait_s: float) -> Answer | None:
        """A deduction that is answered too late is still money."""
        if isinstance(question, Deduct):
            while len(self._asked) >= MOST_LATE:
                del self._asked[next(iter(self._asked))]
            self._asked[question.ask_id] = question
        answer = await self.parts.cloud.ask(question, wait_s)
        if answer is not None:
            self._asked.pop(question.ask_id, None)
        return answer

    async def told(self, told: Told) -> None:
        """Durable when it returns. Raises `StoreError`: say it again then."""
        order = self._of_answer(told) if isinstance(told, Answer) else told
        if order is not None:
            await self.carry_out(order)
        if isinstance(told, Answer):
            self._asked.pop(told.ask_id, None)

    async def told_by_hand(self, told: Told) -> str:
        """By somebody at this machine. Raises `StoreError`."""
        await self.told(told)
        return "done"

    async def rights_told(self, leaf: str, payload: bytes) -> None:
        """Raises `MalformedError`, and `StoreError`."""
        await self.parts.feed.hear(leaf, payload)
        self.news.set()

    def rights_wanted(self) -> RightsWanted | None:
        """What to ask the cloud for now."""
        return self.parts.feed.wanted()

    async def carry_out(self, order: Ordered) -> Changed:
        if isinstance(order, Correct) and self.config.parking is not None:
            vehicle = self.config.parking.classes.get(order.plate_colour, OTHER_CLASS)
            order = replace(order, vehicle=vehicle)
        changed = await self.parts.store.told(order, self.parts.clock().wall)
        self.parts.committed()
        self.parts.changed(changed)
        return changed

    def _of_answer(self, answer: Answer) -> Ordered | None:
        """A late one: the vehicle is dealt with, but what was taken was paid."""
        asked = self._asked.get(answer.ask_id)
        if asked is None or answer.said is not Said.PAID:
            return None
        log.info("parking: the deduction for session %s was answered late", asked.session_id)
        return self.payment(asked, answer, self.parts.clock().wall)

    def payment(self, asked: Deduct, answer: Answer, at: datetime) -> Pay:
        """What the cloud says that it took for us."""
        amount_fen = asked.fee_fen if answer.amount_fen is None else answer.amount_fen
        return Pay(asked.order_id, asked.session_id, asked.plate, amount_fen, at, "deducted")
