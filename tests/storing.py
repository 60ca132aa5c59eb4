"""A store, a visit and a pass to test with."""

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta

from gateway.lane.types import (
    Candidate,
    Decision,
    Ending,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CORNERS = ((0.0, 0.0), (9.5, 0.0), (9.5, 3.0), (0.0, 3.0))
READING = PlateReading(
    "京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.98761, 0.95, CORNERS, ("ab12", "cd34")
)
ALLOW = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
DENY = Decision(Verdict.DENY, Reason.UNKNOWN_PLATE)


def a_visit(name="p1", decision=ALLOW, reading=READING, at=NOON) -> Visit:
    candidates = (Candidate("京A12345", 3, 0.95), Candidate("京A12845", 1, 0.61234))
    return Visit(name, at, decision, reading, candidates if reading else ())


def a_pass(visit=None, ending=Ending.PASSED) -> Pass:
    return Pass(visit or a_visit(), ending, NOON + timedelta(seconds=9))


def played(path, story, gateway="north"):
    """Run `story(store)` on a freshly opened store, and close it."""

    async def play():
        store = Store.open(path, gateway)
        try:
            return await story(store)
        finally:
            await store.close()

    return asyncio.run(play())


def undo_fourth_form(db):
    """Take from a file what its fourth form brought, and all later ones."""
    undo_sixth_form(db)
    for column in ("moment", "crc", "acked_after_s"):
        db.execute(f"alter table outbox drop column {column}")
    for table in ("upkeep", "quarantine", "losses", "ages", "purges"):
        db.execute(f"drop table {table}")


CAR_PARK = (
    "sessions", "money", "credits", "charges", "funds", "attested", "told", "traces",
)  # fmt: skip


def undo_sixth_form(db):
    for column in ("terms", "decided_by"):
        db.execute(f"alter table passes drop column {column}")
    db.execute("alter table cases drop column terms")
    for table in CAR_PARK:
        db.execute(f"drop table {table}")


def rows(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()
