"""Pydantic's errors as sentences for a technician."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.catalog import Catalog
from gateway.config.document import Document, Spot
from gateway.config.problems import Problem, Where, path_text, shown
from gateway.config.schema import Node, node_at, range_text, unit_of

MOST = 200
CONFIDENTIAL = re.compile(r"pass(word|wd|phrase)?$|pwd|secret|token|api_?key|credential")
WITH_PASSWORD = re.compile(r"\S*@\S*")
REFERENCE = "a secret is given as file:/path or credential:name"
REFERENCE_PATTERN = "^(file:"

EXPECTED = {
    "model_type": "a mapping of `key: value` lines",
    "dict_type": "a mapping of `key: value` lines",
    "device_shape": "a mapping of `key: value` lines with a `driver:`",
    "list_type": "a list with '- ' before each item",
    "tuple_type": "a list with '- ' before each item",
    "frozen_set_type": "a list with '- ' before each item",
    "string_type": "text",
    "path_type": "a path",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "enum": "one word",
    "literal_error": "one word",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One of pydantic's errors, with what its place allows and what the mapping around allows."""

    error: dict[str, Any]
    where: Where
    node: Node
    around: Node

    @property
    def key(self) -> str:
        return str(self.where[-1]) if self.where else ""

    @property
    def context(self) -> dict[str, Any]:
        context: dict[str, Any] = self.error.get("ctx", {})
        return context

    @property
    def text(self) -> str:
        """The value for a sentence, unless it may be a secret."""
        value = self.error["input"]
        if not isinstance(value, str) or CONFIDENTIAL.search(self.key.lower()) or "@" in value:
            return "this"
        return shown(value)


Told = tuple[str, str]
"""What is wrong, and the likely fix."""


def problems_of(
    error: ValidationError, document: Document, model: type[BaseModel], catalog: Catalog
) -> list[Problem]:
    """A problem for each error, but not for what only follows from a broken value."""
    found = [one for one in error.errors(include_url=False) if _matters(one, error, document)]
    told = [_problem(dict(one), document, model, catalog) for one in islice(found, MOST)]
    if len(found) > MOST:
        place = document.value_spot(()).place
        told.append(Problem(place, "", f"{len(found) - MOST} more problems are not shown"))
    return told


def _matters(one: Any, error: ValidationError, document: Document) -> bool:
    where: Where = one["loc"]
    if document.is_broken(where):
        return False
    if one["type"] != "too_short":
        return True
    inside = (other["loc"] for other in error.errors() if len(other["loc"]) > len(where))
    return not document.problems and all(loc[: len(where)] != where for loc in inside)


def _problem(
    error: dict[str, Any], document: Document, model: type[BaseModel], catalog: Catalog
) -> Problem:
    where: Where = error["loc"]
    if bad_key := where[-1:] == ("[key]",):
        where = where[:-1]
    node = node_at(model, where, document.data, catalog)
    around = node_at(model, where[:-1], document.data, catalog)
    what, fix = _sentence(Wrong(error, where, around if bad_key else node, around))
    spot = _spot("bad_key" if bad_key else error["type"], where, document)
    return Problem(spot.place, path_text(spot.path), what, fix)


def _spot(kind: str, where: Where, document: Document) -> Spot:
    match kind:
        case "extra_forbidden" | "bad_key":
            return document.key_spot(where)
        case "driver_missing":
            return _inside(where, "driver", document)
        case "missing":
            return _inside(where[:-1], where[-1], document)
        case "driver_unknown" | "driver_unusable":
            return document.value_spot((*where, "driver"))
        case _:
            return document.value_spot(where)


def _inside(where: Where, key: str | int, document: Document) -> Spot:
    """The spot of a mapping, with the path of a key that it lacks."""
    around = document.key_spot(where)
    return Spot(around.place, (*around.path, key))


def _sentence(wrong: Wrong) -> Told:
    kind = str(wrong.error["type"])
    is_text = isinstance(wrong.error["input"], str)
    if kind in SENTENCES and (is_text or kind not in EXPECTED):
        return SENTENCES[kind](wrong)
    if kind in EXPECTED:
        return _wrong_shape(wrong, EXPECTED[kind])
    message = str(wrong.error["msg"])
    return f"{wrong.text} does not fit: {message[:1].lower()}{message[1:]}", wrong.node.hint


def _wrong_shape(wrong: Wrong, expected: str) -> Told:
    match wrong.error["input"]:
        case None:
            stands = "nothing"
        case dict():
            stands = "a mapping"
        case list():
            stands = "a list"
        case bool():
            stands = "true or false"
        case int() | float():
            stands = "a number"
        case _:
            stands = "text"
    return f"{stands} stands where {expected} is expected", wrong.node.hint


def _unknown_key(wrong: Wrong) -> Told:
    what = f"unknown key {shown(wrong.key)}"
    known = wrong.around.keys
    if near := get_close_matches(wrong.key, known, n=1):
        return what, f"did you mean {near[0]}?"
    if homes := [name for name, node in known.items() if wrong.key in node.keys]:
        return what, f"it belongs under {homes[0]}:"
    if CONFIDENTIAL.search(wrong.key.lower()):
        return what, f"{REFERENCE}, under a key that is known here"
    return what, f"known here: {', '.join(known)}"


def _missing(wrong: Wrong) -> Told:
    match wrong.where[:-1]:
        case ():
            home = "at the left edge"
        case (*_, str(key)):
            home = f"under {key}:"
        case _:
            home = "to this entry"
    hint = f" ({wrong.node.hint})" if wrong.node.hint else ""
    return f"{wrong.key} is missing", f"add `{wrong.key}: ...` {home}{hint}"


def _no_number(wrong: Wrong) -> Told:
    kind = "whole number" if str(wrong.error["type"]).startswith("int") else "number"
    return f"{wrong.text} is not a {kind}", f"give {_amount(wrong) or 'digits only'}"


def _out_of_range(wrong: Wrong) -> Told:
    return f"{wrong.text} is out of range", f"allowed: {_amount(wrong)}"


def _amount(wrong: Wrong) -> str:
    return f"{range_text(wrong.node.schema)} {unit_of(wrong.key)}".strip()


def _no_choice(wrong: Wrong) -> Told:
    choices = wrong.node.choices()
    near = get_close_matches(str(wrong.error["input"]), choices, n=1)
    fix = f"did you mean {near[0]}?" if near else f"one of: {', '.join(choices)}"
    return f"{wrong.text} is not known here", fix


def _no_truth(wrong: Wrong) -> Told:
    return f"{wrong.text} is neither true nor false", "write true or false"


def _pattern(wrong: Wrong) -> Told:
    if str(wrong.context.get("pattern", "")).startswith(REFERENCE_PATTERN):
        return "a secret may not stand in this file", REFERENCE
    return f"{wrong.text} is not written as it must be", wrong.node.hint


def _own_words(wrong: Wrong) -> Told:
    words = str(wrong.context.get("error", wrong.error["msg"]))
    what, _, fix = WITH_PASSWORD.sub("(hidden)", words).partition("; ")
    return what, fix


def _too_short(wrong: Wrong) -> Told:
    return "there is nothing here, and at least one is needed", wrong.node.hint


def _driver_missing(wrong: Wrong) -> Told:
    return "driver is missing", f"known: {wrong.context['known']}; or name a `profile:`"


def _driver_unknown(wrong: Wrong) -> Told:
    told = wrong.context
    what = f"there is no {told['kind']} driver {shown(told['name'])}"
    known = f"known: {told['known']}"
    return what, f"did you mean {told['near']}? {known}" if told["near"] else known


def _driver_unusable(wrong: Wrong) -> Told:
    what = f"the driver {wrong.context['file']} cannot be used: {wrong.context['reason']}"
    return what, "mend that file, or name another driver"


SENTENCES: dict[str, Callable[[Wrong], Told]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "int_parsing": _no_number,
    "int_parsing_size": _no_number,
    "int_from_float": _no_number,
    "float_parsing": _no_number,
    "finite_number": _no_number,
    "greater_than": _out_of_range,
    "greater_than_equal": _out_of_range,
    "less_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "literal_error": _no_choice,
    "enum": _no_choice,
    "bool_parsing": _no_truth,
    "string_pattern_mismatch": _pattern,
    "value_error": _own_words,
    "assertion_error": _own_words,
    "too_short": _too_short,
    "driver_missing": _driver_missing,
    "driver_unknown": _driver_unknown,
    "driver_unusable": _driver_unusable,
}
