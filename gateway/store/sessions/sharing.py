"""What was made of rights so far: entries, and who has one of a right's spaces."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from gateway.rules.clock import local_s
from gateway.rules.rights import Inside, Right, Use, covered_since
from gateway.rules.sessions import Closing, Session
from gateway.store.records import parse_utc, utc_text
from gateway.store.tables import rows

MOST_ROUNDS = 32
MOST_NAMES = 500


def uses(
    db: sqlite3.Connection, rights: Iterable[Right], plate: str, at: datetime
) -> Mapping[str, Use]:
    """Made by others: a plate that is inside already gives its own space up when it comes again."""
    return {
        right.right_id: Use(_spaces_taken(db, right, plate, utc_text(at)), _entries(db, right))
        for right in rights
        if right.spaces is not None or right.uses is not None or right.no_show_s
    }


def _entries(db: sqlite3.Connection, right: Right) -> int:
    if right.uses is None and not right.no_show_s:
        return 0
    sql = (
        "select count(*) from sessions where right_id = ? and right_id <> ''"
        " and coalesce(closing, '') <> ?"
    )
    return int(db.execute(sql, (right.right_id, str(Closing.MERGED))).fetchone()[0])


def _spaces_taken(db: sqlite3.Connection, right: Right, plate: str, at: str) -> int:
    if right.spaces is None:
        return 0
    others = [row for row in _stays(db, right, right.plates, None) if row["plate"] != plate]
    if len(others) < right.spaces:
        return len(others)
    first = min(str(row["entered_at"]) for row in others)
    met = _met(db, right, right.plates, first, None)
    held = _covered(right, [_given_up(row, plate, at) for row in met])
    return sum(row["session_id"] in held for row in others)


def _given_up(row: Mapping[str, str | None], plate: str, at: str) -> Mapping[str, str | None]:
    own = row["plate"] == plate and row["closed_at"] is None
    return {**row, "closed_at": at} if own else row


def since(
    db: sqlite3.Connection, rights: Iterable[Right], session: Session, at: datetime
) -> Mapping[str, int]:
    """From when the session has a space; a right of which it never had one is not named."""
    found = {}
    for right in rights:
        if right.spaces is not None and session.entered_at is not None:
            came = utc_text(session.entered_at)
            plates = right.plates | {session.vehicle.plate}
            held = _covered(right, _met(db, right, plates, came, utc_text(at)))
            if session.session_id in held:
                found[right.right_id] = held[session.session_id]
    return found


def _covered(right: Right, stays: Iterable[Mapping[str, str | None]]) -> Mapping[str, int]:
    assert right.spaces is not None  # noqa: S101 -- callers have asked
    whole = [
        Inside(str(row["session_id"]), _second(str(row["entered_at"])), left)
        for row in stays
        for left in [None if row["closed_at"] is None else _second(row["closed_at"])]
    ]
    return covered_since(whole, right.spaces, succession=right.succession)


def _second(text: str) -> int:
    return local_s(parse_utc(text).astimezone(UTC))


def _met(
    db: sqlite3.Connection, right: Right, plates: frozenset[str], came: str, until: str | None
) -> Sequence[Mapping[str, str | None]]:
    """All stays that met it, and those that met these: who has a space depends on all of them."""
    found: list[dict[str, str | None]] = []
    for _ in range(MOST_ROUNDS):
        found = _stays(db, right, plates, came)
        first = min((str(row["entered_at"]) for row in found), default=came)
        if first >= came:
            break
        came = first
    return [row for row in found if until is None or str(row["entered_at"]) <= until]


def _stays(
    db: sqlite3.Connection, right: Right, plates: frozenset[str], came: str | None
) -> list[dict[str, str | None]]:
    """Of these plates, in the right's areas: inside now, or after `came`."""
    found: list[dict[str, str | None]] = []
    names = sorted(plates)
    for first in range(0, len(names), MOST_NAMES):
        some = names[first : first + MOST_NAMES]
        marks = ", ".join("?" * len(some))
        sql = (
            "select session_id, plate, area, vehicle, entered_at, closed_at from sessions"  # noqa: S608
            f" where plate in ({marks}) and closed_at is null and entered_at is not null"
        )
        found += rows(db, sql, *some)
        if came is not None:
            ended = sql.replace("closed_at is null", "closed_at > ?")
            found += rows(db, ended + " and closing <> 'merged'", *some, came)
    return [row for row in found if _applies(right, row)]


def _applies(right: Right, row: Mapping[str, str | None]) -> bool:
    fits_area = not right.areas or row["area"] in right.areas
    return fits_area and (not right.classes or row["vehicle"] in right.classes)
