"""What the cloud says of rights: which set there is, parts of a full set, changes. Pure.

What one right looks like is not this module's business: a right is a JSON object here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.sync.fields import Fields, MalformedError
from gateway.sync.orderfields import OrderFields
from gateway.sync.protocol import MAX_MESSAGE_BYTES

MAX_PARTS = 256
MAX_ID = 128
MAX_VERSION = 2**53

RightFields = Mapping[str, Any]


class Edition(NamedTuple):
    """Names one state of all rights. `digest` decides where two have the same version."""

    version: int
    digest: str


class Part(NamedTuple):
    """One of the `parts` of a full set, counted from 1."""

    edition: Edition
    part: int
    parts: int
    rights: tuple[RightFields, ...]


class Change(NamedTuple):
    """What makes `edition` of the set whose version is `since`."""

    since: int
    edition: Edition
    put: tuple[RightFields, ...]
    drop: tuple[str, ...]


def decode_manifest(payload: bytes) -> Edition:
    """What the box should hold. Raises `MalformedError`."""
    fields = OrderFields(Fields.of(payload))
    fields.count("count")
    return _edition(fields)


def decode_set(payload: bytes) -> Part | Change | None:
    """None: something of a newer protocol. Raises `MalformedError`."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a message of {len(payload)} bytes; at most {MAX_MESSAGE_BYTES}")
    fields = OrderFields(Fields.of(payload))
    match fields.text("kind"):
        case "full":
            parts = fields.whole("parts", 1, MAX_PARTS)
            place = fields.whole("part", 1, parts)
            return Part(_edition(fields), place, parts, _rights(fields, "rights"))
        case "delta":
            put, drop = _rights(fields, "set"), _ids(fields, "drop")
            return Change(fields.whole("from", 0, MAX_VERSION), _edition(fields), put, drop)
        case _:
            return None


def _edition(fields: OrderFields) -> Edition:
    return Edition(fields.whole("version", 1, MAX_VERSION), fields.chain("hash").hex())


def _rights(fields: Fields, name: str) -> tuple[RightFields, ...]:
    value = fields.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise MalformedError(f"field {name!r} is not a list of rights")
    return tuple(value)


def _ids(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if not isinstance(value, list) or not all(map(_is_id, value)):
        raise MalformedError(f"field {name!r} is not a list of ids of rights")
    return tuple(value)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID
