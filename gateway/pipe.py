"""What the gateway and a camera's child say to each other.

Down goes one line of JSON, the `Order`. Up comes a `Message` for every frame that was read:

4 bytes, big-endian: length of the head | head (JSON, UTF-8) | pictures, in the head's order
"""

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from gateway.lane.types import PlateColour, PlateReading, PlateType

HEAD_LIMIT = 64 * 1024
PICTURE_LIMIT = 8 * 1024 * 1024
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
    body = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    stream.write(_LENGTH.pack(len(body)) + body + b"".join(message.pictures.values()))
    stream.flush()


async def read(stream: asyncio.StreamReader) -> Message:
    """Raises `BrokenPipe` on nonsense and `asyncio.IncompleteReadError` at the end."""
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    if length > HEAD_LIMIT:
        raise BrokenPipe(f"a head of {length} bytes")
    head = _parsed(await stream.readexactly(length))
    try:
        pictures = {name: await _picture(stream, size) for name, size in head["pictures"]}
        readings = tuple(_reading(reading) for reading in head["readings"])
        return Message(readings, pictures, float(head["read_ms"]), str(head["error"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenPipe(f"a head that does not fit: {error}") from error


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        head = json.loads(body)
    except ValueError as error:
        raise BrokenPipe(f"a head that is no JSON: {error}") from error
    if not isinstance(head, dict):
        raise BrokenPipe("a head that is no object")
    return head


async def _picture(stream: asyncio.StreamReader, size: int) -> bytes:
    if not 0 <= size <= PICTURE_LIMIT:
        raise BrokenPipe(f"a picture of {size} bytes")
    return await stream.readexactly(size)


def _reading(fields: dict[str, Any]) -> PlateReading:
    top_left, top_right, bottom_right, bottom_left = (
        (float(x), float(y)) for x, y in fields["corners"]
    )
    return PlateReading(
        text=str(fields["text"]),
        type=PlateType(fields["type"]),
        colour=PlateColour(fields["colour"]),
        confidence=float(fields["confidence"]),
        min_char=float(fields["min_char"]),
        corners=(top_left, top_right, bottom_right, bottom_left),
        evidence=tuple(fields["evidence"]),
    )
