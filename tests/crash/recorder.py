"""What a program did to a folder, in order: read from strace, which sees what SQLite does in C."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

STRACE = shutil.which("strace")
CALLS = (
    "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,"
    "mkdir,sendfile,copy_file_range"
)
RECORD_S = 120.0
CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
FILE = re.compile(r"<((?:\\x[0-9a-f]{2})*)>")


class Write(NamedTuple):
    """`offset` None: at the end. `data` may be zeros where the kernel copied by itself."""

    path: str
    offset: int | None
    data: bytes


class Truncate(NamedTuple):
    path: str
    size: int


class Sync(NamedTuple):
    """Of a file or of a folder; the folder itself is ``."""

    path: str


class Create(NamedTuple):
    path: str


class MakeFolder(NamedTuple):
    path: str


class Remove(NamedTuple):
    path: str


class Rename(NamedTuple):
    path: str
    to: str


class Mark(NamedTuple):
    """The program said something: all that it did before has returned."""

    text: str


Op = Write | Truncate | Sync | Create | MakeFolder | Remove | Rename | Mark


def needs_strace() -> str:
    """The path of strace; skips the test, with the reason, where programs cannot be traced."""
    if STRACE is None:
        pytest.skip("strace is not installed (apt install strace)")
    tried = subprocess.run([STRACE, "-qq", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"programs cannot be traced here: {tried.stderr.strip()}")
    return STRACE


def traced(trace: Path, options: Sequence[str], module: str, *words: str) -> list[str]:
    """The command that runs a module of the tests under strace."""
    strace = [needs_strace(), "-f", "-y", "-qq", "-o", str(trace), *options]
    return [*strace, sys.executable, "-m", module, *words]


def record(folder: Path, scratch: Path, module: str, *words: str) -> list[Op]:
    """Run a module, which works in `folder` and writes its marks to `scratch/journal`."""
    trace, journal = scratch / "trace", scratch / "journal"
    journal.touch()
    options = ["--seccomp-bpf", "-xx", "-s", "300000", "-e", f"trace={CALLS}"]
    command = traced(trace, options, module, str(folder), str(journal), *words)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RECORD_S)
    assert done.returncode == 0, done.stderr
    with trace.open() as lines:
        return list(_ops(lines, str(folder), str(journal)))


def _ops(lines: Iterator[str], folder: str, journal: str) -> Iterator[Op]:
    for name, args, result in _calls(lines):
        if result < 0:
            continue
        for op in _op(name, args, result):
            if isinstance(op, Write) and op.path == journal:
                yield Mark(op.data.decode())
            elif inside := _inside(op, folder):
                yield inside


def _calls(lines: Iterator[str]) -> Iterator[tuple[str, list[str], int]]:
    """Each call once, at the moment at which it returned."""
    begun: dict[str, str] = {}
    for line in lines:
        text = line.rstrip("\n")
        if text.endswith("<unfinished ...>"):
            begun[text.split()[0]] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := RESUMED.match(text):
            text = begun.pop(resumed[1]) + resumed[2]
        if call := CALL.match(text):
            yield call[2], call[3].split(", "), int(call[4])


def _op(name: str, args: list[str], result: int) -> Iterator[Op]:
    match name:
        case "openat":
            if "O_CREAT" in args[2]:
                yield Create(_text(args[1]))
            if "O_TRUNC" in args[2]:
                yield Truncate(_text(args[1]), 0)
        case "pwrite64" | "write":
            offset = int(args[3]) if name == "pwrite64" else None
            yield Write(_file(args[0]), offset, _bytes(args[1])[:result])
        case "sendfile" | "copy_file_range":
            yield Write(_file(args[0 if name == "sendfile" else 2]), None, bytes(result))
        case "ftruncate":
            yield Truncate(_file(args[0]), int(args[1], 0))
        case "fsync" | "fdatasync":
            yield Sync(_file(args[0]))
        case "mkdir":
            yield MakeFolder(_text(args[0]))
        case "unlink" | "unlinkat":
            yield Remove(_text(args[0 if name == "unlink" else 1]))
        case _:
            places = (0, 1) if name == "rename" else (1, 3)
            yield Rename(*(_text(args[place]) for place in places))


def _inside(op: Op, folder: str) -> Op | None:
    """The op with paths as seen from the folder; None where it is about something else."""
    here = folder + os.sep
    if isinstance(op, Mark) or not (op.path + os.sep).startswith(here):
        return None
    inside = op._replace(path=op.path.removeprefix(folder).lstrip(os.sep))
    return (
        inside._replace(to=inside.to.removeprefix(here)) if isinstance(inside, Rename) else inside
    )


def _text(arg: str) -> str:
    return _bytes(arg).decode()


def _bytes(arg: str) -> bytes:
    found = TEXT.search(arg)
    return b"" if found is None else _unhex(found[1])


def _file(arg: str) -> str:
    found = FILE.search(arg)
    return "" if found is None else _unhex(found[1]).decode()


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
