"""The gateway's side of one connection: what it makes of a message, and what it sends. Pure.

All that must outlive the connection is on the shelf, which its owner wraps in a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.sync import messages, sender
from gateway.sync.protocol import (
    Ack,
    Batch,
    Fork,
    Hello,
    Moment,
    Order,
    Parent,
    Poison,
    Position,
    Record,
    Resend,
    Slow,
    chain_over,
    next_chain,
)
from gateway.sync.sender import Effect, MarkDone, NewEpoch, Sender

NEW_EPOCH_PAUSE_S = 60.0
FAST_S = 0.05
"""A link that takes a message sooner has bytes to spare: packing would cost more than it saves."""


class History(Protocol):
    """Whose history it is, how far it goes, how far it is acknowledged."""

    @property
    def gateway(self) -> str: ...
    @property
    def epoch(self) -> str: ...
    @property
    def last(self) -> Position: ...
    @property
    def acked(self) -> Position: ...


class Keeping(Protocol):
    """What is no longer here, and what came before this epoch."""

    @property
    def kept(self) -> Position: ...
    @property
    def parent(self) -> Parent | None: ...


class Shelf(Protocol):
    """The outbox within one transaction; `gateway.store.shelf` is the real one."""

    def meta(self) -> History: ...
    def upkeep(self) -> Keeping: ...
    def chain_at(self, seq: int) -> bytes | None: ...
    def records_after(self, seq: int, limit: int) -> Sequence[Record]: ...
    def mark_acked(self, upto: Position) -> None: ...
    def bury(self, seq: int, code: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """`acked`: something was made durable as done. `fork`: why a new epoch must begin, or empty.

    `rest`: no record waits, none is in flight, and the cloud takes all that comes. `unfit`: the
    record with this number can never travel, and why: put a tombstone in its place, then ask
    for the next batch.
    """

    acked: bool = False
    fork: str = ""
    rest: bool = False
    unfit: tuple[int, str] | None = None


@dataclass(slots=True)
class Desk:
    """`begin` first, again after each new epoch. `minted_at`: when the last one began.

    `packed`: the cloud reads packed batches; `link_s`: how long the last message took to the
    broker and its receipt back, which says how fast the link is, whatever the cloud is busy with.
    """

    inst: str
    version: str = ""
    minted_at: float = float("-inf")
    packed: bool = False
    link_s: float = FAST_S
    _sender: Sender | None = field(default=None)

    @property
    def here(self) -> Sender:
        if self._sender is None:
            raise RuntimeError("the conversation has not begun")
        return self._sender

    def begin(self, shelf: Shelf, now: Moment) -> Hello:
        """What was in flight is forgotten: the first record that is not done goes out first."""
        meta = shelf.meta()
        fresh = sender.sender(self.inst, meta.epoch, meta.acked)
        before = self._sender
        self._sender = replace(fresh, packed=self.packed, pace=before.pace if before else None)
        return self.hello(shelf, now)

    def hello(self, shelf: Shelf, now: Moment) -> Hello:
        meta, upkeep = shelf.meta(), shelf.upkeep()
        return Hello(
            meta.gateway,
            self.inst,
            meta.epoch,
            meta.last,
            meta.acked.seq + 1,
            upkeep.kept,
            upkeep.parent,
            now,
            self.version,
        )

    def batch(self, shelf: Shelf, mono: float, now: Moment) -> Batch | Outcome:
        """The next one; an `Outcome` where there is none to send."""
        here = self.here
        limit = sender.allowance(here, mono)
        if limit < 1 or not sender.has_room(here):
            return Outcome()
        records = shelf.records_after(here.sent.seq, limit)
        if records and (why := sender.unfit(records[0])):
            return Outcome(unfit=(records[0].seq, why))
        if records:
            after, batch = sender.send(here, records, mono, now)
            if chain_over(batch.before.chain, batch.lines)[-1] != batch.last_chain:
                where = f"records {here.sent.seq + 1} to {batch.last_seq} in this gateway's store"
                return self._fork(f"{where} do not add up to their chain", mono)
            self._sender = after
            return batch
        if shelf.meta().last.seq > here.sent.seq:
            where = f"record {here.sent.seq + 1} in this gateway's store"
            return self._fork(f"{where} is missing or not as it was written", mono)
        return Outcome(rest=not here.window and not sender.is_slowed(here, mono))

    def encode(self, batch: Batch) -> bytes:
        if self.link_s < FAST_S:
            return messages.deflate_batch(batch, messages.QUICK)
        return (messages.pack_batch if self.packed else messages.deflate_batch)(batch)

    def silent(self, mono: float) -> bool:
        """Whether the cloud owes an answer for too long: then say hello, and all goes out again."""
        before = self.here
        self._sender = sender.on_time(before, mono)
        return self._sender.retries > before.retries

    def hear(self, shelf: Shelf, message: Order, mono: float) -> Outcome:
        match message:
            case Ack():
                own = shelf.chain_at(message.upto.seq)
                self._sender, effect = sender.on_ack(self.here, message, own)
                self.packed = self._sender.packed
                return self._carry_out(shelf, effect, mono)
            case Resend(_, from_seq):
                chain = shelf.chain_at(from_seq - 1)
                self._sender = sender.on_resend(self.here, message, chain, mono)
            case Fork():
                return self._carry_out(shelf, sender.on_fork(self.here, message), mono)
            case Slow():
                self._sender = sender.on_slow(self.here, message, mono)
            case Poison():
                self._bury(shelf, message, mono)
        return Outcome()

    def _carry_out(self, shelf: Shelf, effect: Effect | None, mono: float) -> Outcome:
        match effect:
            case MarkDone(_, upto):
                shelf.mark_acked(upto)
                return Outcome(acked=True)
            case NewEpoch(reason):
                return self._fork(reason, mono)
        return Outcome()

    def _fork(self, reason: str, mono: float) -> Outcome:
        """A cloud that is always wrong gets a new epoch now and then, not for each message."""
        if mono - self.minted_at < NEW_EPOCH_PAUSE_S:
            return Outcome()
        self.minted_at = mono
        return Outcome(fork=reason)

    def _bury(self, shelf: Shelf, order: Poison, mono: float) -> None:
        before = shelf.chain_at(order.at.seq - 1)
        ours = shelf.records_after(order.at.seq - 1, 1)
        # Not the stored chain: that may be what is damaged.
        with_it = next_chain(before, ours[0].line()) if before and ours else None
        after, bury = sender.on_poison(self.here, order, (before, with_it), mono)
        if bury is not None and shelf.bury(bury.seq, bury.code):
            self._sender = after
