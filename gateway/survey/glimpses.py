"""A plate in each of many pictures, and the one place where it stood longest."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import dist
from statistics import fmean, median
from typing import Any

from gateway.lane.types import PlateCandidate
from gateway.survey.facts import PlateFacts
from gateway.survey.measuring import PlateLight, plate_light
from gateway.survey.plateshape import PlateShape, shape_of

# Plates in one place: of about the same width, and nearer to each other than one of them is wide.
SAME_WIDTH = 0.8
MOST_PLACES = 200


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The main plate of one picture. `read`: it passed grammar and gate."""

    number: int
    text: str
    read: bool
    min_char: float
    shape: PlateShape
    light: PlateLight


def glimpse_of(
    image: Any, candidate: PlateCandidate, *, read: bool, number: int = 0
) -> Glimpse | None:
    """None where the corners enclose nothing of the picture."""
    light = plate_light(image, candidate.corners)
    if light is None:
        return None
    size = (image.shape[1], image.shape[0])
    shape = shape_of(candidate.corners, candidate.colour, candidate.rows, size)
    least = min(candidate.characters, default=0.0)
    return Glimpse(number, candidate.text, read, least, shape, light)


def plate_facts(glimpses: Iterable[Glimpse]) -> PlateFacts | None:
    """Medians over `standing`; None without a plate."""
    near = standing(glimpses)
    if not near:
        return None
    shapes, lights = [one.shape for one in near], [one.light for one in near]
    texts = [one.text for one in near if one.read] or [one.text for one in near]
    return PlateFacts(
        text=max(sorted(set(texts)), key=texts.count),
        pictures=len(near),
        read_share=fmean(one.read for one in near),
        min_char=median(one.min_char for one in near),
        width_px=median(shape.width_px for shape in shapes),
        tilt_deg=median(shape.tilt_deg for shape in shapes),
        edge_ratio=median(shape.edge_ratio for shape in shapes),
        across_deg=median(shape.across_deg for shape in shapes),
        down_deg=median(shape.down_deg for shape in shapes),
        margin=median(shape.margin for shape in shapes),
        white=median(light.white for light in lights),
        contrast=median(light.contrast for light in lights),
        burnt=median(light.burnt for light in lights),
        blur_across_px=median(light.across_px for light in lights),
        blur_down_px=median(light.down_px for light in lights),
    )


def standing(glimpses: Iterable[Glimpse]) -> list[Glimpse]:
    """Those of the place where a plate stood longest, and widest: count times width decides.

    Where anything was read, a place where nothing was is a sign and no plate.
    """
    seen = list(glimpses)
    places = [one for one in seen if one.read] or seen
    some = places[:: len(places) // MOST_PLACES + 1]
    groups = ([other for other in seen if _together(one, other)] for one in some)
    return max(groups, key=lambda near: sum(one.shape.width_px for one in near), default=[])


def _together(one: Glimpse, other: Glimpse) -> bool:
    here, there = one.shape, other.shape
    narrow, wide = sorted((here.width_px, there.width_px))
    return narrow >= SAME_WIDTH * wide and dist(here.middle, there.middle) <= wide
