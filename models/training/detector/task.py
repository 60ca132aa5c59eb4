"""The detector as a task for the training loop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

import numpy as np
from torch import Tensor, nn

from models.training import data
from models.training.detector.net import PlateFinder, Shape
from models.training.detector.photos import Photo, photos
from models.training.detector.pool import pool
from models.training.detector.scenes import Sources, scene
from models.training.detector.targets import loss, targets
from models.training.detector.validate import Exam, examine
from models.training.detector.views import ZOOM, Framing

_FRAMINGS = (Framing(256, 256), Framing(320, 192), Framing(224, 288), ZOOM)
_FRAMING_WEIGHTS = (0.4, 0.28, 0.12, 0.2)
_PIXELS_A_PICTURE = 256 * 256


@dataclass(frozen=True)
class DetectorTask:
    """`size`: pictures of 256 x 256 a step; smaller pictures come in larger batches.

    `held_out`: the fold, of plates by text and of backgrounds by name, kept for validation.
    """

    seed: int = 1
    size: int = 32
    held_out: int = 0
    drawn_plates: int = 4000
    exam_pictures: int = 120
    shape: Shape = field(default_factory=Shape)
    name: str = "detector"

    def net(self) -> nn.Module:
        return PlateFinder(self.shape)

    def batch(self, number: int) -> Mapping[str, np.ndarray]:
        """`pictures` uint8 [n, h, w, 3] and the targets; the same for the same number."""
        dice = Random(f"{self.seed} {number}")
        framing = dice.choices(_FRAMINGS, _FRAMING_WEIGHTS)[0]
        count = max(1, self.size * _PIXELS_A_PICTURE // (framing.width * framing.height))
        made = [scene(dice, self.sources, framing) for _ in range(count)]
        wanted = [targets(marks, framing.width, framing.height) for _, marks in made]
        batch = {name: np.stack([one[name] for one in wanted]) for name in wanted[0]}
        return {"pictures": np.stack([image for image, _ in made]), **batch}

    def loss(self, net: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        pictures = batch["pictures"].permute(0, 3, 1, 2).float() / 255
        return loss(net(pictures), batch)

    def validate(self, net: nn.Module) -> dict[str, float]:
        return examine(net, self.exam)

    @cached_property
    def sources(self) -> Sources:
        """What is learnt from: everything but the fold that is held out."""
        return self._sources(f"pool {self.seed}", held=False)

    @cached_property
    def exam(self) -> Exam:
        """Real photos held out, and pictures made of held-out plates and places."""
        sources = self._sources("exam", held=True)
        dice = Random("exam")
        made = [scene(dice, sources, _FRAMINGS[n % 3]) for n in range(self.exam_pictures)]
        return Exam([*sources.chinese, *sources.foreign, *sources.empty], made)

    def _sources(self, seed: str, *, held: bool) -> Sources:
        def ours(key: str) -> bool:
            return (data.fold_of(key) == self.held_out) == held

        found = [photo for photo in self._photos if ours(photo.key)]
        plates = self.drawn_plates // 8 if held else self.drawn_plates
        return Sources(
            chinese=[photo for photo in found if photo.marks and photo.marks[0].known],
            foreign=[photo for photo in found if photo.marks and not photo.marks[0].known],
            empty=[photo for photo in found if not photo.marks],
            pool=pool(Random(seed), drawn=plates, keep=ours),
        )

    @cached_property
    def _photos(self) -> list[Photo]:
        return photos(("scenes", "backgrounds", "no_plate_scenes"))
