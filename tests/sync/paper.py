"""A gateway and a receiver with real SQLite files in memory, and paper between them."""

import itertools
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, field

from sqlite_utils import Database

from gateway.store import outbox, schema
from gateway.sync import protocol, receipts, sender
from gateway.sync.broker import Arrived
from gateway.sync.protocol import Fork, Hello, Resend
from gateway.sync.receive import Session
from gateway.sync.sender import MarkDone, NewEpoch

GW = "north"


def _template(migrations) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations:
        migration(Database(db))
    return db


GATEWAY_TEMPLATE = _template(schema.MIGRATIONS)
RECEIVER_TEMPLATE = _template(receipts.MIGRATIONS)


def copy_of(db: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    db.backup(copy)
    return copy


@dataclass
class PaperLink:
    """What `Session` and the gateway publish stays here until somebody carries it."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    settled: int = 0

    def publish(self, topic, payload, *, retain=False):
        self.sent.append((topic, payload))
        return len(self.sent)

    def settle(self, message):
        self.settled += 1


class PaperGateway:
    """Disk: `db`. Memory: `state`, lost by `crash`."""

    def __init__(self) -> None:
        self.db = copy_of(GATEWAY_TEMPLATE)
        outbox.create_meta(self.db, GW)
        self.link = PaperLink()
        self.forks: list[str] = []
        self.now = 0.0
        self._starts = itertools.count(1)
        self._names = itertools.count(1)
        self.crash()

    def crash(self) -> None:
        self.inst = f"start-{next(self._starts)}"
        self._go_on()

    def reconnect(self) -> None:
        self.state = sender.reconnected(self.state)
        self.say_hello()

    def _go_on(self) -> None:
        meta = outbox.meta(self.db)
        self.state = sender.sender(self.inst, meta.epoch, meta.acked)
        self.say_hello()

    def commit(self, size: int = 0) -> str:
        pass_id = f"pass-{next(self._names)}"
        body = protocol.canonical({"pass_id": pass_id, "phase": "ended", "fill": "x" * size})
        outbox.append(self.db, "pass", body, pass_id)
        return body

    def say_hello(self) -> None:
        meta = outbox.meta(self.db)
        hello = Hello(GW, self.inst, meta.epoch, meta.last, meta.acked.seq + 1)
        self.link.publish(protocol.up(GW, "hello"), protocol.encode(hello))

    def send(self, limit: int = 200) -> bool:
        records = outbox.records_after(self.db, self.state.sent.seq, limit)
        if not records or not sender.has_room(self.state):
            return False
        self.state, batch = sender.send(self.state, records, self.now)
        self.link.publish(protocol.up(GW, "rec"), protocol.encode_batch(batch))
        return True

    def tick(self, seconds: float) -> None:
        self.now += seconds
        before = self.state
        self.state = sender.on_time(before, self.now)
        if self.state is not before:
            self.say_hello()

    def hear(self, topic: str, payload: bytes) -> None:
        if protocol.split_topic(topic)[1] == "ack":
            ack = protocol.decode_ack(payload)
            own = outbox.chain_at(self.db, ack.upto.seq)
            self.state, effect = sender.on_ack(self.state, ack, own)
            self._carry_out(effect)
            return
        match protocol.decode_ctl(payload):
            case Resend() as order:
                chain = outbox.chain_at(self.db, order.from_seq - 1)
                self.state = sender.on_resend(self.state, order, chain, self.now)
            case Fork() as order:
                self._carry_out(sender.on_fork(self.state, order))

    def _carry_out(self, effect) -> None:
        match effect:
            case MarkDone(_, upto):
                outbox.mark_acked(self.db, upto, "2026-01-01T00:00:00.000Z")
            case NewEpoch(reason):
                self.forks.append(reason)
                outbox.mint_epoch(self.db, GW)
                self._go_on()

    def bodies(self) -> list[str]:
        return [row[0] for row in self.db.execute("select body from outbox")]

    def done(self) -> list[tuple[str, int, bytes]]:
        found = self.db.execute("select epoch, seq, chain from outbox where acked_at is not null")
        return [tuple(row) for row in found]


class PaperReceiver:
    """A receiver's real session; all it keeps is in `db`."""

    def __init__(self) -> None:
        self.db = copy_of(RECEIVER_TEMPLATE)
        self.link = PaperLink()
        self.counted: Counter[str] = Counter()

    def hear(self, topic: str, payload: bytes) -> None:
        session = Session(self.db, self.link, self.counted, threading.Event())
        session._deal_with(Arrived(topic, payload, 1))

    def applied(self) -> list[str]:
        return [
            row[0]
            for row in self.db.execute("select body from record where applied order by rowid")
        ]

    def chain(self, epoch: str, seq: int) -> bytes | None:
        return receipts.chain_at(self.db, GW, epoch, seq)

    def summary(self) -> dict[str, int]:
        return receipts.summary_of(self.db)


def heal(gateway: PaperGateway, receiver: PaperReceiver, rounds: int = 200) -> None:
    """A link that works: carry everything both ways until all is done."""
    gateway.reconnect()
    for _ in range(rounds):
        while gateway.send():
            pass
        _carry(gateway.link, receiver)
        _carry(receiver.link, gateway)
        if not outbox.meta(gateway.db).unacked and not gateway.link.sent:
            return
        gateway.tick(1.0)
    raise AssertionError("the outbox never became empty")


def _carry(link: PaperLink, to) -> None:
    waiting, link.sent = link.sent, []
    for topic, payload in waiting:
        to.hear(topic, payload)
