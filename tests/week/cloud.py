"""The cloud: a slow, doubling, reordering way to the box, and books kept from records alone."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.parking import Park
from gateway.store import Store, StoreError
from gateway.store.records import utc_text
from gateway.sync import telling
from gateway.sync.asking import Attest, Deduct, Question
from gateway.sync.protocol import Position, next_chain
from gateway.sync.telling import Answer, Said
from tests.week.site import loop_time
from tests.week.truth import Cash, Truth, now

AGAIN_S, COLLECT_S = 5.0, 3.0
DOUBLED = 0.12
Heard = Callable[[], None]


def _no() -> None:
    pass


class Cloud:
    """`online` is what the box sees of it; drivers' phones reach it at all times."""

    def __init__(self, truth: Truth, seed: int) -> None:
        self.truth = truth
        self.dice = random.Random(f"{seed}/cloud")
        self.ids = random.Random(f"{seed}/ids")
        self.online = True
        self.back = asyncio.Event()
        self.news = asyncio.Event()
        self.store: Store | None = None
        self.park: Park | None = None
        self.accounts: dict[str, str] = {}
        self.upto = Position(0, b"")
        self.sessions: dict[str, dict[str, Any]] = {}
        self.money: dict[str, dict[str, Any]] = {}
        self.ledgers: list[str] = []
        self.kinds: dict[str, int] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.under_way = 0

    def new_id(self) -> str:
        return f"{self.ids.getrandbits(128):032x}"

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.truth.wrong(f"an error: {type(error).__name__}: {error}")

    # --- orders

    def tell(self, do: str, heard: Heard = _no, **fields: Any) -> str:
        """Sent now, carried out some time later, perhaps twice; `heard` once it was."""
        told_id = self.new_id()
        payload = json.dumps({"do": do, "id": told_id} | fields, ensure_ascii=False).encode()
        copies = 2 if self.dice.random() < DOUBLED else 1
        self.start(self._delivered(told_id, payload, heard, copies))
        return told_id

    async def _delivered(self, told_id: str, payload: bytes, heard: Heard, copies: int) -> None:
        self.under_way += 1
        for copy in range(copies):
            await asyncio.sleep(self.dice.uniform(0.2, 2.5))
            await self._carried_out(payload)
            if copy == 0:
                self.truth.heard[told_id] = loop_time()
                heard()
        self.under_way -= 1

    async def _carried_out(self, payload: bytes) -> None:
        told = telling.decode(payload)
        assert told is not None
        while True:
            if not self.online:
                await self.back.wait()
                await asyncio.sleep(self.dice.uniform(0.0, 20.0))
            if self.park is not None and self.online:
                try:
                    await self.park.told(told)
                except StoreError:
                    pass
                else:
                    return
            await asyncio.sleep(AGAIN_S)

    def cut(self, *, off: bool) -> None:
        self.online = not off
        if off:
            self.back.clear()
        else:
            self.back.set()
            self.news.set()

    # --- questions of the box: `gateway.parking.Cloud`

    async def ask(self, question: Question, wait_s: float) -> Answer | None:
        if not self.online or isinstance(question, Attest):
            return None
        await asyncio.sleep(self.dice.uniform(0.05, 0.5))
        match self.accounts.get(question.plate, "refused"):
            case "paid":
                return self._taken(question)
            case "accepted":
                self.start(self._settled_later(question))
                return Answer(question.ask_id, Said.ACCEPTED)
            case "late":
                self.start(self._answered_late(question))
            case "silent":
                pass
            case _:
                return Answer(question.ask_id, Said.REFUSED)
        await asyncio.sleep(wait_s)
        return None

    def _taken(self, question: Deduct) -> Answer:
        self.truth.cash[question.order_id] = Cash(question.session_id, question.fee_fen, "deducted")
        self.truth.heard[question.order_id] = loop_time()
        return Answer(question.ask_id, Said.PAID, amount_fen=question.fee_fen)

    async def _answered_late(self, question: Deduct) -> None:
        await asyncio.sleep(self.dice.uniform(3.0, 8.0))
        answer = self._taken(question)
        fields = {"do": "answer", "ask_id": answer.ask_id, "answer": "paid"}
        await self._carried_out(json.dumps(fields | {"amount_fen": question.fee_fen}).encode())
        self.truth.heard[question.order_id] = loop_time()

    async def _settled_later(self, question: Deduct) -> None:
        await asyncio.sleep(self.dice.uniform(60.0, 7200.0))
        self.settle(question.session_id, question.fee_fen, "account")

    def settle(self, session_id: str, amount_fen: int, by: str) -> None:
        at = utc_text(now())
        told_id = self.tell("settle", session_id=session_id, amount_fen=amount_fen, at=at, by=by)
        self.truth.counts["settled"] += 1
        self.truth.cash[told_id] = Cash(session_id, amount_fen, by)

    def paid(
        self, session_id: str, amount_fen: int, by: str, whose: dict[str, str], heard: Heard = _no
    ) -> str:
        """A driver has paid; the box hears of it some time later.

        What a ticket asks for counts as paid when it was asked: `whose` has its time then.
        """
        fields = {"amount_fen": amount_fen, "at": utc_text(now()), "by": by}
        told_id = self.tell("pay", heard, **fields | whose)
        self.truth.cash[told_id] = Cash(session_id, amount_fen, by, whose.get("plate", ""))
        return told_id

    # --- records

    async def collect(self) -> None:
        """Takes what waits, in order, checks its chain, and acknowledges it."""
        while True:
            await self.news.wait()
            await asyncio.sleep(COLLECT_S)
            self.news.clear()
            while self.online and self.store is not None and await self._batch(self.store):
                pass

    async def _batch(self, store: Store) -> int:
        try:
            if not self.upto.chain:
                self.upto = (await store.meta()).acked
            records = await store.unsent(self.upto.seq, 200)
            for record in records:
                chain = next_chain(self.upto.chain, record.line())
                if chain != record.chain or record.seq != self.upto.seq + 1:
                    self.truth.wrong(f"record {record.seq} does not go on from {self.upto.seq}")
                self.upto = Position(record.seq, record.chain)
                self._take(record.kind, record.body)
            if records:
                await store.acked(self.upto)
        except StoreError:
            return 0
        return len(records)

    def _take(self, kind: str, text: str) -> None:
        body = json.loads(text)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        match kind:
            case "session":
                self.sessions[body["session_id"]] = body
            case "money":
                if body["money_id"] in self.money:
                    self.truth.wrong(f"money {body['money_id']} was told twice")
                self.money[body["money_id"]] = body
            case "ledger":
                self.ledgers.append(text)
