"""A tariff as an operator writes it. Money in fen, times as on the clock of Shanghai."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from gateway.config.dates import DatesText
from gateway.rules.clock import DayKind
from gateway.rules.tariff.shapes import Exceeded, PeriodKind

MOST_FEN = 10_000_000
MOST_MIN = 525_600
DAY_MIN = 1440

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | None) else [value]


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FreeText(Written):
    """The first minutes of a stay."""

    minutes: int = Field(
        ge=0, le=MOST_MIN, title="Free minutes", description="A stay of so many minutes is free."
    )
    once_exceeded: Exceeded = Field(
        default=Exceeded.BILLED,
        title="Once exceeded",
        description="billed: a longer stay is charged from its entry; kept: only what is longer.",
    )
    again: bool = Field(
        default=False,
        title="Again in each period",
        description="Each 24 h, or day, has its own free minutes.",
    )


class BandText(Written):
    """A price for a part of the day."""

    start: Clock = Field(alias="from", title="From", description="Time of day, such as 07:00.")
    end: Clock = Field(
        alias="to",
        title="To",
        description="Time of day; at or before `from` it is on the next morning.",
    )
    days: tuple[DayKind, ...] = Field(
        default=tuple(DayKind), min_length=1, title="Days", description="On which kinds of day."
    )
    price_fen: Fen = Field(title="Price (fen)", description="For each unit begun.")
    unit_min: int | None = Field(
        default=None,
        ge=1,
        le=DAY_MIN,
        title="Unit (minutes)",
        description="Without it, the price is for the whole band, once each time.",
    )
    finishes_unit: bool = Field(
        default=False,
        title="Finishes a unit",
        description="A unit that began in the band keeps its price to its end; else it is cut.",
    )

    @model_validator(mode="after")
    def _has_a_unit_to_finish(self) -> Self:
        if self.finishes_unit and self.unit_min is None:
            raise ValueError("finishes_unit needs a unit_min; leave it out for the whole band")
        return self


class StepText(Written):
    """What is charged from the step before on, until so many minutes are parked."""

    until_min: int | None = Field(
        default=None,
        ge=1,
        le=MOST_MIN,
        title="Until (minutes)",
        description="Minutes parked at which the step ends; the last step has none.",
    )
    unit_min: int | None = Field(
        default=None,
        ge=1,
        le=MOST_MIN,
        title="Unit (minutes)",
        description="The price is for each unit begun; without it, once for the step.",
    )
    price_fen: Fen | None = Field(
        default=None, title="Price (fen)", description="For the step, or each of its units."
    )
    total_fen: Fen | None = Field(
        default=None,
        title="Total (fen)",
        description="Instead of a price: what a stay costs that ends in this step.",
    )
    bands: tuple[BandText, ...] = Field(
        default=(), title="Bands", description="Instead of a price: prices by the time of day."
    )

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        given = [self.price_fen is not None, self.total_fen is not None, bool(self.bands)]
        if sum(given) != 1:
            raise ValueError(
                f"a step has one of price_fen, total_fen and bands, not {sum(given)} of them;"
                " keep the one that is meant"
            )
        if self.unit_min is not None and self.price_fen is None:
            raise ValueError("unit_min goes with price_fen; a band has its own unit_min")
        return self


class DailyFreeText(Written):
    """Free time that a vehicle has once a calendar day."""

    minutes: int = Field(ge=0, le=DAY_MIN, title="Minutes", description="Free once a day.")
    charging_min: int = Field(
        default=0,
        ge=0,
        le=DAY_MIN,
        title="While charging (minutes)",
        description="Up to so many minutes more, for time spent charging.",
    )
    unused_below_min: int = Field(
        default=0,
        ge=0,
        le=DAY_MIN,
        title="Not used up below (minutes)",
        description="A shorter stay leaves the day's free time to the next one.",
    )
    then_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        title="Then (percent)",
        description="A longer stay is charged from its entry, at so many percent.",
    )


class PlanText(Written):
    """What some classes of vehicle pay."""

    name: str = Field(min_length=1, max_length=64, title="Name", description="Names the plan.")
    classes: tuple[Word, ...] = Field(
        default=(),
        title="Classes",
        description="Such as car, large, new_energy; without them, the plan is for every class.",
    )
    right: Word | Literal[""] = Field(
        default="", title="Right", description="Only for holders of this right."
    )
    free: FreeText = Field(
        default=FreeText(minutes=0), title="Free minutes", description="Before anything is due."
    )
    steps: tuple[StepText, ...] = Field(
        min_length=1, title="Steps", description="Prices, in order of the time parked."
    )
    drop_remainder_min: int = Field(
        default=0,
        ge=0,
        le=MOST_MIN,
        title="Drop a remainder (minutes)",
        description="A unit of which no more than this is used costs nothing.",
    )
    per: PeriodKind = Field(
        default=PeriodKind.STAY,
        title="Period",
        description="What the cap holds for: stay, 24h since the entry, or day from midnight.",
    )
    cap_fen: Annotated[tuple[Fen, ...], BeforeValidator(_listed)] = Field(
        default=(),
        title="Cap (fen)",
        description="A period never costs more; a list is for the first, the second ... period.",
    )
    steps_restart: bool = Field(
        default=True,
        title="Steps restart",
        description="Each period begins with the first step again.",
    )
    daily_free: DailyFreeText | None = Field(
        default=None, title="Free each day", description="Free time once a calendar day."
    )


class TariffText(Written):
    """One version of one area's tariff."""

    area: Word = Field(title="Area", description="The part of the car park: small letters.")
    version: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
        title="Version",
        description="Stands on each fee: up to 32 letters, digits, '_', '.' and '-'.",
    )
    effective: date = Field(
        title="Effective", description="For stays that begin on this day or later: 2026-01-01."
    )
    grace_min: int = Field(
        default=15,
        ge=0,
        le=DAY_MIN,
        title="Grace (minutes)",
        description="From the payment to the exit.",
    )
    pass_through_min: int = Field(
        default=0,
        ge=0,
        le=DAY_MIN,
        title="Way through (minutes)",
        description="On the way to or from an area inside, so much time is free.",
    )
    holidays: tuple[DatesText, ...] = Field(
        default=(), title="Holidays", description="Days that count as `holiday`."
    )
    workdays: tuple[date, ...] = Field(
        default=(), title="Worked weekends", description="Weekend days that count as `workday`."
    )
    plans: tuple[PlanText, ...] = Field(
        min_length=1, title="Plans", description="The first one that fits is charged."
    )
