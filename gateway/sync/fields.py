"""Fields of a JSON object from outside, each asked for by what it must be."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

MAX_SEQ = 2**63 - 1


class MalformedError(ValueError):
    """A message that is not of this protocol; the text says what is wrong with it."""


class Fields(dict[str, Any]):
    """The fields of one JSON object; asking for one that is not as it must be raises."""

    @classmethod
    def of(cls, payload: bytes) -> "Fields":
        try:
            value = json.loads(payload, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise MalformedError(f"not JSON: {error}") from error
        if not isinstance(value, dict):
            raise MalformedError("not a JSON object")
        return cls(value)

    def text(self, name: str) -> str:
        def fits(value: Any) -> bool:
            return isinstance(value, str) and value != "" and value.isprintable()

        value: str = self._check(name, fits, "a printable text")
        return value

    def count(self, name: str, *, least: int = 0) -> int:
        def fits(value: Any) -> bool:
            return type(value) is int and least <= value <= MAX_SEQ

        value: int = self._check(name, fits, f"a whole number of at least {least}")
        return value

    def amount(self, name: str) -> float:
        def fits(value: Any) -> bool:
            return type(value) in (int, float) and 0 <= value <= MAX_SEQ

        value = self._check(name, fits, "a number of 0 or more")
        return float(value)

    def chain(self, name: str) -> bytes:
        try:
            value = bytes.fromhex(self.text(name))
        except ValueError:
            value = b""
        if len(value) != hashlib.sha256().digest_size:
            raise MalformedError(f"field {name!r} is not a SHA-256 in hex")
        return value

    def names(self, name: str, form: re.Pattern[str], most: int) -> tuple[str, ...]:
        def fits(value: Any) -> bool:
            return (
                isinstance(value, list)
                and len(value) <= most
                and all(isinstance(one, str) and form.fullmatch(one) for one in value)
            )

        what = f"a list of at most {most} texts of the form {form.pattern}"
        return tuple(self._check(name, fits, what))

    def _check(self, name: str, fits: Callable[[Any], object], what: str) -> Any:
        value = self.get(name)
        if not fits(value):
            raise MalformedError(f"field {name!r} is not {what}")
        return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
