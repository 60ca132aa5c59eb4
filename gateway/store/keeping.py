"""What the outbox lets go, and what is told about losses.

Every function must be called inside a transaction.
"""

import secrets
import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from gateway.lane.reports import AlarmCode
from gateway.store import aside, moving, outbox, passes, retention
from gateway.store.moving import Move
from gateway.store.records import parse_utc
from gateway.store.retention import Keep
from gateway.store.tables import insert
from gateway.sync.protocol import Record, canonical

KEEP_ACKED_S = Keep().acked_s
SLICE = 500
LIGHT = ("telemetry", "diagnostic")
"""Kinds of records that make room for others, the least important first."""


class BoxAlarm(StrEnum):
    """Alarms about the box as a whole, beside those of `AlarmCode`."""

    RECORDS_LOST = "records_lost"
    RECORD_REFUSED = "record_refused"
    CLONED = "cloned_identity"
    CERTIFICATE_ENDS = "certificate_ends"
    PICTURES = "pictures_not_kept"
    LOG_GROWS = "database_log_grows"
    RIGHTS = "rights_refused"
    OVERSTAY = "vehicle_overstays"
    SESSION_CHANGED = "session_changed"
    MONEY_UNPLACED = "money_unplaced"
    ORDER_UNFIT = "order_unfit"


def ran(db: sqlite3.Connection, seconds: float) -> None:
    """The box ran so much longer. Retention counts this, not the time of day, which may jump."""
    db.execute("update upkeep set ran_s = ran_s + ?", (seconds,))
    retention.mark(db)


def let_go(db: sqlite3.Connection, keep: Keep, database: Path) -> int:
    """One slice of what was kept long enough; 0 where nothing is left that may go."""
    return (
        retention.let_go(db, keep)
        or prune(db, keep.acked_s)
        or aside.let_go(db, database, keep.events_s)
    )


def prune(db: sqlite3.Connection, keep_s: float = KEEP_ACKED_S, slice_: int = SLICE) -> int:
    """Let go of acknowledged records, oldest first, that were kept `keep_s`; how many went."""
    if moving.under_way(db):
        return 0
    went = _delete(
        db,
        "epoch <> (select epoch from meta)"
        " and coalesce(acked_after_s, 0.0) <= (select ran_s from upkeep) - ? limit ?",
        keep_s,
        slice_,
    )
    epoch, kept = outbox.meta(db).epoch, outbox.upkeep(db).kept
    ran_s = db.execute("select ran_s from upkeep").fetchone()[0]
    due = outbox.acked_before(db, ran_s - keep_s, kept.seq, slice_)
    if due is None:
        return went
    db.execute("update upkeep set kept_seq = ?, kept_chain = ?", due)
    return went + _delete(db, "epoch = ? and seq <= ?", epoch, due.seq)


def _delete(db: sqlite3.Connection, where: str, *values: object) -> int:
    sql = f"delete from outbox where rowid in (select rowid from outbox where {where})"  # noqa: S608
    return db.execute(sql, values).rowcount


def make_room(db: sqlite3.Connection, slice_: int = SLICE) -> int:
    """At the hard limit: acknowledged records go before their time, then light ones.

    How many went; 0 where nothing is left that may go. A light record leaves a tombstone.
    """
    if went := prune(db, keep_s=0.0, slice_=slice_):
        return went
    for kind in LIGHT:
        rows = db.execute(
            "select seq from outbox where epoch = (select epoch from meta) and kind = ?"
            " and seq > (select acked_seq from meta) order by seq limit ?",
            (kind, slice_),
        ).fetchall()
        if rows:
            return _thin_out(db, [row[0] for row in rows])
    return 0


def _thin_out(db: sqlite3.Connection, numbers: Iterable[int]) -> int:
    gone = [outbox.bury(db, seq, "no_room", keep=False) for seq in numbers]
    return sum(record is not None for record in gone)


# --- what is told ------------------------------------------------------------------------


def lost(db: sqlite3.Connection, records: int, reason: str) -> None:
    """A loss is counted, told to the cloud as a record of its own, and raises an alarm."""
    at = outbox.time_of(db)
    row = {"loss_id": secrets.token_hex(16), "records": records, "reason": reason, "at": at}
    insert(db, "losses", row)
    outbox.append(db, "loss", canonical(row))
    _alarm(db, BoxAlarm.RECORDS_LOST, f"{records} records are lost: {reason}", at)


def forked(db: sqlite3.Connection, move: Move) -> None:
    """After the last step of a new epoch."""
    detail = f"{move.reason}; {move.to.seq} records go on in the new epoch {move.epoch}"
    _alarm(db, AlarmCode.HISTORY_FORKED, detail, outbox.time_of(db))
    if move.missing:
        lost(db, move.missing, f"missing or damaged in the store: {move.reason}")


def refused(db: sqlite3.Connection, seq: int, code: str) -> Record | None:
    """The cloud can never store a record: it goes to the quarantine, a tombstone in its place."""
    record = outbox.bury(db, seq, code)
    if record is not None:
        detail = (
            f"the cloud cannot store record {seq}, a {record.kind} ({code}): it stays in this"
            " box's quarantine; send the box's log to its maker"
        )
        _alarm(db, BoxAlarm.RECORD_REFUSED, detail, outbox.time_of(db))
    return record


def _alarm(db: sqlite3.Connection, code: str, detail: str, at: str) -> None:
    passes.alarm(db, None, str(code), detail, parse_utc(at))
