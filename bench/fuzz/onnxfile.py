"""ONNX files written by hand: small networks that are right, wrong or absurd in one thing.

Only the fields of the format that are needed, numbered as in onnx.proto.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

FLOAT, INT64, STRING, DOUBLE, HALF = 1, 7, 8, 11, 10
_VARINT, _BYTES = 0, 2
_CODES = {FLOAT: "f", INT64: "q", DOUBLE: "d", HALF: "e"}
Dim = int | str


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output."""

    name: str
    dims: tuple[Dim, ...]
    kind: int = FLOAT


@dataclass(frozen=True, slots=True)
class Weights:
    """All of one number. `external`: the file that they claim to be in."""

    name: str
    dims: tuple[int, ...]
    number: float = 0.0
    kind: int = FLOAT
    numbers: tuple[int, ...] = ()
    external: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    sort: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ints: tuple[tuple[str, tuple[int, ...]], ...] = ()
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    nodes: tuple[Node, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    weights: tuple[Weights, ...] = ()
    opset: int = 17
    ir_version: int = 8
    domains: tuple[str, ...] = field(default=("",))


def detector(number: float = 0.0) -> Model:
    """Gives `number` everywhere, in the shape that a detector gives."""
    weights = Weights("w", (10, 3, 8, 8)), Weights("b", (10,), number)
    node = Node("Conv", ("x", "w", "b"), ("y",), (("strides", (8, 8)),))
    inputs = (Value("x", (1, 3, "h", "w")),)
    return Model((node,), inputs, (Value("y", (1, 10, "a", "b")),), weights)


def recogniser(number: float = 0.0, answers: Sequence[tuple[int, ...]] = ((8, 76),)) -> Model:
    """Gives `number` everywhere, in the shapes that a recogniser gives for one plate."""
    nodes = [Node("GlobalAveragePool", ("x",), ("g",))]
    weights, outputs = [], []
    for place, shape in enumerate(answers):
        w, b, s, c, y = (f"{name}{place}" for name in "wbscy")
        weights += [
            Weights(w, (prod(shape), 3, 1, 1)),
            Weights(b, (prod(shape),), number),
            Weights(s, (len(shape) + 1,), kind=INT64, numbers=(-1, *shape)),
        ]
        nodes += [Node("Conv", ("g", w, b), (c,)), Node("Reshape", (c, s), (y,))]
        outputs.append(Value(y, ("n", *shape)))
    inputs = (Value("x", ("n", 3, "h", "w")),)
    return Model(tuple(nodes), inputs, tuple(outputs), tuple(weights))


def with_external_weights(model: Model, file: str) -> Model:
    first, *rest = model.weights
    return replace(model, weights=(replace(first, external=file), *rest))


def written(model: Model) -> bytes:
    graph = b"".join(
        [
            *(_part(1, _node(node)) for node in model.nodes),
            _part(2, b"g"),
            *(_part(5, _tensor(one)) for one in model.weights),
            *(_part(11, _value(one)) for one in model.inputs),
            *(_part(12, _value(one)) for one in model.outputs),
        ]
    )
    opsets = (_part(8, _part(1, d.encode()) + _number(2, model.opset)) for d in model.domains)
    return _number(1, model.ir_version) + _part(7, graph) + b"".join(opsets)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3 | _VARINT) + _varint(value)


def _part(tag: int, data: bytes) -> bytes:
    return _varint(tag << 3 | _BYTES) + _varint(len(data)) + data


def _node(node: Node) -> bytes:
    names = [_part(1, name.encode()) for name in node.inputs]
    names += [_part(2, name.encode()) for name in node.outputs]
    names += [_part(4, node.sort.encode()), _part(7, node.domain.encode())]
    return b"".join(names + [_part(5, _ints(name, ints)) for name, ints in node.ints])


def _ints(name: str, ints: Sequence[int]) -> bytes:
    sort_ints = 7
    return _part(1, name.encode()) + _number(20, sort_ints) + b"".join(_number(8, i) for i in ints)


def _tensor(one: Weights) -> bytes:
    head = b"".join(_number(1, dim) for dim in one.dims) + _number(2, one.kind)
    head += _part(8, one.name.encode())
    if one.external:
        place = (("location", one.external), ("offset", "0"), ("length", str(4 * prod(one.dims))))
        entries = (_part(1, key.encode()) + _part(2, text.encode()) for key, text in place)
        return head + b"".join(_part(13, entry) for entry in entries) + _number(14, 1)
    numbers = one.numbers or (one.number,) * prod(one.dims)
    return head + _part(9, struct.pack(f"<{len(numbers)}{_CODES[one.kind]}", *numbers))


def _value(one: Value) -> bytes:
    dims = b"".join(
        _part(1, _number(1, dim) if isinstance(dim, int) else _part(2, dim.encode()))
        for dim in one.dims
    )
    tensor = _number(1, one.kind) + _part(2, dims)
    return _part(1, one.name.encode()) + _part(2, _part(1, tensor))
