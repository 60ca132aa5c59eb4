"""What a store lives through in a day, as a seed has it: every writing call of its door.

`python -m tests.crash.workload FOLDER JOURNAL SEED CALLS KIND` is what the recorder watches.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

from gateway.lane.reports import AlarmCode, Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import Direction, Ending, Inputs, Visit
from gateway.store import Store
from gateway.sync.protocol import Position
from tests.crash.mutants import KINDS
from tests.storing import ALLOW, DENY, NOON, READING, a_pass, a_visit

LANE = "lane-1"
PLACE = Path("state") / "lanegate.db"
GATEWAY = "north"


class Day:
    """Plays calls on a store, one at a time. Each call of `step` is one thing that happens."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._word = f"{dice.randrange(16**6):x}-"
        self._numbers = count(1)
        self._open: list[Visit] = []
        self._subjects: list[str] = []
        self._cases: list[str] = []

    async def step(self, store: Store) -> None:
        names = list(WEIGHTS)
        (name,) = self._dice.choices(names, [WEIGHTS[name] for name in names])
        await DEEDS[name](self, store)

    def _name(self, word: str) -> str:
        return f"{word}{self._word}{next(self._numbers)}"

    async def decide(self, store: Store) -> None:
        decision = self._dice.choice((ALLOW, DENY))
        visit = a_visit(self._name("p"), decision, self._dice.choice((READING, None)))
        await store.decide(LANE, Direction.ENTRY, visit, NOON)
        self._open.append(visit)
        self._subjects.append(visit.pass_id)

    async def end(self, store: Store) -> None:
        visit = self._open.pop(0) if self._open else a_visit(self._name("p"))
        ending = self._dice.choice((Ending.PASSED, Ending.INTERRUPTED))
        await store.end(LANE, Direction.ENTRY, a_pass(visit, ending))

    async def alarm(self, store: Store) -> None:
        await store.alarm(LANE, AlarmCode.NO_PLATE, self._name("alarm "), NOON)

    async def rise(self, store: Store) -> None:
        name = self._name("r")
        await store.raised(LANE, Raise(name, NOON, Cause.MANUAL, "the key"))
        self._subjects.append(name)

    async def case(self, store: Store) -> None:
        name = self._name("c")
        case = Case(name, NOON, "it stands", a_visit(self._name("p")), Inputs())
        await store.opened_case(LANE, case)
        self._cases.append(name)

    async def close_case(self, store: Store) -> None:
        if self._cases:
            await store.closed_case(LANE, self._cases.pop(), "helped", NOON)

    async def photo(self, store: Store) -> None:
        if self._subjects:
            await store.photo(self._dice.choice(self._subjects), self._name("sha"))

    async def order(self, store: Store) -> None:
        name = self._name("o")
        await store.ordered(LANE, name, "claimed", NOON)
        await store.answered(name, "done")

    async def mode(self, store: Store) -> None:
        await store.mode(LANE, Mode(ModeKind.MANUAL, NOON, "key", "in hand"), NOON)

    async def ledger(self, store: Store) -> None:
        await store.publish_ledger((NOON + timedelta(days=next(self._numbers))).date(), NOON)

    async def ack(self, store: Store) -> None:
        meta = await store.meta()
        seq = self._dice.randint(meta.acked.seq, meta.last.seq)
        chain = await store.chain_at(seq)
        assert chain is not None
        await store.acked(Position(seq, chain))

    async def tend(self, store: Store) -> None:
        await store.tend(600.0, self._dice.choice((0.0, 1000.0)))

    async def fork(self, store: Store) -> None:
        await store.mint_epoch("the cloud says so")

    async def bury(self, store: Store) -> None:
        meta = await store.meta()
        if meta.unacked:
            await store.serve(lambda shelf: shelf.bury(meta.last.seq, "no_body"))

    async def lose(self, store: Store) -> None:
        await store.lose(1, "no room")


DEEDS: dict[str, Callable[[Day, Store], Awaitable[None]]] = {
    name: getattr(Day, name) for name in vars(Day) if name[0] != "_" and name != "step"
}
SELDOM = {"fork": 1, "lose": 1, "bury": 2, "ledger": 2, "mode": 3, "tend": 4}
OFTEN = {"decide": 20, "end": 15, "ack": 10}
WEIGHTS = {name: (SELDOM | OFTEN).get(name, 5) for name in DEEDS}


async def live(folder: Path, dice: Random, calls: int, kind: type[Store]) -> None:
    """Some days: the box is started anew between them."""
    day, left = Day(dice), calls
    while left > 0:
        store = kind.open_or_mend(folder / PLACE, GATEWAY)
        today = min(left, dice.randint(10, 40))
        for _ in range(today):
            await day.step(store)
        await store.close()
        left -= today


def main() -> None:
    folder, journal, seed, calls, kind = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    chosen = KINDS[kind]
    chosen.spoil()
    chosen.journal = os.open(journal, os.O_WRONLY | os.O_APPEND)
    asyncio.run(live(Path(folder), Random(int(seed)), int(calls), chosen))


if __name__ == "__main__":
    main()
