"""What may stand at each place of the configuration, looked up in its models' JSON Schema."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from gateway.catalog import KIND_MARK, Catalog, DriverUnusableError
from gateway.config.document import Data, mapping
from gateway.config.problems import Where

Schema = dict[str, Any]

UNITS = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_min": "minutes",
    "_h": "hours",
    "_mb": "megabytes",
    "_fen": "fen",
    "_px": "pixels",
    "_deg": "degrees",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One place: its own schema, with nothing left to look up, and the schema it is part of."""

    schema: Schema
    root: Schema

    @property
    def keys(self) -> dict[str, "Node"]:
        """What may stand under each key of a mapping."""
        found: Schema = self.schema.get("properties", {})
        return {name: settled(inner, self.root) for name, inner in found.items()}

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(self.schema.get("required", ()))

    @property
    def description(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def hint(self) -> str:
        """The description as the end of a sentence."""
        text = self.description.rstrip(".")
        return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text

    def choices(self) -> tuple[str, ...]:
        constant = [self.schema["const"]] if "const" in self.schema else []
        return tuple(str(choice) for choice in self.schema.get("enum", constant))

    def inner(self, part: str | int) -> "Node":
        """What may stand under a key or an index; a node that knows nothing where none may."""
        if isinstance(part, int):
            return settled(self.schema.get("items") or {}, self.root)
        named = self.schema.get("properties", {}).get(part)
        patterns = self.schema.get("patternProperties", {}).values()
        any_key = next(iter(patterns), self.schema.get("additionalProperties"))
        return settled(named or (any_key if isinstance(any_key, dict) else {}), self.root)


@cache
def node_of(model: type[BaseModel]) -> Node:
    schema = model.model_json_schema()
    return Node(schema, schema)


def settled(schema: Schema, root: Schema) -> Node:
    """Follow references and "or nothing" to the schema itself; the outer title stays."""
    while True:
        if "$ref" in schema:
            found = root["$defs"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            found = next(one for one in schema["anyOf"] if one.get("type") != "null")
        else:
            return Node(schema, root)
        own = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
        schema = found | own


def node_at(model: type[BaseModel], where: Where, data: Data, catalog: Catalog) -> Node:
    """What may stand at `where`; `data` tells which drivers are meant on the way."""
    node = node_of(model)
    for part in where:
        node = _device(node, data, catalog).inner(part)
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
        else:
            data = mapping(data).get(part)
    return _device(node, data, catalog)


def _device(node: Node, data: Data, catalog: Catalog) -> Node:
    driver = mapping(data).get("driver")
    if KIND_MARK not in node.schema or not isinstance(driver, str):
        return node
    try:
        return node_of(catalog.settings(node.schema[KIND_MARK], driver))
    except (KeyError, DriverUnusableError):
        return node


def range_text(schema: Schema) -> str:
    """`1 to 247`, `more than 0 and at most 5`, or nothing."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}" if isinstance(low, float) else f"{low} to {high}"
    parts = [
        f"{words} {schema[name]:g}"
        for name, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "less than"),
        )
        if name in schema
    ]
    return " and ".join(parts)


def unit_of(key: str) -> str:
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")
