"""How long the box keeps what it wrote, and how it lets go of it.

Age is counted in the box's own running time: what `Store.tend` has added up, some seconds less
with each crash. That is never more than the time that really passed, so nothing goes too early,
whatever anybody does to the clock; a wall clock has no say at all. A box that was switched off
keeps what it has for so much longer: after a long standstill a person purges by date.

Rows carry no age of their own. Once an hour a mark says: so many rows were there by then. A row
that is no newer than a mark is at least as old as it. A mark never outlives the last row that it
speaks of, because SQLite gives the number of a deleted last row to the next one.

Acknowledged records of the outbox have times of their own, see `keeping.prune`. Records that are
not acknowledged are never let go; only where the box has no cloud to wait for do they count as
acknowledged once they are as old as the events that they tell of.

Every function must be called inside a transaction.
"""

import sqlite3
from dataclasses import dataclass

from gateway.store import moving, outbox
from gateway.sync.protocol import Position

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
MARK_EVERY_S = HOUR_S
SLICE = 500

_INSIDE = "select session_id from sessions where closing is null"
_OWING = "select session_id from sessions where owed_fen > settled_fen"

OVER = {
    "passes": "ending is not null",
    "raises": "true",
    "cases": "closed_at is not null",
    "alarms": "true",
    "modes": "rowid not in (select max(rowid) from modes group by lane)",
    "orders": "true",
    "ledgers": "body <> ''",
    "quarantine": "true",
    "losses": "true",
    "purges": "true",
    "sessions": "closing is not null and owed_fen <= settled_fen",
    "money": f"session_id not in ({_INSIDE} union {_OWING})",
    "credits": f"session_id not in ({_INSIDE})",
    "charges": f"session_id not in ({_INSIDE})",
    "funds": "true",
    "attested": "true",
    "told": "true",
    "traces": "true",
}
"""For each book what may go.

Never a visit, a case or a stay under way, nor a debt, nor the mode that is in force.
"""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is kept, in seconds of running time. `sends`: there is a cloud to wait for."""

    acked_s: float = 72 * HOUR_S
    events_s: float = 365 * DAY_S
    sends: bool = True


def mark(db: sqlite3.Connection) -> None:
    """Note what is there now, unless that was noted within the hour."""
    (ran_s,) = db.execute("select ran_s from upkeep").fetchone()
    (last_s,) = db.execute("select max(ran_s) from ages").fetchone()
    if last_s is not None and ran_s < last_s + MARK_EVERY_S:
        return
    now = outbox.meta(db)
    for book, upto in [*((book, _last(db, book)) for book in OVER), (_history(now), now.last.seq)]:
        if upto:
            db.execute("insert or ignore into ages values (?, ?, ?)", (book, upto, ran_s))


def _last(db: sqlite3.Connection, book: str) -> int:
    return int(db.execute(f"select coalesce(max(rowid), 0) from {book}").fetchone()[0])  # noqa: S608


def _history(now: outbox.Meta) -> str:
    """Records are marked by their numbers, which no other record of their epoch ever gets."""
    return f"outbox {now.epoch}"


def _due(db: sqlite3.Connection, book: str, keep_s: float) -> int:
    """The last row that is `keep_s` old, by the marks; 0 where none is."""
    sql = "select max(upto) from ages where book = ? and ran_s <= (select ran_s from upkeep) - ?"
    return int(db.execute(sql, (book, keep_s)).fetchone()[0] or 0)


def let_go(db: sqlite3.Connection, keep: Keep, slice_: int = SLICE) -> int:
    """One slice of the first book that has something due; how many rows went."""
    _look_at_history(db, keep)
    for book in OVER:
        if upto := _due(db, book, keep.events_s):
            if went := delete(db, book, "rowid <= ?", (upto,), slice_):
                return went
            _forget_before(db, book, upto)
    return 0


def _forget_before(db: sqlite3.Connection, book: str, upto: int) -> None:
    """One mark that is old enough says all that older ones said."""
    db.execute("delete from ages where book = ? and upto < ?", (book, upto))


def delete(
    db: sqlite3.Connection, book: str, where: str, values: tuple[object, ...], slice_: int = SLICE
) -> int:
    """Rows of a book that may go; `where` is of ours. How many went, at most `slice_`.

    Of a ledger only its figures go: that its day was told stays, or it would be told again.
    """
    chosen = f"(select rowid from {book} where {where} and {OVER[book]} order by rowid limit ?)"  # noqa: S608
    sql = f"delete from {book} where rowid in {chosen}"  # noqa: S608
    if book == "ledgers":
        sql = f"update ledgers set body = '' where rowid in {chosen}"  # noqa: S608
    went = db.execute(sql, (*values, slice_)).rowcount
    if went:
        _no_mark_beyond(db, book)
    return went


def _no_mark_beyond(db: sqlite3.Connection, book: str) -> None:
    last = _last(db, book)
    sql = "select min(ran_s) from ages where book = ? and upto > ?"
    (since_s,) = db.execute(sql, (book, last)).fetchone()
    if since_s is not None:
        db.execute("delete from ages where book = ? and upto > ?", (book, last))
        db.execute("insert or ignore into ages values (?, ?, ?)", (book, last, since_s))


def _look_at_history(db: sqlite3.Connection, keep: Keep) -> None:
    """Where nobody waits for them, records count as acknowledged when they are old."""
    now = outbox.meta(db)
    history = _history(now)
    upto = _due(db, history, keep.events_s)
    if not keep.sends and upto > now.acked.seq and not moving.under_way(db):
        chain = outbox.chain_at(db, upto)
        if chain is not None:
            outbox.mark_acked(db, Position(upto, chain), outbox.time_of(db))
    _forget_before(db, history, upto)
    # All histories lie between these two words.
    old = "delete from ages where book > 'outbox ' and book < 'outbox!' and book <> ?"
    db.execute(old, (history,))
