"""The models folder of a release: exported networks, their manifest, their model card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from gateway.lane.types import PlateType
from models.training.card import write_card
from models.training.export import INTERFACES, export
from models.training.recogniser.net import ALPHABET, COLOURS, HEIGHT, TYPES, WIDTH
from models.training.tasks import task_of

PIXELS = 123_000
_FILES = {"recogniser": "plate_rec.onnx", "detector": "plate_det.onnx"}
_HEAD = """\
# Which models the reader loads, and what they take and give. Written by
# `python -m models.training release`; README.md is the model card. SHA-256 is checked
# at every start.

"""


@dataclass(frozen=True, slots=True)
class Trained:
    """`run`: the folder that a training wrote."""

    name: str
    run: Path

    def net(self) -> torch.nn.Module:
        """The averaged weights of the run, whether it has ended or not."""
        task, _ = task_of(self.name)
        net = task.net()
        done = self.run / "weights.pt"
        if done.is_file():
            weights = torch.load(done, map_location="cpu", weights_only=True)
        else:
            state = torch.load(self.run / "state.pt", map_location="cpu", weights_only=True)
            weights = state["average"]
        net.load_state_dict(weights)
        return net


def release(runs: Path, out: Path, figures: dict[str, Any]) -> None:
    """Write models, `manifest.yaml` and, where there are `figures`, `README.md` into `out`.

    Raises `NotTheSame` where a model does not survive its export.
    """
    out.mkdir(parents=True, exist_ok=True)
    sums = {}
    for name, file in _FILES.items():
        sums[name] = export(Trained(name, runs / name).net(), INTERFACES[name], out / file)
    manifest = {"detector": _detector(sums), "recogniser": _recogniser(sums)}
    text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=100)
    (out / "manifest.yaml").write_text(_HEAD + text, encoding="utf-8")
    if figures:
        write_card(out / "README.md", figures, {name: out / file for name, file in _FILES.items()})


def _detector(sums: dict[str, str]) -> dict[str, Any]:
    return {
        "file": _FILES["detector"],
        "sha256": sums["detector"],
        "licence": "Apache-2.0",
        "pixels": PIXELS,
        "input": "float32 [1, 3, height, width], BGR 0..1, sides multiples of 32, "
        "about `pixels` in all",
        "output": "float32 [1, 10, height/8, width/8]: score logit, 4 corner offsets / 16 px, "
        "two-row logit",
    }


def _recogniser(sums: dict[str, str]) -> dict[str, Any]:
    return {
        "file": _FILES["recogniser"],
        "sha256": sums["recogniser"],
        "licence": "Apache-2.0",
        "width": WIDTH,
        "height": HEIGHT,
        "alphabet": ALPHABET,
        "colours": list(COLOURS),
        "types": [PlateType(type_).value for type_ in TYPES[1:]],
        "input": f"float32 [n, 3, {HEIGHT}, {WIDTH}], BGR 0..255, an upright plate",
        "output": "float32 logits: [n, 8, signs] of 8 places, [n, colours], [n, 1 + types]; "
        "the first sign is `none here`, the first type `no plate`",
    }
