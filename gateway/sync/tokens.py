"""Takes a record's line apart into its shape and its values, and puts it together again. Pure.

The shape is everything that is alike in all records of one kind: names, brackets, commas. Its
values stand in five kinds of places. Whatever the line says, the two together give its very
bytes again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ID, TIME, WHOLE, SHARE, OTHER, TEXT = range(1, 7)
"""Hex of 8 bytes or more; a time with milliseconds; a whole number; 0.0001 to 0.9999; other
numbers; texts."""

Value = int | bytes

_VALUE = re.compile(rb"""(?<=[:\[,])("(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?)(?=[,\]}])""")
_ID = re.compile(rb'"(?:[0-9a-f]{2}){8,127}"')
_TIME = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"')
_WHOLE = re.compile(rb"0|[1-9][0-9]{0,17}")
_SHARE = re.compile(rb"0\.[0-9]{0,3}[1-9]")
_NAME = re.compile(rb'"(\w+)":[\[{]*$')
_PLACE = re.compile(rb"([\x01-\x06])")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
SHARES = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """`text`: the line with a control character in each value's place, which says its kind."""

    text: bytes
    pieces: tuple[bytes, ...]
    kinds: tuple[int, ...]
    names: tuple[bytes, ...]


def shape_of(text: bytes) -> Shape:
    parts = _PLACE.split(text)
    pieces, kinds = tuple(parts[::2]), tuple(part[0] for part in parts[1::2])
    return Shape(text, pieces, kinds, tuple(map(_name, pieces[:-1])))


def _name(piece: bytes) -> bytes:
    found = _NAME.search(piece)
    return found[1] if found else b""


def take_apart(line: bytes) -> tuple[bytes, list[Value]]:
    """(the shape's text, the values). Raises `ValueError` for a line with control characters."""
    if _CONTROL.search(line):
        raise ValueError("a line with control characters cannot be packed")
    parts: list[bytes] = _VALUE.split(line)
    values: list[Value] = []
    for place in range(1, len(parts), 2):
        kind, value = _read(parts[place])
        parts[place] = _MARKS[kind]
        values.append(value)
    return b"".join(parts), values


def put_together(shape: Shape, values: list[Value]) -> bytes:
    parts = list(shape.pieces)
    texts = [_WRITERS[kind](value) for kind, value in zip(shape.kinds, values, strict=True)]
    return b"".join([part for pair in zip(parts, texts, strict=False) for part in pair]) + parts[-1]


_MARKS = {kind: bytes([kind]) for kind in (ID, TIME, WHOLE, SHARE, OTHER, TEXT)}


def _read(token: bytes) -> tuple[int, Value]:
    if not token.startswith(b'"'):
        if _WHOLE.fullmatch(token):
            return WHOLE, int(token)
        if _SHARE.fullmatch(token):
            return SHARE, int(token[2:].ljust(4, b"0"))
        return OTHER, token
    if _ID.fullmatch(token):
        return ID, bytes.fromhex(token[1:-1].decode())
    if _TIME.fullmatch(token):
        return _read_time(token)
    return TEXT, token[1:-1]


def _read_time(token: bytes) -> tuple[int, Value]:
    try:
        ms = (datetime.fromisoformat(token[1:-1].decode()) - _EPOCH) // _MS
    except ValueError:
        return TEXT, token[1:-1]
    return TIME, ms


def _write_time(ms: Value) -> bytes:
    at = _EPOCH + _MS * _number(ms)
    return f'"{at.isoformat(timespec="milliseconds")[:23]}Z"'.encode()


def _write_share(value: Value) -> bytes:
    number = _number(value)
    if not 0 < number < SHARES:
        raise ValueError(f"{number} is no share of {SHARES}")
    return b"0." + f"{number:04}".rstrip("0").encode()


def _number(value: Value) -> int:
    if not isinstance(value, int):
        raise TypeError("a number is wanted here")
    return value


def _quoted(value: Value) -> bytes:
    return b'"' + bytes(value) + b'"'


def _write_id(value: Value) -> bytes:
    return _quoted(bytes(value).hex().encode())


def _write_whole(value: Value) -> bytes:
    return b"%d" % _number(value)


_WRITERS: dict[int, Callable[[Value], bytes]] = {
    ID: _write_id,
    TIME: _write_time,
    WHOLE: _write_whole,
    SHARE: _write_share,
    OTHER: bytes,
    TEXT: _quoted,
}
