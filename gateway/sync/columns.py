"""Columns of whole numbers as bytes, and what is known before a value is read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.sync.tokens import ID, TIME, Value

CONSTANT = 15
MAX_BITS = 62
SEVEN_BITS = 0x7F

NEW_16, SAME, NEW_32, NEW_OTHER, SEEN = range(5)
"""Codes of an id: new, as last time in this place, new; else SEEN + how many were used since."""


@dataclass(slots=True)
class Bytes:
    """Two streams: what a packer can shorten, and what it cannot."""

    soft: bytearray = field(default_factory=bytearray)
    hard: bytearray = field(default_factory=bytearray)
    soft_at: int = 0
    hard_at: int = 0

    def take(self, count: int) -> bytes:
        taken = bytes(self.soft[self.soft_at : self.soft_at + count])
        self.soft_at += count
        if len(taken) != count:
            raise ValueError("it ends too early")
        return taken

    def take_hard(self, count: int) -> bytes:
        taken = bytes(self.hard[self.hard_at : self.hard_at + count])
        self.hard_at += count
        if len(taken) != count:
            raise ValueError("its ids end too early")
        return taken

    def take_text(self) -> bytes:
        """Up to the end of its line."""
        end = self.soft.index(b"\n", self.soft_at)
        text = self.take(end - self.soft_at)
        self.soft_at += 1
        return text

    def put_number(self, number: int) -> None:
        while number > SEVEN_BITS:
            self.soft.append(number & SEVEN_BITS | 0x80)
            number >>= 7
        self.soft.append(number)

    def take_number(self) -> int:
        number = shift = 0
        while (byte := self.take(1)[0]) > SEVEN_BITS:
            number |= (byte & SEVEN_BITS) << shift
            shift += 7
            if shift > MAX_BITS:
                raise ValueError("a number is too long")
        return number | byte << shift


def folded(number: int) -> int:
    """Small numbers of either sign as small numbers."""
    return number * 2 if number >= 0 else -number * 2 - 1


def unfolded(number: int) -> int:
    return number >> 1 if number % 2 == 0 else -(number >> 1) - 1


def put_column(out: Bytes, mode: int, numbers: Sequence[int], *, noisy: bool) -> None:
    """`numbers` of 0 or more, not empty; `noisy`: their last byte is by chance."""
    if all(number == numbers[0] for number in numbers):
        out.soft.append(mode << 4 | CONSTANT)
        out.put_number(numbers[0])
        return
    width = (max(numbers).bit_length() + 7) // 8
    out.soft.append(mode << 4 | width)
    for plane in range(width):
        stream = out.hard if noisy and plane == 0 and width > 1 else out.soft
        stream += bytes(number >> 8 * plane & 0xFF for number in numbers)


def take_column(source: Bytes, count: int, *, noisy: bool) -> tuple[int, list[int]]:
    """(mode, numbers)."""
    head = source.take(1)[0]
    mode, width = head >> 4, head & 0xF
    if width == CONSTANT:
        return mode, [source.take_number()] * count
    numbers = [0] * count
    for plane in range(width):
        hard = noisy and plane == 0 and width > 1
        column = source.take_hard(count) if hard else source.take(count)
        numbers = [number | byte << 8 * plane for number, byte in zip(numbers, column, strict=True)]
    return mode, numbers


Known = dict[tuple[int, bytes], Value]


class Past:
    """What both ends know of the records before; they must ask and tell in the same order."""

    def __init__(self) -> None:
        self._ids: list[bytes] = []
        self._users: dict[bytes, list[int]] = {}
        self._last: Known = {}
        self._clock: dict[bytes, int] = {}
        self._records: list[Known] = []
        self._parent: Known = {}
        self._here: Known = {}
        self._now = 0
        self._before: dict[int, int] = {}

    def id_code(self, name: bytes, value: bytes) -> int:
        """And takes the id in."""
        code = {16: NEW_16, 32: NEW_32}.get(len(value), NEW_OTHER)
        if self._last.get((ID, name)) == value:
            code = SAME
        elif value in self._users:
            code = SEEN + self._ids[::-1].index(value)
        self._saw(name, value)
        return code

    def id_of(self, name: bytes, code: int) -> bytes:
        """For SAME and above SEEN; and takes the id in."""
        found = self._last[ID, name] if code == SAME else self._ids[SEEN - code - 1]
        value = found if isinstance(found, bytes) else b""
        self._saw(name, value)
        return value

    def new_id(self, name: bytes, value: bytes) -> bytes:
        self._saw(name, value)
        return value

    def _saw(self, name: bytes, value: bytes) -> None:
        self._last[ID, name] = value
        users = self._users.get(value)
        if users is None:
            self._users[value] = []
        else:
            self._ids.remove(value)
        self._ids.append(value)

    def begin(self, ids: Sequence[bytes]) -> None:
        """A record with these ids. Its parent: the last one with its rarest id."""
        known = [users for value in ids if (users := self._users[value])]
        rarest = min(known, key=len, default=None)
        self._parent = self._records[rarest[-1]] if rarest else {}
        for value in dict.fromkeys(ids):
            self._users[value].append(len(self._records))
        self._here = {}
        self._records.append(self._here)
        self._before = {TIME: self._now}

    def guesses(self, kind: int, name: bytes) -> tuple[int, int, int, int]:
        """For a number: four ways to guess it.

        The last of its name; that, moved on as the clock did; the parent's; the one of its kind
        before it in the record.
        """
        key = kind, name
        before = self._before.get(kind, 0)
        last = self._number(self._last.get(key, before))
        shifted = last + self._now - self._clock.get(name, self._now)
        parents = self._number(self._parent.get(key, last))
        return last, shifted, parents, before

    def texts(self, kind: int, name: bytes) -> tuple[Value | None, Value | None]:
        """For a text: the parent's, the last one."""
        key = kind, name
        return self._parent.get(key), self._last.get(key)

    def tell(self, kind: int, name: bytes, value: Value) -> None:
        key = kind, name
        self._last[key] = value
        self._here.setdefault(key, value)
        if isinstance(value, int):
            self._clock[name] = self._now
            self._before[kind] = value
            if kind == TIME:
                self._now = value

    @staticmethod
    def _number(value: Value) -> int:
        return value if isinstance(value, int) else 0
