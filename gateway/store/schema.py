"""The store's tables, one function for each step from an older form of the file to the next."""

from typing import TYPE_CHECKING

from gateway.store.database import Migration
from gateway.store.moving import carry_over
from gateway.store.sessions.form import car_park

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


def _raises(db: "Database") -> None:
    db.table("raises").create(
        {
            "raise_id": str,
            "lane": str,
            "at": str,
            "cause": str,
            "reason": str,
            "pass_id": str,
            "evidence": str,
        },
        pk="raise_id",
        not_null={"lane", "at", "cause", "reason", "pass_id", "evidence"},
        strict=True,
    )
    db.table("raises").create_index(["at"])
    db.table("raises").create_index(["pass_id"])


def _cases(db: "Database") -> None:
    db.table("cases").create(
        {
            "case_id": str,
            "lane": str,
            "pass_id": str,
            "why": str,
            "plate": str,
            "candidates": str,
            "inputs": str,
            "evidence": str,
            "arrived_at": str,
            "opened_at": str,
            "closed_at": str,
            "outcome": str,
        },
        pk="case_id",
        not_null={"lane", "pass_id", "why", "candidates", "inputs", "evidence", "opened_at"},
        strict=True,
    )
    db.table("cases").create_index(["opened_at"])
    db.execute("create index cases_open on cases (lane) where closed_at is null")


def _modes_and_orders(db: "Database") -> None:
    names = ("lane", "kind", "since", "by", "reason", "ends_at", "at")
    never_null = {"lane", "kind", "since", "by", "reason", "at"}
    db.table("modes").create(dict.fromkeys(names, str), not_null=never_null, strict=True)
    db.table("modes").create_index(["lane"])
    orders = dict.fromkeys(("order_id", "lane", "answer", "at"), str)
    not_null = {"lane", "answer", "at"}
    db.table("orders").create(orders, pk="order_id", not_null=not_null, strict=True)


def _ledgers(db: "Database") -> None:
    ledgers = dict.fromkeys(("day", "published_at", "body"), str)
    not_null = {"published_at", "body"}
    db.table("ledgers").create(ledgers, pk="day", not_null=not_null, strict=True)
    # What the ledger asks for each day: the passes that were proved on it.
    db.execute("create index passes_proved on passes (ended_at) where ending = 'passed'")


def _books_of_the_lanes(db: "Database") -> None:
    """Photos have a column of their own: a decision that is written again keeps them."""
    db.execute("alter table passes add column photos text not null default '[]'")
    _raises(db)
    _cases(db)
    _modes_and_orders(db)
    _ledgers(db)


def _upkeep(db: "Database") -> None:
    """One row: how far records were let go, how long the box ran, and a new epoch in the making."""
    db.table("upkeep").create(
        {
            "kept_seq": int,
            "kept_chain": bytes,
            "parent": str,
            "parent_kept": int,
            "ran_s": float,
            "epoch": str,
            "seq": int,
            "chain": bytes,
            "old_seq": int,
            "missing": int,
            "reason": str,
        },
        not_null={"kept_seq", "kept_chain", "ran_s"},
        strict=True,
    )


def _quarantine(db: "Database") -> None:
    texts = dict.fromkeys(("epoch", "kind", "pass_id", "body", "code", "at"), str)
    not_null = {"epoch", "seq", "kind", "body", "code", "at"}
    db.table("quarantine").create({"seq": int} | texts, not_null=not_null, strict=True)
    losses = {"loss_id": str, "records": int, "reason": str, "at": str}
    not_null = {"records", "reason", "at"}
    db.table("losses").create(losses, pk="loss_id", not_null=not_null, strict=True)


def _whole_protocol(db: "Database") -> None:
    """The chain is made otherwise from here on: what is there goes on in a new epoch."""
    for column in ("moment text", "crc integer", "acked_after_s real"):
        db.execute(f"alter table outbox add column {column}")
    _upkeep(db)
    _quarantine(db)
    carry_over(db.conn)


def _ages_and_purges(db: "Database") -> None:
    """What `retention` marks, and what people had deleted."""
    db.execute(
        "create table ages (book text not null, upto integer not null, ran_s real not null,"
        " primary key (book, upto)) strict"
    )
    texts = dict.fromkeys(("purge_id", "at", "by", "reason", "what", "counts"), str)
    db.table("purges").create(texts, pk="purge_id", not_null=set(texts), strict=True)


MIGRATIONS: tuple[Migration, ...] = (
    _first_form,
    _candidates,
    _books_of_the_lanes,
    _whole_protocol,
    _ages_and_purges,
    car_park,
)
