"""Rights that come as JSON objects over the wire: checked, and told by their place in the list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.catalog import Catalog
from gateway.config.document import Document
from gateway.config.problems import Problem, shown
from gateway.config.sentences import problems_of
from gateway.rights.held import Delta, RightsError
from gateway.rights.text import DeltaText, RightText

MOST_TOLD = 3


def rights_of(objects: Iterable[object]) -> Iterator[RightText]:
    """One by one, as they are asked for; raises `RightsError` at the first that is none."""
    for number, one in enumerate(objects, 1):
        yield read_right(one, number)


def read_right(one: object, number: int) -> RightText:
    """The `number`-th of a list, which counts from 1. Raises `RightsError`."""
    try:
        return RightText.model_validate(one)
    except ValidationError as error:
        name = one.get("id") if isinstance(one, Mapping) else None
        named = f" (id {shown(name)})" if isinstance(name, str) else ""
        raise RightsError(f"right {number}{named}: {_told(error, RightText)}") from error


def delta_of(
    since: int,
    version: int,
    digest: str,
    put: Iterable[object],
    drop: Sequence[str],
) -> Delta:
    """Raises `RightsError`. `digest`: the hash of the set that it makes."""
    rights = tuple(rights_of(put))
    fields: dict[str, Any] = {"from": since, "version": version, "hash": digest, "drop": drop}
    try:
        return delta_from(DeltaText.model_validate(fields), rights)
    except ValidationError as error:
        raise RightsError(f"this change cannot be used: {_told(error, DeltaText)}") from error


def delta_from(text: DeltaText, put: tuple[RightText, ...]) -> Delta:
    return Delta(text.since, text.version, text.digest, put, text.drop)


def _told(error: ValidationError, model: type[BaseModel]) -> str:
    problems = problems_of(error, Document(""), model, Catalog())
    more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
    return "; ".join(map(_without_place, problems[:MOST_TOLD])) + more


def _without_place(problem: Problem) -> str:
    return str(problem).removeprefix(f"{problem.place}: ")
