"""Fields of what the cloud says about parking: ids, money, times, plates. Pure."""

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from gateway.rules.access import spelled
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    Credit,
    FreeUntil,
    MinutesOff,
    PercentOff,
)
from gateway.sync.fields import Fields, MalformedError

ID = r"^[0-9a-f]{32}$"
TIME = (
    "^2[01][0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-][0-2][0-9]:[0-5][0-9])$"
)
WORD = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"
MAX_FEN = 100_000_000
"""A million yuan: no stay costs more, and sums of many stay far from any limit."""
MAX_MINUTES = 366 * 24 * 60
MAX_TEXT, MAX_PLATE = 200, 16

Word = TypeVar("Word", bound=StrEnum)
Found = TypeVar("Found")


class CreditKind(StrEnum):
    AMOUNT = "amount"
    MINUTES = "minutes"
    PERCENT = "percent"
    UNTIL = "until"
    CLASS = "class"
    ALL = "all"


class OrderFields(Fields):
    """Every method raises `MalformedError` with the field's name."""

    def ident(self, name: str) -> str:
        return self._like(name, ID, "an id of 32 hex digits")

    def word(self, name: str) -> str:
        """A name from another program, such as a charging order's number."""
        return self._like(name, WORD, "a word of at most 64 letters, digits and _ . : -")

    def sentence(self, name: str) -> str:
        """In one line: line feeds and wide spaces become spaces."""
        value = self.get(name)
        text = " ".join(value.split()) if isinstance(value, str) else ""
        if not text or len(text) > MAX_TEXT or not text.isprintable():
            raise MalformedError(f"field {name!r} is not a text of 1 to {MAX_TEXT} characters")
        return text

    def plate(self, name: str = "plate") -> str:
        """In the one spelling that readers use."""
        value = self.get(name)
        text = spelled(value) if isinstance(value, str) else ""
        if not text.isalnum() or len(text) > MAX_PLATE:
            raise MalformedError(f"field {name!r} is not a plate")
        return text

    def whole(self, name: str, least: int, most: int) -> int:
        def fits(value: Any) -> bool:
            return type(value) is int and least <= value <= most

        value: int = self._check(name, fits, f"a whole number from {least} to {most}")
        return value

    def fen(self, name: str, *, least: int = 0) -> int:
        return self.whole(name, least, MAX_FEN)

    def flag(self, name: str) -> bool:
        value: bool = self._check(name, lambda value: type(value) is bool, "true or false")
        return value

    def time(self, name: str) -> datetime:
        """Aware."""
        text = self._like(name, TIME, "a time such as 2026-11-22T02:10:07.412Z")
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise MalformedError(f"field {name!r} is not a time: {error}") from error

    def one_of(self, name: str, words: type[Word]) -> Word:
        def fits(value: Any) -> bool:
            return isinstance(value, str) and value in list(words)

        return words(self._check(name, fits, f"one of {', '.join(words)}"))

    def maybe(self, name: str, read: Callable[[str], Found]) -> Found | None:
        """None where the field is missing or null."""
        return None if self.get(name) is None else read(name)

    def whose(self) -> tuple[str, str]:
        """The session's id and the plate; one of them may be empty."""
        session_id = self.maybe("session_id", self.ident) or ""
        plate = self.maybe("plate", self.plate) or ""
        if not session_id and not plate:
            raise MalformedError("neither field 'session_id' nor field 'plate' is there")
        return session_id, plate

    def credit(self) -> Credit:
        """Its id is the order's own."""
        credit_id = self.ident("id")
        match self.one_of("kind", CreditKind):
            case CreditKind.AMOUNT:
                return AmountOff(credit_id, self.fen("figure"))
            case CreditKind.MINUTES:
                return MinutesOff(credit_id, self.whole("figure", 0, MAX_MINUTES))
            case CreditKind.PERCENT:
                return PercentOff(credit_id, self.whole("figure", 0, 100))
            case CreditKind.UNTIL:
                return FreeUntil(credit_id, self.time("until"))
            case CreditKind.CLASS:
                return AsClass(credit_id, self.word("vehicle"))
            case CreditKind.ALL:
                return AllOff(credit_id)

    def _like(self, name: str, form: str, what: str) -> str:
        def fits(value: Any) -> bool:
            # A `$` also fits before a last line feed.
            return (
                isinstance(value, str) and "\n" not in value and re.match(form, value) is not None
            )

        value: str = self._check(name, fits, what)
        return value
