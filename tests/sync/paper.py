"""A gateway and a receiver with real SQLite files in memory, and paper between them."""

import itertools
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database as SqliteUtils

from gateway.store import keeping, moving, outbox, schema
from gateway.store.shelf import Shelf
from gateway.sync import messages, protocol, receipts
from gateway.sync.broker import Arrived
from gateway.sync.cloud.database import Database
from gateway.sync.cloud.figures import Figures
from gateway.sync.cloud.sqlite import SqliteDatabase
from gateway.sync.desk import Desk, Outcome
from gateway.sync.protocol import Batch, Moment
from gateway.sync.session import Manner, Session

GW = "north"
NEVER = float("-inf")


def _template(migrations) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations:
        migration(SqliteUtils(db))
    return db


GATEWAY_TEMPLATE = _template(schema.MIGRATIONS).serialize()
RECEIVER_TEMPLATE = _template(receipts.MIGRATIONS).serialize()


_opened: list[sqlite3.Connection] = []


def opened(image: bytes) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(image)
    _opened.append(db)
    return db


def close_all() -> None:
    """A function that SQLite holds, and that holds its connection, is no garbage to Python."""
    while _opened:
        _opened.pop().close()


def copy_of(db: sqlite3.Connection) -> sqlite3.Connection:
    return opened(db.serialize())


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
    """Disk: `db`. Memory: `desk`, lost by `crash`. `form`: of its batches; None: as it likes."""

    desk_class = Desk

    def __init__(self, *, form=messages.encode_batch, first_start: int = 1) -> None:
        self.form = form
        self.link = PaperLink()
        self.forks: list[str] = []
        self.now = 0.0
        self.boot = "b0" * 16
        self._starts = itertools.count(first_start)
        self._names = itertools.count(1)
        self.db = opened(GATEWAY_TEMPLATE)
        outbox.create_meta(self.db, GW)
        self.crash()

    @property
    def db(self) -> sqlite3.Connection:
        return self._db

    @db.setter
    def db(self, db: sqlite3.Connection) -> None:
        self._db = db
        outbox.keep_time(db, self.moment)

    @property
    def state(self):
        return self.desk.here

    def moment(self) -> Moment:
        return Moment("2026-01-01T00:00:00.000Z", self.boot, "ok", int(self.now * 1000))

    def crash(self) -> None:
        self.inst = f"start-{next(self._starts)}"
        self.desk = self.desk_class(self.inst)
        self.reconnect()

    def reconnect(self) -> None:
        self.finish_epoch()
        self._say(self.desk.begin(Shelf(self.db), self.moment()))

    def commit(self, size: int = 0) -> str:
        pass_id = f"pass-{next(self._names)}"
        body = protocol.canonical({"pass_id": pass_id, "phase": "ended", "fill": "x" * size})
        outbox.append(self.db, "pass", body, pass_id)
        return body

    def say_hello(self) -> None:
        self._say(self.desk.hello(Shelf(self.db), self.moment()))

    def _say(self, hello) -> None:
        self.link.publish(protocol.up(GW, "hello"), messages.encode(hello))

    def send(self, limit: int = 200) -> bool:
        found = self.desk.batch(Limited(self.db, limit), self.now, self.moment())
        if not isinstance(found, Batch):
            self._follow(found)
            return False
        payload = self.form(found) if self.form else self.desk.encode(found)
        self.link.publish(protocol.up(GW, "rec"), payload)
        return True

    def tick(self, seconds: float) -> None:
        self.now += seconds
        if self.desk.silent(self.now):
            self.say_hello()

    def hear(self, topic: str, payload: bytes) -> None:
        is_ack = protocol.split_topic(topic)[1] == "ack"
        order = (messages.decode_ack if is_ack else messages.decode_ctl)(payload)
        self._follow(self.desk.hear(Shelf(self.db), order, self.now))

    def _follow(self, outcome: Outcome) -> None:
        if outcome.fork:
            self.forks.append(outcome.fork)
            moving.begin(self.db, GW, outcome.fork)
            self.reconnect()

    def quiet(self) -> bool:
        """Everything is acknowledged, and nothing is on its way again."""
        meta, here = outbox.meta(self.db), self.desk.here
        return not meta.unacked and here.sent == meta.last and not here.window

    def finish_epoch(self) -> None:
        while moving.under_way(self.db):
            self.move()

    def move(self) -> None:
        if moved := moving.step(self.db, 3):
            keeping.forked(self.db, moved)

    def bodies(self) -> list[str]:
        return [row[0] for row in self.db.execute("select body from outbox order by seq")]

    def done(self) -> list[tuple[str, int, bytes]]:
        found = self.db.execute(
            "select o.epoch, seq, chain from outbox o, meta"
            " where o.epoch = meta.epoch and seq <= acked_seq"
        )
        return [tuple(row) for row in found]


class Limited(Shelf):
    """A shelf that hands out at most `most` records at once."""

    def __new__(cls, db, most):
        shelf = super().__new__(cls, db)
        shelf.most = most
        return shelf

    def records_after(self, seq, limit):
        return super().records_after(seq, min(limit, self.most))


class PaperReceiver:
    """A receiver's real session; all it keeps is in `db`, in memory or one of a real database."""

    def __init__(self, db: Database | None = None, manner: Manner | None = None) -> None:
        self.link = PaperLink()
        self.figures = Figures()
        self.manner = manner
        self.now = 0.0
        self.start(db or opened(RECEIVER_TEMPLATE))

    @property
    def counted(self) -> Counter[str]:
        return self.figures.counted

    def start(self, db: sqlite3.Connection | Database) -> None:
        self.db = db
        self.session = Session(
            db if isinstance(db, Database) else SqliteDatabase(db, Path(":memory:")),
            self.link,
            self.figures,
            threading.Event(),
            manner=self.manner,
            mono=lambda: self.now,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )

    def hear(self, topic: str, payload: bytes) -> None:
        self.session.deal_with(Arrived(topic, payload, 1))

    def applied(self) -> list[str]:
        return [
            row[0]
            for row in self.db.execute("select body from record where applied order by rowid")
        ]

    def chain(self, epoch: str, seq: int) -> bytes | None:
        return receipts.chain_at(SqliteDatabase(self.db, Path(":memory:")), GW, epoch, seq)

    def passes(self) -> int:
        sql = "select count(distinct pass_id) from record where applied <> 0 and kind = 'pass'"
        return self.db.execute(sql).fetchone()[0]

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
        if gateway.quiet() and not gateway.link.sent:
            return
        gateway.tick(1.0)
    raise AssertionError("the outbox never became empty")


def _carry(link: PaperLink, to) -> None:
    waiting, link.sent = link.sent, []
    for topic, payload in waiting:
        to.hear(topic, payload)
