"""The cloud's half of the protocol: what to make of a message, given what is stored. Pure.

The history of an epoch is contiguous and chained: a batch is taken only where it continues
what is stored. So a record counts once, however often and in whatever order it arrives.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from gateway.sync.fields import Fields, MalformedError
from gateway.sync.messages import read_moment
from gateway.sync.protocol import (
    RECORD_SCHEMA,
    Ack,
    Batch,
    Fork,
    Hello,
    Moment,
    Poison,
    Position,
    Resend,
    canonical,
    chain_over,
)

ChainAt = Callable[[int], bytes | None]
"""The stored chain at a record's number; None where it is not stored. 0 is the epoch's start."""

CLONE_S = 60.0
"""Two starts that take turns within this time are two boxes."""


MAX_NAME = 200
"""Longer names of gateways, epochs, starts and boots are none of ours."""

_BEGINNING, _KIND = '{"body":', ',"kind":"'
_END = re.compile(
    r',"kind":"([a-z_]{1,40})","schema":(0|[1-9][0-9]{0,8}),"seq":([1-9][0-9]{0,17})'
    r'(?:,"when":\{"at":"([0-9TZ:.+-]{1,40})","boot":"([0-9a-f-]{1,64})","clock":"([a-z]{1,20})",'
    r'"mono_ms":(0|[1-9][0-9]{0,17})\})?\}'
)
"""How a line ends as a gateway writes it. Before that it is JSON exactly if the body is."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


class Received(NamedTuple):
    """A record as it came. `digest` and `tag` tell the same one under another epoch and number.

    `digest` is of its body; `tag` a number that was drawn from its moment, so that records of one
    time have numbers near each other. `readable` is False for a record of a newer major form: it
    is kept as it is, not applied. `escaped`: its texts may hold what a database cannot.
    """

    seq: int
    kind: str
    body: dict[str, Any]
    text: str
    digest: bytes
    chain: bytes
    when: Moment | None = None
    readable: bool = True
    escaped: bool = False

    @property
    def tag(self) -> int:
        if self.when is None:
            return int.from_bytes(self.digest[:7])
        return self.when.mono_ms


@dataclass(frozen=True, slots=True)
class Accept:
    """Store `new` (none: all of it was known) in one transaction, then acknowledge `upto`.

    `poison`: the record behind `upto` can never be stored; `line` is what it says.
    """

    new: tuple[Received, ...]
    upto: Position
    poison: Poison | None = None
    line: bytes = b""


@dataclass(frozen=True, slots=True)
class Skip:
    """Records `first` to `upto` of `epoch` are nowhere any more: count them as lost, then go on."""

    epoch: str
    first: int
    upto: Position


class PoisonError(ValueError):
    """One record can never be stored; the text is a short code."""


def judge_batch(batch: Batch, upto: Position, chain_at: ChainAt) -> Accept | Resend | Fork:
    """`upto` is how far this epoch is stored. Raises `MalformedError`."""
    if batch.before.seq > upto.seq:
        return Resend(batch.epoch, upto.seq + 1)
    chains = chain_over(batch.before.chain, batch.lines)
    if chains[-1] != batch.last_chain:
        raise MalformedError("the records do not add up to the batch's chain")
    shared = min(batch.last_seq, upto.seq)
    ours, theirs = chain_at(shared), (batch.before.chain, *chains)[shared - batch.before.seq]
    if ours is not None and ours != theirs:
        return Fork(batch.epoch, upto)
    if ours is None and shared == upto.seq:
        raise MalformedError(f"no chain is stored for record {shared}")
    known = shared - batch.before.seq
    return _accepted(batch.epoch, upto, batch.lines[known:], chains[known:])


def _accepted(
    epoch: str, upto: Position, lines: tuple[bytes, ...], chains: tuple[bytes, ...]
) -> Accept:
    new: list[Received] = []
    for seq, (line, chain) in enumerate(zip(lines, chains, strict=True), upto.seq + 1):
        try:
            new.append(read_record(line, seq, chain))
        except PoisonError as error:
            poison = Poison(epoch, Position(seq, chain), str(error))
            return Accept(tuple(new), _reached(upto, new), poison, line)
    return Accept(tuple(new), _reached(upto, new))


def _reached(upto: Position, new: list[Received]) -> Position:
    return Position(new[-1].seq, new[-1].chain) if new else upto


def read_record(line: bytes, seq: int, chain: bytes) -> Received:
    """Raises `PoisonError` for what can never be stored, `MalformedError` for a wrong place."""
    # Without an escape there is no character that a database could not keep.
    if b"\\" not in line and line.startswith(b'{"body":{'):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise PoisonError("not_json") from None
        end = text.rfind(_KIND)
        found = _END.fullmatch(text, end) if end > 0 else None
        if found is not None:
            return _read_own_form(text, found, seq, chain)
    return _read_any_form(line, seq, chain)


def _read_own_form(line: str, found: re.Match[str], seq: int, chain: bytes) -> Received:
    """The body's text is taken as it stands: every record that a gateway moves keeps its text."""
    kind, schema, number, at, boot, clock, mono_ms = found.groups()
    try:
        body, end = _JSON.raw_decode(line, len(_BEGINNING))
    except (ValueError, RecursionError):
        raise PoisonError("not_json") from None
    if end != found.start():
        raise PoisonError("not_json")
    _in_its_place(int(number), seq)
    text = line[len(_BEGINNING) : end]
    when = None if at is None else Moment(at, boot, clock, int(mono_ms))
    readable = 1 <= int(schema) <= RECORD_SCHEMA
    digest = hashlib.sha256(text.encode()).digest()
    return Received(seq, kind, body, text, digest, chain, when, readable)


def _read_any_form(line: bytes, seq: int, chain: bytes) -> Received:
    fields = _fields(line)
    _in_its_place(fields.count("seq", least=1), seq)
    body = fields.get("body")
    if not isinstance(body, dict):
        raise PoisonError("no_body")
    kind = fields.get("kind")
    if not isinstance(kind, str) or not kind.isprintable():
        raise PoisonError("no_kind")
    text = _canonical(body)
    schema = fields.get("schema")
    readable = type(schema) is int and 1 <= schema <= RECORD_SCHEMA
    digest = hashlib.sha256(text.encode()).digest()
    when = read_moment(fields.get("when"))
    return Received(seq, kind, body, text, digest, chain, when, readable, escaped=True)


def _in_its_place(number: int, seq: int) -> None:
    if number != seq:
        raise MalformedError(f"record {number} stands in the place of record {seq}")


def _fields(line: bytes) -> Fields:
    try:
        return Fields.of(line)
    except MalformedError:
        raise PoisonError("not_json") from None


def _canonical(body: dict[str, Any]) -> str:
    try:
        text = canonical(body)
        text.encode()
    except (ValueError, RecursionError):
        raise PoisonError("bad_text") from None
    return text


def judge_hello(
    hello: Hello, upto: Position, chain_at: ChainAt, *, inst_known: bool
) -> Ack | Resend | Fork | Skip:
    """`inst_known`: this start of the gateway was heard before, so its hello may be an old one.

    An old hello naturally has less than is stored; a new start with less is a restored backup.
    """
    kept = hello.kept
    if hello.last.seq <= upto.seq:
        ours = chain_at(hello.last.seq)
        if ours is not None and ours != hello.last.chain:
            return Fork(hello.epoch, upto)
    if hello.last.seq < upto.seq and not inst_known:
        return Fork(hello.epoch, upto)
    if kept is not None and kept.seq > upto.seq:
        return Skip(hello.epoch, upto.seq + 1, kept)
    if hello.oldest_unacked > upto.seq + 1:
        return Resend(hello.epoch, upto.seq + 1)
    return Ack(hello.epoch, upto)


@dataclass(frozen=True, slots=True)
class Starts:
    """The starts of one gateway's program that were heard last, the newest at the end."""

    heard: tuple[tuple[str, float], ...] = ()


def heard_from(starts: Starts, inst: str, mono: float) -> tuple[Starts, bool]:
    """Whether two starts take turns: a copy of the box is at work under the same name."""
    recent = tuple(item for item in starts.heard if mono - item[1] <= CLONE_S)
    if recent and recent[-1][0] == inst:
        return Starts((*recent[:-1], (inst, mono))), False
    returned = any(name == inst for name, _ in recent)
    return Starts((*recent[-3:], (inst, mono))), returned
