"""The words between gateway and cloud: topics, messages and the chain. Bytes in, bytes out.

Up:    `hello` (after each connect), `rec` (a batch of records), `snap/SHA-256` (a picture file),
       `state` (retained, with a will).
Down:  `ack` (all records up to `upto` are durable in the cloud), `ctl` (`resend`, `fork`, `slow`,
       `poison`, `want` and `have` of pictures).

A batch is JSON lines: a head, then one record a line. It travels plain, deflated or packed.
Both sides chain the very bytes of a record's line, so no two programs have to agree on how a
number is written.
Unknown fields are ignored. Whatever cannot be understood raises `MalformedError`.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from gateway.sync.fields import Fields, MalformedError

PREFIX = "lanegate/1"
RECORD_SCHEMA = 2
MAX_RECORDS = 200
MAX_BATCH_BYTES = 128 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_NAMED = 100
SHA256 = re.compile(r"[0-9a-f]{64}")
TOMBSTONE = "tombstone"
TOMBSTONE_MARK = b'"kind":"tombstone"'


class Position(NamedTuple):
    """How far a history goes: its last record, and the chain up to and with that record."""

    seq: int
    chain: bytes


class Record(NamedTuple):
    """One row of the outbox. `body` is canonical JSON; `chain` covers this record too.

    `moment`: when it was committed, as canonical JSON; empty in records of schema 1.
    """

    seq: int
    schema: int
    kind: str
    body: str
    chain: bytes
    moment: str = ""

    def line(self) -> bytes:
        return record_line(self.seq, self.schema, self.kind, self.body, self.moment)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the box knows it: `mono_ms` counts within the boot, `clock` says if `at` is right.

    `clock`: "ok", "untrusted" or "unknown".
    """

    at: str
    boot: str
    clock: str
    mono_ms: int

    def text(self) -> str:
        fields = {"at": self.at, "boot": self.boot, "clock": self.clock, "mono_ms": self.mono_ms}
        return canonical(fields)


@dataclass(frozen=True, slots=True)
class Parent:
    """The epoch that this one came from, and up to where its records are no longer kept."""

    epoch: str
    kept: int


@dataclass(frozen=True, slots=True)
class Hello:
    """What a gateway has. `inst` is random for each start of its program.

    Records up to and with `kept` are no longer here; None: all of them are.
    """

    gateway: str
    inst: str
    epoch: str
    last: Position
    oldest_unacked: int
    kept: Position | None = None
    parent: Parent | None = None
    now: Moment | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """`sent`: when it went out, by the gateway's clock."""

    epoch: str
    inst: str
    before: Position
    lines: tuple[bytes, ...]
    last_chain: bytes
    sent: Moment | None = None

    @property
    def last_seq(self) -> int:
        return self.before.seq + len(self.lines)


@dataclass(frozen=True, slots=True)
class Ack:
    """`packed`: this cloud reads packed batches too."""

    epoch: str
    upto: Position
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Resend:
    epoch: str
    from_seq: int


@dataclass(frozen=True, slots=True)
class Fork:
    """The cloud knows another history of this epoch; `known` is how far it follows that one."""

    epoch: str
    known: Position


@dataclass(frozen=True, slots=True)
class Slow:
    """At most `rate` records a second for the next `for_s` seconds."""

    rate: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Poison:
    """Record `at` can never be stored: `code` says why. Put a tombstone in its place.

    The chain tells it from the record of the same number that a copy of the box may have.
    """

    epoch: str
    at: Position
    code: str


@dataclass(frozen=True, slots=True)
class Want:
    """The cloud asks for pictures, by the SHA-256 of their content."""

    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Have:
    """These pictures are durable in the cloud, or are not asked for again."""

    pictures: tuple[str, ...]


Order = Ack | Resend | Fork | Slow | Poison | Want | Have


# --- the chain ---------------------------------------------------------------------------


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(value: object) -> str:
    """The one text of a value: sorted keys, no spaces, real characters, no NaN."""
    return _CANONICAL.encode(value)


def record_line(seq: int, schema: int, kind: str, body: str, moment: str = "") -> bytes:
    when = f',"when":{moment}' if moment else ""
    return f'{{"body":{body},"kind":"{kind}","schema":{schema},"seq":{seq}{when}}}'.encode()


def genesis(epoch: str) -> Position:
    """Where an epoch's history begins, before its first record."""
    return Position(0, hashlib.sha256(f"{PREFIX}/{epoch}".encode()).digest())


def digest(line: bytes) -> bytes:
    """What the chain knows of a line. A tombstone stands for the digest that it names."""
    if TOMBSTONE_MARK in line:
        with suppress(MalformedError):
            fields = Fields.of(line)
            body = fields.get("body")
            if fields.get("kind") == TOMBSTONE and isinstance(body, dict):
                return Fields(body).chain("digest")
    return hashlib.sha256(line).digest()


def next_chain(chain: bytes, line: bytes) -> bytes:
    return hashlib.sha256(chain + digest(line)).digest()


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
        case ["lanegate", "1", gateway, "up", "snap", name] if gateway and SHA256.fullmatch(name):
            return gateway, f"snap/{name}"
    raise MalformedError(f"topic {topic!r} is none of {PREFIX}/GATEWAY/up|dn/...")
