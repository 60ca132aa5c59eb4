"""Sessions chosen and counted for people, while the daemon may be writing.

Everything here raises `StoreError`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.rules.decision import Facts
from gateway.rules.rights import Right
from gateway.store.dossier import reading
from gateway.store.records import Row, utc_text
from gateway.store.sessions import book
from gateway.store.sessions.facts import Asked, facts
from gateway.store.sessions.rows import session_of, session_shown
from gateway.store.sessions.words import Count
from gateway.store.tables import row_of, rows


@dataclass(frozen=True, slots=True)
class Chosen:
    """Sessions that fit everything that is said; the newest first, at most `most`.

    `inside`: whose vehicle is there now. `longer`: stayed so long, until now where it goes on.
    `owing`: a fee is not paid yet. `area`: entered there, or in there now.
    """

    most: int
    inside: bool = False
    plate: str | None = None
    left_since: datetime | None = None
    longer: timedelta | None = None
    owing: bool = False
    area: str = ""


def chosen_sessions(path: Path, chosen: Chosen, now: datetime) -> tuple[Row, ...]:
    parts = list(_conditions(chosen, now))
    where = " and ".join(sql for sql, _ in parts) or "true"
    values = [value for _, some in parts for value in some]
    sql = (
        f"select * from sessions where {where}"  # noqa: S608 -- conditions of ours
        " order by coalesce(left_at, entered_at) desc, rowid desc limit ?"
    )
    with reading(path) as db:
        return tuple(session_shown(row) for row in rows(db, sql, *values, chosen.most))


def _conditions(chosen: Chosen, now: datetime) -> Iterator[tuple[str, tuple[object, ...]]]:
    if chosen.inside:
        yield "closing is null", ()
    if chosen.plate:
        yield "plate = ?", (chosen.plate,)
    if chosen.left_since is not None:
        yield "left_at >= ?", (utc_text(chosen.left_since),)
    if chosen.owing:
        yield "owed_fen > settled_fen", ()
    if chosen.area:
        yield "(area = ? or innermost = ?)", (chosen.area, chosen.area)
    if chosen.longer is not None:
        days = chosen.longer / timedelta(days=1)
        sql = "julianday(coalesce(left_at, ?)) - julianday(entered_at) >= ?"
        yield f"({sql} and coalesce(closing, '') <> 'merged')", (utc_text(now), days)


def counted(path: Path) -> tuple[Count, ...]:
    """Who is inside now, by area and class."""
    with reading(path) as db:
        return book.occupancy(db)


def known_of(path: Path, session_id: str, rights: tuple[Right, ...], at: datetime) -> Facts | None:
    """What the books know about a vehicle that is inside; None where it is not."""
    with reading(path) as db:
        row = row_of(db, "sessions", "session_id", session_id)
        if row is None or row["closing"] is not None:
            return None
        session = session_of(row)
        asked = Asked(session.vehicle, at, session.area, session_id=session_id, rights=rights)
        return facts(db, asked)
