"""What a receiver knows: how far each gateway's history is stored, and what it adds up to.

`gateway.sync.filing` writes, `gateway.sync.cloud` says where.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.store.database import explain, open_read_only
from gateway.sync.cloud import sqlite
from gateway.sync.cloud.database import Cursor, Database
from gateway.sync.protocol import Position, genesis

MIGRATIONS = sqlite.migrations()


class Asked(Protocol):
    """A `Database`, or any connection that answers a question without values."""

    def execute(self, sql: str, /) -> Cursor: ...


class Epoch(NamedTuple):
    """`number` counts the epochs of one gateway in the order in which they were first heard of."""

    upto: Position
    number: int


def epochs_of(db: Database, gateways: Collection[str]) -> dict[str, dict[str, Epoch]]:
    """Of each gateway, its epochs by name."""
    found: dict[str, dict[str, Epoch]] = {gw: {} for gw in gateways}
    sql = "select gw, epoch, upto, head, number from epoch where gw"
    for gw, epoch, upto, head, number in db.among(sql, (), gateways):
        found[gw][epoch] = Epoch(Position(upto, bytes(head)), number)
    return found


def newest_epochs(db: Database, idle_since: str) -> tuple[tuple[str, str, Position], ...]:
    """(gateway, epoch, position) of each gateway of which nothing was stored since then."""
    rows = db.execute(
        "select gw, epoch, upto, head, stored_at from epoch e where number ="
        " (select max(number) from epoch n where n.gw = e.gw) and stored_at < ? order by gw",
        (idle_since,),
    ).fetchall()
    return tuple((row[0], row[1], Position(row[2], bytes(row[3]))) for row in rows)


def chain_at(db: Database, gw: str, epoch: str, seq: int) -> bytes | None:
    """The chain of a stored record; None where it is not stored."""
    if seq == 0:
        return genesis(epoch).chain
    row = db.execute(
        "select chain from record where gw = ? and epoch = ? and seq = ? union all"
        " select head from epoch where gw = ? and epoch = ? and upto = ?",
        (gw, epoch, seq) * 2,
    ).fetchone()
    return bytes(row[0]) if row else None


def start_known(db: Database, gw: str, epoch: str, inst: str) -> bool:
    """Whether this start of the gateway's program was heard before."""
    found = db.execute(
        "select 1 from start where gw = ? and epoch = ? and inst = ?", (gw, epoch, inst)
    ).fetchone()
    return found is not None


def summary_of(db: Asked) -> dict[str, int]:
    """`duplicated`: records that were applied more than once.

    `gaps`: numbers that are missing below `upto` and are not counted as lost.
    """
    row = db.execute(
        "select (select count(*) from pass), (select count(*) from record),"
        " (select count(*) from (select 1 from record where applied <> 0"
        " group by gw, digest having count(*) > 1) as twice),"
        " (select coalesce(sum(upto - (select count(*) from record r"
        " where r.gw = e.gw and r.epoch = e.epoch and r.seq <= e.upto)), 0) from epoch e)"
        " - (select coalesce(sum(seq_to - seq_from + 1), 0) from loss l where exists"
        " (select 1 from epoch e where e.gw = l.gw and e.epoch = l.epoch and e.upto >= seq_to))"
    ).fetchone()
    return dict(zip(("passes", "records", "duplicated", "gaps"), map(int, row), strict=True))


def summary(path: Path) -> dict[str, int]:
    """{"passes", "records", "duplicated", "gaps"} of a receiver's file. Raises `StoreError`."""
    try:
        with closing(open_read_only(path)) as db:
            return summary_of(db)
    except sqlite3.Error as error:
        raise explain(path, error) from error
