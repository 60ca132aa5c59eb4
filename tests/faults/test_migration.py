"""F16: the power goes at every single statement of the way from the oldest form to the newest."""

import contextlib
import os
import signal
import sqlite3

import pytest

from gateway.store import Store, StoreError
from gateway.store.database import open_database
from gateway.store.schema import MIGRATIONS
from gateway.sync.protocol import chain_over, genesis
from tests.faults.judge import rows
from tests.storing import played

RECORDS = 7


@pytest.fixture
def old(tmp_path):
    """A file of the first form with passes, some of which the cloud has."""
    path = tmp_path / "old.db"
    with contextlib.closing(open_database(path, MIGRATIONS[:1])) as db:
        epoch, start = "ab" * 16, genesis("ab" * 16)
        db.execute(
            "insert into meta values ('north', ?, ?, ?, 3, ?)",
            (epoch, RECORDS, b"x" * 32, b"y" * 32),
        )
        for seq in range(1, RECORDS + 1):
            body = f'{{"pass_id":"p{seq}"}}'
            row = (epoch, seq, 1, "pass", f"p{seq}", body, start.chain, "t" if seq <= 3 else None)
            db.execute("insert into outbox values (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return path


def migrate_and_die(path, at: int) -> int:
    """In a process of its own, killed at that statement; how it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = at

    def count(_statement: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(migration):
        def run(db) -> None:
            db.conn.set_trace_callback(count)
            migration(db)

        return run

    with contextlib.suppress(BaseException):
        open_database(path, tuple(map(counted, MIGRATIONS)))
        os._exit(0)
    os._exit(1)


def test_a_migration_killed_at_any_statement_loses_nothing_and_is_done_at_the_next_start(
    old, tmp_path
):
    import sqlite_utils  # noqa: F401 -- once, not in each child

    deaths = 0
    for at in range(1, 10_000):
        path = tmp_path / f"{at}.db"
        with (
            contextlib.closing(sqlite3.connect(old)) as db,
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            db.backup(copy)
        ended = migrate_and_die(path, at)
        is_whole(path)
        path.unlink()
        if ended == 0:
            break
        assert os.WTERMSIG(ended) == signal.SIGKILL, f"statement {at}: status {ended}"
        deaths += 1
    assert deaths > 20


def is_whole(path) -> None:
    async def look(store):
        return await store.meta(), await store.unsent(0, 100)

    meta, records = played(path, look)
    assert rows(path, "pragma user_version") == [(len(MIGRATIONS),)]
    passes = [record for record in records if record.kind == "pass"]
    assert [record.body for record in passes] == [
        f'{{"pass_id":"p{seq}"}}' for seq in range(1, RECORDS + 1)
    ]
    chains = chain_over(genesis(meta.epoch).chain, [record.line() for record in records])
    assert chains[-1] == meta.last.chain
    assert rows(path, "pragma integrity_check") == [("ok",)]


def test_each_older_program_refuses_the_newest_file(tmp_path):
    path = tmp_path / "new.db"
    played(path, Store.counts)
    for form in range(1, len(MIGRATIONS)):
        with pytest.raises(StoreError, match="newer"):
            open_database(path, MIGRATIONS[:form])
    assert rows(path, "pragma user_version") == [(len(MIGRATIONS),)]
