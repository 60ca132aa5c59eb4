"""Vehicles that are inside for longer than they should: each is told of once."""

import sqlite3
from datetime import datetime

from gateway.rules.sessions import Session
from gateway.store import passes
from gateway.store.keeping import BoxAlarm
from gateway.store.records import utc_text
from gateway.store.sessions.rows import session_of
from gateway.store.tables import insert_new, rows

MOST = 10_000
_NOT_TOLD = """
    select * from sessions where closing is null and (entered_at < ? or right_id <> '')
        and not exists (select 1 from told where told_id = 'overstay ' || session_id)
    order by entered_at limit ?
"""


def untold(db: sqlite3.Connection, before: datetime) -> tuple[Session, ...]:
    """Who came before then, or by a right, and of whom nothing was told yet."""
    return tuple(session_of(row) for row in rows(db, _NOT_TOLD, utc_text(before), MOST))


def tell(db: sqlite3.Connection, session_id: str, words: str, at: datetime) -> bool:
    """False where it was told before."""
    row = {"told_id": f"overstay {session_id}", "at": utc_text(at)}
    if not insert_new(db, "told", row):
        return False
    passes.alarm(db, None, str(BoxAlarm.OVERSTAY), words, at)
    return True
