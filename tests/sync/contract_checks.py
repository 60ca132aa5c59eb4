"""Validators of the published schemas, as they are and as strictly as today's program must keep."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

from gateway.contract.schemas import FILES
from gateway.contract.words import KNOWN

DOCS = Path(__file__).parents[2] / "docs"
SCHEMAS = DOCS / "schemas"


@cache
def published(name: str) -> Draft202012Validator:
    """Of the file that an integrator has: what a later program may add is allowed."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@cache
def exact(name: str) -> Draft202012Validator:
    """The same, with no field and no word that it does not name."""
    return Draft202012Validator(closed(published(name).schema))


def closed(schema):
    """Every object with the named fields only, every word one of the known."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(one) for key, one in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        shut.setdefault("additionalProperties", False)
    if KNOWN in schema:
        shut["enum"] = schema[KNOWN]
    return shut


def keeps(name: str, payload: bytes | str) -> dict:
    """The message, which must keep to the published schema and to the exact one."""
    assert name in FILES
    value = json.loads(payload)
    published(name).validate(value)
    exact(name).validate(value)
    return value
