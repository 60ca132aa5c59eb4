"""The mutation gate: a property that kills no mutant is no property."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulator.copies import mutated_lane
from tests.simulator.episode import Episode
from tests.simulator.judge import ON_PAPER, Property
from tests.simulator.mutants import MUTANTS, Mutant
from tests.simulator.paper_runner import Machine
from tests.simulator.weather import WEATHERS

STEPS = 3000
MOST_SEEDS = 60
_numbers = itertools.count()


class Verdict(NamedTuple):
    """`seeds`: how many episodes it took; 0 for a mutant that lives."""

    mutant: Mutant
    seeds: int
    words: str


def tried(mutant: Mutant, folder: Path, most: int = MOST_SEEDS) -> Verdict:
    """Episodes of the mutant's weather, until its own property sees it."""
    name = f"{next(_numbers)}"
    machine = mutated_lane(folder / name, name, mutant.file, mutant.old, mutant.new)
    holds = _property(mutant.property)
    for count, seed in enumerate(seeds_of(mutant.weather), start=1):
        broken = _broken(holds, seed, machine)
        if broken:
            return Verdict(mutant, count, broken)
        if count == most:
            break
    return Verdict(mutant, 0, "")


def seeds_of(weather: str) -> Iterator[int]:
    place = [one.name for one in WEATHERS].index(weather)
    return itertools.count(place + len(WEATHERS), len(WEATHERS))


def _broken(holds: Property, seed: int, machine: Machine) -> str:
    """A crash of the mutant is no kill: the property has to see it."""
    episode = Episode(seed, machine)
    violation = next(holds(episode.run(STEPS)), None)
    return violation.words if violation else ""


def _property(name: str) -> Property:
    return next(holds for holds in ON_PAPER if holds.__name__ == name)


def all_tried() -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        for mutant in MUTANTS:
            yield tried(mutant, Path(folder))
