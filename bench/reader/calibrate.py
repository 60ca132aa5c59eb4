"""What each gate would let through: the figures behind its defaults."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.reader.report import share_cells, share_json
from bench.reader.samples import Sample, held_out, picture
from bench.reader.scores import Share, as_read
from drivers.reader.onnx_plates import Settings, connect
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateCandidate, PlateReading
from gateway.ports import Reader

MIN_CHARS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
PLATES = (0.0, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99)
OTHERS = {
    "box_score": (0.3, 0.4, 0.5, 0.6, 0.7),
    "width_px": (0.0, 30.0, 40.0, 50.0, 60.0, 80.0),
    "sharpness": (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
}
LEAST_KEPT, MOST_FALSE = 98.5, 0.1
NOTE = (
    "Plates of the validation fold only, which were not learnt from. Pictures without a plate: "
    "all of them, and those of the validation fold apart."
)


@dataclass(frozen=True, slots=True)
class Read:
    sample: Sample
    candidates: tuple[PlateCandidate, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """What one gate lets through. `wrong`: pictures of plates with another plate's text read."""

    gate: Gate
    crops: Share
    scenes: Share
    wrong: Share
    false_crops: Share
    false_crops_held_out: Share
    false_scenes: Share

    @property
    def good_enough(self) -> bool:
        few_false = self.false_crops.percent <= MOST_FALSE
        return few_false and self.crops.percent >= LEAST_KEPT


SHARES = ("crops", "scenes", "wrong", "false_crops", "false_crops_held_out", "false_scenes")


def main(samples: Sequence[Sample], *, as_json: bool) -> int:
    console = Console(stderr=True)
    with connect(Settings(driver="onnx_plates")) as reader:
        shown = track(samples, "reading", console=console, disable=not console.is_terminal)
        reads = [Read(sample, tuple(_candidates(reader, sample))) for sample in shown]
    points = sweep(reads)
    if as_json:
        told = {"note": NOTE, "default": asdict(Gate()), "points": [*map(_as_json, points)]}
        print(json.dumps(told))
    else:
        _show(points, Console(width=None if console.is_terminal else 150))
    return 0


def sweep(reads: Sequence[Read]) -> list[Point]:
    """Each pair of least character and plate; the other limits one by one beside the defaults."""
    default = Gate()
    chars, plates = sorted({*MIN_CHARS, default.min_char}), sorted({*PLATES, default.plate})
    gates = [replace(default, plate=p, min_char=char) for p, char in product(plates, chars)]
    for name, values in OTHERS.items():
        gates += [replace(default, **{name: value}) for value in values]
    return [point(gate, reads) for gate in dict.fromkeys(gates)]


def point(gate: Gate, reads: Sequence[Read]) -> Point:
    plates = [one for one in reads if one.sample.label]
    without = [one for one in reads if not one.sample.label]
    crops = [one for one in without if one.sample.crop]

    def share(chosen: Sequence[Read], *, right: bool) -> Share:
        verdicts = [_verdict(gate, one) for one in chosen]
        return Share(sum(v[0] if right else v[1] for v in verdicts), len(verdicts))

    return Point(
        gate=gate,
        crops=share([one for one in plates if one.sample.crop], right=True),
        scenes=share([one for one in plates if not one.sample.crop], right=True),
        wrong=share(plates, right=False),
        false_crops=share(crops, right=False),
        false_crops_held_out=share([one for one in crops if held_out(one.sample)], right=False),
        false_scenes=share([one for one in without if not one.sample.crop], right=False),
    )


def _verdict(gate: Gate, one: Read) -> tuple[bool, bool]:
    """Whether the label was read, and whether anything else was."""
    judged = (judge(candidate, gate) for candidate in one.candidates)
    texts = {as_read(found.text) for found in judged if isinstance(found, PlateReading)}
    label = as_read(one.sample.label)
    known = {label, *map(as_read, one.sample.others)}
    return bool(label) and label in texts, bool(texts - known)


def _candidates(reader: Reader, sample: Sample) -> Iterator[PlateCandidate]:
    image = picture(sample.path)
    if sample.crop:
        yield reader.read_crop(image)
    else:
        yield from reader.read(image)


def _changed(gate: Gate, default: Gate) -> list[str]:
    now, usual = asdict(gate), asdict(default)
    return [f"{name} {value:g}" for name, value in now.items() if value != usual[name]]


def _as_json(one: Point) -> dict[str, Any]:
    shares = {name: share_json(getattr(one, name)) for name in SHARES}
    return {"gate": asdict(one.gate), **shares, "good_enough": one.good_enough}


def _show(points: Sequence[Point], console: Console) -> None:
    table = Table("gate", title="what each gate lets through", box=None)
    for name in SHARES:
        table.add_column(name.replace("_", " ") + "\n95 % interval", justify="right", no_wrap=True)
    default = Gate()
    for one in points:
        changed = _changed(one.gate, default)
        if len(changed) > 1:
            continue
        cells = ("\n".join(share_cells(getattr(one, name))) for name in SHARES)
        style = "bold" if one.gate == default else "" if one.good_enough else "dim"
        table.add_row("\n".join(changed) or "the defaults", *cells, style=style)
    console.print(table)
    console.print(f"{NOTE} Bold: the default. Dim: under {LEAST_KEPT} % of crops, or over "
                  f"{MOST_FALSE} % false.", soft_wrap=True)  # fmt: skip
