"""A day's facts for the ledger of raises, and which days were published.

Writing functions must be called inside a transaction; they return whether they wrote.
"""

import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from gateway.accounts import Account
from gateway.lane.reports import Cause, ModeKind
from gateway.ledger import (
    Facts,
    LaneLedger,
    ModeSpan,
    PassProved,
    RaiseMade,
    as_fields,
    bounds,
    day_of,
    ledgers,
)
from gateway.store import outbox
from gateway.store.database import explain, needs_form, open_read_only
from gateway.store.records import Row, utc_text
from gateway.store.sessions import account
from gateway.store.tables import insert_new, rows
from gateway.sync.protocol import canonical

T = TypeVar("T")
FORM, CAR_PARK_FORM = 3, 6
EARLIEST = date(2026, 1, 1)
MOST_DAYS = 400
LOOK_BACK = timedelta(hours=1)

_RAISES = """
    select raise_id, raises.lane, at, cause, raises.reason,
        coalesce(passes.verdict = 'allow', 0) as let_in
    from raises left join passes on passes.pass_id = nullif(raises.pass_id, '')
    where at >= ? and at < ? order by at, raises.rowid
"""
# What went through before the box kept its first raise cannot have one.
_PASSES = """
    select pass_id, lane, arrived_at, ended_at, reason,
        exists (select 1 from raises where raises.pass_id = passes.pass_id) as raised
    from passes
    where ending = 'passed' and ended_at >= ? and ended_at < ?
        and ended_at >= coalesce((select min(at) from raises), '')
    order by ended_at, rowid
"""
_BEFORE = """
    select lane, max(ended_at) as ended_at from passes
    where ending = 'passed' and ended_at >= ? and ended_at < ? group by lane
"""
_MODES = """
    select lane, kind, at as since, until from (
        select lane, kind, at,
            lead(at, 1, '9999-01-01T00:00:00.000Z') over (partition by lane order by rowid)
            as until
        from modes
    ) where at < ? and until >= ?
"""


def ledger_of(db: sqlite3.Connection, day: date) -> tuple[LaneLedger, ...]:
    start, end = bounds(day)
    span, earlier = (utc_text(start), utc_text(end)), utc_text(start - LOOK_BACK)
    return ledgers(
        Facts(
            [_raise(row) for row in rows(db, _RAISES, *span)],
            [_pass(row) for row in rows(db, _PASSES, *span)],
            [_mode(row) for row in rows(db, _MODES, span[1], earlier)],
            {row["lane"]: _at(row["ended_at"]) for row in rows(db, _BEFORE, earlier, span[0])},
        )
    )


def account_of(db: sqlite3.Connection, day: date) -> Account | None:
    """None where the box has no car park to keep."""
    start, end = bounds(day)
    return account.account_of(db, utc_text(start), utc_text(end))


def _raise(row: Row) -> RaiseMade:
    more = {"at": _at(row["at"]), "cause": Cause(row["cause"]), "let_in": bool(row["let_in"])}
    return RaiseMade(**row | more)


def _pass(row: Row) -> PassProved:
    times = {name: _at(row[name]) for name in ("arrived_at", "ended_at")}
    return PassProved(**row | times | {"raised": bool(row["raised"])})


def _mode(row: Row) -> ModeSpan:
    return ModeSpan(row["lane"], ModeKind(row["kind"]), _at(row["since"]), _at(row["until"]))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def due(db: sqlite3.Connection, last: date) -> tuple[date, ...]:
    """Days up to `last` whose ledger was not published, from the day of the first raise on."""
    first = db.execute("select min(at) from raises").fetchone()[0]
    if first is None:
        return ()
    begin = max(day_of(_at(first)), EARLIEST, last - timedelta(days=MOST_DAYS - 1))
    told = {row["day"] for row in rows(db, "select day from ledgers")}
    days = (begin + timedelta(days=n) for n in range((last - begin).days + 1))
    return tuple(day for day in days if day.isoformat() not in told)


def publish(db: sqlite3.Connection, day: date, at: datetime) -> bool:
    """A day's ledger as a record, once for all time."""
    body = canonical(as_fields(day, ledger_of(db, day), account_of(db, day)))
    row = {"day": day.isoformat(), "published_at": utc_text(at), "body": body}
    if not insert_new(db, "ledgers", row):
        return False
    outbox.append(db, "ledger", body)
    return True


def read_ledger(path: Path, day: date) -> tuple[LaneLedger, ...]:
    """The ledger of a day, also of one that is not over, while the daemon may be writing.

    Raises `StoreError`.
    """
    return _read(path, lambda db: ledger_of(db, day))


def read_account(path: Path, day: date) -> Account | None:
    """The car park's account of a day, as `read_ledger`."""

    def ask(db: sqlite3.Connection) -> Account | None:
        form = db.execute("pragma user_version").fetchone()[0]
        return account_of(db, day) if form >= CAR_PARK_FORM else None

    return _read(path, ask)


def _read(path: Path, ask: Callable[[sqlite3.Connection], T]) -> T:
    db = open_read_only(path)
    try:
        needs_form(db, path, FORM)
        return ask(db)
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        db.close()
