"""The store's tables, one function for each step from an older form of the file to the next."""

from typing import TYPE_CHECKING

from gateway.store.database import Migration

if TYPE_CHECKING:
    from sqlite_utils import Database


def _passes(db: "Database") -> None:
    db.table("passes").create(
        {
            "pass_id": str,
            "lane": str,
            "direction": str,
            "plate": str,
            "plate_type": str,
            "plate_colour": str,
            "confidence": float,
            "min_char": float,
            "corners": str,
            "evidence": str,
            "verdict": str,
            "reason": str,
            "arrived_at": str,
            "decided_at": str,
            "ended_at": str,
            "ending": str,
        },
        pk="pass_id",
        not_null={"lane", "direction", "evidence", "verdict", "reason", "arrived_at"},
        strict=True,
    )
    db.table("passes").create_index(["arrived_at"])
    db.execute("create index passes_under_way on passes (lane) where ending is null")


def _alarms(db: "Database") -> None:
    db.table("alarms").create(
        {"alarm_id": str, "lane": str, "code": str, "detail": str, "raised_at": str},
        pk="alarm_id",
        not_null={"code", "detail", "raised_at"},
        strict=True,
    )


def _outbox(db: "Database") -> None:
    db.table("outbox").create(
        {
            "epoch": str,
            "seq": int,
            "schema": int,
            "kind": str,
            "pass_id": str,
            "body": str,
            "chain": bytes,
            "acked_at": str,
        },
        pk=("epoch", "seq"),
        not_null={"schema", "kind", "body", "chain"},
        strict=True,
    )
    db.table("meta").create(
        {
            "gateway": str,
            "epoch": str,
            "last_seq": int,
            "last_chain": bytes,
            "acked_seq": int,
            "acked_chain": bytes,
        },
        not_null={"gateway", "epoch", "last_seq", "last_chain", "acked_seq", "acked_chain"},
        strict=True,
    )


def _first_form(db: "Database") -> None:
    _passes(db)
    _alarms(db)
    _outbox(db)


def _candidates(db: "Database") -> None:
    db.execute("alter table passes add column candidates text not null default '[]'")


MIGRATIONS: tuple[Migration, ...] = (_first_form, _candidates)
