"""The protocol's messages as bytes, and back. Pure. What is not understood: `MalformedError`."""

import zlib

from gateway.sync.compact import MARK, pack_lines, unpack_lines
from gateway.sync.fields import Fields, MalformedError
from gateway.sync.protocol import (
    MAX_MESSAGE_BYTES,
    MAX_NAMED,
    RECORD_SCHEMA,
    SHA256,
    Ack,
    Batch,
    Fork,
    Have,
    Hello,
    Moment,
    Order,
    Parent,
    Poison,
    Position,
    Resend,
    Slow,
    Want,
    canonical,
)

MAX_SLOW_S = 3600.0
QUICK, USUAL = 1, 6
"""How hard to deflate: half the time for a sixth more bytes, or zlib's own measure."""
DEFLATED = 0x78
"""The first byte of a zlib stream; a plain batch begins with a brace, a packed one with P."""


# --- to bytes ----------------------------------------------------------------------------


def encode(message: Hello | Order) -> bytes:
    return canonical(_fields(message)).encode()


def _fields(message: Hello | Order) -> dict[str, object]:
    match message:
        case Hello():
            return _hello_fields(message)
        case Ack(epoch, upto, packed):
            fields = {"epoch": epoch, "upto": upto.seq, "chain_upto": upto.chain.hex()}
            return fields | ({"packed": True} if packed else {})
        case Resend(epoch, from_seq):
            return {"do": "resend", "epoch": epoch, "from": from_seq}
        case Fork(epoch, known):
            chain = known.chain.hex()
            return {"do": "fork", "epoch": epoch, "seq": known.seq, "chain": chain}
        case Slow(rate, for_s):
            return {"do": "slow", "rate": rate, "for_s": for_s}
        case Poison(epoch, at, code):
            where = {"epoch": epoch, "seq": at.seq, "chain": at.chain.hex()}
            return {"do": "poison", "code": code} | where
        case Want(pictures):
            return {"do": "want", "pictures": list(pictures)}
        case Have(pictures):
            return {"do": "have", "pictures": list(pictures)}


def _hello_fields(hello: Hello) -> dict[str, object]:
    fields: dict[str, object] = {
        "gw": hello.gateway,
        "inst": hello.inst,
        "epoch": hello.epoch,
        "last_seq": hello.last.seq,
        "chain_last": hello.last.chain.hex(),
        "oldest_unacked": hello.oldest_unacked,
        "schema": [1, RECORD_SCHEMA],
    }
    if hello.kept is not None:
        fields |= {"kept_seq": hello.kept.seq, "chain_kept": hello.kept.chain.hex()}
    if hello.parent is not None:
        fields |= {"parent": hello.parent.epoch, "parent_kept": hello.parent.kept}
    if hello.now is not None:
        fields |= {"now": _moment_fields(hello.now)}
    return fields | ({"version": hello.version} if hello.version else {})


def _moment_fields(now: Moment) -> dict[str, object]:
    return {"at": now.at, "boot": now.boot, "clock": now.clock, "mono_ms": now.mono_ms}


def encode_batch(batch: Batch) -> bytes:
    """Plain: for eyes, and for a cloud of which nothing is known."""
    return b"\n".join((_head(batch), *batch.lines))


def deflate_batch(batch: Batch, effort: int = USUAL) -> bytes:
    return zlib.compress(encode_batch(batch), effort)


def pack_batch(batch: Batch) -> bytes:
    """As small as it gets, for a cloud that said it reads this."""
    try:
        return pack_lines((_head(batch), *batch.lines))
    except ValueError:
        return deflate_batch(batch)


def _head(batch: Batch) -> bytes:
    head: dict[str, object] = {
        "epoch": batch.epoch,
        "inst": batch.inst,
        "first_seq": batch.before.seq + 1,
        "prev_chain": batch.before.chain.hex(),
        "count": len(batch.lines),
        "last_chain": batch.last_chain.hex(),
    }
    if batch.sent is not None:
        head["sent"] = _moment_fields(batch.sent)
    return canonical(head).encode()


# --- from bytes --------------------------------------------------------------------------


def decode_hello(payload: bytes) -> Hello:
    fields = Fields.of(payload)
    kept = parent = None
    if "kept_seq" in fields:
        kept = Position(fields.count("kept_seq"), fields.chain("chain_kept"))
    if "parent" in fields:
        parent = Parent(fields.text("parent"), fields.count("parent_kept"))
    return Hello(
        fields.text("gw"),
        fields.text("inst"),
        fields.text("epoch"),
        Position(fields.count("last_seq"), fields.chain("chain_last")),
        fields.count("oldest_unacked", least=1),
        kept,
        parent,
        read_moment(fields.get("now")),
        fields.text("version") if "version" in fields else "",
    )


def read_moment(value: object) -> Moment | None:
    """None where it is missing or is none: a record may be good without a good time."""
    try:
        fields = Fields(value) if isinstance(value, dict) else Fields()
        texts = (fields.text("at"), fields.text("boot"), fields.text("clock"))
        return Moment(*texts, fields.count("mono_ms"))
    except MalformedError:
        return None


def decode_batch(payload: bytes) -> Batch:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a batch of {len(payload)} bytes; at most {MAX_MESSAGE_BYTES}")
    head, *lines = _lines(payload)
    fields = Fields.of(head)
    if fields.count("count", least=1) != len(lines):
        raise MalformedError(f"the batch announces other than its {len(lines)} records")
    before = Position(fields.count("first_seq", least=1) - 1, fields.chain("prev_chain"))
    return Batch(
        fields.text("epoch"),
        fields.text("inst"),
        before,
        tuple(lines),
        fields.chain("last_chain"),
        read_moment(fields.get("sent")),
    )


def _lines(payload: bytes) -> list[bytes]:
    if payload[:1] == MARK:
        return list(unpack_lines(payload, MAX_MESSAGE_BYTES)) or [b""]
    if payload and payload[0] == DEFLATED:
        payload = _inflated(payload)
    return payload.split(b"\n")


def _inflated(payload: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(payload, MAX_MESSAGE_BYTES)
    except zlib.error as error:
        raise MalformedError(f"a deflated batch is broken: {error}") from error
    if not inflate.eof:
        raise MalformedError(f"a deflated batch is cut off or more than {MAX_MESSAGE_BYTES} bytes")
    return plain


def decode_ack(payload: bytes) -> Ack:
    fields = Fields.of(payload)
    epoch = fields.text("epoch")
    upto = Position(fields.count("upto"), fields.chain("chain_upto"))
    return Ack(epoch, upto, fields.get("packed") is True)


def decode_ctl(payload: bytes) -> Order | None:
    """None: an order of a newer protocol, which this program does not know."""
    fields = Fields.of(payload)
    match fields.text("do"):
        case "resend":
            return Resend(fields.text("epoch"), fields.count("from", least=1))
        case "fork":
            known = Position(fields.count("seq"), fields.chain("chain"))
            return Fork(fields.text("epoch"), known)
        case "slow":
            return Slow(fields.amount("rate"), min(fields.amount("for_s"), MAX_SLOW_S))
        case "poison":
            at = Position(fields.count("seq", least=1), fields.chain("chain"))
            return Poison(fields.text("epoch"), at, fields.text("code")[:80])
        case "want":
            return Want(fields.names("pictures", SHA256, MAX_NAMED))
        case "have":
            return Have(fields.names("pictures", SHA256, MAX_NAMED))
        case _:
            return None
