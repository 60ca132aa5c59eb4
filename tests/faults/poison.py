"""Records that no sound program writes, put into the outbox of a box at work."""

import contextlib
import sqlite3
from pathlib import Path

from gateway.store import outbox
from gateway.store.clock import BoxClock
from gateway.store.database import transaction
from gateway.sync.protocol import RECORD_SCHEMA, next_chain, record_line

MEGABYTE = 1_000_000
BODIES = {
    "no byte at all": "",
    "not a number": '{"amount":NaN}',
    "a list": "[]",
    "a number": "7",
    "nested too deep": "[" * 40_000,
    "deep, and yet an object": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "half a pair of surrogates": '{"plate":"\\ud800"}',
    "a line break": '{"a":\n1}',
    "the end of a record and more": '{}},{"body":{}',
    "a field of a megabyte": '{"detail":"' + "x" * MEGABYTE + '"}',
    "a field of two megabytes": '{"detail":"' + "x" * 2 * MEGABYTE + '"}',
    "noise of two megabytes": '{"detail":"' + "".join(map(str, range(300_000))) + '"}',
}


def append(path: Path, body: str, *, kind: str = "alarm", schema: int = RECORD_SCHEMA) -> None:
    """As the store would, beside the program that owns the file."""
    clock = BoxClock()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
        outbox.keep_time(db, clock.now)
        with transaction(db):
            now, moment = outbox.meta(db), clock.now().text()
            seq = now.last.seq + 1
            chain = next_chain(now.last.chain, record_line(seq, schema, kind, body, moment))
            crc = outbox.crc_of(schema, kind, body, moment)
            db.execute(
                "insert into outbox (epoch, seq, schema, kind, pass_id, body, chain, moment, crc)"
                " values (?, ?, ?, ?, null, ?, ?, ?, ?)",
                (now.epoch, seq, schema, kind, body, chain, moment, crc),
            )
            db.execute("update meta set last_seq = ?, last_chain = ?", (seq, chain))
