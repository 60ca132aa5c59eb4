"""What editors and people read about the configuration, made from the models themselves."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.catalog import KIND_MARK, KINDS, Catalog
from gateway.config.models import Config
from gateway.config.schema import Node, Schema, node_of, range_text, settled, unit_of

INTRODUCTION = """\
# Configuration

Written by `lanegate schema --write` from the program itself: change the program, not this page.

A box has one file, `/etc/lanegate/lanegate.yaml`. Each `*.yaml` in `lanes.d/` beside it is one
more lane. `lanegate check` tells everything that is wrong, with file, line and column; a good
start is `config/lanegate.example.yaml`.

- YAML is read as it is written: `22:30` is text, not 1350. Aliases, anchors, tags, merge keys and
  keys given twice are refused. A file has at most 256 KiB and 20 levels.
- A secret never stands in the file. `file:/path` names a file that holds it, `credential:name` a
  systemd credential.
- `profile: kind/name` in a device takes the settings of `profiles/kind/name.yaml` beside the
  configuration, or, where there is no such folder, of the profiles that come with the product.
  A key in the device itself goes before the profile's key of that name.
- Editors check and complete with `config/lanegate.schema.json`.
"""

HEAD = "| key | what | allowed | default |\n|---|---|---|---|"


def schema_text(catalog: Catalog) -> str:
    """JSON Schema for `lanegate.yaml`; `#/$defs/LaneConfig` is that of a file in `lanes.d/`."""
    root = Config.model_json_schema()
    definitions = root.pop("$defs")
    for kind in KINDS:
        definitions[kind] = _device_schema(kind, catalog)
        for name in catalog.names(kind):
            definitions |= _driver_schemas(kind, name, catalog)
    root["required"].remove("lanes")
    del root["properties"]["lanes"]["minItems"]
    start = {"$schema": "http://json-schema.org/draft-07/schema#"}
    whole = start | _for_files(root) | {"$defs": _for_files(definitions)}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _device_schema(kind: str, catalog: Catalog) -> Schema:
    names = catalog.names(kind)
    return {
        "type": "object",
        "properties": {"driver": {"enum": list(names)}, "profile": _profile(kind)},
        "anyOf": [{"required": ["driver"]}, {"required": ["profile"]}],
        "allOf": [
            {
                "if": {"properties": {"driver": {"const": name}}, "required": ["driver"]},
                "then": {"$ref": f"#/$defs/{kind}.{name}"},
            }
            for name in names
        ],
    }


def _profile(kind: str) -> Schema:
    about = "Takes the settings that are not given here from profiles/ (kind/name)."
    return {"type": "string", "pattern": f"^{kind}/", "description": about}


def _driver_schemas(kind: str, name: str, catalog: Catalog) -> dict[str, Schema]:
    """A driver's settings, and what they refer to, each under a name of its own."""
    schema = catalog.settings(kind, name).model_json_schema(
        ref_template=f"#/$defs/{kind}.{name}.{{model}}"
    )
    inner = schema.pop("$defs", {})
    schema["properties"]["profile"] = _profile(kind)
    schema["if"] = {"not": {"required": ["profile"]}}
    schema["then"] = {"required": schema.pop("required")}
    named = {f"{kind}.{name}.{model}": found for model, found in inner.items()}
    return {f"{kind}.{name}": schema, **named}


def _for_files(schema: Any) -> Any:
    """What an editor is to expect in a file; a setting's "or nothing" only blurs its messages."""
    if isinstance(schema, list):
        return [_for_files(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _for_files(value) for key, value in schema.items()}
    if kind := rest.pop(KIND_MARK, None):
        return {**rest, "$ref": f"#/$defs/{kind}"}
    choices = [one for one in rest.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del rest["anyOf"]
        return choices[0] | rest
    if isinstance(rest.get("enum"), list):
        return _with_numbers(rest)
    return rest


def _with_numbers(schema: Schema) -> Schema:
    """Words that look like numbers also as the numbers that an editor takes them for."""
    numbers = [int(choice) for choice in schema["enum"] if str(choice).isdigit()]
    if not numbers:
        return schema
    rest = {key: value for key, value in schema.items() if key != "type"}
    return rest | {"enum": [*schema["enum"], *numbers]}


def docs_text(catalog: Catalog) -> str:
    """The page for people, in Markdown: a table for each mapping and each driver."""
    sections = [INTRODUCTION, *_sections("## ", "lanegate.yaml", node_of(Config))]
    for kind in KINDS:
        drivers = ", ".join(f"[{name}](#{kind}-{name})" for name in catalog.names(kind))
        sections.append(f"## {kind} devices\n\nDrivers: {drivers or 'none'}.\n")
        for name in catalog.names(kind):
            node = node_of(catalog.settings(kind, name))
            sections += _sections("### ", f"{kind} {name}", node)
    return "\n".join(sections)


def _sections(heading: str, title: str, node: Node) -> Iterator[str]:
    """A table for a mapping, then one for each mapping in it; equal ones share a table."""
    about = f"{node.description}\n\n" if node.description else ""
    rows = [_row(key, inner, needed=key in node.required) for key, inner in node.keys.items()]
    yield f"{heading}{title}\n\n{about}{HEAD}\n" + "\n".join(rows) + "\n"
    for names, part in _parts(node):
        yield from _sections(f"#{heading}", f"{title}: {', '.join(names)}", part)


def _parts(node: Node) -> list[tuple[list[str], Node]]:
    found: list[tuple[list[str], Node]] = []
    for key, inner in node.keys.items():
        part = _item(inner)
        twins = [names for names, seen in found if seen.keys == part.keys]
        if twins:
            twins[0].append(key)
        elif part.keys:
            found.append(([key], part))
    return found


def _row(key: str, node: Node, *, needed: bool) -> str:
    title = node.schema.get("title", "")
    what = ": ".join(part for part in (title, node.description) if part)
    if examples := node.schema.get("examples"):
        what = f"{what} Such as `{examples[0]}`."
    cells = (f"`{key}`", what, _allowed(key, node), "needed" if needed else _default(node))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _allowed(key: str, node: Node) -> str:
    schema = node.schema
    if kind := schema.get(KIND_MARK):
        return f"a [{kind} device](#{kind}-devices)"
    if choices := node.choices():
        return ", ".join(f"`{choice}`" for choice in choices)
    match schema.get("type"):
        case "integer" | "number" as kind:
            number = "whole number" if kind == "integer" else "number"
            return " ".join(filter(None, (number, range_text(schema), unit_of(key))))
        case "boolean":
            return "`true`, `false`"
        case "array":
            return f"list: {_allowed(key, _item(node))}"
        case "object" if "properties" in schema:
            return "mapping, see below"
        case "object":
            return f"name: {_allowed(key, node.inner(''))}"
        case _:
            secret = str(schema.get("pattern", "")).startswith("^(file:")
            return "`file:/path`, `credential:name`" if secret else "text"


def _item(node: Node) -> Node:
    """What a list holds; anything else is itself."""
    items = node.schema.get("items")
    return settled(items, node.root) if isinstance(items, dict) else node


def _default(node: Node) -> str:
    default = node.schema.get("default")
    if default is None or isinstance(default, dict | list):
        return ""
    return f"`{json.dumps(default, ensure_ascii=False).strip(chr(34))}`"
