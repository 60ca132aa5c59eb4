"""What may be on a disk after a power cut, given what a program did to its files.

A file's content is certain as far as it was synced; of what came later, any part may be there:
each sector of 512 bytes is old or new. (SQLite assumes this too.) Names are certain once their
folder was synced. A disk that `lies` has done nothing when a sync returns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.recorder import Create, MakeFolder, Op, Remove, Rename, Sync, Truncate, Write

SECTOR = 512
SHORT_LIVED = "-shm"
"""SQLite makes this file anew at each start: what a crash leaves of it is of no interest."""

Image = dict[str, bytes | None]
"""What is there: a file's content by its path, or None for a folder."""
Names = dict[str, "File | None"]
Change = Write | Truncate


@dataclass(slots=True, eq=False)
class File:
    """`safe`: as it was synced last. `later`: what came after that, oldest first."""

    safe: bytearray = field(default_factory=bytearray)
    now: bytearray = field(default_factory=bytearray)
    later: list[Change] = field(default_factory=list)

    def change(self, op: Change) -> None:
        if isinstance(op, Write) and op.offset is None:
            op = op._replace(offset=len(self.now))
        _apply(self.now, op)
        self.later.append(op)

    def sync(self) -> None:
        for op in self.later:
            _apply(self.safe, op)
        self.later.clear()


NameOp = Create | MakeFolder | Remove | Rename
NAME_OPS = (Create, MakeFolder, Remove, Rename)


class Disk:
    """Feed it what the program did, op by op; ask it at any point what a crash may leave."""

    def __init__(self, start: Image, *, lies: bool = False) -> None:
        self._lies = lies
        self._safe: Names = {path: _whole(content) for path, content in start.items()}
        self._now: Names = dict(self._safe)
        self._later: list[tuple[NameOp, File | None]] = []

    def do(self, op: Op) -> bool:
        """Whether it made a difference to what a crash may leave."""
        if getattr(op, "path", SHORT_LIVED).endswith(SHORT_LIVED):
            return False
        match op:
            case Write() | Truncate():
                file = self._now.get(op.path)
                if file is None:  # of a file that was removed
                    return False
                file.change(op)
            case Sync():
                return not self._lies and self._sync(op.path)
            case _ if isinstance(op, NAME_OPS):
                return self._rename(op)
        return True

    def _rename(self, op: NameOp) -> bool:
        if isinstance(op, Create) and op.path in self._now:
            return False
        file = File() if isinstance(op, Create) else None
        self._later.append((op, file))
        _apply_name(self._now, op, file)
        return True

    def _sync(self, path: str) -> bool:
        file = self._now.get(path)
        if file is not None:
            had = bool(file.later)
            file.sync()
            return had
        done = [one for one in self._later if _folder(one[0].path) == path]
        for one in done:
            _apply_name(self._safe, *one)
        self._later = [one for one in self._later if one not in done]
        return bool(done)

    def kept(self) -> Image:
        """Of a killed program: the system writes it all in the end."""
        return {path: file and bytes(file.now) for path, file in self._now.items()}

    def least(self) -> Image:
        """Nothing but what was synced."""
        names = {path: file and bytes(file.safe) for path, file in self._safe.items()}
        return _reachable(names)

    def cut(self, dice: Random) -> Image:
        """One of all the states that a power cut may leave."""
        names = dict(self._safe)
        for one in _chosen(self._later, dice):
            _apply_name(names, *one)
        tear = dice.choice((_whole_ops, _whole_ops, _torn))
        keep = dice.choice((_chosen, _prefix, _all_or_none))
        return _reachable(
            {path: file and _after(file, keep, tear, dice) for path, file in names.items()}
        )


def on_disk(folder: Path) -> Image:
    """Everything below a folder, as it is."""
    found: Image = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not name.endswith(SHORT_LIVED):
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


def put(image: Image, folder: Path) -> None:
    folder.mkdir()
    for path in sorted(image):
        content = image[path]
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


# --- which of the later changes are there ------------------------------------------------


def _after(file: File, keep, tear, dice: Random) -> bytes:
    if not file.later:
        return bytes(file.safe)
    content = bytearray(file.safe)
    for op in tear(keep(file.later, dice), dice):
        _apply(content, op)
    return bytes(content)


def _chosen(ops: list, dice: Random) -> list:
    chance = dice.choice((0.1, 0.5, 0.9))
    return [op for op in ops if dice.random() < chance]


def _prefix(ops: list, dice: Random) -> list:
    return ops[: dice.randrange(len(ops) + 1)]


def _all_or_none(ops: list, dice: Random) -> list:
    return ops if dice.random() < 0.5 else []


def _whole_ops(ops: list[Change], _dice: Random) -> Iterable[Change]:
    return ops


def _torn(ops: list[Change], dice: Random) -> Iterator[Change]:
    chance = dice.choice((0.3, 0.8, 0.98))
    for op in ops:
        parts = _sectors(op) if isinstance(op, Write) else [op]
        yield from (part for part in parts if dice.random() < chance)


def _sectors(op: Write) -> Iterator[Write]:
    start = op.offset or 0
    edges = range(start - start % SECTOR, start + len(op.data), SECTOR)
    for edge in edges:
        first, end = max(edge - start, 0), edge + SECTOR - start
        yield Write(op.path, start + first, op.data[first:end])


# --- doing it ----------------------------------------------------------------------------


def _whole(content: bytes | None) -> File | None:
    return None if content is None else File(bytearray(content), bytearray(content))


def _apply(content: bytearray, op: Change) -> None:
    if isinstance(op, Truncate):
        if op.size < len(content):
            del content[op.size :]
        else:
            content.extend(bytes(op.size - len(content)))
        return
    offset = op.offset or 0
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(op.data)] = op.data


def _apply_name(names: Names, op: NameOp, file: File | None) -> None:
    match op:
        case Create() | MakeFolder():
            names.setdefault(op.path, file)
        case Remove():
            names.pop(op.path, None)
        case Rename():
            if op.path in names:
                names[op.to] = names.pop(op.path)


def _reachable(names: Image) -> Image:
    """What lies in a folder that is not there, is not there."""
    return {path: content for path, content in names.items() if _has_folder(path, names)}


def _has_folder(path: str, names: Image) -> bool:
    folder = _folder(path)
    return not folder or (names.get(folder, b"") is None and _has_folder(folder, names))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
