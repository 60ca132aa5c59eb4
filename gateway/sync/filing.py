"""What a receiver writes: records as they came, and the passes and events that they add up to.

Each public function is one transaction; when it returns, what it wrote is on the disk.
"""

import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.store.database import transaction
from gateway.store.tables import insert, insert_new, rows
from gateway.sync import moments
from gateway.sync.ledger import Accept, Received, Skip
from gateway.sync.protocol import Batch, Moment, Position
from gateway.sync.receipts import PASS_COLUMNS, store_start

log = logging.getLogger(__name__)

PASSED, CANCELLED, CORRECTED = "passed", "cancelled", "corrected"


@dataclass(frozen=True, slots=True)
class Post:
    """A batch as it came: from whom, when it was sent and received (`at`, UTC)."""

    gw: str
    epoch: str
    sent: Moment | None
    at: str


def store_batch(db: sqlite3.Connection, gw: str, batch: Batch, accept: Accept, at: str) -> None:
    """The new records, the passes they change and the epoch's position, or nothing."""
    post = Post(gw, batch.epoch, batch.sent, at)
    with transaction(db):
        store_start(db, gw, batch.epoch, batch.inst)
        _learn_offset(db, post)
        for record in accept.new:
            _store_record(db, post, record)
        if accept.poison is not None:
            poison = accept.poison
            _quarantine(db, post, poison.at.seq, poison.code, accept.line)
        _move_on(db, gw, batch.epoch, accept.upto)


def store_skip(db: sqlite3.Connection, gw: str, skip: Skip, at: str) -> None:
    """Records that nobody has any more are counted; the history goes on behind them."""
    with transaction(db):
        _lose(db, gw, skip.epoch, (skip.first, skip.upto.seq), at)
        _move_on(db, gw, skip.epoch, skip.upto)


def store_loss(db: sqlite3.Connection, gw: str, epoch: str, span: tuple[int, int], at: str) -> None:
    """Of an epoch that is over: records from the first to the second number, once."""
    with transaction(db):
        _lose(db, gw, epoch, span, at)


def store_alarm(db: sqlite3.Connection, gw: str, code: str, detail: str, at: str) -> None:
    with transaction(db):
        insert(db, "alarm", {"gw": gw, "code": code, "detail": detail, "raised_at": at})


def _move_on(db: sqlite3.Connection, gw: str, epoch: str, upto: Position) -> None:
    db.execute(
        "insert into epoch (gw, epoch, upto, head) values (?, ?, ?, ?)"
        " on conflict (gw, epoch) do update set upto = excluded.upto, head = excluded.head",
        (gw, epoch, *upto),
    )


def _lose(db: sqlite3.Connection, gw: str, epoch: str, span: tuple[int, int], at: str) -> None:
    first, last = span
    row = {"gw": gw, "epoch": epoch, "seq_from": first, "seq_to": last, "noticed_at": at}
    if insert_new(db, "loss", row):
        detail = f"records {first} to {last} of epoch {epoch} are neither here nor on the gateway"
        insert(db, "alarm", {"gw": gw, "code": "records_lost", "detail": detail, "raised_at": at})
        log.error("receiver: %s: %s", gw, detail)


def _quarantine(db: sqlite3.Connection, post: Post, seq: int, code: str, line: bytes) -> None:
    row = {"gw": post.gw, "epoch": post.epoch, "seq": seq, "code": code, "line": line}
    if insert_new(db, "quarantine", row | {"received_at": post.at}):
        log.warning("receiver: %s: record %d is put aside: %s", post.gw, seq, code)


def _learn_offset(db: sqlite3.Connection, post: Post) -> None:
    """The quickest message tells best what the receiver's clock showed at the boot's zero."""
    received_ms = moments.ms_of(post.at)
    if post.sent is None or received_ms is None:
        return
    db.execute(
        "insert into boot (gw, boot, offset_ms) values (?, ?, ?) on conflict (gw, boot)"
        " do update set offset_ms = min(offset_ms, excluded.offset_ms)",
        (post.gw, post.sent.boot, received_ms - post.sent.mono_ms),
    )


def _store_record(db: sqlite3.Connection, post: Post, record: Received) -> None:
    """A body that came before, under an epoch that is over, is kept but changes nothing."""
    known = db.execute(
        "select 1 from record where gw = ? and digest = ? and applied", (post.gw, record.digest)
    ).fetchone()
    applied = known is None and record.readable
    times = _times(db, post, record)
    row = {
        "gw": post.gw,
        "epoch": post.epoch,
        "seq": record.seq,
        "kind": record.kind,
        "phase": _text(record.body, "phase"),
        "pass_id": _text(record.body, "pass_id"),
        "body": record.text,
        "digest": record.digest,
        "chain": record.chain,
        "applied": int(applied),
        "received_at": post.at,
        **times,
    }
    insert(db, "record", row)
    if not record.readable:
        _quarantine(db, post, record.seq, "newer_schema", record.text.encode())
    if applied and record.kind == "pass" and row["pass_id"] is not None:
        _apply_pass(db, post, record.body, times)


def _times(db: sqlite3.Connection, post: Post, record: Received) -> dict[str, Any]:
    when = record.when
    if when is None:
        return {"historical": None, "happened_at": None}
    found = db.execute(
        "select offset_ms from boot where gw = ? and boot = ?", (post.gw, when.boot)
    ).fetchone()
    historical = moments.is_historical(when, post.sent)
    return {
        "historical": None if historical is None else int(historical),
        "happened_at": moments.happened_at(when, found and found[0]),
    }


def _apply_pass(
    db: sqlite3.Connection, post: Post, body: Mapping[str, Any], times: Mapping[str, Any]
) -> None:
    plate = body.get("plate")
    row = {
        "pass_id": _text(body, "pass_id"),
        "gw": post.gw,
        "plate": _text(plate, "text") if isinstance(plate, dict) else None,
        **{name: _text(body, name) for name in PASS_COLUMNS},
        "updated_at": post.at,
    }
    before = rows(db, "select * from pass where pass_id = ?", row["pass_id"])
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "pass_id")
    insert(db, "pass", row, f" on conflict (pass_id) do update set {changes}")
    kind = event_kind(before[0] if before else None, row)
    if kind is not None:
        was = before[0]["plate"] if kind == CORRECTED else None
        names = ("gw", "pass_id", "plate")
        event = {name: row[name] for name in names} | {"kind": kind, "was": was, "at": post.at}
        insert(db, "event", event | dict(times))


def event_kind(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str | None:
    """What the parking system hears of a pass; None where nothing that it counts has changed.

    Events of one gateway, and so of one plate there, come in the order in which they happened.
    """
    if before is not None and before["ending"] is not None:
        return CORRECTED if before["plate"] != now["plate"] else None
    if now["ending"] is None:
        return None
    if now["ending"] == "passed":
        return PASSED
    return CANCELLED if now["verdict"] == "allow" else None


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None
