"""Holidays as an operator writes them, in tariffs and in the calendar of rights."""

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.rules.clock import day_number

LONGEST_HOLIDAY_DAYS = 60


class DatesText(BaseModel):
    """Days from one to another, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: date = Field(alias="from", title="From", description="Such as 2026-10-01.")
    end: date = Field(alias="to", title="To", description="Such as 2026-10-07.")
    name: str = Field(default="", max_length=64, title="Name", description="Of the holiday.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"{self.end} is before {self.start}; put the first day under from:")
        if (self.end - self.start).days > LONGEST_HOLIDAY_DAYS:
            raise ValueError(f"{self.start} to {self.end} is longer than any holiday; look again")
        return self

    @property
    def days(self) -> range:
        return range(day_number(self.start), day_number(self.end) + 1)
