"""A packed batch read by what docs/packed.md says of it, and by nothing of the product."""

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
DICTIONARY = json.loads((DOCS / "schemas" / "packed.dictionary.json").read_text("utf-8")).encode()
NAME = re.compile(rb'"([A-Za-z0-9_]+)":[\[{]*\Z')
START = datetime(1970, 1, 1, tzinfo=UTC)


class Stream:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.at)
        line = self.take(end - self.at)
        self.at += 1
        return line


class Place:
    """One column: its kind and name, mode and values, and its new texts."""

    def __init__(self, kind: int, name: bytes) -> None:
        self.kind, self.name = kind, name
        self.mode, self.values, self.used = 0, [], 0
        self.new, self.seen = [], []

    def fill(self, soft: Stream, hard: Stream, count: int) -> None:
        (head,) = soft.take(1)
        self.mode, width = head >> 4, head & 15
        if width == 15:
            self.values = [soft.number()] * count
            return
        self.values = [0] * count
        for plane in range(width):
            source = hard if plane == 0 and width > 1 and self.kind in (2, 4) else soft
            for place, byte in enumerate(source.take(count)):
                self.values[place] |= byte << 8 * plane

    def next(self) -> int:
        self.used += 1
        return self.values[self.used - 1]


def places_of(shape: bytes) -> tuple[list[bytes], list[Place]]:
    parts = re.split(rb"([\x01-\x06])", shape)
    pieces, kinds = parts[::2], parts[1::2]
    found = [NAME.search(piece) for piece in pieces[:-1]]
    names = [one[1] if one else b"" for one in found]
    return pieces, [Place(kind[0], name) for kind, name in zip(kinds, names, strict=True)]


class Reader:
    def __init__(self, hard: Stream) -> None:
        self.hard, self.now = hard, 0
        self.last, self.clock = {}, {}
        self.recent: list[bytes] = []
        self.lines_of: dict[bytes, list[int]] = {}
        self.firsts: list[dict] = []

    def id_of(self, place: Place) -> bytes:
        match place.next():
            case 0:
                value = self.hard.take(16)
            case 2:
                value = self.hard.take(32)
            case 3:
                value = self.hard.take(self.hard.take(1)[0])
            case 1:
                value = self.last[1, place.name]
            case code:
                value = self.recent[-(code - 3)]
        self.last[1, place.name] = value
        self.recent = [one for one in self.recent if one != value] + [value]
        return value

    def line(self, pieces: list[bytes], places: list[Place]) -> bytes:
        ids = [self.id_of(place) for place in places if place.kind == 1]
        earlier = [self.lines_of[one] for one in ids if one in self.lines_of]
        parent = self.firsts[min(earlier, key=len)[-1]] if earlier else {}
        for one in set(ids):
            self.lines_of.setdefault(one, []).append(len(self.firsts))
        self.firsts.append({})
        before = {2: self.now}
        waiting = iter(ids)
        told = [
            next(waiting) if place.kind == 1 else self.value(place, parent, before)
            for place in places
        ]
        texts = [as_text(place.kind, one) for place, one in zip(places, told, strict=True)]
        return b"".join(part for pair in zip(pieces, [*texts, b""], strict=True) for part in pair)

    def value(self, place: Place, parent: dict, before: dict):
        key, code = (place.kind, place.name), place.next()
        if place.kind in (5, 6):
            value = self.text(place, parent, code)
        else:
            value = self.guess(place, parent, before) + (
                -(code + 1) // 2 if code % 2 else code // 2
            )
            self.clock[place.name] = self.now
            before[place.kind] = value
            self.now = value if place.kind == 2 else self.now
        self.last[key] = value
        self.firsts[-1].setdefault(key, value)
        return value

    def text(self, place: Place, parent: dict, code: int) -> bytes:
        key = place.kind, place.name
        if code == 2:
            place.seen.append(place.new.pop(0))
            return place.seen[-1]
        return {0: parent, 1: self.last}[code][key] if code < 2 else place.seen[code - 3]

    def guess(self, place: Place, parent: dict, before: dict) -> int:
        key = place.kind, place.name
        here = before.get(place.kind, 0)
        last = self.last.get(key, here)
        moved = last + self.now - self.clock.get(place.name, self.now)
        return (last, moved, parent.get(key, last), here)[place.mode]


def as_text(kind: int, value) -> bytes:
    match kind:
        case 1:
            return f'"{value.hex()}"'.encode()
        case 2:
            at = START + timedelta(milliseconds=value)
            return f'"{at.isoformat(timespec="milliseconds")[:23]}Z"'.encode()
        case 3:
            return str(value).encode()
        case 4:
            return f"0.{value:04}".rstrip("0").encode()
        case 5:
            return value
        case _:
            return b'"' + value + b'"'


def unpacked(payload: bytes) -> list[bytes]:
    """The batch's lines, the head first."""
    assert payload[:1] == b"P"
    end = 5 + int.from_bytes(payload[1:5], "big")
    inflate = zlib.decompressobj(-15, DICTIONARY)
    soft, hard = Stream(inflate.decompress(payload[5:end])), Stream(payload[end:])
    count, kinds = soft.number(), soft.number()
    shapes = [places_of(soft.line()) for _ in range(kinds)]
    order = soft.take(count)
    for number, (_, places) in enumerate(shapes):
        for place in places:
            place.fill(soft, hard, order.count(number))
    for _, places in shapes:
        for place in places:
            if place.kind in (5, 6):
                place.new = [soft.line() for _ in range(place.values.count(2))]
    reader = Reader(hard)
    return [reader.line(*shapes[number]) for number in order]
