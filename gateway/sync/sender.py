"""The gateway's half of the protocol: what to send next, and when a record is done. Pure.

A record is done only when the cloud acknowledged a position that this gateway's own chain
confirms. That the broker took a message means nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.sync.protocol import (
    MAX_BATCH_BYTES,
    MAX_RECORDS,
    Ack,
    Batch,
    Fork,
    Position,
    Record,
    Resend,
)

WINDOW_BATCHES = 4
PATIENCE_S = 5.0
MAX_PATIENCE_S = 60.0
RESEND_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class InFlight:
    """A batch that is not acknowledged yet: what comes before it, its end, when it went out."""

    before: Position
    last: Position
    sent_at: float


@dataclass(frozen=True, slots=True)
class Sender:
    """`acked` is the durable truth, `sent` the place to go on from; `retries` since an answer.

    `told` is the last order to go back that was followed: (number of the record, when).
    """

    inst: str
    epoch: str
    acked: Position
    sent: Position
    window: tuple[InFlight, ...] = ()
    retries: int = 0
    told: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class MarkDone:
    """The cloud has everything up to here; make that durable."""

    epoch: str
    upto: Position


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The cloud follows another history than ours: begin a new one with all that is not done."""

    reason: str


Effect = MarkDone | NewEpoch


def sender(inst: str, epoch: str, acked: Position) -> Sender:
    return Sender(inst, epoch, acked, acked)


def reconnected(state: Sender) -> Sender:
    """What was in flight is forgotten: the first record that is not done goes out first."""
    return replace(state, sent=state.acked, window=(), retries=0, told=None)


def has_room(state: Sender) -> bool:
    return len(state.window) < WINDOW_BATCHES


def send(state: Sender, records: Sequence[Record], mono: float) -> tuple[Sender, Batch]:
    """Put the next batch on its way. `records` follow `state.sent`, at least one."""
    chosen = _fitting(records)
    last = Position(chosen[-1].seq, chosen[-1].chain)
    lines = tuple(record.line() for record in chosen)
    batch = Batch(state.epoch, state.inst, state.sent, lines, last.chain)
    flying = (*state.window, InFlight(state.sent, last, mono))
    return replace(state, sent=last, window=flying), batch


def _fitting(records: Sequence[Record]) -> Sequence[Record]:
    size = 0
    for count, record in enumerate(records[:MAX_RECORDS]):
        size += len(record.line()) + 1
        if size > MAX_BATCH_BYTES and count:
            return records[:count]
    return records[:MAX_RECORDS]


def on_ack(state: Sender, ack: Ack, own_chain: bytes | None) -> tuple[Sender, Effect | None]:
    """`own_chain`: this gateway's chain at `ack.upto.seq`; None where it has no such record."""
    upto = ack.upto
    if ack.epoch != state.epoch or (own_chain is None and upto.seq <= state.acked.seq):
        return state, None
    if own_chain is None:
        return state, NewEpoch(f"the cloud acknowledged record {upto.seq}, which never was here")
    if own_chain != upto.chain:
        return state, NewEpoch(f"the cloud has another record {upto.seq} than this gateway")
    return _advanced(state, upto)


def _advanced(state: Sender, upto: Position) -> tuple[Sender, Effect | None]:
    window = tuple(flying for flying in state.window if flying.last.seq > upto.seq)
    sent = max(state.sent, upto, key=lambda position: position.seq)
    moved = replace(state, window=window, sent=sent, retries=0)
    if upto.seq <= state.acked.seq:
        return moved, None
    return replace(moved, acked=upto), MarkDone(state.epoch, upto)


def on_resend(state: Sender, order: Resend, chain: bytes | None, mono: float) -> Sender:
    """Go back as told. `chain`: ours before `order.from_seq`; None where we have no such record.

    Each batch behind a lost one makes the cloud ask again; following once is enough.
    """
    before = order.from_seq - 1
    if order.epoch != state.epoch or chain is None or before >= state.sent.seq:
        return state
    if state.told and state.told[0] == order.from_seq and mono - state.told[1] < RESEND_PAUSE_S:
        return state
    told = (order.from_seq, mono)
    return replace(state, sent=Position(before, chain), window=(), told=told)


def on_fork(state: Sender, order: Fork) -> NewEpoch | None:
    if order.epoch != state.epoch:
        return None
    return NewEpoch(f"the cloud follows another history up to record {order.known.seq}")


def patience_s(state: Sender) -> float:
    """How long to wait for an acknowledgement; longer with each try that got none."""
    return min(PATIENCE_S * 2.0 ** min(state.retries, 10), MAX_PATIENCE_S)


def on_time(state: Sender, mono: float) -> Sender:
    """Go back to the oldest batch once its acknowledgement is overdue; else unchanged."""
    if not state.window or mono - state.window[0].sent_at <= patience_s(state):
        return state
    oldest = state.window[0].before
    return replace(state, sent=oldest, window=(), retries=state.retries + 1)
