"""Batches for the recogniser: drawn plates, real ones, and what is to be refused."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np

from models.training.camera import lit
from models.training.data import Split, glyph_folder
from models.training.glyphs import Glyphs
from models.training.kinds import Kind
from models.training.plates import DrawnPlate, draw_plate
from models.training.recogniser import refuse
from models.training.recogniser.net import COLOURS, TYPES, encode
from models.training.recogniser.real import (
    IGNORED,
    RealPlate,
    real_plates,
    weights,
    with_another_province,
)
from models.training.recogniser.views import boxed, cut_out, real_shot, shot_of

_BATCHES_A_POOL = 150
_GREY = COLOURS.index("unknown")
_REAL_STRENGTH, _REFUSED_STRENGTH = 0.6, 0.5
_OTHER_PROVINCE_SHARE, _BOXED_SHARE = 0.4, 0.35


@dataclass(frozen=True, slots=True)
class Example:
    """`view`: uint8 [40, 144, 3]; `strength`: how much light and noise may still change it."""

    view: np.ndarray
    text: tuple[int, ...]
    colour: int
    type: int
    strength: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of a batch; the rest is drawn."""

    real: float = 0.45
    refused: float = 0.14


@lru_cache(maxsize=2)
def _pool(seed: int, number: int, count: int) -> tuple[DrawnPlate, ...]:
    dice = random.Random(f"plates/{seed}/{number}")
    return tuple(draw_plate(dice) for _ in range(count))


class Feed:
    """Deterministic: the batch of a number is the same in every run and every worker."""

    def __init__(self, seed: int, size: int, mixture: Mixture, split: Split, pool: int) -> None:
        self._seed, self._size, self._mixture = seed, size, mixture
        self._split, self._pool_size = split, pool

    def batch(self, number: int) -> dict[str, np.ndarray]:
        """`plates` float32 [n, 3, 40, 144]; `text` [n, 8], `colour` [n] and `type` [n] int64."""
        dice = random.Random(f"batch/{self._seed}/{number}")
        examples = [self._example(dice, number) for _ in range(self._size)]
        return as_batch(examples, np.random.default_rng((self._seed, number)))

    def _example(self, dice: random.Random, number: int) -> Example:
        chance = dice.random()
        if chance < self._mixture.refused:
            return self._refused(dice, number)
        if chance < self._mixture.refused + self._mixture.real and self._real:
            return self._photographed(dice)
        return drawn_example(dice, self._drawn(dice, number), self._around(dice))

    def _drawn(self, dice: random.Random, number: int) -> DrawnPlate:
        return dice.choice(_pool(self._seed, number // _BATCHES_A_POOL, self._pool_size))

    def _photographed(self, dice: random.Random) -> Example:
        plate = dice.choices(self._real, cum_weights=self._weights)[0]
        if plate.source != "scenes" and dice.random() < _OTHER_PROVINCE_SHARE:
            plate = with_another_province(dice, plate, self._glyphs)
        view = cut_out(dice, real_shot(dice, plate.image), 1, error=0.045)
        return real_example(plate, view)

    def _refused(self, dice: random.Random, number: int) -> Example:
        ways: list[tuple[float, Callable[[], np.ndarray]]] = [
            (3, lambda: refuse.wrongly_cut(dice, self._drawn(dice, number), self._around(dice)))
        ]
        if self._not_plates:
            crops = self._not_plates
            ways.append((4, lambda: cut_out(dice, real_shot(dice, dice.choice(crops)), 1)))
        if self._streets:
            streets, foreign = self._streets, self._foreign
            ways.append((2, lambda: refuse.place_of_a_street(dice, dice.choice(streets))))
            ways.append(
                (
                    3,
                    lambda: cut_out(
                        dice, real_shot(dice, dice.choice(foreign)), dice.choice((1, 1, 2))
                    ),
                )
            )
        way = dice.choices([way for _, way in ways], [share for share, _ in ways])[0]
        return Example(way(), tuple(encode("")), IGNORED, 0, _REFUSED_STRENGTH)

    def _around(self, dice: random.Random) -> np.ndarray:
        """What is around a drawn plate: bodywork is mostly plain, at times it is anything."""
        if dice.random() < 0.6 or not self._not_plates:
            tone = [dice.randint(5, 235)] * 3
            shade = np.array([t + dice.randint(-20, 20) for t in tone], np.float32)
            step = np.linspace(1, dice.uniform(0.5, 1.5), 8, dtype=np.float32)[:, None, None]
            return np.clip(np.tile(shade * step, (1, 8, 1)), 0, 255).astype(np.uint8)
        return dice.choice(self._not_plates)

    @cached_property
    def _real(self) -> list[RealPlate]:
        return real_plates(self._split, held_out=False)

    @cached_property
    def _weights(self) -> list[float]:
        return list(accumulate(weights(self._real)))

    @cached_property
    def _not_plates(self) -> list[np.ndarray]:
        return refuse.not_plates(self._split, held_out=False)

    @cached_property
    def _streets(self) -> list[np.ndarray]:
        return refuse.streets(self._split)

    @cached_property
    def _foreign(self) -> list[np.ndarray]:
        return refuse.foreign_plates(self._split)

    @cached_property
    def _glyphs(self) -> Glyphs:
        return Glyphs(glyph_folder())


def drawn_example(dice: random.Random, plate: DrawnPlate, around: np.ndarray) -> Example:
    if plate.rows == 1 and dice.random() < _BOXED_SHARE:
        view = cut_out(dice, boxed(dice, plate.image, around), 1, error=0.03)
    else:
        view = cut_out(dice, shot_of(dice, plate.image, around), plate.rows)
    colour, type_ = COLOURS.index(plate.colour.value), TYPES.index(plate.type.value)
    return Example(view, tuple(encode(plate.text)), colour, type_, 1.0)


def real_example(plate: RealPlate, view: np.ndarray) -> Example:
    return Example(view, tuple(encode(plate.text)), plate.colour, plate.type, _REAL_STRENGTH)


def drawn_of_kind(dice: random.Random, kind: Kind, around: np.ndarray) -> Example:
    return drawn_example(dice, draw_plate(dice, kind), around)


def as_batch(examples: list[Example], chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Stacked, with light and noise; what has lost its colours is of unknown colour."""
    views = np.stack([example.view for example in examples])
    plates, grey = lit(chance, views, np.array([example.strength for example in examples]))
    colours = np.array([example.colour for example in examples])
    known = colours != IGNORED
    return {
        "plates": np.ascontiguousarray(plates.transpose(0, 3, 1, 2), np.float32),
        "text": np.array([example.text for example in examples], np.int64),
        "colour": np.where(grey & known, _GREY, colours).astype(np.int64),
        "type": np.array([example.type for example in examples], np.int64),
    }
