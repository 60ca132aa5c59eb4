"""One connection of a receiver: each message is judged, stored, and only then answered."""

import logging
import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from gateway.store.records import utc_text
from gateway.sync import filing, messages, protocol, receipts
from gateway.sync.broker import Arrived, Event, Over, Ready
from gateway.sync.fields import MalformedError
from gateway.sync.ledger import Accept, Skip, Starts, heard_from, judge_batch, judge_hello
from gateway.sync.protocol import Ack, Batch, Fork, Hello, Order, Position, Resend, Slow
from gateway.sync.redial import Ending

log = logging.getLogger(__name__)

LOOK_S = 0.2
BUSY = 200
SLOW = Slow(rate=200.0, for_s=5.0)


class Link(Protocol):
    """What a session needs of `gateway.sync.broker.Connection`."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int: ...
    def settle(self, message: Arrived) -> None: ...
    def alive(self) -> bool: ...
    def close(self) -> None: ...


def _now() -> str:
    return utc_text(datetime.now(UTC))


class Session:
    """`counted` and `listening` outlive it; `mono` and `now` are the receiver's clocks."""

    def __init__(
        self,
        db: sqlite3.Connection,
        link: Link,
        counted: Counter[str],
        listening: threading.Event,
        *,
        mono: Callable[[], float] = time.monotonic,
        now: Callable[[], str] = _now,
    ) -> None:
        self._db = db
        self._link = link
        self._counted = counted
        self._listening = listening
        self._mono = mono
        self._now = now
        self._starts: dict[str, Starts] = {}
        self._slowed: dict[str, float] = {}

    def run(
        self, inbox: "queue.Queue[Event]", stopping: threading.Event, patience_s: float
    ) -> Over:
        """Until the connection's end or `stopping`."""
        give_up = time.monotonic() + patience_s
        while not stopping.is_set():
            match self._next(inbox):
                case Ready():
                    self.ask_all_to_go_on()
                    self._listening.set()
                case Arrived() as message:
                    self.deal_with(message, waiting=inbox.qsize())
                case Over() as over:
                    return over
            if not self._listening.is_set() and time.monotonic() > give_up:
                return Over(Ending.MUTE, f"no answer within {patience_s:g} s")
        self._link.close()
        return Over(Ending.CLOSED, "by this receiver")

    def _next(self, inbox: "queue.Queue[Event]") -> Event | None:
        try:
            return inbox.get(timeout=LOOK_S)
        except queue.Empty:
            return None if self._link.alive() else Over(Ending.LOST, "its thread ended")

    def ask_all_to_go_on(self) -> None:
        """What was sent while nobody listened would else come only after the gateways' patience."""
        log.info("receiver: ready")
        newest = {gw: (epoch, upto) for gw, epoch, upto in receipts.epochs(self._db)}
        for gw, (epoch, upto) in newest.items():
            self._answer(gw, Resend(epoch, upto.seq + 1))

    def deal_with(self, message: Arrived, waiting: int = 0) -> None:
        """`waiting`: how many messages stand behind this one."""
        try:
            gateway, leaf = protocol.split_topic(message.topic)
            if leaf == "rec":
                self._on_batch(gateway, messages.decode_batch(message.payload))
                self._ask_for_patience(gateway, waiting)
            elif leaf == "hello":
                self._on_hello(gateway, messages.decode_hello(message.payload))
        except MalformedError as error:
            self._counted["malformed"] += 1
            log.warning("receiver: a message on %r is not understood: %s", message.topic, error)
        self._link.settle(message)

    def _on_batch(self, gw: str, batch: Batch) -> None:
        self._heard_from(gw, batch.inst)
        verdict = judge_batch(batch, *self._known(gw, batch.epoch))
        if not isinstance(verdict, Accept):
            self._answer(gw, verdict)
            return
        filing.store_batch(self._db, gw, batch, verdict, self._now())
        self._answer(gw, Ack(batch.epoch, verdict.upto, packed=True))
        if verdict.poison is not None:
            self._answer(gw, verdict.poison)

    def _on_hello(self, gw: str, hello: Hello) -> None:
        self._heard_from(gw, hello.inst)
        known = receipts.start_known(self._db, gw, hello.epoch, hello.inst)
        verdict = judge_hello(hello, *self._known(gw, hello.epoch), inst_known=known)
        if isinstance(verdict, Fork):
            self._answer(gw, verdict)
            return
        receipts.store_start(self._db, gw, hello.epoch, hello.inst)
        self._look_at_parent(gw, hello)
        if isinstance(verdict, Skip):
            filing.store_skip(self._db, gw, verdict, self._now())
            verdict = Ack(hello.epoch, verdict.upto)
        if isinstance(verdict, Ack):
            verdict = Ack(verdict.epoch, verdict.upto, packed=True)
        self._answer(gw, verdict)

    def _look_at_parent(self, gw: str, hello: Hello) -> None:
        """What the gateway let go before its new epoch began, and this receiver does not have."""
        parent = hello.parent
        if parent is None:
            return
        upto, _ = receipts.position(self._db, gw, parent.epoch)
        if parent.kept > upto:
            span = (upto + 1, parent.kept)
            filing.store_loss(self._db, gw, parent.epoch, span, self._now())

    def _heard_from(self, gw: str, inst: str) -> None:
        starts, twins = heard_from(self._starts.get(gw, Starts()), inst, self._mono())
        self._starts[gw] = starts
        if twins:
            self._starts[gw] = Starts()
            self._counted["cloned"] += 1
            detail = "two boxes take turns under one name: a copy, or a certificate in two places"
            filing.store_alarm(self._db, gw, "cloned_identity", detail, self._now())
            log.error("receiver: %s: %s", gw, detail)

    def _ask_for_patience(self, gw: str, waiting: int) -> None:
        now = self._mono()
        if waiting > BUSY and now >= self._slowed.get(gw, now):
            self._slowed[gw] = now + SLOW.for_s
            self._answer(gw, SLOW)

    def _known(self, gw: str, epoch: str) -> tuple[Position, "partial[bytes | None]"]:
        chain_at = partial(receipts.chain_at, self._db, gw, epoch)
        return receipts.position(self._db, gw, epoch), chain_at

    def _answer(self, gw: str, answer: Order) -> None:
        leaf = "ack" if isinstance(answer, Ack) else "ctl"
        self._counted[type(answer).__name__.lower()] += 1
        if isinstance(answer, Fork):
            log.warning("receiver: %s tells another history of epoch %s", gw, answer.epoch)
        self._link.publish(protocol.down(gw, leaf), messages.encode(answer))
