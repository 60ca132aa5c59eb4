"""From trained weights to the files that are released: ONNX, checked against PyTorch."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

OPSET = 17
_MOST_OFF = 2e-3


class NotTheSame(Exception):  # noqa: N818
    """The exported model does not answer as the trained one does: a sentence."""


@dataclass(frozen=True, slots=True)
class Interface:
    """`example`: the shape of an input; `free`: its axes of any size, by name."""

    outputs: tuple[str, ...]
    example: tuple[int, ...]
    free: dict[int, str]
    full_scale: float


INTERFACES = {
    "recogniser": Interface(("text", "colour", "type"), (2, 3, 40, 144), {0: "plates"}, 255.0),
    "detector": Interface(("places",), (1, 3, 256, 448), {2: "height", 3: "width"}, 1.0),
}


def export(net: nn.Module, interface: Interface, path: Path) -> str:
    """Write `path` and return its SHA-256. Raises `NotTheSame`, and writes nothing then."""
    net = net.cpu().float().eval()
    example = torch.rand(interface.example) * interface.full_scale
    with torch.no_grad():
        wanted = net(example)
    part = path.with_suffix(".part")
    try:
        _write(net, interface, example, part)
        _check(part, example.numpy(), wanted if isinstance(wanted, tuple) else (wanted,))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(net: nn.Module, interface: Interface, example: torch.Tensor, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (example,),
            path,
            input_names=["picture"],
            output_names=list(interface.outputs),
            dynamic_axes={"picture": interface.free},
            opset_version=OPSET,
            dynamo=False,
        )
    _shorten(path)


def _shorten(path: Path) -> None:
    """Names inside the graph serve nobody at run time; they are one byte in two hundred."""
    model = onnx.load(path)
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    short: dict[str, str] = {"": ""}
    for node in model.graph.node:
        node.name = ""
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                fresh = name if name in kept else f"t{len(short)}"
                names[place] = short.setdefault(name, fresh)
    for weights in model.graph.initializer:
        weights.name = short.get(weights.name, weights.name)
    del model.graph.value_info[:]
    onnx.save(model, path)


def _check(model: Path, example: np.ndarray, wanted: tuple[torch.Tensor, ...]) -> None:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = session.run(None, {"picture": example})
    for output, answer, right in zip(session.get_outputs(), found, wanted, strict=True):
        off = float(np.abs(answer - right.numpy()).max())
        if not off < _MOST_OFF:
            raise NotTheSame(f"{output.name}: ONNX Runtime differs from PyTorch by {off:.3g}")
