"""`python -m models.training`: make the models, and see how they are made."""

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import click
import cv2

from models.training.card import NoFigures
from models.training.data import NoData

RUNS = Path(__file__).parent / "runs"
MODELS = Path(__file__).parents[1]
TASKS = ("recogniser", "detector")
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train, judge and release the plate detector and the plate recogniser.

    Pictures come from the folder that LANEGATE_PLATES names; without one, all plates are drawn.
    """
    cv2.setNumThreads(1)


@main.command()
@click.argument("name", type=click.Choice(TASKS))
@click.option("--steps", type=click.IntRange(1), help="Batches to learn from.")
@click.option("--runs", type=_FOLDER, default=RUNS, help="Where runs are kept.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def train(
    name: str, *, steps: int | None, runs: Path, threads: int, workers: int, seed: int
) -> None:
    """Train one network; the same command goes on with a run that was cut."""
    from models.training.fit import fit
    from models.training.tasks import task_of

    task, recipe = task_of(name, seed)
    recipe = replace(recipe, threads=threads, workers=workers, seed=seed)
    fit(task, replace(recipe, steps=steps or recipe.steps), runs / name)


@main.command()
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True)
@click.option("--steps", type=click.IntRange(1), default=1500, show_default=True)
@click.option("--size", type=click.IntRange(2), default=128, show_default=True, help="Of a batch.")
@click.option("--runs", type=_FOLDER, default=RUNS, help="Where runs are kept.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a candidate.")
def choose(*, folds: int, steps: int, size: int, runs: Path, as_json: bool) -> None:
    """Compare recipes of the recogniser by k-fold, with folds of whole plates."""
    from models.training import choose as choosing
    from models.training.fit import Recipe

    recipe = Recipe(steps=steps, validate_every=steps)
    for verdict in choosing.choose(runs / "choose", recipe, folds, size, pool=20 * size):
        told = {"candidate": verdict.candidate, "mean": verdict.means, "sd": verdict.deviations}
        words = (f"{k} {v:.2f} +- {verdict.deviations[k]:.2f}" for k, v in verdict.means.items())
        click.echo(json.dumps(told) if as_json else f"{verdict.candidate:14} {'  '.join(words)}")


@main.command()
@click.option("--runs", type=_FOLDER, default=RUNS, help="Where the finished runs are.")
@click.option("--out", type=_FOLDER, default=MODELS, help="The models folder to write.")
@click.option("--figures", type=_FOLDER, help="With bench.reader's JSON: writes the card too.")
def release(*, runs: Path, out: Path, figures: Path | None) -> None:
    """Export both networks, checked; write the manifest and the model card."""
    from models.training.card import read_figures
    from models.training.release import release as write

    try:
        write(runs, out, read_figures(figures) if figures else {})
    except (NoFigures, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"written to {out}")


@main.command()
@click.argument("picture", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--seed", type=int, default=1, show_default=True)
def sheet(picture: Path, seed: int) -> None:
    """Draw a sheet of every kind of plate: what the networks are shown."""
    from models.training.sheet import draw_sheet

    cv2.imwrite(str(picture), draw_sheet(random.Random(seed)))
    click.echo(f"written to {picture}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
def ccpd(folder: Path, manifest: Path) -> None:
    """Write a manifest for a folder of the CCPD data set, by its file names."""
    from models.training.ccpd import write_manifest

    if manifest.exists():
        raise click.ClickException(f"{manifest}: is there already; name another file")
    click.echo(f"{write_manifest(folder, manifest)} photos in {manifest}")


@main.command()
@click.argument("folder", type=_FOLDER)
def smoke(folder: Path) -> None:
    """Prove the whole pipeline in minutes: train, cut, go on, choose, release, read."""
    from models.training.smoke import smoke as prove

    for line in prove(folder):
        click.echo(line)


if __name__ == "__main__":
    try:
        main()
    except NoData as error:
        sys.exit(str(error))
