"""A new epoch: every record that is kept goes on under it, numbered from 1, a slice at a time.

Acknowledged records too: a cloud that was set back to a backup may need them again, and one
that has them knows them by their bodies. While records move, new ones join the end of the old
history and move last. A crash between two slices loses nothing: the next start goes on.

Every function must be called inside a transaction.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from gateway.store import outbox
from gateway.sync.protocol import Parent, Position, Record, genesis, next_chain

SLICE = 200


class Move(NamedTuple):
    """`to` is how far the new epoch goes, `old_seq` the last record of the old one that moved.

    `missing`: records that were not there, or were not as they were written.
    """

    epoch: str
    to: Position
    old_seq: int
    missing: int
    reason: str


def under_way(db: sqlite3.Connection) -> Move | None:
    row = db.execute("select epoch, seq, chain, old_seq, missing, reason from upkeep").fetchone()
    if row is None or row[0] is None:
        return None
    return Move(row[0], Position(row[1], bytes(row[2])), *row[3:])


def begin(db: sqlite3.Connection, gateway: str, reason: str) -> None:
    """One that is under way goes on instead."""
    db.execute("update meta set gateway = ?", (gateway,))
    if under_way(db) is None:
        epoch, kept = outbox.new_epoch_name(), outbox.upkeep(db).kept
        _note(db, Move(epoch, genesis(epoch), kept.seq, 0, reason))


def step(db: sqlite3.Connection, slice_: int = SLICE) -> Move | None:
    """Move one slice; what was moved where, once all is."""
    move = under_way(db)
    if move is None:
        raise ValueError("no new epoch is in the making")
    old = outbox.meta(db)
    rows = db.execute(
        "select seq, schema, kind, body, chain, coalesce(moment, ''), crc, pass_id from outbox"
        " where epoch = ? and seq > ? order by seq limit ?",
        (old.epoch, move.old_seq, slice_),
    ).fetchall()
    for row in rows:
        move = _moved(db, old.epoch, move, row)
    if len(rows) == slice_:
        _note(db, move)
        return None
    move = move._replace(missing=move.missing + old.last.seq - move.old_seq)
    _finish(db, old, move)
    return move


def _moved(db: sqlite3.Connection, epoch: str, move: Move, row: Sequence[object]) -> Move:
    record = Record(*row[:6])  # type: ignore[arg-type]
    missing = move.missing + record.seq - move.old_seq - 1
    if not outbox.is_sound(record, row[6]):
        outbox.quarantine(db, epoch, record, row[7], "damaged")  # type: ignore[arg-type]
        db.execute("delete from outbox where epoch = ? and seq = ?", (epoch, record.seq))
        return move._replace(old_seq=record.seq, missing=missing + 1)
    line = record._replace(seq=move.to.seq + 1).line()
    to = Position(move.to.seq + 1, next_chain(move.to.chain, line))
    db.execute(
        "update outbox set epoch = ?, seq = ?, chain = ?, acked_at = null, acked_after_s = null"
        " where epoch = ? and seq = ?",
        (move.epoch, *to, epoch, record.seq),
    )
    return move._replace(to=to, old_seq=record.seq, missing=missing)


def _note(db: sqlite3.Connection, move: Move) -> None:
    db.execute(
        "update upkeep set epoch = ?, seq = ?, chain = ?, old_seq = ?, missing = ?, reason = ?",
        (move.epoch, *move.to, move.old_seq, move.missing, move.reason),
    )


def _finish(db: sqlite3.Connection, old: outbox.Meta, move: Move) -> None:
    kept, parent = outbox.upkeep(db)
    if kept.seq or parent is None:
        parent = Parent(old.epoch, kept.seq)
    start = genesis(move.epoch)
    db.execute(
        "update meta set epoch = ?, last_seq = ?, last_chain = ?, acked_seq = ?, acked_chain = ?",
        (move.epoch, *move.to, *start),
    )
    db.execute(
        "update upkeep set kept_seq = ?, kept_chain = ?, parent = ?, parent_kept = ?, epoch = null,"
        " seq = null, chain = null, old_seq = null, missing = null, reason = null",
        (*start, parent.epoch, parent.kept),
    )


def at_once(db: sqlite3.Connection, gateway: str, reason: str) -> Move:
    """For a small file, or before the lanes are up."""
    begin(db, gateway, reason)
    while (moved := step(db)) is None:
        pass
    return moved


def carry_over(db: sqlite3.Connection) -> None:
    """From the form of the file in which the chain was made otherwise."""
    now = outbox.read_meta(db)
    if now is None:
        return
    db.create_function("crc_of", 4, outbox.crc_of)
    db.execute("update outbox set crc = crc_of(schema, kind, body, '')")
    start = genesis(now.epoch)
    db.execute("insert into upkeep (kept_seq, kept_chain, ran_s) values (0, ?, 0.0)", start[1:])
    at_once(db, now.gateway, "")
