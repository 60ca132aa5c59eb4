"""Boxes that somebody might have built: each must be found out by a test.

    python -m tests.faults --mutants

runs, for each, the test that should see it, with the mutant in place of the real part.
"""
# ruff: noqa: T201 a command speaks by printing

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from gateway.store import Store, keeping, outbox
from gateway.sync import conversation, sender
from gateway.sync.broker import Connection
from gateway.sync.conversation import Conversation
from gateway.sync.desk import Desk, Outcome
from gateway.sync.protocol import Ack, Position

HERE = Path(__file__).parent
VARIABLE = "FAULTS_MUTANT"
PATIENCE = "FAULTS_PATIENCE_S"


def done_is_what_the_broker_took() -> None:
    """Everything that was sent counts as done once no receipt is owed."""
    real = Conversation._step

    async def step(self, connection: Connection) -> None:
        await real(self, connection)
        here = self._desk.here
        if not self._receipts and here.sent.seq > here.acked.seq:
            await self._store.serve(lambda shelf: shelf.mark_acked(here.sent))
            self._desk._sender = replace(here, acked=here.sent, window=())

    Conversation._step = step


def every_acknowledgement_is_believed() -> None:
    real = Desk.hear

    def hear(self, shelf, message, mono):
        if isinstance(message, Ack):
            known = min(message.upto.seq, shelf.meta().last.seq)
            chain = shelf.chain_at(known) or message.upto.chain
            message = replace(message, epoch=self.here.epoch, upto=Position(known, chain))
        return real(self, shelf, message, mono)

    Desk.hear = hear


def never_a_new_epoch() -> None:
    Desk._fork = lambda _self, _reason, _mono: Outcome()


def nothing_is_kept_once_it_is_done() -> None:
    real = outbox.mark_acked

    def mark_acked(db, upto, at) -> None:
        real(db, upto, at)
        keeping.prune(db, keep_s=-1.0)

    outbox.mark_acked = mark_acked


def nothing_is_sent_twice() -> None:
    """No patience, no going back: what is lost on the way stays lost while the program runs."""
    Desk.silent = lambda _self, _mono: False
    sender.on_resend = lambda state, *_: state


def kept_is_told_before_it_is_kept() -> None:
    """The call returns, the commit comes later: as a queue in memory does it."""
    real = Store.end
    tasks = set()

    async def later(self, lane, direction, record, place) -> None:
        await asyncio.sleep(0.2)
        await real(self, lane, direction, record, place)

    async def end(self, lane, direction, record, place=None) -> None:
        task = asyncio.create_task(later(self, lane, direction, record, place))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    Store.end = end


def a_dead_way_is_not_noticed() -> None:
    """Neither by a receipt that is due, nor by the keepalive."""
    conversation.RECEIPT_S = float("inf")
    sys.modules["__main__"].KEEPALIVE_S = 3600  # type: ignore[attr-defined]


def no_record_is_unfit() -> None:
    sender.unfit = lambda _record: ""


def patience_is_not_given() -> None:
    sender.on_slow = lambda state, *_: state


def the_clock_tells_how_long_records_are_kept() -> None:
    """Retention by the time of day: what looks old enough goes, acknowledged or not."""
    real = keeping.prune

    def prune(db, *args, **kwargs) -> int:
        db.execute(
            "delete from outbox where rowid in (select rowid from outbox"
            " where json_extract(moment, '$.at') < strftime('%Y-%m-%d', 'now', '-3 days'))"
        )
        return real(db, *args, **kwargs)

    keeping.prune = prune


FOUND_BY: dict[str, str] = {
    "done_is_what_the_broker_took": "test_parts.py::broker and death",
    "every_acknowledgement_is_believed": "test_answers.py::nothing_is_done",
    "never_a_new_epoch": "test_copies.py::set_back_to_a_backup",
    "nothing_is_kept_once_it_is_done": "test_parts.py::cloud",
    "nothing_is_sent_twice": "test_answers.py::postman",
    "kept_is_told_before_it_is_kept": "test_load.py::kill_9",
    "a_dead_way_is_not_noticed": "test_way.py::silent",
    "no_record_is_unfit": "test_poison.py::quick",
    "patience_is_not_given": "test_answers.py::patience",
    "the_clock_tells_how_long_records_are_kept": "test_clock.py::clock",
}
"""The file, and what tells the test from the others in it (`pytest -k`)."""


def become(name: str) -> None:
    assert name in FOUND_BY
    globals()[name]()


def survivors() -> list[str]:
    """Mutants that no test saw; prints what each of the others died of."""
    alive = []
    for name, where in FOUND_BY.items():
        file, words = where.split("::")
        command = [sys.executable, "-m", "pytest", "-q", str(HERE / file), "-k", words]
        env = os.environ | {VARIABLE: name, PATIENCE: "20"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        said = [line for line in done.stdout.splitlines() if line.startswith("E   ")]
        print(f"{name}: {said[0][4:].strip() if done.returncode == 1 and said else 'LIVES'}")
        if done.returncode != 1 or not said:
            alive.append(name)
            print(done.stdout[-2000:])
    return alive
