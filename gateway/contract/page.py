"""The parts of docs/mqtt.md that the program writes: examples and tables of fields.

A part stands between `<!-- example NAME -->` or `<!-- fields MODEL -->` and `<!-- end -->`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.contract.examples import BODIES, PAYLOADS
from gateway.contract.schemas import Schema, definitions
from gateway.contract.words import KNOWN
from gateway.sync.orderfields import TIME

WIDTH = 118
PART = re.compile(r"(<!-- (example|fields) ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class UnknownPartError(ValueError):
    """The page asks for something that is not there; the text names it."""


def filled(page: str) -> str:
    """The page with its parts as the models have them now. Raises `UnknownPartError`."""
    makers: Mapping[str, Callable[[str], str]] = {"example": _example, "fields": _fields}

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n{makers[found[2]](found[3])}\n\n{found[4]}"

    return PART.sub(part, page)


# --- examples ----------------------------------------------------------------------------


def _example(name: str) -> str:
    bodies = {example: body for example, _, body in BODIES}
    if name in bodies:
        return f"```json\n{tidy(bodies[name])}\n```"
    if name not in PAYLOADS:
        raise UnknownPartError(f"there is no example {name!r}")
    return f"```json\n{tidy(json.loads(PAYLOADS[name]))}\n```"


def tidy(value: Any, indent: str = "") -> str:
    """JSON on one line where it fits, else with an entry a line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, list):
        opening, closing, entries = "[", "]", [inner + tidy(one, inner) for one in value]
    else:
        opening, closing = "{", "}"
        entries = [f"{inner}{json.dumps(key)}: {tidy(one, inner)}" for key, one in value.items()]
    return f"{opening}\n" + ",\n".join(entries) + f"\n{indent}{closing}"


# --- tables of fields --------------------------------------------------------------------


def _fields(name: str) -> str:
    known = definitions()
    if name not in known:
        raise UnknownPartError(f"there is no model {name!r}")
    schema = known[name]
    needed = schema.get("required", ())
    rows = [
        f"| `{field}` | {_kind(one, known)}{'' if field in needed else ', may be missing'} |"
        f" {_about(one)} |"
        for field, one in schema["properties"].items()
    ]
    return "\n".join(["| field | what it is | meaning |", "|---|---|---|", *rows])


def _kind(schema: Schema, known: Mapping[str, Schema]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return _words(known[name]["enum"]) if "enum" in known[name] else name
    if "anyOf" in schema:
        return " or ".join(_kind(one, known) for one in schema["anyOf"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return _words(schema["enum"])
    return _of_type(schema, known)


def _of_type(schema: Schema, known: Mapping[str, Schema]) -> str:
    match schema.get("type"):
        case "array" if "items" in schema:
            return f"list: {_kind(schema['items'], known)}"
        case "array":
            return "list: " + ", ".join(_kind(one, known) for one in schema["prefixItems"])
        case "object" if isinstance(values := schema.get("additionalProperties"), dict) and values:
            return f"name: {_kind(values, known)}"
        case "string":
            return _FORMS.get(schema.get("pattern", ""), "a word" if KNOWN in schema else "text")
        case "integer":
            return "whole number"
        case "boolean":
            return "`true` or `false`"
        case word:
            return str(word)


_FORMS = {
    "^[0-9a-f]{16}$": "16 hex digits",
    "^[0-9a-f]{32}$": "id",
    "^[0-9a-f]{64}$": "SHA-256",
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$": "time",
    r"^\d{4}-\d\d-\d\d$": "day",
    TIME: "time",
}


def _about(schema: Schema) -> str:
    about = schema.get("description", "")
    words = next(iter(known_words(schema)), [])
    said = f"{about} One of {_words(words)}." if words and len(words) <= MOST_WORDS else about
    return str(said).strip().replace("|", "\\|")


MOST_WORDS = 8


def known_words(schema: Any) -> Iterator[list[str]]:
    if isinstance(schema, dict):
        if KNOWN in schema:
            yield schema[KNOWN]
        for value in schema.values():
            yield from known_words(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from known_words(one)


def _words(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
