"""The words between gateway and cloud: topics, messages and the chain. Bytes in, bytes out.

Up:    `hello` (after each connect), `rec` (a batch of records), `state` (retained, with a will).
Down:  `ack` (all records up to `upto` are durable in the cloud), `ctl` (`resend`, `fork`).

A batch is JSON lines: a head, then one record a line. Both sides chain the very bytes of a
record's line, so no two programs have to agree on how a number is written.
Unknown fields are ignored. Whatever cannot be understood raises `MalformedError`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gateway.sync.fields import MAX_SEQ, Fields, MalformedError

PREFIX = "lanegate/1"
RECORD_SCHEMA = 1
MAX_RECORDS = 200
MAX_BATCH_BYTES = 128 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024


class Position(NamedTuple):
    """How far a history goes: its last record, and the chain up to and with that record."""

    seq: int
    chain: bytes


class Record(NamedTuple):
    """One row of the outbox. `body` is canonical JSON; `chain` covers this record too."""

    seq: int
    schema: int
    kind: str
    body: str
    chain: bytes

    def line(self) -> bytes:
        return record_line(self.seq, self.schema, self.kind, self.body)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a gateway has. `inst` is random for each start of its program."""

    gateway: str
    inst: str
    epoch: str
    last: Position
    oldest_unacked: int


@dataclass(frozen=True, slots=True)
class Batch:
    epoch: str
    inst: str
    before: Position
    lines: tuple[bytes, ...]
    last_chain: bytes

    @property
    def last_seq(self) -> int:
        return self.before.seq + len(self.lines)


@dataclass(frozen=True, slots=True)
class Ack:
    epoch: str
    upto: Position


@dataclass(frozen=True, slots=True)
class Resend:
    epoch: str
    from_seq: int


@dataclass(frozen=True, slots=True)
class Fork:
    """The cloud knows another history of this epoch; `known` is how far it follows that one."""

    epoch: str
    known: Position


# --- the chain ---------------------------------------------------------------------------


def canonical(value: object) -> str:
    """The one text of a value: sorted keys, no spaces, real characters, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def record_line(seq: int, schema: int, kind: str, body: str) -> bytes:
    return f'{{"body":{body},"kind":"{kind}","schema":{schema},"seq":{seq}}}'.encode()


def genesis(epoch: str) -> Position:
    """Where an epoch's history begins, before its first record."""
    return Position(0, hashlib.sha256(f"{PREFIX}/{epoch}".encode()).digest())


def next_chain(chain: bytes, line: bytes) -> bytes:
    return hashlib.sha256(chain + line).digest()


def chain_over(start: bytes, lines: Iterable[bytes]) -> tuple[bytes, ...]:
    """The chain after each line."""
    chains = []
    for line in lines:
        start = next_chain(start, line)
        chains.append(start)
    return tuple(chains)


# --- topics ------------------------------------------------------------------------------


def up(gateway: str, leaf: str) -> str:
    return f"{PREFIX}/{gateway}/up/{leaf}"


def down(gateway: str, leaf: str) -> str:
    return f"{PREFIX}/{gateway}/dn/{leaf}"


def split_topic(topic: str) -> tuple[str, str]:
    """(gateway, leaf) of a topic of this protocol, either direction."""
    match topic.split("/"):
        case ["lanegate", "1", gateway, "up" | "dn", leaf] if gateway and leaf:
            return gateway, leaf
    raise MalformedError(f"topic {topic!r} is none of {PREFIX}/GATEWAY/up|dn/...")


# --- to bytes ----------------------------------------------------------------------------


def encode(message: Hello | Ack | Resend | Fork) -> bytes:
    return canonical(_fields(message)).encode()


def _fields(message: Hello | Ack | Resend | Fork) -> dict[str, object]:
    match message:
        case Hello(gateway, inst, epoch, last, oldest_unacked):
            return {
                "gw": gateway,
                "inst": inst,
                "epoch": epoch,
                "last_seq": last.seq,
                "chain_last": last.chain.hex(),
                "oldest_unacked": oldest_unacked,
                "schema": [RECORD_SCHEMA, RECORD_SCHEMA],
            }
        case Ack(epoch, upto):
            return {"epoch": epoch, "upto": upto.seq, "chain_upto": upto.chain.hex()}
        case Resend(epoch, from_seq):
            return {"do": "resend", "epoch": epoch, "from": from_seq}
        case Fork(epoch, known):
            chain = known.chain.hex()
            return {"do": "fork", "epoch": epoch, "seq": known.seq, "chain": chain}


def encode_batch(batch: Batch) -> bytes:
    head = {
        "epoch": batch.epoch,
        "inst": batch.inst,
        "first_seq": batch.before.seq + 1,
        "prev_chain": batch.before.chain.hex(),
        "count": len(batch.lines),
        "last_chain": batch.last_chain.hex(),
    }
    return b"\n".join((canonical(head).encode(), *batch.lines))


# --- from bytes --------------------------------------------------------------------------


def decode_hello(payload: bytes) -> Hello:
    fields = Fields.of(payload)
    return Hello(
        fields.text("gw"),
        fields.text("inst"),
        fields.text("epoch"),
        Position(fields.count("last_seq"), fields.chain("chain_last")),
        fields.count("oldest_unacked", least=1),
    )


def decode_batch(payload: bytes) -> Batch:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a batch of {len(payload)} bytes; at most {MAX_MESSAGE_BYTES}")
    head, *lines = payload.split(b"\n")
    fields = Fields.of(head)
    if fields.count("count", least=1) != len(lines):
        raise MalformedError(f"the batch announces other than its {len(lines)} records")
    before = Position(fields.count("first_seq", least=1) - 1, fields.chain("prev_chain"))
    epoch, inst = fields.text("epoch"), fields.text("inst")
    return Batch(epoch, inst, before, tuple(lines), fields.chain("last_chain"))


def decode_ack(payload: bytes) -> Ack:
    fields = Fields.of(payload)
    return Ack(fields.text("epoch"), Position(fields.count("upto"), fields.chain("chain_upto")))


def decode_ctl(payload: bytes) -> Resend | Fork | None:
    """None: an order of a newer protocol, which this program does not know."""
    fields = Fields.of(payload)
    match fields.text("do"):
        case "resend":
            return Resend(fields.text("epoch"), fields.count("from", least=1))
        case "fork":
            known = Position(fields.count("seq"), fields.chain("chain"))
            return Fork(fields.text("epoch"), known)
        case _:
            return None
