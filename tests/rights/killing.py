"""`python -m tests.rights.killing FOLDER LIVES SEED`: kill -9 in the middle of sets and changes.

Each life goes on where the last one was killed: versions are counted, and what a version holds
follows from its number, so that it is known what has to be found after each death. Prints how
many deaths left the set of the version that was said last, and how many the next.
"""
# ruff: noqa: T201 a command speaks by printing

import asyncio
import os
import select
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

from gateway.rights import Delta, RightsBook
from tests.rights.some import a_right, hash_of

SIZE, CHANGED = 400, 60
FULL_EACH = 3
LONGEST_S = 0.12


def contents(version):
    """What a version holds: a full set each third time, else the one before with changes."""
    whole = version - version % FULL_EACH
    held = {f"r{n}": made(n, whole) for n in range(SIZE + whole % 7)} if whole else {}
    for step in range(whole + 1, version + 1):
        put, drop = change(step)
        held = {name: right for name, right in held.items() if name not in drop} | put
    return held


def change(version):
    put = {f"r{n}": made(n, version) for n in range(0, CHANGED, 2)}
    return put, {f"r{n}" for n in range(1, CHANGED, 2)}


def made(number, version):
    return a_right(f"r{number}", version=version + 1, plates=[f"京A{number:05}"])


async def live(path, say):
    book = RightsBook.open(path)
    while True:
        version = book.state.version + 1
        held = contents(version)
        if version % FULL_EACH == 0:
            await book.replace(held.values(), version, hash_of(held.values()))
        else:
            put, drop = change(version)
            before, digest = book.state.version, hash_of(held.values())
            await book.apply(Delta(before, version, digest, tuple(put.values()), tuple(drop)))
        say(version)


def life(path, dice):
    """The last version that was said to be held before the kill; None where none was."""
    out, inlet = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        asyncio.run(live(path, lambda version: os.write(inlet, f"{version} ".encode())))
    os.close(inlet)
    select.select([out], [], [], 60.0)
    time.sleep(dice.random() * LONGEST_S)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(out) as said:
        return int(said.read().split()[-1])


def found(path):
    """What the file says it holds, and what it does hold."""

    async def story():
        book = RightsBook.open(path)
        state = book.state
        await book.close()
        return state

    state = asyncio.run(story())
    with closing(sqlite3.connect(path)) as db:
        bodies = [row[0] for row in db.execute("select body from rights")]
        plates = db.execute("select count(*) from plates").fetchone()[0]
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    return state, bodies, plates


def main(folder, lives, seed):
    path, dice, ends = Path(folder) / "rights.db", Random(seed), Counter()
    for _ in range(lives):
        said = life(path, dice)
        state, bodies, plates = found(path)
        ends["next" if state.version == said + 1 else "said"] += 1
        assert said <= state.version <= said + 1, (said, state)
        wanted = contents(state.version)
        assert sorted(bodies) == sorted(right.line() for right in wanted.values())
        assert (state.hash, state.count) == (hash_of(wanted.values()), len(wanted))
        assert plates == len(wanted)
    print(dict(ends))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
