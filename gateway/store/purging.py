"""What people have deleted: a plate, or everything before a time.

A pass whose plate is deleted stays as a pass without one, so that days still balance. A record
that was sent leaves a tombstone, so that the history stays whole. What the cloud has not got yet
stays until it has it, or goes with `unsent`; visits and cases under way always stay.

`find_plate` only reads. What writes must be called inside a transaction, on a connection that
keeps time.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.ledger import day_of
from gateway.store import moving, outbox, retention
from gateway.store.records import Row, utc_text
from gateway.store.sessions import erasing
from gateway.store.tables import insert, rows
from gateway.sync.protocol import TOMBSTONE, canonical

INSTEAD = "(deleted)"
CODE = "purged"
MOST_IDS = 1000
_TEXTS = (
    ("alarms", "detail"),
    ("raises", "reason"),
    ("cases", "why"),
    ("cases", "outcome"),
    ("modes", "by"),
    ("modes", "reason"),
    ("orders", "answer"),
    ("ledgers", "body"),
    ("losses", "reason"),
    ("sessions", "notes"),
    ("money", "by"),
    ("money", "reason"),
    ("credits", "reason"),
    ("traces", "plate"),
    ("traces", "purpose"),
)
_TIMES = {
    "passes": "ended_at",
    "raises": "at",
    "cases": "closed_at",
    "alarms": "raised_at",
    "modes": "at",
    "orders": "at",
    "ledgers": "day",
    "quarantine": "at",
    "losses": "at",
    "sessions": "closed_at",
    "money": "booked_at",
    "credits": "granted_at",
    "charges": "ended",
    "funds": "at",
    "attested": "expires_at",
    "told": "at",
    "traces": "at",
}
_NO_PLATE = (
    "plate = null, plate_type = null, plate_colour = null, confidence = null, min_char = null,"
    " corners = null, candidates = '[]', evidence = '[]', photos = '[]',"
    # The ticket has the plate in it, though nobody can read it there.
    " terms = json_remove(terms, '$.ticket', '$.why')"
)


@dataclass(frozen=True, slots=True)
class PlateRows:
    """Where a plate stands. `passes` and `cases` are its own, `guesses` only name it as possible.

    `texts` are (table, column, row); `sent` and `unsent` are numbers of records; `under_way`
    counts visits, cases and stays that are not over. `pictures` are names.
    """

    plate: str
    passes: tuple[str, ...]
    cases: tuple[str, ...]
    guesses: tuple[tuple[str, str], ...]
    raises: tuple[str, ...]
    texts: tuple[tuple[str, str, int], ...]
    quarantined: tuple[int, ...]
    sent: tuple[int, ...]
    unsent: tuple[int, ...]
    pictures: tuple[str, ...]
    parking: erasing.Found
    under_way: int

    def counts(self) -> dict[str, int]:
        return {
            "passes": len(self.passes),
            "cases": len(self.cases),
            "guesses": len(self.guesses),
            "texts": len(self.texts),
            "quarantined": len(self.quarantined),
            "records": len(self.sent),
        } | self.parking.counts()


# --- a plate -----------------------------------------------------------------------------


def find_plate(db: sqlite3.Connection, plate: str) -> PlateRows:
    passes = _naming(db, "passes", plate)
    own = {row["pass_id"] for row in passes if _is_its(row, plate)}
    cases = _naming(db, "cases", plate) + _cases_of(db, own, plate)
    over = [row for row in (*passes, *cases) if _ended(row)]
    ours = [row for row in over if _is_its(row, plate) or row["pass_id"] in own]
    keys = {_key(row) for row in ours}
    raised = _raises_of(db, {row["pass_id"] for row in ours})
    parking = erasing.find(db, plate)
    open_visits = {row["pass_id"] for row in passes if not _ended(row)}
    sent, unsent = _records(db, plate, open_visits | parking.staying)
    return PlateRows(
        plate,
        tuple(name for book, name in map(_key, ours) if book == "passes"),
        tuple(name for book, name in map(_key, ours) if book == "cases"),
        tuple(key for key in map(_key, over) if key not in keys),
        tuple(row["raise_id"] for row in raised),
        _texts(db, plate),
        tuple(_column(db, "select rowid from quarantine where instr(body, ?) > 0", plate)),
        sent,
        unsent,
        _names((*ours, *raised)),
        parking,
        len(passes) + len(cases) - len(over) + len(parking.staying),
    )


def _ended(row: Mapping[str, object]) -> bool:
    return row["closed_at" if "case_id" in row else "ending"] is not None


def _naming(db: sqlite3.Connection, book: str, plate: str) -> list[Row]:
    sql = f"select * from {book} where plate = ? or instr(candidates, ?) > 0"  # noqa: S608
    return rows(db, sql, plate, json.dumps(plate, ensure_ascii=False))


def _is_its(row: Mapping[str, object], plate: str) -> bool:
    """Where another plate was read, this one was only a guess."""
    return row["plate"] in (plate, None)


def _cases_of(db: sqlite3.Connection, passes: Iterable[str], plate: str) -> list[Row]:
    """Of its visits, where the case itself does not name it."""
    found = (rows(db, "select * from cases where pass_id = ?", one) for one in passes)
    name = json.dumps(plate, ensure_ascii=False)
    return [
        row
        for some in found
        for row in some
        if row["plate"] != plate and name not in row["candidates"]
    ]


def _raises_of(db: sqlite3.Connection, passes: Iterable[str]) -> list[Row]:
    found = (rows(db, "select * from raises where pass_id = ?", one) for one in passes)
    return [row for some in found for row in some if row["evidence"] != "[]"]


def _key(row: Mapping[str, str]) -> tuple[str, str]:
    return ("cases", row["case_id"]) if "case_id" in row else ("passes", row["pass_id"])


def _names(found: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    lists = (row[name] for row in found for name in ("evidence", "photos") if name in row)
    return tuple(dict.fromkeys(name for one in lists for name in json.loads(one)))


def _texts(db: sqlite3.Connection, plate: str) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (table, column, row)
        for table, column in _TEXTS
        for row in _column(
            db,
            f"select rowid from {table} where instr({column}, ?) > 0",  # noqa: S608
            plate,
        )
    )


def _records(
    db: sqlite3.Connection, plate: str, open_visits: Iterable[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    acked = outbox.meta(db).acked.seq
    found = rows(
        db,
        "select seq, pass_id from outbox where epoch = (select epoch from meta) and kind <> ?"
        " and instr(body, ?) > 0",
        TOMBSTONE,
        plate,
    )
    seqs = [row["seq"] for row in found if row["pass_id"] not in open_visits]
    return tuple(s for s in seqs if s <= acked), tuple(s for s in seqs if s > acked)


def _column(db: sqlite3.Connection, sql: str, *values: object) -> list[int]:
    return [row[0] for row in db.execute(sql, values)]


def erase_plate(db: sqlite3.Connection, found: PlateRows, *, unsent: bool = False) -> None:
    """Raises `ValueError` while a new history is in the making; it takes some seconds."""
    if moving.under_way(db):
        raise ValueError("the records move into a new history just now: try again in a minute")
    _each(db, f"update passes set {_NO_PLATE} where pass_id = ?", found.passes)  # noqa: S608
    shown = "plate = null, candidates = '[]', evidence = '[]'"
    _each(db, f"update cases set {shown} where case_id = ?", found.cases)  # noqa: S608
    _each(db, "update raises set evidence = '[]' where raise_id = ?", found.raises)
    keys = {"passes": "pass_id", "cases": "case_id"}
    for book, name in found.guesses:
        _each(db, f"update {book} set candidates = '[]' where {keys[book]} = ?", [name])  # noqa: S608
    for table, column, row in found.texts:
        sql = f"update {table} set {column} = replace({column}, ?, ?) where rowid = ?"  # noqa: S608
        db.execute(sql, (found.plate, INSTEAD, row))
    erasing.erase(db, found.parking)
    _each(db, "delete from quarantine where rowid = ?", found.quarantined)
    for seq in (*found.sent, *(found.unsent if unsent else ())):
        outbox.bury(db, seq, CODE, keep=False)
    sql = "delete from outbox where epoch <> (select epoch from meta) and instr(body, ?) > 0"
    db.execute(sql, (found.plate,))


def _each(db: sqlite3.Connection, sql: str, values: Sequence[object]) -> None:
    db.executemany(sql, [(value,) for value in values])


# --- an age ------------------------------------------------------------------------------


def count_before(db: sqlite3.Connection, before: datetime) -> dict[str, int]:
    """What `erase_before` would delete, by book; `records` are acknowledged ones."""
    counts = {}
    for book in _TIMES:
        where, value = _older(book, before)
        sql = f"select count(*) from {book} where {where} and {retention.OVER[book]}"  # noqa: S608
        counts[book] = db.execute(sql, (value,)).fetchone()[0]
    last = _acked_before(db, before)
    return counts | {"records": max(0, last - outbox.upkeep(db).kept.seq)}


def erase_before(db: sqlite3.Connection, before: datetime, slice_: int = retention.SLICE) -> int:
    """One slice of it; 0 where nothing is left."""
    for book in _TIMES:
        where, value = _older(book, before)
        if went := retention.delete(db, book, where, (value,), slice_):
            return went
    kept, last = outbox.upkeep(db).kept.seq, _acked_before(db, before)
    if last <= kept or moving.under_way(db):
        return 0
    upto = min(last, kept + slice_)
    db.execute("update upkeep set kept_seq = ?, kept_chain = ?", (upto, outbox.chain_at(db, upto)))
    return db.execute(
        "delete from outbox where epoch = (select epoch from meta) and seq <= ?", (upto,)
    ).rowcount


def _older(book: str, before: datetime) -> tuple[str, str]:
    value = day_of(before).isoformat() if book == "ledgers" else utc_text(before)
    return f"{_TIMES[book]} < ?", value


def _acked_before(db: sqlite3.Connection, before: datetime) -> int:
    sql = (
        "select max(seq) from outbox where epoch = (select epoch from meta) and acked_at < ?"
        " and seq <= (select acked_seq from meta)"
    )
    return db.execute(sql, (utc_text(before),)).fetchone()[0] or 0


# --- what is told ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """Who had it deleted and why; `what` is `plate`, `age` or `pictures`."""

    by: str
    reason: str
    what: str


def tell(
    db: sqlite3.Connection, order: Order, counts: Mapping[str, int], passes: Sequence[str] = ()
) -> None:
    """The deletion is an event itself, here and for the cloud.

    It names no plate, not as a hash either: all plates can be tried out. `passes` tell the cloud
    which ones it may have to delete in its turn.
    """
    head = {"by": order.by, "reason": order.reason, "what": order.what}
    purge_id, at = secrets.token_hex(16), outbox.time_of(db)
    insert(db, "purges", head | {"purge_id": purge_id, "at": at, "counts": canonical(counts)})
    body = head | {"purge_id": purge_id, "at": at, "counts": dict(counts)}
    for first in range(0, max(len(passes), 1), MOST_IDS):
        some = list(passes[first : first + MOST_IDS])
        outbox.append(db, "purge", canonical(body | {"passes": some}))
