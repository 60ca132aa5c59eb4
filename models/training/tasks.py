"""The two things to learn, each with the recipe that the released model was made by."""

from models.training.fit import Recipe, Task


def task_of(name: str, seed: int = 1) -> tuple[Task, Recipe]:
    """`name`: recogniser or detector."""
    if name == "recogniser":
        from models.training.recogniser.task import RecogniserTask

        return RecogniserTask(seed), Recipe(steps=16_000, rate=3e-3, validate_every=500)
    from models.training.detector.task import DetectorTask

    return DetectorTask(seed=seed), Recipe(steps=14_000, rate=2e-3, validate_every=1_000)
