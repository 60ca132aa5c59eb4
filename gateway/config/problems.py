"""What is wrong with a configuration: told so that a technician finds the place and mends it."""

from collections.abc import Iterable
from dataclasses import dataclass

Where = tuple[str | int, ...]
"""The keys and list indices that lead to a value; `()` is the whole."""

SHOWN_CHARS = 40


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A character of a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: `path` leads to it inside its file, `fix` is the likely next step."""

    place: Place
    path: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.place}: {path}{self.what}{fix}"


class ConfigError(Exception):
    """The configuration cannot be used. Holds every problem once, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def shown(text: str) -> str:
    """A file's text for a sentence: short, in quotes, nothing in it can forge a line."""
    return repr(text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}...")


def path_text(where: Where) -> str:
    return ".".join(_part(part) for part in where)


def _part(part: str | int) -> str:
    text = str(part)
    return text if text.isprintable() and 0 < len(text) <= SHOWN_CHARS else shown(text)
