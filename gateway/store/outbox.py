"""The outbox's SQL: what waits for the cloud, as one chained history for each epoch.

Every function works on a connection inside its caller's thread; those that write must be
called inside a transaction. A connection that appends must `keep_time` first.
"""

import json
import secrets
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gateway.sync.protocol import (
    RECORD_SCHEMA,
    TOMBSTONE,
    Moment,
    Parent,
    Position,
    Record,
    canonical,
    digest,
    genesis,
    next_chain,
    record_line,
)

_COLUMNS = "seq, schema, kind, body, chain, coalesce(moment, '')"


class Meta(NamedTuple):
    """One row: whose history this is, how far it goes, how far it is acknowledged."""

    gateway: str
    epoch: str
    last: Position
    acked: Position

    @property
    def unacked(self) -> int:
        return self.last.seq - self.acked.seq


class Upkeep(NamedTuple):
    """Records up to `kept` are no longer here; `parent` is the epoch that this one came from."""

    kept: Position
    parent: Parent | None


def new_epoch_name() -> str:
    return secrets.token_hex(16)


def keep_time(db: sqlite3.Connection, clock: Callable[[], Moment]) -> None:
    """Every record that this connection appends carries the clock's time."""
    db.create_function("moment", 0, lambda: clock().text())


def time_of(db: sqlite3.Connection) -> str:
    """The connection's time of day, UTC."""
    at: str = json.loads(db.execute("select moment()").fetchone()[0])["at"]
    return at


def read_meta(db: sqlite3.Connection) -> Meta | None:
    """None where the file is new."""
    row = db.execute(
        "select gateway, epoch, last_seq, last_chain, acked_seq, acked_chain from meta"
    ).fetchone()
    return row and Meta(row[0], row[1], Position(row[2], row[3]), Position(row[4], row[5]))


def meta(db: sqlite3.Connection) -> Meta:
    found = read_meta(db)
    if found is None:
        raise sqlite3.DatabaseError("the table meta is empty")
    return found


def upkeep(db: sqlite3.Connection) -> Upkeep:
    row = db.execute("select kept_seq, kept_chain, parent, parent_kept from upkeep").fetchone()
    parent = None if row[2] is None else Parent(row[2], row[3])
    return Upkeep(Position(row[0], bytes(row[1])), parent)


def create_meta(db: sqlite3.Connection, gateway: str) -> None:
    epoch = new_epoch_name()
    start = genesis(epoch)
    db.execute("insert into meta values (?, ?, ?, ?, ?, ?)", (gateway, epoch, *start, *start))
    if db.execute("select 1 from upkeep").fetchone() is None:
        db.execute("insert into upkeep (kept_seq, kept_chain, ran_s) values (0, ?, 0.0)", start[1:])


def crc_of(schema: int, kind: str, body: str, moment: str) -> int:
    """Over everything of a record that a new epoch leaves as it is."""
    return zlib.crc32(f"{schema} {kind} {moment} {body}".encode())


def append(db: sqlite3.Connection, kind: str, body: str, pass_id: str | None = None) -> int:
    """Put a record at the end of the history; returns its number."""
    now = meta(db)
    seq = now.last.seq + 1
    moment = db.execute("select moment()").fetchone()[0]
    chain = next_chain(now.last.chain, record_line(seq, RECORD_SCHEMA, kind, body, moment))
    crc = crc_of(RECORD_SCHEMA, kind, body, moment)
    db.execute(
        "insert into outbox (epoch, seq, schema, kind, pass_id, body, chain, moment, crc)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (now.epoch, seq, RECORD_SCHEMA, kind, pass_id, body, chain, moment, crc),
    )
    db.execute("update meta set last_seq = ?, last_chain = ?", (seq, chain))
    return seq


def records_after(db: sqlite3.Connection, seq: int, limit: int) -> tuple[Record, ...]:
    """Records of the present epoch behind `seq`, acknowledged or not, in order.

    They end before the first one that is missing or not as it was written.
    """
    rows = db.execute(
        f"select {_COLUMNS}, crc from outbox"  # noqa: S608
        " where epoch = (select epoch from meta) and seq > ? order by seq limit ?",
        (seq, limit),
    )
    return tuple(_sound(rows, seq))


def _sound(rows: Iterable[tuple[object, ...]], seq: int) -> Iterable[Record]:
    for place, row in enumerate(rows, seq + 1):
        record = Record(*row[:-1])  # type: ignore[arg-type]
        if record.seq != place or not is_sound(record, row[-1]):
            return
        yield record


def is_sound(record: Record, crc: object) -> bool:
    return crc == crc_of(record.schema, record.kind, record.body, record.moment)


def chain_at(db: sqlite3.Connection, seq: int) -> bytes | None:
    """The present epoch's chain at `seq`; None where it has no such record."""
    now = meta(db)
    if seq == 0:
        return genesis(now.epoch).chain
    row = db.execute(
        "select chain from outbox where epoch = ? and seq = ? union all"
        " select kept_chain from upkeep where kept_seq = ?",
        (now.epoch, seq, seq),
    ).fetchone()
    return row and bytes(row[0])


def mark_acked(db: sqlite3.Connection, upto: Position, at: str) -> None:
    """The cloud has everything up to `upto`, whose chain the caller has compared.

    Only the last of these records bears the mark: a backlog is not written a second time.
    """
    now = meta(db)
    if upto.seq <= now.acked.seq:
        return
    db.execute(
        "update outbox set acked_at = ?, acked_after_s = (select ran_s from upkeep)"
        " where epoch = ? and seq = ?",
        (at, now.epoch, upto.seq),
    )
    db.execute("update meta set acked_seq = ?, acked_chain = ?", upto)


def acked_before(db: sqlite3.Connection, ran_s: float, after: int, most: int) -> Position | None:
    """How far of the next `most` records the acknowledgement came before the box ran `ran_s`.

    None where none of them may go. An acknowledgement covers every record up to its mark.
    """
    now = meta(db)
    found = db.execute(
        "select seq, chain, acked_after_s from outbox where epoch = ? and seq > ? and seq <= ?"
        " order by seq limit ?",
        (now.epoch, after, now.acked.seq, most),
    ).fetchall()
    if not found:
        return None
    mark = db.execute(
        "select acked_after_s from outbox where epoch = ? and seq >= ? and seq <= ?"
        " and acked_after_s is not null order by seq limit 1",
        (now.epoch, found[-1][0], now.acked.seq),
    ).fetchone()
    if mark is None or mark[0] > ran_s:
        found = [row for row in found if row[2] is not None and row[2] <= ran_s]
    return Position(found[-1][0], bytes(found[-1][1])) if found else None


def bury(db: sqlite3.Connection, seq: int, code: str, *, keep: bool = True) -> Record | None:
    """Put a tombstone in the place of a record; the chain stays whole.

    The record goes to the quarantine, if it is to `keep`, and is returned. None where there is
    none to bury, or where it is not as it was written: that is for a new epoch to tell.
    """
    now = meta(db)
    sql = f"select {_COLUMNS}, crc, pass_id from outbox where epoch = ? and seq = ?"  # noqa: S608
    row = db.execute(sql, (now.epoch, seq)).fetchone()
    if row is None or row[2] == TOMBSTONE:
        return None
    record = Record(*row[:-2])
    if not is_sound(record, row[-2]):
        return None
    if keep:
        quarantine(db, now.epoch, record, row[-1], code)
    body = canonical(
        {
            "code": code,
            "digest": digest(record.line()).hex(),
            "kind": record.kind,
            "pass_id": row[-1],
        }
    )
    crc = crc_of(record.schema, TOMBSTONE, body, record.moment)
    db.execute(
        "update outbox set kind = ?, body = ?, crc = ? where epoch = ? and seq = ?",
        (TOMBSTONE, body, crc, now.epoch, seq),
    )
    return record


def quarantine(
    db: sqlite3.Connection, epoch: str, record: Record, pass_id: str | None, code: str
) -> None:
    db.execute(
        "insert into quarantine (epoch, seq, kind, pass_id, body, code, at)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (epoch, record.seq, record.kind, pass_id, record.body, code, time_of(db)),
    )
