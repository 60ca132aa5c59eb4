"""Which recipe is best: each is trained on every fold but one, and judged on that one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from models.training.data import Split
from models.training.fit import Recipe, fit
from models.training.recogniser.feed import Mixture
from models.training.recogniser.task import RecogniserTask

CANDIDATES: Mapping[str, Mixture] = {
    "as released": Mixture(),
    "more real": Mixture(real=0.6, refused=0.14),
    "more drawn": Mixture(real=0.2, refused=0.14),
    "less refused": Mixture(real=0.42, refused=0.06),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Mean and standard deviation over the folds of each figure of the validation."""

    candidate: str
    means: dict[str, float]
    deviations: dict[str, float]


def choose(folder: Path, recipe: Recipe, folds: int, size: int, pool: int) -> Iterator[Verdict]:
    """A verdict for each candidate; trainings that were done before are not done again."""
    for name, mixture in CANDIDATES.items():
        figures = [
            _figures(folder / f"{name}-{fold}", recipe, Split(fold, folds), mixture, (size, pool))
            for fold in range(folds)
        ]
        columns = {key: [one[key] for one in figures] for key in figures[0]}
        yield Verdict(
            name,
            {key: mean(values) for key, values in columns.items()},
            {key: stdev(values) if len(values) > 1 else 0.0 for key, values in columns.items()},
        )


def _figures(
    folder: Path, recipe: Recipe, split: Split, mixture: Mixture, sizes: tuple[int, int]
) -> dict[str, float]:
    """Of the finished training in `folder`, which is finished first."""
    size, pool = sizes
    task = RecogniserTask(recipe.seed, split=split, mixture=mixture, size=size, pool=pool)
    fit(task, recipe, folder)
    last = json.loads((folder / "log.json").read_text(encoding="utf-8"))[-1]
    return {key: value for key, value in last.items() if key not in ("step", "loss")}
