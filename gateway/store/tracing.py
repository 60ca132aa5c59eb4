"""Who was here with a plate, by the sessions and the passes, and the note that somebody asked.

A question is on record, here and for the cloud, before its answer is given. The note names the
plate that was asked for, so that it can be looked into whom somebody looked for; it names none
that was found. A purge of the plate takes it out of the note, too.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.rules.trace import PASS, Bounds, Presence, Span, Traced, trace, window
from gateway.store import outbox
from gateway.store.clock import BoxClock
from gateway.store.database import (
    explain,
    needs_form,
    open_database,
    open_read_only,
    transaction,
)
from gateway.store.records import Row, parse_utc, utc_text
from gateway.store.schema import MIGRATIONS
from gateway.store.tables import insert, rows
from gateway.sync.protocol import canonical

FORM = 6

_STAYS = """
    select session_id, plate, area, inner, entered_at, left_at, closing from sessions
    where coalesce(entered_at, left_at) <= ?
"""
# One that became another one has no end of its own, and is in neither.
_INSIDE = _STAYS + " and closing is null"
_GONE = _STAYS + " and left_at >= ?"
_PASSES = """
    select pass_id, coalesce(plate, '') as plate, lane, arrived_at, ending from passes
    where arrived_at >= ? and arrived_at <= ?
        and not exists (select 1 from sessions where session_id = pass_id)
        and pass_id not in
            (select exit_pass from sessions where left_at >= ? and exit_pass <> '')
"""
_ITS = " and plate = ?"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Who was here with `plate` between `since` and `until`, or so long before or after it.

    `by` asks, for `purpose`; at most `most` contacts are told.
    """

    plate: str
    around: timedelta
    since: datetime
    until: datetime
    most: int
    by: str
    purpose: str


def traced(path: Path, inquiry: Inquiry, now: datetime) -> Traced:
    """The answer, after the question was written down. A daemon at work goes on meanwhile.

    Raises `StoreError`: nothing is told then.
    """
    try:
        with closing(open_read_only(path)) as db:
            needs_form(db, path, FORM)
            found = _looked_up(db, inquiry, now)
        with closing(open_database(path, MIGRATIONS)) as db:
            outbox.keep_time(db, BoxClock().now)
            with transaction(db):
                _note(db, inquiry, found)
    except sqlite3.Error as error:
        raise explain(path, error) from error
    return found


def _looked_up(db: sqlite3.Connection, inquiry: Inquiry, now: datetime) -> Traced:
    limits = Bounds(inquiry.since, inquiry.until, now, inquiry.most)
    own = list(_present(db, Span(inquiry.since, inquiry.until), inquiry.plate))
    found = {one.ref: one for one in own}
    for span in window(own, inquiry.around, limits):
        found |= {one.ref: one for one in _present(db, span)}
    return trace(found.values(), inquiry.plate, inquiry.around, limits)


def _present(db: sqlite3.Connection, span: Span, plate: str | None = None) -> Iterator[Presence]:
    """Everybody, or only who has the plate; some more than were here in that span."""
    since, until = utc_text(span.begin), utc_text(span.end)
    its, more = ("", ()) if plate is None else (_ITS, (plate,))
    for sql, times in ((_INSIDE, (until,)), (_GONE, (until, since))):
        yield from (_stay(row) for row in rows(db, sql + its, *times, *more))
    found = rows(db, _PASSES + its, since, until, since, *more)
    yield from (_pass(row) for row in found)


def _stay(row: Row) -> Presence:
    inner = [one["area"] for one in json.loads(row["inner"])]
    return Presence(
        row["session_id"],
        row["plate"] or "",
        tuple(dict.fromkeys([row["area"], *inner])),
        row["entered_at"] and parse_utc(row["entered_at"]),
        row["left_at"] and parse_utc(row["left_at"]),
        ending=row["closing"] or "",
    )


def _pass(row: Row) -> Presence:
    at = parse_utc(row["arrived_at"])
    ref, ending = row["pass_id"], row["ending"] or ""
    return Presence(ref, row["plate"], (row["lane"],), at, at, PASS, ending)


def _note(db: sqlite3.Connection, inquiry: Inquiry, found: Traced) -> None:
    row = {
        "trace_id": secrets.token_hex(16),
        "at": outbox.time_of(db),
        "by": inquiry.by,
        "purpose": inquiry.purpose,
        "plate": inquiry.plate,
        "since": utc_text(inquiry.since),
        "until": utc_text(inquiry.until),
        "around_s": inquiry.around // timedelta(seconds=1),
        "found": found.found,
        "told": len(found.contacts),
    }
    insert(db, "traces", row)
    outbox.append(db, "trace", canonical(row))
