"""What the box's file says, read by plain SQL: the judge asks none of the gateway's code."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Evidence:
    """Sessions and money by their ids; `reasons` of a session is that of its exit.

    `endless` are visits that were begun and never ended.
    """

    def __init__(self, path: Path) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            self.sessions = {row["session_id"]: dict(row) for row in db.execute(_SESSIONS)}
            self.money = {row["money_id"]: dict(row) for row in db.execute("select * from money")}
            self.endless = [row[0] for row in db.execute(_ENDLESS)]
            self.credits = {row["credit_id"]: dict(row) for row in db.execute(_CREDITS)}

    def money_of(self, kind: str) -> list[Row]:
        return [row for row in self.money.values() if row["kind"] == kind]

    def joined(self, session_id: str) -> str:
        """The session that this one was merged into."""
        row = self.sessions.get(session_id)
        while row is not None and row["closing"] == "merged":
            session_id = row["linked"]
            row = self.sessions.get(session_id)
        return session_id


_SESSIONS = """
    select sessions.*, coalesce(passes.reason, '') as reasons
    from sessions left join passes on passes.pass_id = sessions.exit_pass
"""
_ENDLESS = "select pass_id from passes where ending is null"
_CREDITS = "select * from credits"
