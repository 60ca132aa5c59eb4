"""Broken networks under a manifest that fits them: the sum is right, the model is not.

    python -m bench.fuzz.networks SEED FIRST LAST

The first cases are those of `ABSURD`, one thing wrong with each; the further ones are the
released files with bits flipped, parts cut out and ends cut off.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np
import yaml

from bench.fuzz.child import NOTHING, READ, REFUSED, serve
from bench.fuzz.onnxfile import (
    DOUBLE,
    INT64,
    Model,
    Node,
    Value,
    Weights,
    detector,
    recogniser,
    with_external_weights,
    written,
)
from drivers.plates import manifest
from drivers.reader.onnx_plates import Settings, connect, released_models
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateReading
from gateway.ports import DeviceError

Pair = tuple[bytes, bytes]
NAN, INF = float("nan"), float("inf")
SLOTS = 8


@lru_cache(maxsize=1)
def released() -> manifest.Models:
    return manifest.load(released_models())


def sound_recogniser(number: float = 0.0) -> Model:
    """Fits the released manifest."""
    entry = released().manifest.recogniser
    answers = (SLOTS, len(entry.alphabet)), (len(entry.colours),), (1 + len(entry.types),)
    return recogniser(number, answers)


def _found(model: Model) -> Pair:
    return written(model), written(sound_recogniser())


def _read(model: Model) -> Pair:
    return written(detector(-9.0)), written(model)


def _conv(*inputs: str, to: str = "y", stride: int = 8, domain: str = "") -> Node:
    return Node("Conv", inputs or ("x", "w", "b"), (to,), (("strides", (stride, stride)),), domain)


def _then(node: Node, *weights: Weights, dims: tuple[int | str, ...]) -> Model:
    """The detector with one more step, which makes another shape of its answer."""
    plain = detector(9.0)
    return replace(
        plain,
        nodes=(_conv(to="k"), node),
        weights=plain.weights + weights,
        outputs=(Value("y", dims),),
    )


def _shape(*numbers: int) -> Weights:
    return Weights("s", (len(numbers),), kind=INT64, numbers=numbers)


def _plain() -> Model:
    return detector(9.0)


_INPUT, _OUTPUT = Value("x", (1, 3, "h", "w")), Value("y", (1, 10, "a", "b"))
ABSURD: dict[str, Callable[[], Pair]] = {
    "as released": lambda: (released().detector, released().recogniser),
    "empty": lambda: (b"", written(sound_recogniser())),
    "one byte": lambda: (b"\x08", written(sound_recogniser())),
    "the two exchanged": lambda: (released().recogniser, released().detector),
    "finds nothing anywhere": lambda: _found(detector(-9.0)),
    "finds plates everywhere": lambda: _found(detector(9.0)),
    "finds and reads everywhere": lambda: (written(_plain()), written(sound_recogniser(9.0))),
    "finds at wild places": lambda: _found(detector(9e3)),
    "finds at places beyond all numbers": lambda: _found(detector(3e38)),
    "finds NaN": lambda: _found(detector(NAN)),
    "finds infinity": lambda: _found(detector(INF)),
    "reads NaN": lambda: _read(sound_recogniser(NAN)),
    "reads infinity": lambda: _read(sound_recogniser(-INF)),
    "reads nothing": lambda: _read(sound_recogniser(0.0)),
    "reads too few signs": lambda: _read(recogniser(0.0, ((8, 5), (2,), (2,)))),
    "reads with one answer": lambda: _read(recogniser(0.0, ((8, 76),))),
    "opset 1": lambda: _found(replace(_plain(), opset=1)),
    "opset 99": lambda: _found(replace(_plain(), opset=99)),
    "opset 2^40": lambda: _found(replace(_plain(), opset=1 << 40)),
    "no opset": lambda: _found(replace(_plain(), domains=())),
    "format 0": lambda: _found(replace(_plain(), ir_version=0)),
    "format 99": lambda: _found(replace(_plain(), ir_version=99)),
    "unknown step": lambda: _found(replace(_plain(), nodes=(Node("Nonsense", ("x",), ("y",)),))),
    "unknown domain": lambda: _found(replace(_plain(), nodes=(_conv(domain="other"),))),
    "a step of nothing": lambda: _found(replace(_plain(), nodes=(_conv("x", "missing", "b"),))),
    "no steps": lambda: _found(replace(_plain(), nodes=())),
    "another stride": lambda: _found(replace(detector(-9.0), nodes=(_conv(stride=4),))),
    "weights elsewhere": lambda: _found(with_external_weights(_plain(), "weights.bin")),
    "weights in a system file": lambda: _found(with_external_weights(_plain(), "/etc/passwd")),
    "weights too many": lambda: _found(_with_weights(Weights("w", (1 << 40,), numbers=(0,),
                                                             kind=INT64))),
    "no input": lambda: _found(replace(_plain(), inputs=())),
    "two inputs": lambda: _found(replace(_plain(), inputs=(_INPUT, Value("z", (1,))))),
    "input of one channel": lambda: _found(replace(_plain(), inputs=(Value("x", (1, 1, 8, 8)),))),
    "input of one size": lambda: _found(replace(_plain(), inputs=(Value("x", (1, 3, 64, 64)),))),
    "input of doubles": lambda: _found(replace(_plain(), inputs=(replace(_INPUT, kind=DOUBLE),))),
    "no output": lambda: _found(replace(_plain(), outputs=())),
    "two outputs": lambda: _found(replace(_plain(), outputs=(_OUTPUT, replace(_INPUT, name="x")))),
    "output of whole numbers": lambda: _found(_then(
        Node("Cast", ("k",), ("y",), (("to", (INT64,)),)), dims=(1, 10, "a", "b"))),
    "output without shape": lambda: _found(replace(_plain(), outputs=(Value("y", ()),))),
    "output of unknown sizes": lambda: _found(replace(
        _plain(), outputs=(Value("y", ("p", "q", "r", "s")),))),
    "output of three sides": lambda: _found(_then(
        Node("Reshape", ("k", "s"), ("y",)), _shape(1, 10, -1), dims=(1, 10, "b"))),
    "output of five sides": lambda: _found(_then(
        Node("Reshape", ("k", "s"), ("y",)), _shape(1, 10, 1, 1, -1), dims=(1, 10, 1, 1, "b"))),
    "output of too many pictures": lambda: _found(_then(
        Node("Expand", ("k", "s"), ("y",)), _shape(64, 1, 1, 1), dims=("n", 10, "a", "b"))),
    "output of 40 TB": lambda: _found(_then(
        Node("Expand", ("k", "s"), ("y",)), _shape(1 << 20, 1, 1, 1), dims=("n", 10, "a", "b"))),
}  # fmt: skip


def _with_weights(one: Weights) -> Model:
    plain = _plain()
    return replace(plain, weights=(one, plain.weights[1]))


def main() -> None:
    serve(lambda seed, number: _case(Random(f"{seed}/{number}"), number))  # noqa: S311


def _case(dice: Random, number: int) -> tuple[str, Callable[[], str]]:
    if number < len(ABSURD):
        name = list(ABSURD)[number]
        return name, lambda: outcome(ABSURD[name]())
    models = [released().detector, released().recogniser]
    broken = dice.randrange(2)
    sort, models[broken] = _damaged(dice, models[broken])
    return sort, lambda: outcome((models[0], models[1]))


def _damaged(dice: Random, model: bytes) -> tuple[str, bytes]:
    data = bytearray(model)
    match dice.randrange(4):
        case 0:
            return "cut off", model[: dice.randrange(len(model))]
        case 1:
            start = dice.randrange(len(data))
            del data[start : start + dice.choice((1, 4, 1000))]
            return "a part missing", bytes(data)
        case _:
            # The graph is a small part of the file, its head and tail; weights are the rest.
            reach = dice.choice((300, 5000, len(data)))
            for _ in range(dice.choice((1, 10, 200))):
                place = dice.randrange(reach)
                data[place if dice.randrange(2) else -1 - place] ^= 1 << dice.randrange(8)
            return "bits flipped", bytes(data)


def outcome(models: Pair) -> str:
    """Loads them as a lane does, and reads a scene and a crop."""
    with tempfile.TemporaryDirectory(prefix="lanegate-fuzz-") as name:
        folder = Path(name)
        installed(folder, models)
        try:
            with connect(Settings(driver="onnx_plates", models=folder)) as reader:
                scene = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
                found = [*reader.read(scene), reader.read_crop(scene[:40, :140])]
        except DeviceError:
            return REFUSED
    passed = (isinstance(judge(one, Gate()), PlateReading) for one in found)
    return READ if any(passed) else NOTHING


def installed(folder: Path, models: Pair) -> None:
    """The released manifest with the sums of these models, and the models."""
    source = released_models() / manifest.FILE
    entries = yaml.safe_load(source.read_text(encoding="utf-8"))
    shutil.copy(source, folder)
    for part, data in zip(("detector", "recogniser"), models, strict=True):
        (folder / entries[part]["file"]).write_bytes(data)
        entries[part]["sha256"] = hashlib.sha256(data).hexdigest()
    text = yaml.safe_dump(entries, allow_unicode=True)
    (folder / manifest.FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
