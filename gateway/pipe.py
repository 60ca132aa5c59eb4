"""What the gateway and a camera's child say to each other.

Down goes one line of JSON, the `Order`. Up comes a `Message` for every frame that was read:

4 bytes, big-endian: length of the head | head (JSON, UTF-8) | pictures, in the head's order
"""

import asyncio
import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, BinaryIO

from gateway.lane.types import PlateColour, PlateReading, PlateType

HEAD_LIMIT = 64 * 1024
PICTURE_LIMIT = 8 * 1024 * 1024
MOST_PICTURES = 8
LONGEST_PLATE = 16
LONGEST_SENTENCE = 500
SHA256 = re.compile(r"[0-9a-f]{64}")
_LENGTH = struct.Struct(">I")


class BrokenPipe(Exception):  # noqa: N818
    """The child said something that is no message."""


@dataclass(frozen=True, slots=True)
class Order:
    """The settings of the two drivers as the configuration holds them, and the gate."""

    camera: dict[str, Any]
    reader: dict[str, Any]
    gate: dict[str, float]

    def to_line(self) -> bytes:
        fields = {"camera": self.camera, "reader": self.reader, "gate": self.gate}
        return json.dumps(fields).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Message:
    """One frame's outcome. `error` is a sentence from a child that gives up."""

    readings: tuple[PlateReading, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    read_ms: float = 0.0
    error: str = ""


def write(stream: BinaryIO, message: Message) -> None:
    head = {
        "readings": [asdict(reading) for reading in message.readings],
        "pictures": [[name, len(jpeg)] for name, jpeg in message.pictures.items()],
        "read_ms": round(message.read_ms, 2),
        "error": message.error,
    }
    body = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    stream.write(_LENGTH.pack(len(body)) + body + b"".join(message.pictures.values()))
    stream.flush()


async def read(stream: asyncio.StreamReader) -> Message:
    """Raises `BrokenPipe` on nonsense and `asyncio.IncompleteReadError` at the end.

    The child decodes what strangers send, so nothing it says is believed unchecked.
    """
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    if length > HEAD_LIMIT:
        raise BrokenPipe(f"a head of {length} bytes")
    body = await stream.readexactly(length)
    try:
        message, sizes = _parsed(body)
    except Exception as error:
        reason = _sentence(f"{type(error).__name__}: {error}")
        raise BrokenPipe(f"a head that does not fit: {reason}") from error
    return replace(
        message, pictures={name: await stream.readexactly(sizes[name]) for name in sizes}
    )


def _parsed(body: bytes) -> tuple[Message, dict[str, int]]:
    """A message without its pictures, and their sizes by name. Raises whatever is wrong."""
    head = json.loads(body)
    readings = tuple(_reading(fields) for fields in head["readings"])
    message = Message(
        readings, read_ms=_number(head["read_ms"]), error=_sentence(str(head["error"]))
    )
    names = _names([name for name, _ in head["pictures"]])
    return message, dict(zip(names, (_size(size) for _, size in head["pictures"]), strict=True))


def _reading(fields: dict[str, Any]) -> PlateReading:
    top_left, top_right, bottom_right, bottom_left = (
        (_number(x), _number(y)) for x, y in fields["corners"]
    )
    return PlateReading(
        text=_plate(fields["text"]),
        type=PlateType(fields["type"]),
        colour=PlateColour(fields["colour"]),
        confidence=_number(fields["confidence"]),
        min_char=_number(fields["min_char"]),
        corners=(top_left, top_right, bottom_right, bottom_left),
        evidence=_names(fields["evidence"]),
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= PICTURE_LIMIT:
        raise ValueError(f"a picture of {value!r} bytes")
    return value


def _names(values: Any) -> tuple[str, ...]:
    """Names become paths: nothing but SHA-256 in hex digits, each once."""
    if len(values) > MOST_PICTURES or len(set(values)) != len(values):
        raise ValueError(f"{len(values)} pictures, or one twice")
    for value in values:
        if not SHA256.fullmatch(value):
            raise ValueError(f"{value!r} is no picture's name")
    return tuple(values)


def _plate(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_PLATE:
        raise ValueError(f"{value!r} is no plate")
    return value


def _sentence(text: str) -> str:
    """Fit for a log and a database: one line, no lone surrogates, not endless."""
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST_SENTENCE])
