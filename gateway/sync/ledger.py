"""The cloud's half of the protocol: what to make of a message, given what is stored. Pure.

The history of an epoch is contiguous and chained: a batch is taken only where it continues
what is stored. So a record counts once, however often and in whatever order it arrives.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.sync.protocol import (
    Ack,
    Batch,
    Fields,
    Fork,
    Hello,
    MalformedError,
    Position,
    Resend,
    canonical,
    chain_over,
)

ChainAt = Callable[[int], bytes | None]
"""The stored chain at a record's number; None where it is not stored. 0 is the epoch's start."""


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it came. `digest` tells equal bodies, also under another epoch and number."""

    seq: int
    kind: str
    body: dict[str, Any]
    text: str
    digest: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Accept:
    """Store `new` (none: all of it was known) in one transaction, then acknowledge `upto`."""

    new: tuple[Received, ...]
    upto: Position


def judge_batch(batch: Batch, upto: Position, chain_at: ChainAt) -> Accept | Resend | Fork:
    """`upto` is how far this epoch is stored. Raises `MalformedError`."""
    if batch.before.seq > upto.seq:
        return Resend(batch.epoch, upto.seq + 1)
    chains = chain_over(batch.before.chain, batch.lines)
    if chains[-1] != batch.last_chain:
        raise MalformedError("the records do not add up to the batch's chain")
    shared = min(batch.last_seq, upto.seq)
    ours, theirs = chain_at(shared), (batch.before.chain, *chains)[shared - batch.before.seq]
    if ours != theirs:
        return Fork(batch.epoch, upto)
    known = shared - batch.before.seq
    fresh = zip(batch.lines[known:], chains[known:], strict=True)
    new = tuple(
        read_record(line, upto.seq + place, chain) for place, (line, chain) in enumerate(fresh, 1)
    )
    return Accept(new, Position(new[-1].seq, new[-1].chain) if new else upto)


def read_record(line: bytes, seq: int, chain: bytes) -> Received:
    fields = Fields.of(line)
    if fields.count("seq", least=1) != seq:
        raise MalformedError(f"record {fields['seq']} stands in the place of record {seq}")
    body = fields.get("body")
    if not isinstance(body, dict):
        raise MalformedError(f"record {seq} has no body")
    text = _canonical(body, seq)
    digest = hashlib.sha256(text.encode()).digest()
    return Received(seq, fields.text("kind"), body, text, digest, chain)


def _canonical(body: dict[str, Any], seq: int) -> str:
    try:
        text = canonical(body)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"record {seq}: {error}") from error
    return text


def judge_hello(
    hello: Hello, upto: Position, chain_at: ChainAt, *, inst_known: bool
) -> Ack | Resend | Fork:
    """`inst_known`: this start of the gateway was heard before, so its hello may be an old one.

    An old hello naturally has less than is stored; a new start with less is a restored backup.
    """
    if hello.last.seq <= upto.seq and chain_at(hello.last.seq) != hello.last.chain:
        return Fork(hello.epoch, upto)
    if hello.last.seq < upto.seq and not inst_known:
        return Fork(hello.epoch, upto)
    if hello.oldest_unacked > upto.seq + 1:
        return Resend(hello.epoch, upto.seq + 1)
    return Ack(hello.epoch, upto)
