"""All readers on the same pictures in one run."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers import environment
from bench.peers.client import Client, PeerLost
from bench.peers.kind import OTHERS, OURS
from bench.reader.samples import Sample
from bench.reader.scores import Outcome, outcome

# Readers take turns on so many pictures: all see the same drifts of the machine's speed, and
# each has its caches warm, as in a lane.
TURN = 40


@dataclass(frozen=True, slots=True)
class Readers:
    """`programs`: module and interpreter by name. `missing`: why others do not take part."""

    programs: Mapping[str, tuple[str, Path]]
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Standing:
    """A reader's results. `lost`: why its process ended early; then its figures are of a part."""

    name: str
    about: dict[str, Any]
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    memory_mb: float = 0.0
    lost: str = ""


@dataclass(slots=True)
class Contest:
    """`missing`: readers that did not take part, and why."""

    standings: list[Standing]
    missing: dict[str, str]


def ours() -> Readers:
    return Readers({"ours": (OURS, Path(sys.executable))})


def ours_and_others(python: Callable[[], Path] = environment.python) -> Readers:
    """`python` gives the interpreter of the others, or raises `NoPeers`: then ours alone."""
    alone = ours()
    try:
        found = python()
    except environment.NoPeers as error:
        return Readers(alone.programs, dict.fromkeys(OTHERS, str(error)))
    return Readers({**alone.programs} | {name: (module, found) for name, module in OTHERS.items()})


def hold(
    samples: Sequence[Sample],
    readers: Readers,
    *,
    tick: Callable[[int], None] = lambda _: None,
) -> Contest:
    """`tick` is told how many pictures were done since it was last told."""
    missing = dict(readers.missing)
    with ExitStack() as stack:
        clients = [stack.enter_context(client) for client in _started(readers, missing)]
        standings = [Standing(client.name, client.about) for client in clients]
        for turn in _turns(samples):
            for client, standing in zip(clients, standings, strict=True):
                _one_turn(client, standing, turn)
            tick(len(turn))
    for client, standing in zip(clients, standings, strict=True):
        standing.memory_mb = client.memory_mb
    return Contest(standings, missing)


def _started(readers: Readers, missing: dict[str, str]) -> Iterator[Client]:
    for name, (module, python) in readers.programs.items():
        try:
            yield Client(name, module, python)
        except PeerLost as error:
            missing[name] = str(error)


def _turns(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(samples), TURN):
        yield samples[start : start + TURN]


def _one_turn(client: Client, standing: Standing, turn: Sequence[Sample]) -> None:
    if standing.lost:
        return
    for sample in turn:
        try:
            answer = client.ask(sample.path, crop=sample.crop)
        except PeerLost as error:
            standing.lost = str(error)
            return
        for row in client.rows:
            standing.outcomes.setdefault(row, []).append(outcome(sample, answer, row))
