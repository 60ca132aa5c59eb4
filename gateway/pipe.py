"""What the gateway and a camera's child say to each other.

Down goes one line of JSON, the `Order`, and another one, a `Word`, whenever the lane's loops
change, a picture is wanted or a second look. Up comes a `Message` for every frame that was read,
at every change of the picture's condition, for every picture that was wanted, and once a second:

4 bytes, big-endian: length of the head | head (JSON, UTF-8) | pictures, in the head's order
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from gateway.lane.types import PlateColour, PlateReading, PlateType
from gateway.sight import Condition

if TYPE_CHECKING:
    import asyncio  # The child does without it, and its 4 MB.

HEAD_LIMIT = 64 * 1024
PICTURE_LIMIT = 8 * 1024 * 1024
# One of each plate, and one that the lane asked for.
MOST_PICTURES = 5
MOST_READINGS = 8
MOST_PHOTOS = 16
LONGEST_PLATE = 16
LONGEST_SENTENCE = 500
SHA256 = re.compile(r"[0-9a-f]{64}")
_LENGTH = struct.Struct(">I")


class BrokenPipe(Exception):  # noqa: N818
    """The child said something that is no message."""


@dataclass(frozen=True, slots=True)
class Order:
    """The settings of the two drivers as the configuration holds them, the gate and the view."""

    camera: dict[str, Any]
    reader: dict[str, Any]
    gate: dict[str, float]
    view: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Word:
    """What a lane tells its eyes: one of these at a time.

    `awake`: whether a vehicle stands on a loop; `photo`: the number of a picture that is wanted;
    `again`: a second look is wanted.
    """

    awake: bool | None = None
    photo: int | None = None
    again: bool = False

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> "Word":
        """Raises `ValueError` for what is no such line."""
        told = json.loads(line)
        match told:
            case {"awake": bool() | None, "photo": int() | None, "again": bool()}:
                return cls(told["awake"], told["photo"], told["again"])
            case _:
                raise ValueError(f"{line[:40]!r} is no word to a camera's process")


@dataclass(frozen=True, slots=True)
class Message:
    """How the picture is, and what was read in it. `error` is a child's last sentence.

    `read`: a frame was read, with or without a plate; `age_s`: of the newest frame.
    `words`: what is wrong with the picture; empty while `condition` is OK.
    `photos`: the picture's name by the number under which it was wanted.
    `refused`: the camera refused the user or the password; each try may lock the account.
    """

    readings: tuple[PlateReading, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    read_ms: float = 0.0
    error: str = ""
    read: bool = False
    condition: Condition = Condition.OK
    words: str = ""
    age_s: float = 0.0
    photos: Mapping[int, str] = field(default_factory=dict)
    refused: bool = False


def write(stream: BinaryIO, message: Message) -> None:
    head = {
        "readings": [asdict(reading) for reading in message.readings],
        "pictures": [[name, len(jpeg)] for name, jpeg in message.pictures.items()],
        "read_ms": round(message.read_ms, 2),
        "error": message.error,
        "read": message.read,
        "condition": message.condition,
        "words": message.words,
        "age_s": round(message.age_s, 3),
        "photos": list(message.photos.items()),
        "refused": message.refused,
    }
    body = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    stream.write(_LENGTH.pack(len(body)) + body + b"".join(message.pictures.values()))
    stream.flush()


async def read(stream: "asyncio.StreamReader") -> Message:
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
    if len(head["readings"]) > MOST_READINGS:
        raise ValueError(f"{len(head['readings'])} plates in one picture")
    readings = tuple(_reading(fields) for fields in head["readings"])
    message = Message(
        readings,
        read_ms=_number(head["read_ms"]),
        error=_sentence(str(head["error"])),
        read=head["read"] is True,
        condition=Condition(head["condition"]),
        words=_sentence(str(head["words"])),
        age_s=_number(head["age_s"]),
        photos=_photos(head["photos"]),
        refused=head["refused"] is True,
    )
    names = _names([name for name, _ in head["pictures"]])
    if not set(message.photos.values()) <= set(names):
        raise ValueError("a photo without its picture")
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
        track=_size(fields["track"]),
        sure=fields["sure"] is True,
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


def _photos(pairs: Any) -> dict[int, str]:
    if len(pairs) > MOST_PHOTOS:
        raise ValueError(f"{len(pairs)} photos")
    return {_size(number): _names([name])[0] for number, name in pairs}


def _plate(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_PLATE:
        raise ValueError(f"{value!r} is no plate")
    return value


def _sentence(text: str) -> str:
    """Fit for a log and a database: one line, no lone surrogates, not endless."""
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST_SENTENCE])
