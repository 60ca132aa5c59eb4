"""Rights from files: a YAML list as people write it, or JSON lines as programs do."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from gateway.catalog import Catalog
from gateway.config import yamlfile
from gateway.config.document import Document, items, mapping
from gateway.config.problems import ConfigError, Place, Problem, shown
from gateway.config.sentences import problems_of
from gateway.rights.held import Delta
from gateway.rights.parsing import delta_from
from gateway.rights.text import DeltaText, RightText

LINES = ".jsonl"
MOST_PROBLEMS = 200
LONGEST_LINE = 1 << 20
AS_LIST = "a file of rights is a list: begin each right with '- id: ...'"
AS_DELTA = "from:, version:, set: and drop: stand at its left edge"

ReadBytes = Callable[[int], object]
Model = TypeVar("Model", bound=BaseModel)


class RightsList(RootModel[tuple[RightText, ...]]):
    """A whole file."""


def read_rights(path: Path, told: ReadBytes = lambda _: None) -> Iterator[RightText]:
    """Every right of a file, one by one; `told` hears of each line how many bytes it has.

    At the end it raises `ConfigError` with every problem, if there is one: whoever takes the
    rights keeps none of them then.
    """
    if path.suffix == LINES:
        yield from _Lines(path, told).rights()
    else:
        yield from _yaml_rights(path)


def read_delta(path: Path) -> Delta:
    """A change, as YAML or JSON. Raises `ConfigError` with every problem at once."""
    document = _document(path)
    document.must_be_mapping(AS_DELTA)
    text = _validated(document, DeltaText) if document.whole else None
    if text is None or document.problems:
        raise ConfigError(document.problems)
    return delta_from(text, text.put)


# --- YAML --------------------------------------------------------------------------------


def _document(path: Path) -> Document:
    too_large = path.is_file() and path.stat().st_size > yamlfile.MAX_BYTES
    if not too_large:
        return yamlfile.read(path)
    document = Document(str(path))
    what = f"this file is larger than {yamlfile.MAX_BYTES // 1024} KiB"
    document.tell(document.value_spot(()), what, f"write rights as JSON lines, in a file *{LINES}")
    return document


def _yaml_rights(path: Path) -> Iterator[RightText]:
    document = _document(path)
    if document.whole and not isinstance(document.data, list):
        document.tell(document.value_spot(()), "this is no list of rights", AS_LIST)
        document.whole = False
    text = _validated(document, RightsList) if document.whole else None
    _tell_twins(document)
    if text is None or document.problems:
        raise ConfigError(document.problems)
    yield from text.root


def _validated(document: Document, model: type[Model]) -> Model | None:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        document.problems += problems_of(error, document, model, Catalog())
        return None


def _tell_twins(document: Document) -> None:
    lines: dict[str, int] = {}
    for index, right in enumerate(items(document.data)):
        right_id = mapping(right).get("id")
        if isinstance(right_id, str):
            spot = document.value_spot((index, "id"))
            first = lines.setdefault(right_id, spot.place.line)
            if first != spot.place.line:
                document.tell(spot, *_twin(right_id, first))


def _twin(right_id: str, line: int) -> tuple[str, str]:
    return f"a second right has the id {shown(right_id)}", f"line {line} has it too"


# --- JSON lines --------------------------------------------------------------------------


class _Lines:
    """Of one file, whose size does not matter; every line is one right."""

    def __init__(self, path: Path, told: ReadBytes) -> None:
        self._file = str(path)
        self._path = path
        self._told = told
        self._problems: list[Problem] = []
        self._seen: dict[str, int] = {}

    def rights(self) -> Iterator[RightText]:
        for number, line in self._lines():
            right = self._right(number, line)
            if right is not None and not self._problems:
                yield right
            if len(self._problems) >= MOST_PROBLEMS:
                break
        if self._problems:
            raise ConfigError(self._problems)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        numbers = count(1)
        try:
            with self._path.open("rb") as stream:
                while line := stream.readline(LONGEST_LINE):
                    self._told(len(line))
                    number = next(numbers)
                    if number == 1:  # Windows begins a file with a mark
                        line = line.removeprefix(BOM_UTF8)
                    if line.strip():
                        yield number, line
        except OSError as error:
            what = f"this file cannot be read: {error.strerror}"
            self._tell(1, 1, what, "check its name and its rights")

    def _right(self, number: int, line: bytes) -> RightText | None:
        try:
            right = RightText.model_validate_json(line)
        except ValidationError as error:
            self._wrong(number, line, error)
            return None
        first = self._seen.setdefault(right.right_id, number)
        if first != number:
            self._tell(number, 1, *_twin(right.right_id, first))
        return right

    def _wrong(self, number: int, line: bytes, error: ValidationError) -> None:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            self._tell(number, *_not_json(line))
            return
        for problem in problems_of(error, Document(self._file), RightText, Catalog()):
            place = Place(self._file, number, 1)
            self._problems.append(Problem(place, problem.path, problem.what, problem.fix))

    def _tell(self, line: int, column: int, what: str, fix: str) -> None:
        self._problems.append(Problem(Place(self._file, line, column), "", what, fix))


def _not_json(line: bytes) -> tuple[int, str, str]:
    """Where in the line, what, and the next step."""
    fix = "each line is one right, as {...}, without a comma behind it"
    try:
        json.loads(line)
    except UnicodeDecodeError as error:
        return error.start + 1, "this is not UTF-8 text", "save the file as plain text in UTF-8"
    except json.JSONDecodeError as error:
        return error.colno, f"this is no JSON: {error.msg.lower()}", fix
    except RecursionError:
        pass
    return 1, "this is no JSON", fix
