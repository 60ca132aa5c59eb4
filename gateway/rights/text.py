"""A right as it is written: in a YAML file, as a line of JSON, and in a message.

Whatever way a right is written, its canonical form is the same: plates as readers spell them,
times with the offset of Shanghai, lists without order sorted, and nothing that is left at its
default.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from gateway.rules.access import spelled
from gateway.rules.clock import SHANGHAI, DayKind
from gateway.rules.rights import RightKind
from gateway.sync.protocol import canonical

MOST_PLATES = 1000
MOST_COUNT = 2**53
WEEK_MIN = 10_080
FIRST_YEAR, LAST_YEAR = 2000, 2999
SHORTEST_PLATE, LONGEST_PLATE = 5, 12
BARE_DATE = len("2026-11-30")


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)


def _plate(text: str) -> str:
    plate = spelled(text)
    if not (SHORTEST_PLATE <= len(plate) <= LONGEST_PLATE and plate.isalnum()):
        raise ValueError(f"{text[:40]!r} is no plate; write all of it, such as 京A12345")
    return plate


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        local = found.replace(tzinfo=found.tzinfo or SHANGHAI).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text[:40]!r} is no time; write 2026-11-30 or 2026-11-30T18:00"
        ) from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValueError(
            f"the year of {text[:40]!r} is not {FIRST_YEAR} to {LAST_YEAR}; look again"
        )
    return local.replace(microsecond=0)


def _start(text: str) -> str:
    return _moment(text).isoformat()


def _end(text: str) -> str:
    """A day alone means its end."""
    found = _moment(text)
    if len(text) > BARE_DATE:
        return found.isoformat()
    return datetime.combine(found.date() + timedelta(days=1), time(), SHANGHAI).isoformat()


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _in_week_order(days: Iterable[Weekday]) -> tuple[Weekday, ...]:
    return tuple(sorted(set(days), key=WEEK.index))


def _in_kind_order(kinds: Iterable[DayKind]) -> tuple[DayKind, ...]:
    return tuple(sorted(set(kinds), key=list(DayKind).index))


Plate = Annotated[str, AfterValidator(_plate)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
PlanWord = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
RightId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
Start = Annotated[str, AfterValidator(_start)]
End = Annotated[str, AfterValidator(_end)]
Words = Annotated[tuple[Word, ...], AfterValidator(_sorted)]
ClockStart = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
ClockEnd = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Minutes = Annotated[int, Field(ge=0, le=WEEK_MIN)]


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ValidText(Written):
    """From when to when a right is valid."""

    start: Start = Field(
        alias="from", title="From", description="Such as 2026-11-01 or 2026-11-01T08:00."
    )
    end: End | None = Field(
        default=None,
        alias="to",
        title="To",
        description="Such as 2026-11-30, that day included, or 2026-11-30T18:00, that second not;"
        " without it the right has no end.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("it ends before it begins; put the first day or time under from:")
        return self


class WindowText(Written):
    """A part of the day, on some days."""

    start: ClockStart = Field(
        default="00:00", alias="from", title="From", description="Time of day, such as 18:00."
    )
    end: ClockEnd = Field(
        default="24:00",
        alias="to",
        title="To",
        description="Time of day; at or before `from` it is on the next morning.",
    )
    weekdays: Annotated[tuple[Weekday, ...], AfterValidator(_in_week_order)] = Field(
        default=WEEK, min_length=1, title="Weekdays", description="On which it begins: mon to sun."
    )
    days: Annotated[tuple[DayKind, ...], AfterValidator(_in_kind_order)] = Field(
        default=tuple(DayKind),
        min_length=1,
        title="Days",
        description="On which kinds of day it begins: workday, weekend, holiday.",
    )


class RightText(Written):
    """One right: whose, where, when, and for how many at a time."""

    right_id: RightId = Field(
        alias="id",
        title="Id",
        description="Names the right: up to 64 letters, digits, '_', '.', ':' and '-'.",
    )
    version: int = Field(
        ge=1, le=MOST_COUNT, title="Version", description="Counts the changes of this right."
    )
    kind: RightKind = Field(title="Kind", description="What sort of right it is.")
    plates: Annotated[tuple[Plate, ...], AfterValidator(_sorted)] = Field(
        min_length=1,
        max_length=MOST_PLATES,
        title="Plates",
        description="Plates that come under it, such as 京A12345.",
    )
    valid: ValidText = Field(title="Valid", description="Give `from:` and, if it ends, `to:`.")
    windows: tuple[WindowText, ...] = Field(
        default=(),
        max_length=50,
        title="Windows",
        description="When it covers; without any, at all times.",
    )
    spaces: int | None = Field(
        default=None,
        ge=1,
        le=MOST_PLATES,
        title="Spaces",
        description="So many of the plates are covered at a time; without it, all of them.",
    )
    succession: bool = Field(
        default=False,
        title="Succession",
        description="When one leaves, the one that waits longest has its space.",
    )
    early_min: Minutes = Field(
        default=0, title="Early (minutes)", description="So much before a window is forgiven."
    )
    late_min: Minutes = Field(
        default=0, title="Late (minutes)", description="So much after a window is forgiven."
    )
    renewal_days: int = Field(
        default=0,
        ge=0,
        le=90,
        title="Renewal (days)",
        description="So long after its end it still covers.",
    )
    areas: Words = Field(default=(), title="Areas", description="Where; without any, everywhere.")
    classes: Words = Field(
        default=(), title="Classes", description="For which vehicles; without any, for all."
    )
    uses: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        title="Uses",
        description="So many entries; without it, any number.",
    )
    no_show_min: Minutes = Field(
        default=0,
        title="No show (minutes)",
        description="So long after its beginning it is released if nobody came; 0: never.",
    )
    paid: bool = Field(default=True, title="Paid", description="An unpaid right covers nothing.")
    plan: PlanWord | Literal[""] = Field(
        default="",
        title="Plan",
        description="The holder pays by the tariff's plan with this `right:`; without it, nothing.",
    )

    @model_validator(mode="after")
    def _shares_something(self) -> Self:
        if self.succession and self.spaces is None:
            raise ValueError("succession says who is next for a space; give spaces:, too")
        return self

    def fields(self) -> dict[str, Any]:
        """As JSON, without what is left at its default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def line(self) -> str:
        """The one text of this right, however it was written."""
        return canonical(self.fields())


class DeltaText(Written):
    """What makes one set of rights of another."""

    since: int = Field(
        alias="from", ge=0, le=MOST_COUNT, title="From", description="The version it changes."
    )
    version: int = Field(
        ge=1, le=MOST_COUNT, title="Version", description="The version that it makes."
    )
    digest: str = Field(
        default="",
        alias="hash",
        pattern=r"^([0-9a-f]{64})?$",
        title="Hash",
        description="Of the set that it makes: 64 small hex digits; without it, not compared.",
    )
    put: tuple[RightText, ...] = Field(
        default=(),
        alias="set",
        title="Set",
        description="Rights that are new, or other than before.",
    )
    drop: tuple[str, ...] = Field(
        default=(), title="Drop", description="Ids of rights that are no more."
    )

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.version <= self.since:
            raise ValueError(
                f"it makes version {self.version} of {self.since}; give the greater one as version:"
            )
        return self
