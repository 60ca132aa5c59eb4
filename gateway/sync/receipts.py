"""What a receiver keeps: each gateway's history as it came, and the passes it adds up to.

Every function works on a connection inside its caller's thread. `gateway.sync.filing` writes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.store.database import Migration, explain, open_read_only
from gateway.sync.protocol import Position, genesis

if TYPE_CHECKING:
    from sqlite_utils import Database

PASS_COLUMNS = (
    "lane",
    "direction",
    "verdict",
    "reason",
    "arrived_at",
    "decided_at",
    "ended_at",
    "ending",
)


def _first_form(db: "Database") -> None:
    db.table("epoch").create(
        {"gw": str, "epoch": str, "upto": int, "head": bytes},
        pk=("gw", "epoch"),
        not_null={"upto", "head"},
        strict=True,
    )
    db.table("start").create(
        {"gw": str, "epoch": str, "inst": str}, pk=("gw", "epoch", "inst"), strict=True
    )
    db.table("record").create(
        {
            "gw": str,
            "epoch": str,
            "seq": int,
            "kind": str,
            "phase": str,
            "pass_id": str,
            "body": str,
            "digest": bytes,
            "chain": bytes,
            "applied": int,
            "received_at": str,
        },
        pk=("gw", "epoch", "seq"),
        not_null={"kind", "body", "digest", "chain", "applied", "received_at"},
        strict=True,
    )
    db.table("record").create_index(["gw", "digest"])
    _pass_table(db)


def _pass_table(db: "Database") -> None:
    columns = dict.fromkeys(("pass_id", "gw", "plate", *PASS_COLUMNS, "updated_at"), str)
    db.table("pass").create(columns, pk="pass_id", not_null={"gw", "updated_at"}, strict=True)


def _whole_protocol(db: "Database") -> None:
    db.execute("alter table record add column historical integer")
    db.execute("alter table record add column happened_at text")
    places = {"gw": str, "epoch": str, "seq": int}
    quarantine = places | {"code": str, "line": bytes, "received_at": str}
    db.table("quarantine").create(quarantine, pk=("gw", "epoch", "seq", "code"), strict=True)
    losses = {"gw": str, "epoch": str, "seq_from": int, "seq_to": int, "noticed_at": str}
    db.table("loss").create(losses, pk=("gw", "epoch", "seq_from"), strict=True)
    boot = {"gw": str, "boot": str, "offset_ms": int}
    db.table("boot").create(boot, pk=("gw", "boot"), strict=True)
    alarm = dict.fromkeys(("gw", "code", "detail", "raised_at"), str)
    db.table("alarm").create(alarm, strict=True)
    texts = dict.fromkeys(("gw", "pass_id", "kind", "plate", "was", "happened_at", "at"), str)
    event = {"event_id": int} | texts | {"historical": int}
    db.table("event").create(event, pk="event_id", strict=True)


MIGRATIONS: tuple[Migration, ...] = (_first_form, _whole_protocol)


def position(db: sqlite3.Connection, gw: str, epoch: str) -> Position:
    """How far this epoch is stored; its beginning where it is not known."""
    row = db.execute(
        "select upto, head from epoch where gw = ? and epoch = ?", (gw, epoch)
    ).fetchone()
    return Position(row[0], bytes(row[1])) if row else genesis(epoch)


def chain_at(db: sqlite3.Connection, gw: str, epoch: str, seq: int) -> bytes | None:
    if seq == 0:
        return genesis(epoch).chain
    row = db.execute(
        "select chain from record where gw = ? and epoch = ? and seq = ? union all"
        " select head from epoch where gw = ? and epoch = ? and upto = ?",
        (gw, epoch, seq) * 2,
    ).fetchone()
    return bytes(row[0]) if row else None


def start_known(db: sqlite3.Connection, gw: str, epoch: str, inst: str) -> bool:
    """Whether this start of the gateway's program was heard before."""
    found = db.execute(
        "select 1 from start where gw = ? and epoch = ? and inst = ?", (gw, epoch, inst)
    ).fetchone()
    return found is not None


def store_start(db: sqlite3.Connection, gw: str, epoch: str, inst: str) -> None:
    db.execute("insert or ignore into start values (?, ?, ?)", (gw, epoch, inst))


def epochs(db: sqlite3.Connection) -> tuple[tuple[str, str, Position], ...]:
    """(gateway, epoch, position) of all that is known."""
    rows = db.execute("select gw, epoch, upto, head from epoch order by rowid").fetchall()
    return tuple((row[0], row[1], Position(row[2], bytes(row[3]))) for row in rows)


def summary_of(db: sqlite3.Connection) -> dict[str, int]:
    """`duplicated`: records that were applied more than once.

    `gaps`: numbers that are missing below `upto` and are not counted as lost.
    """
    row = db.execute(
        "select (select count(*) from pass), (select count(*) from record),"
        " (select count(*) from (select 1 from record where applied"
        " group by gw, digest having count(*) > 1)),"
        " (select coalesce(sum(upto - (select count(*) from record r"
        " where r.gw = e.gw and r.epoch = e.epoch and r.seq <= e.upto)), 0) from epoch e)"
        " - (select coalesce(sum(seq_to - seq_from + 1), 0) from loss l where exists"
        " (select 1 from epoch e where e.gw = l.gw and e.epoch = l.epoch and e.upto >= seq_to))"
    ).fetchone()
    return dict(zip(("passes", "records", "duplicated", "gaps"), row, strict=True))


def summary(path: Path) -> dict[str, int]:
    """{"passes", "records", "duplicated", "gaps"} of a receiver's file. Raises `StoreError`."""
    try:
        with closing(open_read_only(path)) as db:
            return summary_of(db)
    except sqlite3.Error as error:
        raise explain(path, error) from error
