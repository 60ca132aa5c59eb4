"""What the cloud knows: looked up in the receiver's database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

_TOLD = """
    select json_extract(body, '$.at') from record
    where kind = 'told' and json_extract(body, '$.told_id') = ?
"""
_LONG_INSIDE = """
    select json_extract(body, '$.session_id') as session_id from record where kind = 'session'
    group by session_id having count(json_extract(body, '$.closing')) = 0
    and min(json_extract(body, '$.entered_at')) < ?
"""


def endings(path: Path) -> dict[str, str]:
    """Of each pass that is over, by its id."""
    found = _rows(path, "select pass_id, ending from pass where ending is not null")
    return {row[0]: row[1] for row in found}


def told_at(path: Path, order_id: str) -> datetime | None:
    """When the gateway carried an order out; None while no record names it."""
    found = next(_rows(path, _TOLD, order_id), None)
    return datetime.fromisoformat(found[0]) if found else None


def inside_since_before(path: Path, at: str) -> list[str]:
    """Sessions that go on and began before `at`, UTC as in the records."""
    return [row[0] for row in _rows(path, _LONG_INSIDE, at)]


def _rows(path: Path, question: str, *values: str) -> Iterator[tuple[str, ...]]:
    """Nothing while the receiver has not made its database."""
    if not path.exists():
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            yield from db.execute(question, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
