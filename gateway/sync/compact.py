"""Lines of JSON, packed: like records side by side, ids as bytes, the rest deflated. Pure.

What comes out of `unpack_lines` is what went into `pack_lines`, byte for byte, so the chain over
the lines holds. docs/mqtt.md describes the form for other programs.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.sync.columns import (
    NEW_16,
    NEW_32,
    NEW_OTHER,
    Bytes,
    Past,
    folded,
    put_column,
    take_column,
    unfolded,
)
from gateway.sync.fields import MalformedError
from gateway.sync.shapes import DICTIONARY
from gateway.sync.tokens import (
    ID,
    OTHER,
    SHARE,
    TEXT,
    TIME,
    Shape,
    Value,
    put_together,
    shape_of,
    take_apart,
)

MARK = b"P"
MAX_LINES = 1000
MAX_SHAPES = 255
RAW = -15
PARENT, LAST, LITERAL, AGAIN = range(4)
"""Codes of a text: the parent's, the last of its name, new; else AGAIN + its place among these."""
_NEW_SIZES = {NEW_16: 16, NEW_32: 32}


@dataclass(slots=True)
class Column:
    """One place of a shape. `numbers`: one list for each way to guess them; else `[0]` only.

    `texts`: the new ones, in the order in which they came.
    """

    kind: int
    name: bytes
    numbers: tuple[list[int], ...] = field(default_factory=lambda: ([], [], [], []))
    texts: dict[bytes, int] = field(default_factory=dict)

    def put(self, out: Bytes) -> None:
        mode = 0
        if self.kind not in (ID, OTHER, TEXT):
            mode = min(range(4), key=lambda way: sum(map(int.bit_length, self.numbers[way])))
        put_column(out, mode, self.numbers[mode], noisy=self.kind in (TIME, SHARE))


def _columns(shape: Shape) -> list[Column]:
    return [Column(kind, name) for kind, name in zip(shape.kinds, shape.names, strict=True)]


# --- there -------------------------------------------------------------------------------


def pack_lines(lines: Sequence[bytes]) -> bytes:
    """Raises `ValueError` for lines that do not lend themselves to it."""
    out, past, ids = Bytes(), Past(), bytearray()
    table: dict[bytes, tuple[int, list[Column]]] = {}
    order = bytearray()
    for line in lines:
        text, values = take_apart(line)
        if text not in table:
            table[text] = len(table), _columns(shape_of(text))
        number, columns = table[text]
        order.append(number)
        _note(columns, values, past, ids)
    _put_heading(out, list(table), bytes(order))
    places = [column for _, columns in table.values() for column in columns]
    heading_ends = len(out.soft)
    for column in places:
        column.put(out)
    texts = b"".join(text + b"\n" for column in places for text in column.texts)
    soft = _deflated(bytes(out.soft[:heading_ends]), bytes(out.soft[heading_ends:]), texts)
    return b"".join((MARK, len(soft).to_bytes(4), soft, out.hard, ids))


def _put_heading(out: Bytes, shapes: list[bytes], order: bytes) -> None:
    out.put_number(len(order))
    out.put_number(len(shapes))
    out.soft += b"".join(text + b"\n" for text in shapes) + order


def _deflated(*parts: bytes) -> bytes:
    """One stream; each part is coded by itself, as they are unlike."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, RAW, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    *first, last = parts
    coded = [deflate.compress(part) + deflate.flush(zlib.Z_SYNC_FLUSH) for part in first]
    return b"".join(coded) + deflate.compress(last) + deflate.flush()


def _note(columns: list[Column], values: list[Value], past: Past, ids: bytearray) -> None:
    named = list(zip(columns, values, strict=True))
    here = [(c, value) for c, value in named if c.kind == ID and isinstance(value, bytes)]
    for column, name in here:
        code = past.id_code(column.name, name)
        column.numbers[0].append(code)
        if code == NEW_OTHER:
            ids.append(len(name))
        if code in (NEW_16, NEW_32, NEW_OTHER):
            ids += name
    past.begin([name for _, name in here])
    for column, value in named:
        if column.kind == ID:
            continue
        if isinstance(value, bytes):
            _note_text(column, value, past)
        else:
            for way, guess in enumerate(past.guesses(column.kind, column.name)):
                column.numbers[way].append(folded(value - guess))
        past.tell(column.kind, column.name, value)


def _note_text(column: Column, value: bytes, past: Past) -> None:
    guesses = past.texts(column.kind, column.name)
    if value in guesses:
        code = guesses.index(value)
    elif value in column.texts:
        code = AGAIN + column.texts[value]
    else:
        code = LITERAL
        column.texts[value] = len(column.texts)
    column.numbers[0].append(code)


# --- and back ----------------------------------------------------------------------------


def unpack_lines(payload: bytes, most_bytes: int) -> tuple[bytes, ...]:
    """Raises `MalformedError`, also where it would become more than `most_bytes`."""
    try:
        return tuple(_unpack(payload, most_bytes))
    except (ValueError, LookupError, TypeError, OverflowError, zlib.error) as error:
        raise MalformedError(f"not a packed batch: {error}") from error


def _unpack(payload: bytes, most_bytes: int) -> Iterator[bytes]:
    source = _open(payload, most_bytes)
    count, kinds = source.take_number(), source.take_number()
    if count > MAX_LINES or kinds > MAX_SHAPES:
        raise ValueError("too many lines")
    shapes = [shape_of(source.take_text()) for _ in range(kinds)]
    order = source.take(count)
    tables = [_take(source, shape, order.count(number)) for number, shape in enumerate(shapes)]
    for column in (column for table in tables for column in table):
        column.texts = [source.take_text() for _ in range(column.new_texts)]
    past, total = Past(), 0
    for number in order:
        line = put_together(shapes[number], list(_values(tables[number], source, past)))
        total += len(line)
        if total > most_bytes:
            raise ValueError(f"more than {most_bytes} bytes")
        yield line


def _open(payload: bytes, most_bytes: int) -> Bytes:
    end = 5 + int.from_bytes(payload[1:5])
    inflate = zlib.decompressobj(RAW, DICTIONARY)
    soft = inflate.decompress(payload[5:end], most_bytes)
    if payload[:1] != MARK or not inflate.eof:
        raise ValueError("its deflated part is cut off or too large")
    return Bytes(bytearray(soft), bytearray(payload[end:]))


@dataclass(slots=True)
class Taken:
    """A column on its way back, from its first value to its last."""

    kind: int
    name: bytes
    mode: int
    numbers: Iterator[int]
    new_texts: int
    texts: list[bytes] = field(default_factory=list)
    used: int = 0


def _take(source: Bytes, shape: Shape, count: int) -> list[Taken]:
    taken = []
    for kind, name in zip(shape.kinds, shape.names, strict=True):
        mode, numbers = take_column(source, count, noisy=kind in (TIME, SHARE))
        new_texts = numbers.count(LITERAL) if kind in (OTHER, TEXT) else 0
        taken.append(Taken(kind, name, mode, iter(numbers), new_texts))
    return taken


def _values(columns: list[Taken], source: Bytes, past: Past) -> Iterator[Value]:
    ids = [_id(column, source, past) for column in columns if column.kind == ID]
    past.begin(ids)
    known = iter(ids)
    for column in columns:
        if column.kind == ID:
            yield next(known)
            continue
        value = _text(column, past) if column.kind in (OTHER, TEXT) else _number(column, past)
        past.tell(column.kind, column.name, value)
        yield value


def _id(column: Taken, source: Bytes, past: Past) -> bytes:
    code = next(column.numbers)
    if code not in (NEW_16, NEW_32, NEW_OTHER):
        return past.id_of(column.name, code)
    size = _NEW_SIZES.get(code) or source.take_hard(1)[0]
    return past.new_id(column.name, source.take_hard(size))


def _text(column: Taken, past: Past) -> bytes:
    code = next(column.numbers)
    if code == LITERAL:
        column.used += 1
        return column.texts[column.used - 1]
    if code >= AGAIN:
        return column.texts[: column.used][code - AGAIN]
    guess = past.texts(column.kind, column.name)[code]
    if not isinstance(guess, bytes):
        raise ValueError("a text refers to none")  # noqa: TRY004 -- it is data, not a caller
    return guess


def _number(column: Taken, past: Past) -> int:
    return past.guesses(column.kind, column.name)[column.mode] + unfolded(next(column.numbers))
