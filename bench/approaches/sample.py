"""Which cars drive up to the boom, and how: drawn by dice, the same for a seed."""

import random
from dataclasses import dataclass

from drivers.twins.cars import Arrival
from drivers.twins.lens import USUAL_MOUNT, Mount
from gateway.lane.plates import kind_of
from models.training.kinds import KINDS, PROVINCES, Kind

MOUNTS = (
    USUAL_MOUNT,
    Mount(place=(2.5, -1.3, 1.9), focal_widths=2.0),
    Mount(place=(3.6, 1.6, 2.3), focal_widths=2.5),
    Mount(place=(1.9, 1.2, 1.7), focal_widths=1.9),
)
LIGHTS = {"day": (0.5, 1.0), "dusk": (0.12, 0.35), "night": (0.0, 0.12)}
FRAME_STEPS = 10
_LONG = ("lorry", "trailer", "large", "farm")
_TRIES = 100
_DIRTY_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Approach:
    """`mount` is a place in `MOUNTS`; `first_frame`: steps until the camera's first picture."""

    number: int
    kind: str
    arrival: Arrival
    light_name: str
    light: float
    mount: int
    first_frame: int
    jpeg: int


def approaches(count: int, seed: int) -> list[Approach]:
    """The first `count` of a seed: the same ones for every count."""
    return [_approach(number, seed) for number in range(count)]


def _approach(number: int, seed: int) -> Approach:
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 -- simulation
    kind = KINDS[number % len(KINDS)]
    name = tuple(LIGHTS)[number // len(KINDS) % len(LIGHTS)]
    return Approach(
        number=number,
        kind=kind.name,
        arrival=_arrival(dice, kind, PROVINCES[number % len(PROVINCES)]),
        light_name=name,
        light=dice.uniform(*LIGHTS[name]),
        mount=dice.randrange(len(MOUNTS)),
        first_frame=dice.randrange(FRAME_STEPS),
        jpeg=dice.randint(55, 92),
    )


def _arrival(dice: random.Random, kind: Kind, province: str) -> Arrival:
    long = any(word in kind.name for word in _LONG)
    return Arrival(
        plate=_text(dice, kind, province),
        kind=kind.name,
        colour=kind.colour,
        length_m=dice.uniform(6.5, 8.5) if long else dice.uniform(4.2, 5.0),
        offset_m=dice.uniform(-0.35, 0.35),
        tilt_deg=min(5.0, max(-5.0, dice.gauss(0, 2))),
        dirt=dice.uniform(0.1, 0.7) if dice.random() < _DIRTY_SHARE else 0.0,
        cruise_mps=dice.uniform(1.5, 5.5),
        brake_mps2=dice.uniform(1.2, 3.0),
        stop_m=dice.uniform(-3.3, -2.1),
    )


def _text(dice: random.Random, kind: Kind, province: str) -> str:
    """One that is given out, of this province where the kind has provinces."""
    for _ in range(_TRIES):
        text = kind.text(dice)
        there = next((sign for sign in text if sign in PROVINCES), "")
        moved = text.replace(there, province, 1) if there else text
        for wish in (moved, text):
            known = kind_of(wish)
            if known is not None and known.type is kind.type:
                return wish
    raise ValueError(f"{kind.name}: {_TRIES} texts in a row are no plates of GA 36-2018")
