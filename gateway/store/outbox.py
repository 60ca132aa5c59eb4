"""The outbox's SQL: what waits for the cloud, as one chained history for each epoch.

Every function works on a connection inside its caller's thread; those that write must be
called inside a transaction.
"""

import secrets
import sqlite3
from typing import NamedTuple

from gateway.sync.protocol import (
    RECORD_SCHEMA,
    Position,
    Record,
    genesis,
    next_chain,
    record_line,
)


class Meta(NamedTuple):
    """One row: whose history this is, how far it goes, how far it is acknowledged."""

    gateway: str
    epoch: str
    last: Position
    acked: Position

    @property
    def unacked(self) -> int:
        return self.last.seq - self.acked.seq


def new_epoch_name() -> str:
    return secrets.token_hex(16)


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


def create_meta(db: sqlite3.Connection, gateway: str) -> None:
    epoch = new_epoch_name()
    start = genesis(epoch)
    db.execute("insert into meta values (?, ?, ?, ?, ?, ?)", (gateway, epoch, *start, *start))


def append(db: sqlite3.Connection, kind: str, body: str, pass_id: str | None = None) -> int:
    """Put a record at the end of the history; returns its number."""
    now = meta(db)
    seq = now.last.seq + 1
    chain = next_chain(now.last.chain, record_line(seq, RECORD_SCHEMA, kind, body))
    db.execute(
        "insert into outbox (epoch, seq, schema, kind, pass_id, body, chain)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (now.epoch, seq, RECORD_SCHEMA, kind, pass_id, body, chain),
    )
    db.execute("update meta set last_seq = ?, last_chain = ?", (seq, chain))
    return seq


def records_after(db: sqlite3.Connection, seq: int, limit: int) -> tuple[Record, ...]:
    """Records of the present epoch behind `seq`, acknowledged or not, in order."""
    rows = db.execute(
        "select seq, schema, kind, body, chain from outbox"
        " where epoch = (select epoch from meta) and seq > ? order by seq limit ?",
        (seq, limit),
    )
    return tuple(Record(*row) for row in rows)


def chain_at(db: sqlite3.Connection, seq: int) -> bytes | None:
    """The present epoch's chain at `seq`; None where it has no such record."""
    now = meta(db)
    if seq == 0:
        return genesis(now.epoch).chain
    row = db.execute(
        "select chain from outbox where epoch = ? and seq = ?", (now.epoch, seq)
    ).fetchone()
    return row and bytes(row[0])


def mark_acked(db: sqlite3.Connection, upto: Position, at: str) -> None:
    """The cloud has everything up to `upto`, whose chain the caller has compared."""
    now = meta(db)
    if upto.seq <= now.acked.seq:
        return
    db.execute(
        "update outbox set acked_at = ? where epoch = ? and seq > ? and seq <= ?",
        (at, now.epoch, now.acked.seq, upto.seq),
    )
    db.execute("update meta set acked_seq = ?, acked_chain = ?", upto)


def mint_epoch(db: sqlite3.Connection, gateway: str) -> Meta:
    """Begin a new history with every record that is not acknowledged, numbered from 1.

    Bodies, and so pass ids, stay as they are. Acknowledged records stay in the old epoch.
    """
    old = meta(db)
    epoch = new_epoch_name()
    start = last = genesis(epoch)
    for record in records_after(db, old.acked.seq, old.unacked):
        line = record_line(last.seq + 1, record.schema, record.kind, record.body)
        last = Position(last.seq + 1, next_chain(last.chain, line))
        db.execute(
            "update outbox set epoch = ?, seq = ?, chain = ? where epoch = ? and seq = ?",
            (epoch, *last, old.epoch, record.seq),
        )
    new = Meta(gateway, epoch, last, start)
    db.execute(
        "update meta set gateway = ?, epoch = ?, last_seq = ?, last_chain = ?,"
        " acked_seq = ?, acked_chain = ?",
        (gateway, epoch, *last, *start),
    )
    return new
