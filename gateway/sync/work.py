"""One transaction of a receiver: what is written in it, and what is said once it is durable."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.sync import filing, moments, receipts
from gateway.sync.broker import Arrived
from gateway.sync.cloud.database import Database
from gateway.sync.cloud.forms import BOOT, EPOCH, START
from gateway.sync.fields import MalformedError
from gateway.sync.ledger import MAX_NAME, Accept, Skip
from gateway.sync.protocol import Batch, Moment, Order, Position, genesis
from gateway.sync.receipts import Epoch

_QUICKEST = (
    "offset_ms = case when excluded.offset_ms < boot.offset_ms"
    " then excluded.offset_ms else boot.offset_ms end"
)


@dataclass(slots=True)
class Memory:
    """What need not be asked again: all of it is in the database, or was not there."""

    starts: set[tuple[str, str, str]] = field(default_factory=set)
    offsets: dict[str, dict[str, int | None]] = field(default_factory=dict)

    def forget(self) -> None:
        self.starts.clear()
        self.offsets.clear()


@dataclass(slots=True)
class Work:
    """`at`: when it happens, UTC. `answers` and `settled` are for after its end."""

    db: Database
    at: str
    memory: Memory
    filing: filing.Filing
    counted: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[str, Order]] = field(default_factory=list)
    settled: list[Arrived] = field(default_factory=list)
    lags: dict[str, float] = field(default_factory=dict)
    batches: int = 0
    _epochs: dict[str, dict[str, Epoch]] = field(default_factory=dict)
    _moved: set[tuple[str, str]] = field(default_factory=set)

    def know(self, gateways: Collection[str]) -> None:
        self._epochs |= receipts.epochs_of(self.db, gateways)

    def answer(self, gw: str, order: Order) -> None:
        self.answers.append((gw, order))
        self.counted[type(order).__name__.lower()] += 1

    # --- how far a history goes

    def position(self, gw: str, epoch: str) -> Position:
        """Its beginning where it is not known."""
        found = self._epochs[gw].get(epoch)
        return found.upto if found else genesis(epoch)

    def chain_at(self, gw: str, epoch: str, seq: int) -> bytes | None:
        upto = self.position(gw, epoch)
        if seq == upto.seq:
            return upto.chain
        self.filing.flush()
        return receipts.chain_at(self.db, gw, epoch, seq)

    def _move_on(self, gw: str, epoch: str, upto: Position) -> None:
        known = self._epochs[gw]
        number = known[epoch].number if epoch in known else len(known) + 1
        known[epoch] = Epoch(upto, number)
        self._moved.add((gw, epoch))

    # --- writing

    def store_batch(self, gw: str, batch: Batch, accept: Accept) -> None:
        """The new records, the passes they change and the epoch's position."""
        self.store_start(gw, batch.epoch, batch.inst)
        alone = not (self._epochs[gw].keys() - {batch.epoch})
        offsets = self._offsets(gw, batch, accept)
        post = filing.Post(gw, batch.epoch, batch.sent, self.at, alone, offsets)
        self.filing.add(post, accept.new)
        self.filing.known += len(batch.lines) - len(accept.new) - (accept.poison is not None)
        if accept.poison is not None:
            self.filing.put_aside(post, accept.poison.at.seq, accept.poison.code, accept.line)
        self._move_on(gw, batch.epoch, accept.upto)
        self.batches += 1
        age_s = moments.age_s(accept.new[-1].when, batch.sent) if accept.new else None
        if age_s is not None:
            self.lags[gw] = max(0.0, age_s)

    def store_skip(self, gw: str, skip: Skip) -> None:
        """Records that nobody has any more are counted; the history goes on behind them."""
        self.lose(gw, skip.epoch, (skip.first, skip.upto.seq))
        self._move_on(gw, skip.epoch, skip.upto)

    def lose(self, gw: str, epoch: str, span: tuple[int, int]) -> None:
        self.counted["loss"] += filing.store_loss(self.db, gw, epoch, span, self.at)

    def store_start(self, gw: str, epoch: str, inst: str) -> None:
        start = (gw, epoch, inst)
        if start not in self.memory.starts:
            self.db.insert_new(START, start)
            self.memory.starts.add(start)

    def start_known(self, gw: str, epoch: str, inst: str) -> bool:
        known = (gw, epoch, inst) in self.memory.starts
        return known or receipts.start_known(self.db, gw, epoch, inst)

    def finish(self) -> None:
        """Before the transaction ends: what was collected is written."""
        self.filing.flush()
        rows = []
        for gw, epoch in sorted(self._moved):
            upto, number = self._epochs[gw][epoch]
            rows.append((gw, epoch, *upto, number, self.at))
        self.db.upsert(
            EPOCH, rows, changes="upto = excluded.upto, head = excluded.head, stored_at ="
            " excluded.stored_at",
        )  # fmt: skip

    # --- what the receiver's clock showed at a boot's zero

    def _offsets(self, gw: str, batch: Batch, accept: Accept) -> dict[str, int | None]:
        known = self.memory.offsets.setdefault(gw, {})
        self.learn_offset(gw, batch.sent)
        boots = {record.when.boot for record in accept.new if record.when is not None}
        for boot in boots - known.keys():
            known[boot] = self._stored_offset(gw, boot)
        return known

    def learn_offset(self, gw: str, sent: Moment | None) -> int | None:
        """How long the message was under way, in ms; the quickest one tells best."""
        received_ms = moments.ms_of(self.at)
        if sent is None or received_ms is None or len(sent.boot) > MAX_NAME:
            return None
        known = self.memory.offsets.setdefault(gw, {})
        if sent.boot not in known:
            known[sent.boot] = self._stored_offset(gw, sent.boot)
        offset_ms, before = received_ms - sent.mono_ms, known[sent.boot]
        if before is None or offset_ms < before:
            self.db.upsert(BOOT, [(gw, sent.boot, offset_ms)], changes=_QUICKEST)
            known[sent.boot] = before = offset_ms
        return offset_ms - before

    def _stored_offset(self, gw: str, boot: str) -> int | None:
        sql = "select offset_ms from boot where gw = ? and boot = ?"
        row = self.db.execute(sql, (gw, boot)).fetchone()
        return None if row is None else int(row[0])


def named_well(*names: str) -> None:
    """Raises `MalformedError` for what no database would take for a name."""
    for name in names:
        if len(name) > MAX_NAME or not name.isprintable():
            raise MalformedError(f"a name of {len(name)} characters; at most {MAX_NAME}, printable")
