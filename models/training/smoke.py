"""The whole pipeline on a tiny set: it proves that everything runs, not that anything is learnt."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from drivers.plates.reader import PlateReader
from models.training.choose import choose
from models.training.detector.task import DetectorTask
from models.training.fit import Recipe, Task, fit
from models.training.plates import draw_plate
from models.training.recogniser.task import RecogniserTask
from models.training.release import release

_STEPS = 8
_RECIPE = Recipe(steps=_STEPS, validate_every=_STEPS // 2, warm_up=2, save_every_s=0)


def smoke(folder: Path) -> Iterator[str]:
    """A sentence after each proof; raises what goes wrong."""
    tasks: tuple[Task, ...] = (
        RecogniserTask(size=8, pool=40, drawn_each=1),
        DetectorTask(size=4, drawn_plates=40, exam_pictures=4),
    )
    for task in tasks:
        fit(task, replace(_RECIPE, steps=_STEPS // 2), folder / task.name)
        yield f"{task.name}: trained for {_STEPS // 2} steps, then cut"
        fit(task, _RECIPE, folder / task.name)
        yield f"{task.name}: went on to step {_STEPS}"
    for verdict in choose(folder / "choose", replace(_RECIPE, steps=2, validate_every=2), 2, 4, 20):
        yield f"chosen from: {verdict.candidate} {verdict.means}"
    release(folder, folder / "models", {})
    yield "released: both models exported, checked against PyTorch, manifest written"
    reader = PlateReader.load(folder / "models")
    plate = draw_plate(random.Random(1)).image
    street = np.full((360, 640, 3), 114, np.uint8)
    street[100 : 100 + plate.shape[0], 200 : 200 + plate.shape[1]] = plate
    yield f"loaded by the reader, which read {reader.read_crop(plate).text!r} (untrained)"
    yield f"and found {len(reader.read(street))} plates in a picture"
