"""The gateway's half of the protocol: what to send next, and when a record is done. Pure.

A record is done only when the cloud acknowledged a position that this gateway's own chain
confirms. That the broker took a message means nothing here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.sync.protocol import (
    MAX_BATCH_BYTES,
    MAX_RECORDS,
    Ack,
    Batch,
    Fork,
    Moment,
    Poison,
    Position,
    Record,
    Resend,
    Slow,
)

WINDOW_BATCHES = 4
PATIENCE_S = 5.0
MAX_PATIENCE_S = 60.0
RESEND_PAUSE_S = 1.0
MAX_BODY = 250_000
"""Characters of a body that fit into one message, whatever their alphabet."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A batch that is not acknowledged yet: what comes before it, its end, when it went out."""

    before: Position
    last: Position
    sent_at: float


@dataclass(frozen=True, slots=True)
class Pace:
    """What the cloud grants up to `until`: `credit` records at `since`, then `rate` a second.

    Times are monotonic seconds.
    """

    rate: float
    until: float
    credit: float
    since: float


@dataclass(frozen=True, slots=True)
class Sender:
    """`acked` is the durable truth, `sent` the place to go on from; `retries` since an answer.

    `told` is the last order to go back that was followed: (number of the record, when).
    `pace`: None where the cloud takes all that comes. `packed`: it reads packed batches.
    """

    inst: str
    epoch: str
    acked: Position
    sent: Position
    window: tuple[InFlight, ...] = ()
    retries: int = 0
    told: tuple[int, float] | None = None
    pace: Pace | None = None
    packed: bool = False


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


@dataclass(frozen=True, slots=True)
class Bury:
    """The cloud can never store this record of ours; put a tombstone in its place."""

    seq: int
    code: str


def sender(inst: str, epoch: str, acked: Position) -> Sender:
    return Sender(inst, epoch, acked, acked)


def has_room(state: Sender) -> bool:
    return len(state.window) < WINDOW_BATCHES


def allowance(state: Sender, mono: float) -> int:
    """How many records the next batch may have at most."""
    if state.pace is None or not is_slowed(state, mono):
        return MAX_RECORDS
    return min(int(_credit(state.pace, mono)), MAX_RECORDS)


def is_slowed(state: Sender, mono: float) -> bool:
    """The cloud has asked for less, and that still holds."""
    return state.pace is not None and mono < state.pace.until


def _credit(pace: Pace, mono: float) -> float:
    return min(pace.credit + pace.rate * (mono - pace.since), max(pace.rate, 1.0))


def send(
    state: Sender, records: Sequence[Record], mono: float, now: Moment | None = None
) -> tuple[Sender, Batch]:
    """Put the next batch on its way. `records` follow `state.sent`, at least one."""
    lines = tuple(_fitting(records))
    last = Position(records[len(lines) - 1].seq, records[len(lines) - 1].chain)
    batch = Batch(state.epoch, state.inst, state.sent, lines, last.chain, now)
    flying = (*state.window, InFlight(state.sent, last, mono))
    pace = state.pace
    if pace is not None:
        pace = replace(pace, credit=_credit(pace, mono) - len(lines), since=mono)
    return replace(state, sent=last, window=flying, pace=pace), batch


def _fitting(records: Sequence[Record]) -> Iterator[bytes]:
    """The lines of the first records, as many as a batch holds, at least one."""
    size = 0
    for count, record in enumerate(records[:MAX_RECORDS]):
        line = record.line()
        size += len(line) + 1
        if count and (size > MAX_BATCH_BYTES or unfit(record)):
            return
        yield line


def unfit(record: Record) -> str:
    """Why a record can never travel, a short code; empty for one that can."""
    if len(record.body) > MAX_BODY:
        return "too_long"
    return "line_break" if "\n" in record.body else ""


def on_ack(state: Sender, ack: Ack, own_chain: bytes | None) -> tuple[Sender, Effect | None]:
    """`own_chain`: this gateway's chain at `ack.upto.seq`; None where it has no such record."""
    upto = ack.upto
    state = replace(state, packed=state.packed or ack.packed)
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


def on_slow(state: Sender, order: Slow, mono: float) -> Sender:
    pace = Pace(order.rate, mono + order.for_s, min(order.rate, 1.0), mono)
    return replace(state, pace=pace if order.for_s > 0 else None)


def on_poison(
    state: Sender, order: Poison, chains: tuple[bytes | None, bytes | None], mono: float
) -> tuple[Sender, Bury | None]:
    """`chains`: ours before the record and with it; None where we have no such record.

    Also one that is acknowledged: a copy of this box may have sent a tombstone for it, before the
    cloud was set back to a backup and asked for it again.
    """
    seq, (before, with_it) = order.at.seq, chains
    if order.epoch != state.epoch or before is None or with_it != order.at.chain:
        return state, None
    sent = min(state.sent, Position(seq - 1, before), key=lambda position: position.seq)
    return replace(state, sent=sent, window=(), told=(seq, mono)), Bury(seq, order.code)


def patience_s(state: Sender) -> float:
    """How long to wait for an acknowledgement; longer with each try that got none."""
    return min(PATIENCE_S * 2.0 ** min(state.retries, 10), MAX_PATIENCE_S)


def on_time(state: Sender, mono: float) -> Sender:
    """Go back to the oldest batch once its acknowledgement is overdue; else unchanged."""
    if not state.window or mono - state.window[0].sent_at <= patience_s(state):
        return state
    oldest = state.window[0].before
    return replace(state, sent=oldest, window=(), retries=state.retries + 1)
