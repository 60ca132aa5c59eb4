"""The books read out from end to end, a page at a time, while the daemon may be writing.

No read lasts longer than a page, so none of them keeps the daemon's file of changes from being
emptied. Rows come in the order in which they were first written; one that is written while the
reading goes on comes too, or does not.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gateway.ledger import day_of
from gateway.store.database import StoreError, explain, needs_form, open_read_only
from gateway.store.records import Row, case_of, pass_of, utc_text
from gateway.store.sessions.rows import money_shown, session_shown, shown
from gateway.store.tables import rows

FORM, CAR_PARK = 3, 6
PAGE_ROWS = 500


def _raise_of(row: Mapping[str, str]) -> Row:
    return dict(row) | {"evidence": json.loads(row["evidence"])}


def _ledger_of(row: Mapping[str, str]) -> Row:
    """One whose figures were let go has none."""
    body = json.loads(row["body"] or "{}")
    return {"day": row["day"], "published_at": row["published_at"]} | {
        name: body.get(name)
        for name in ("zone", "balanced", "balance", "lanes", "sessions", "money")
    }


class Book(NamedTuple):
    """`time` is the column that a span of time is about; `columns` come in this order.

    `form`: the first form of the file that has it.
    """

    time: str
    columns: tuple[str, ...]
    shown: Callable[[Mapping[str, str]], Row] = dict
    form: int = FORM


BOOKS = {
    "passes": Book(
        "arrived_at",
        ("pass_id", "lane", "direction", "arrived_at", "decided_at", "ended_at", "ending",
         "verdict", "reason", "plate", "plate_type", "plate_colour", "confidence", "min_char",
         "candidates", "evidence"),
        pass_of,
    ),
    "raises": Book(
        "at", ("raise_id", "lane", "at", "cause", "reason", "pass_id", "evidence"), _raise_of
    ),
    "cases": Book(
        "opened_at",
        ("case_id", "lane", "pass_id", "arrived_at", "opened_at", "closed_at", "why", "outcome",
         "plate", "candidates", "inputs", "evidence"),
        case_of,
    ),
    "alarms": Book("raised_at", ("alarm_id", "lane", "raised_at", "code", "detail")),
    "modes": Book("at", ("lane", "at", "kind", "since", "ends_at", "by", "reason")),
    "ledgers": Book(
        "day",
        ("day", "published_at", "zone", "balanced", "balance", "lanes", "sessions", "money"),
        _ledger_of,
    ),
    "sessions": Book(
        "coalesce(entered_at, left_at)",
        ("session_id", "plate", "plate_type", "plate_colour", "vehicle", "area", "entered_at",
         "left_at", "closing", "right_id", "total_fen", "discounted_fen", "paid_fen", "owed_fen",
         "overpaid_fen", "settled_fen", "entry_pass", "exit_pass", "linked", "inner", "notes",
         "bill"),
        session_shown,
        CAR_PARK,
    ),
    "money": Book(
        "booked_at",
        ("money_id", "session_id", "plate", "kind", "amount_fen", "at", "booked_at", "by",
         "reason", "lane", "order_id", "credit_id", "late"),
        money_shown,
        CAR_PARK,
    ),
    "credits": Book(
        "granted_at",
        ("credit_id", "session_id", "plate", "kind", "figure", "until", "vehicle", "valid_until",
         "source", "reason", "granted_at", "revoked_at", "used_by", "used_fen"),
        shown,
        CAR_PARK,
    ),
    "traces": Book(
        "at",
        ("trace_id", "at", "by", "purpose", "plate", "since", "until", "around_s", "found", "told"),
        form=CAR_PARK,
    ),
}  # fmt: skip
TIMES = frozenset(
    ("arrived_at", "decided_at", "ended_at", "at", "opened_at", "closed_at", "raised_at", "since",
     "ends_at", "published_at", "entered_at", "left_at", "booked_at", "until", "valid_until",
     "granted_at", "revoked_at")
)  # fmt: skip
"""Columns that hold a time in UTC, where they hold anything."""


class Span(NamedTuple):
    """From `since` on, and before `until`; None has no end. Of ledgers: whole days."""

    since: datetime | None = None
    until: datetime | None = None

    def bounds(self, book: str) -> tuple[str, str]:
        def text(at: datetime | None, otherwise: str) -> str:
            if at is None:
                return otherwise
            return day_of(at).isoformat() if book == "ledgers" else utc_text(at)

        return text(self.since, ""), text(self.until, "~")


def count(path: Path, book: str, span: Span) -> int:
    """About so many rows will come. Raises `StoreError`."""
    sql = f"select count(*) from {book} where {_within(book)}"  # noqa: S608 -- names of ours
    with _reading(path, BOOKS[book].form) as db:
        return int(db.execute(sql, span.bounds(book)).fetchone()[0])


def read_book(path: Path, book: str, span: Span) -> Iterator[Row]:
    """Rows with all of the book's columns, lists as lists. Raises `StoreError`."""
    shown, columns = BOOKS[book].shown, BOOKS[book].columns
    sql = (
        f"select rowid as rowid_, * from {book} where rowid > ? and {_within(book)}"  # noqa: S608
        " order by rowid limit ?"
    )
    last = 0
    with _reading(path, BOOKS[book].form) as db:
        while page := rows(db, sql, last, *span.bounds(book), PAGE_ROWS):
            last = page[-1]["rowid_"]
            for row in page:
                number = row.pop("rowid_")
                try:
                    whole = shown(row)
                except (ValueError, TypeError) as error:
                    raise StoreError(
                        f"{path}: row {number} of {book} is not as it was written ({error}); start"
                        " the daemon: it looks through the file and mends it"
                    ) from error
                yield {name: whole.get(name) for name in columns}


def _within(book: str) -> str:
    time = BOOKS[book].time
    return f"{time} >= ? and {time} < ?"


@contextmanager
def _reading(path: Path, form: int) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_read_only(path)) as db:
            needs_form(db, path, form)
            yield db
    except sqlite3.Error as error:
        raise explain(path, error) from error
