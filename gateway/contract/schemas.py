"""JSON Schemas (2020-12) of the messages, made from the models."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.contract import parking, rights, state, wire
from gateway.contract.bodies import BODIES
from gateway.contract.words import Model
from gateway.sync.protocol import RECORD_SCHEMA
from gateway.sync.shapes import DICTIONARY

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HERE = "#/$defs/{model}"


def _later(word: str, known: Mapping[str, object]) -> Schema:
    """What a later program may say on a topic whose messages are told apart by `word`."""
    return {
        "type": "object",
        "description": "Of a later program: passed over.",
        "properties": {word: {"type": "string", "minLength": 1, "not": {"enum": list(known)}}},
        "required": [word],
    }


def definitions(template: str = HERE) -> dict[str, Schema]:
    """Every model by name; `template` says how they refer to each other, as `#/$defs/{model}`."""
    models: list[type[Model]] = [
        *(wire.Hello, wire.BatchHead, wire.Record, wire.Ack, state.Online, state.Offline),
        *wire.ORDERS.values(),
        *rights.ASKED.values(),
        *parking.TOLD.values(),
        *(rights.Manifest, rights.RightsPart, rights.RightsDelta),
        *BODIES.values(),
    ]
    _, root = models_json_schema([(one, "validation") for one in models], ref_template=template)
    found: dict[str, Schema] = {name: _tidied(one) for name, one in root["$defs"].items()}
    found["Record"] |= {"allOf": [*_by_kind(template), _WITH_TIME]}
    return found


_WITH_TIME: Schema = {
    "if": {"properties": {"schema": {"const": RECORD_SCHEMA}}},
    "then": {"required": ["when"]},
}


def _by_kind(template: str) -> list[Schema]:
    """The body by its kind, for the major forms that are known."""
    known = {"enum": list(range(1, RECORD_SCHEMA + 1))}
    return [
        {
            "if": {"properties": {"kind": {"const": kind}, "schema": known}},
            "then": {"properties": {"body": {"$ref": template.format(model=model.__name__)}}},
        }
        for kind, model in BODIES.items()
    ]


def _tidied(value: Any, *, names: bool = False) -> Any:
    """Without the titles that only repeat a name, and without defaults: absent is absent.

    `names`: the keys of `value` are names of fields, not keywords.
    """
    if isinstance(value, list):
        return [_tidied(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: _tidied(one, names=key == "properties" and not names)
        for key, one in value.items()
        if names or key not in ("title", "default", "additionalProperties") or _tells(key, one)
    }
    if not names and isinstance(about := kept.get("description"), str):
        kept["description"] = " ".join(about.split())
    return kept


def _tells(key: str, value: Any) -> bool:
    """Only a mapping from names to values says something with this keyword."""
    return key == "additionalProperties" and isinstance(value, dict)


FILES: Mapping[str, tuple[type[Model], ...]] = {
    "hello": (wire.Hello,),
    "head": (wire.BatchHead,),
    "record": (wire.Record,),
    "state": (state.Online, state.Offline),
    "ack": (wire.Ack,),
    "ctl": tuple(wire.ORDERS.values()),
    "ask": tuple(rights.ASKED.values()),
    "parking": tuple(parking.TOLD.values()),
    "rights": (rights.Manifest,),
    "rights-set": (rights.RightsPart, rights.RightsDelta),
}
"""What is written as a schema of its own, by the file's name."""

LATER: Mapping[str, Schema] = {
    "ctl": _later("do", wire.ORDERS),
    "ask": _later("ask", rights.ASKED),
    "parking": _later("do", parking.TOLD),
    "rights-set": _later("kind", {"full": 1, "delta": 2}),
}


def schema_of(name: str) -> Schema:
    """A whole schema of one of `FILES`."""
    known = definitions()
    refs: list[Schema] = [{"$ref": HERE.format(model=one.__name__)} for one in FILES[name]]
    if name in LATER:
        refs.append(LATER[name])
    top = refs[0] if len(refs) == 1 else {"anyOf": refs}
    start = {"$schema": DIALECT, "$id": f"urn:lanegate:1:{name}"}
    return start | top | {"$defs": {one: known[one] for one in sorted(_used(top, known))}}


def _used(schema: Any, known: Mapping[str, Schema]) -> set[str]:
    """Names of the definitions that a schema leads to."""
    waiting, found = [schema], set[str]()
    while waiting:
        match waiting.pop():
            case list() as items:
                waiting += items
            case {"$ref": str(ref)} as one:
                name = ref.rsplit("/", 1)[1]
                waiting += [] if name in found else [known[name]]
                waiting += [value for key, value in one.items() if key != "$ref"]
                found.add(name)
            case dict() as one:
                waiting += one.values()
    return found


def dictionary_text() -> str:
    """The preset dictionary of the packed form: one JSON text."""
    return json.dumps(DICTIONARY.decode(), ensure_ascii=False) + "\n"


def schema_text(name: str) -> str:
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"
