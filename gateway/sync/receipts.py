"""What a receiver keeps: each gateway's history as it came, and the passes it adds up to.

Every function works on a connection inside its caller's thread. `store_batch` is one
transaction; when it returns, its records are on the disk.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.store.database import Migration, explain, open_read_only, transaction
from gateway.sync.ledger import Accept, Received
from gateway.sync.protocol import Batch, Position, genesis

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


MIGRATIONS: tuple[Migration, ...] = (_first_form,)


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
        "select chain from record where gw = ? and epoch = ? and seq = ?", (gw, epoch, seq)
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


def store_batch(db: sqlite3.Connection, gw: str, batch: Batch, accept: Accept, at: str) -> None:
    """The new records, the passes they change and the epoch's position, or nothing."""
    with transaction(db):
        store_start(db, gw, batch.epoch, batch.inst)
        for record in accept.new:
            _store_record(db, gw, batch.epoch, record, at)
        db.execute(
            "insert into epoch (gw, epoch, upto, head) values (?, ?, ?, ?)"
            " on conflict (gw, epoch) do update set upto = excluded.upto, head = excluded.head",
            (gw, batch.epoch, *accept.upto),
        )


def _store_record(db: sqlite3.Connection, gw: str, epoch: str, record: Received, at: str) -> None:
    """A body that came before, under an epoch that is over, is kept but changes nothing."""
    known = db.execute(
        "select 1 from record where gw = ? and digest = ? and applied", (gw, record.digest)
    ).fetchone()
    row = {
        "gw": gw,
        "epoch": epoch,
        "seq": record.seq,
        "kind": record.kind,
        "phase": _text(record.body, "phase"),
        "pass_id": _text(record.body, "pass_id"),
        "body": record.text,
        "digest": record.digest,
        "chain": record.chain,
        "applied": int(known is None),
        "received_at": at,
    }
    _insert(db, "record", row)
    if known is None and record.kind == "pass" and row["pass_id"] is not None:
        _apply_pass(db, gw, record.body, at)


def _apply_pass(db: sqlite3.Connection, gw: str, body: Mapping[str, Any], at: str) -> None:
    plate = body.get("plate")
    row = {
        "pass_id": _text(body, "pass_id"),
        "gw": gw,
        "plate": _text(plate, "text") if isinstance(plate, dict) else None,
        **{name: _text(body, name) for name in PASS_COLUMNS},
        "updated_at": at,
    }
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "pass_id")
    _insert(db, "pass", row, f" on conflict (pass_id) do update set {changes}")


def _insert(
    db: sqlite3.Connection, table: str, row: Mapping[str, Any], otherwise: str = ""
) -> None:
    columns = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    db.execute(f"insert into {table} ({columns}) values ({places}){otherwise}", row)  # noqa: S608


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def summary_of(db: sqlite3.Connection) -> dict[str, int]:
    """`duplicated`: records applied more than once; `gaps`: numbers missing below `upto`."""
    row = db.execute(
        "select (select count(*) from pass), (select count(*) from record),"
        " (select count(*) from (select 1 from record where applied"
        " group by gw, digest having count(*) > 1)),"
        " (select coalesce(sum(upto - (select count(*) from record r"
        " where r.gw = e.gw and r.epoch = e.epoch and r.seq <= e.upto)), 0) from epoch e)"
    ).fetchone()
    return dict(zip(("passes", "records", "duplicated", "gaps"), row, strict=True))


def summary(path: Path) -> dict[str, int]:
    """{"passes", "records", "duplicated", "gaps"} of a receiver's file. Raises `StoreError`."""
    try:
        with closing(open_read_only(path)) as db:
            return summary_of(db)
    except sqlite3.Error as error:
        raise explain(path, error) from error
