"""From a recording to crash states, and from these to what was lost."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.crash.disk import NAME_OPS, Disk, Image
from tests.crash.judge import Crash, Outcome, Verdict, judged
from tests.crash.recorder import Mark, Op
from tests.crash.watched import Promise

NAMES_WEIGH = 10
"""There are few of them, and much hangs on them."""


class Recording(NamedTuple):
    """`start`: what was in the folder before the first op; `readable`: see `Crash`."""

    ops: Sequence[Op]
    start: Image
    readable: frozenset[str] = frozenset()


@dataclass(slots=True)
class Report:
    """`distinct`: states that differ by what is on the disk."""

    states: int = 0
    distinct: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    told: int = 0
    untold: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, where: str, verdict: Verdict) -> None:
        self.states += 1
        self.outcomes[verdict.outcome] += 1
        self.lost += verdict.lost
        missing = verdict.lost > 0 or verdict.outcome is not Outcome.KEPT
        self.told += verdict.told
        self.untold += missing and not verdict.told
        if verdict.wrong:
            self.wrong.append(f"{where}: {verdict.wrong}")
        if missing or verdict.told or verdict.wrong:
            self.broken.append(f"{where}: {verdict}")


class State(NamedTuple):
    where: str
    image: Image
    crash: Crash


def anywhere(_op: Op) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Search:
    """Look for `wanted` distinct states, behind those ops that are `near`."""

    wanted: int
    seed: int
    lies: bool = False
    near: Callable[[Op], bool] = anywhere


def explore(recording: Recording, folder: Path, search: Search) -> Report:
    """States are spread over the whole recording; fewer than wanted where there are no more."""
    return asyncio.run(_explore(recording, folder, search))


async def _explore(recording: Recording, folder: Path, search: Search) -> Report:
    report, dice = Report(), Random(search.seed)
    judged_, contents = set(), set()
    points = sum(search.near(op) for op in recording.ops)
    cuts = max(1, round(search.wanted / max(points, 1)))
    before = -1
    while before < report.distinct < search.wanted:
        before = report.distinct
        for state in states(recording, search, cuts, dice):
            content = fingerprint(state.image)
            if (content, state.crash.before[-1:]) not in judged_:
                judged_.add((content, state.crash.before[-1:]))
                contents.add(content)
                report.add(state.where, await judged(state.image, state.crash, folder))
                report.distinct = len(contents)
    return report


def states(recording: Recording, search: Search, cuts: int, dice: Random) -> Iterator[State]:
    """After each op: a killed program, the least that a power cut leaves, and some in between."""
    disk = Disk(recording.start, lies=search.lies)
    promises = [Promise.read(op.text) for op in recording.ops if isinstance(op, Mark)]
    given = 0
    for number, op in enumerate(recording.ops):
        given += isinstance(op, Mark)
        if not (disk.do(op) or isinstance(op, Mark)) or not search.near(op):
            continue
        next_ = promises[given] if given < len(promises) else None
        crash = Crash(tuple(promises[:given]), next_, recording.readable)
        where = f"op {number} ({type(op).__name__} {getattr(op, 'path', '')})"
        if not search.lies:
            yield State(f"{where}, killed", disk.kept(), crash)
            yield State(f"{where}, least", disk.least(), crash)
        for cut in range(cuts * NAMES_WEIGH if isinstance(op, NAME_OPS) else cuts):
            yield State(f"{where}, cut {cut}", disk.cut(dice), crash)


def fingerprint(image: Image) -> bytes:
    total = hashlib.sha256()
    for path in sorted(image):
        content = image[path]
        total.update(f"{path} {content is None} {len(content or b'')} ".encode())
        total.update(content or b"")
    return total.digest()
