"""The holidays that rights go by: a YAML file, new each year by the State Council's notice."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.catalog import Catalog
from gateway.config import yamlfile
from gateway.config.dates import DatesText
from gateway.config.document import Document
from gateway.config.problems import ConfigError, Where
from gateway.config.sentences import problems_of
from gateway.rules.clock import Calendar, day_number, on_weekend


class CalendarText(BaseModel):
    """Holidays, and the weekend days that are worked instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holidays: tuple[DatesText, ...] = Field(
        default=(), title="Holidays", description="Days that count as `holiday`."
    )
    workdays: tuple[date, ...] = Field(
        default=(), title="Worked weekends", description="Weekend days that count as `workday`."
    )


def load_calendar(path: Path) -> Calendar:
    """Raises `ConfigError` with every problem at once."""
    document = yamlfile.read(path)
    document.must_be_mapping("holidays: and workdays: stand at its left edge")
    text = _validated(document) if document.whole else None
    if text is None or document.problems:
        raise ConfigError(document.problems)
    holidays = frozenset(day for dates in text.holidays for day in dates.days)
    return Calendar(holidays, frozenset(map(day_number, text.workdays)))


def _validated(document: Document) -> CalendarText | None:
    try:
        text = CalendarText.model_validate(document.data)
    except ValidationError as error:
        document.problems += problems_of(error, document, CalendarText, Catalog())
        return None
    for where, what, fix in _contradictions(text):
        document.tell(document.key_spot(where), what, fix)
    return text


def _contradictions(text: CalendarText) -> Iterator[tuple[Where, str, str]]:
    seen: dict[int, str] = {}
    for index, dates in enumerate(text.holidays):
        if twice := [seen[day] for day in dates.days if day in seen]:
            what = f"some of these days are in {twice[0]} already"
            yield ("holidays", index), what, "list each day once"
        seen |= dict.fromkeys(dates.days, dates.name or f"{dates.start}")
    for index, day in enumerate(text.workdays):
        where = ("workdays", index)
        if day_number(day) in seen:
            yield where, f"{day} is a holiday too", "take it out of one of the lists"
        elif not on_weekend(day_number(day)):
            yield where, f"{day} is no weekend day", "leave it out, or look at the date again"
