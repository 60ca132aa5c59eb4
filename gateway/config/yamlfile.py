"""YAML as a technician writes it: text, lists and mappings, each with its place in the file.

Nothing that surprises: no aliases, anchors, tags, merge keys or duplicate keys, and every plain
scalar stays text (`22:30` is not 1350, `on` is not true), until the settings' models type it.
"""

import re
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from gateway.config.document import Data, Document, Spot
from gateway.config.problems import Place, Where, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_TABS_TOLD = 20
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)

SYNTAX = (
    ("'\\t'", "a tab stands where YAML allows only spaces", "replace it by spaces"),
    (
        "mapping values are not allowed",
        "a ':' stands where none may be",
        "line the key up with its neighbours, or put text that holds ': ' in quotes",
    ),
    (
        "could not find expected ':'",
        "this is neither `key: value` nor a list item",
        "put a ':' and a space after the key",
    ),
    ("unexpected end of stream", "a quote is opened here and never closed", "close the quote"),
    (
        "expected <block end>",
        "this line is not lined up with the lines above",
        "indent it as far as its neighbours, with spaces",
    ),
    (
        "expected ',' or",
        "a ',' or a closing bracket is missing before this",
        "look at the brackets of this line and the one above",
    ),
    ("cannot start any token", "a value may not start with this character", "put it in quotes"),
)


def read(path: Path) -> Document:
    """Read one file. Never raises: what is wrong stands in the document's problems."""
    document = Document(str(path))
    text = _text(path, document)
    if text is not None:
        _Builder(text, document).build()
    return document


def _text(path: Path, document: Document) -> str | None:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) <= MAX_BYTES:
            return raw.decode("utf-8-sig")
    except OSError as error:
        document.tell(
            document.value_spot(()),
            f"this file cannot be read: {error.strerror}",
            "check its name and its rights",
        )
        return None
    except UnicodeDecodeError as error:
        spot = Spot(_place(document.file, raw[: error.start].decode("utf-8-sig")), ())
        document.tell(spot, "this is not UTF-8 text", "save the file as plain text in UTF-8")
        return None
    limit = f"this file is larger than {MAX_BYTES // 1024} KiB"
    document.tell(document.value_spot(()), limit, "split the lanes into lanes.d/")
    return None


def _place(file: str, before: str) -> Place:
    lines = before.split("\n")
    return Place(file, len(lines), len(lines[-1]) + 1)


class _GiveUp(Exception):  # noqa: N818 -- not an error: the problem is told already
    """Nothing after this can be read."""


class _Builder:
    """Builds plain data from PyYAML's events, which know of anchors and aliases but follow none."""

    def __init__(self, text: str, document: Document) -> None:
        self._text = text
        self._document = document
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)

    def build(self) -> None:
        try:
            self._document.data = self._root()
            self._document.whole = True
        except _GiveUp:
            return
        except ReaderError as error:
            spot = Spot(_place(self._document.file, self._text[: error.position]), ())
            self._document.tell(spot, "a control character stands here", "delete it")
        except yaml.MarkedYAMLError as error:
            self._tell_syntax(error)
        except (ValueError, OverflowError):
            # PyYAML passes on what chr() and int() say about "\U99999999" or %YAML 1.9999...
            what = "this file holds an escape or a version number that stands for nothing"
            self._document.tell(self._document.value_spot(()), what, "write the text itself")

    def _root(self) -> Data:
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        data = self._node(self._next(), ())
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            what = "a second YAML document starts here"
            self._document.tell(self._spot(event, ()), what, "keep one document in a file")
        return data

    def _next(self) -> Any:
        return next(self._events)

    def _node(self, event: Any, where: Where) -> Data:
        spot = self._spot(event, where)
        self._document.values.setdefault(where, spot)
        if isinstance(event, yaml.AliasEvent):
            fix = "write the value itself here"
            self._refuse(spot, where, f"aliases are not read (*{event.anchor})", fix)
            return None
        self._refuse_extras(event, spot)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, where)
        if len(where) >= MAX_DEPTH:
            self._document.tell(spot, f"more than {MAX_DEPTH} levels, one in another")
            raise _GiveUp
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(where)
        return self._mapping(where)

    def _refuse_extras(self, event: Any, spot: Spot) -> None:
        if event.anchor is not None:
            self._document.tell(spot, f"anchors are not read (&{event.anchor})", "remove it")
        if event.tag is not None:
            self._document.tell(spot, f"tags are not read ({shown(event.tag)})", "remove it")

    def _refuse(self, spot: Spot, where: Where, what: str, fix: str) -> None:
        self._document.tell(spot, what, fix)
        self._document.broken.add(where)

    def _scalar(self, event: Any, where: Where) -> str | None:
        if event.style is None and event.value in NOTHING:
            return None
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            spot = self._spot(event, where)
            self._refuse(spot, where, "an escape stands for half a character", "write the text")
            return None
        return str(event.value)

    def _sequence(self, where: Where) -> list[Data]:
        items: list[Data] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*where, len(items))))
        return items

    def _mapping(self, where: Where) -> dict[str, Data]:
        found: dict[str, Data] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, where, found)
            value = self._node(self._next(), (*where, key or ""))
            if key is not None:
                found.setdefault(key, value)
        return found

    def _key(self, event: Any, where: Where, found: dict[str, Data]) -> str | None:
        """The key's text, or None where it is refused."""
        if not isinstance(event, yaml.ScalarEvent):
            self._document.tell(self._spot(event, where), "a key must be plain text")
            self._skip(event)
            return None
        key = self._scalar(event, (*where, event.value))
        spot = self._spot(event, (*where, key or ""))
        self._refuse_extras(event, spot)
        if key is None or key == "<<":
            what = "merge keys are not read (<<)" if key else "a key must be plain text"
            self._document.tell(spot, what, "write the keys out")
            return None
        if key in found:
            first = self._document.keys[(*where, key)].place.line
            self._document.tell(spot, f"{shown(key)} is given twice", f"line {first} has it too")
        self._document.keys.setdefault((*where, key), spot)
        return key

    def _skip(self, event: Any) -> None:
        level = 0
        while True:
            level += isinstance(event, yaml.CollectionStartEvent)
            level -= isinstance(event, yaml.CollectionEndEvent)
            if level == 0:
                return
            if level > MAX_DEPTH:
                raise _GiveUp
            event = self._next()

    def _spot(self, event: Any, where: Where) -> Spot:
        return Spot(self._mark_place(event.start_mark), where)

    def _mark_place(self, mark: Any) -> Place:
        return Place(self._document.file, mark.line + 1, mark.column + 1)

    def _tell_syntax(self, error: yaml.MarkedYAMLError) -> None:
        problem = error.problem or "unknown"
        default = (f"this is not YAML: {problem}", "look at this line and the one above")
        found = ((what, fix) for sign, what, fix in SYNTAX if sign in problem)
        what, fix = next(found, default)
        at_start = "end of stream" in problem and "quoted" in (error.context or "")
        mark = (error.context_mark if at_start else None) or error.problem_mark
        place = self._mark_place(mark)
        if "'\\t'" not in problem:
            self._document.tell(Spot(place, ()), what, fix)
            return
        indents = islice(TAB_INDENT.finditer(self._text), MAX_TABS_TOLD)
        tabs = {_place(self._document.file, self._text[: found.end() - 1]) for found in indents}
        for tab in tabs | {place}:
            self._document.tell(Spot(tab, ()), what, fix)
