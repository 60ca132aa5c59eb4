"""Seeded cars: the same seed sends the same cars in the same order."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field

from drivers.twins.carpark import CarPark
from drivers.twins.cars import Arrival, Manner
from drivers.twins.plateforms import LIVERY_OF
from gateway.lane.types import PlateColour

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "0123456789"
_LEAST_GAP_S = 1.0


class TrafficSettings(BaseModel):
    """Which cars come. Shares are 0..1 of all cars; the rest drives through as it should.

    `after` names the lane by which they came in: only those leave here, `mean_stay_s` later.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    mean_gap_s: float = Field(default=12.0, ge=1, le=3600)
    max_cars: int | None = Field(default=None, ge=0)
    turn_back_share: float = Field(default=0.08, ge=0, le=1)
    impatient_share: float = Field(default=0.1, ge=0, le=1)
    green_share: float = Field(default=0.25, ge=0, le=1)
    yellow_share: float = Field(default=0.08, ge=0, le=1)
    no_plate_share: float = Field(default=0.0, ge=0, le=1)
    patience_s: float = Field(default=90.0, gt=0)
    provinces: str = Field(default=PROVINCES, min_length=1, pattern=f"^[{PROVINCES}]+$")
    plates: tuple[str, ...] = ()
    plates_share: float = Field(default=1.0, ge=0, le=1)
    after: str = ""
    mean_stay_s: float = Field(default=30.0, ge=1, le=86_400)


class _Mood(TypedDict):
    manner: Manner
    reaction_s: float
    patience_s: float


class Traffic:
    """Cars for one lane. A car is due a random gap after the one before it set off."""

    def __init__(
        self, settings: TrafficSettings, lane: str, parks: Mapping[str, CarPark] | None = None
    ) -> None:
        self._settings = settings
        self._fills = (parks or {}).get(lane)
        self._empties = (parks or {}).get(settings.after)
        self._random = random.Random(f"{settings.seed}/{lane}")  # noqa: S311 simulation
        self._left = settings.max_cars
        self._known = _endless(settings.plates)
        self.held = False
        self._next_s = self._gap_s()

    def due(self, now_s: float) -> Arrival | None:
        """The next car, once its time has come; called only when the entrance is free."""
        if self.held or self._left == 0 or now_s < self._next_s:
            return None
        car = self._leaving(now_s) if self._settings.after else self.arrival(self._plate())
        if car is not None:
            self._next_s = now_s + self._gap_s()
            self._left = None if self._left is None else self._left - 1
        return car

    def _leaving(self, now_s: float) -> Arrival | None:
        """The very car that came in, with its driver in another mood."""
        car = self._empties.leaving(now_s) if self._empties is not None else None
        return None if car is None else replace(car, **self._mood())

    def gone(self, car: Arrival, now_s: float, *, passed: bool) -> None:
        """It left the lane. Whoever does not get out tries again after a while."""
        stay_s = self._random.expovariate(1 / self._settings.mean_stay_s)
        if passed and self._fills is not None:
            self._fills.park(car, now_s + stay_s)
        elif not passed and self._empties is not None:
            self._empties.park(car, now_s + stay_s)

    def arrival(self, plate: str) -> Arrival:
        """A car with this plate and a driver of its own."""
        mood = self._mood()
        kind, colour = plate_kind(plate), plate_colour(plate)
        yellow = colour is PlateColour.YELLOW
        return Arrival(
            plate=plate.removesuffix(_YELLOW_MARK),
            kind=kind,
            colour=colour,
            length_m=self._random.uniform(6.5, 8.5) if yellow else self._random.uniform(4.2, 5.0),
            offset_m=self._random.uniform(-0.25, 0.25),
            **mood,
        )

    def _mood(self) -> _Mood:
        manner = self._manner()
        patience_s = self._settings.patience_s * (0.4 if manner is Manner.IMPATIENT else 1.0)
        reaction_s = self._random.uniform(0.4, 1.4)
        return {"manner": manner, "reaction_s": reaction_s, "patience_s": patience_s}

    def _gap_s(self) -> float:
        mean_s = self._settings.mean_gap_s
        return max(_LEAST_GAP_S, self._random.expovariate(1 / mean_s))

    def _manner(self) -> Manner:
        dice, settings = self._random.random(), self._settings
        if dice < settings.turn_back_share:
            return self._random.choice((Manner.TURNS_BACK_EARLY, Manner.TURNS_BACK_LATE))
        if dice < settings.turn_back_share + settings.impatient_share:
            return Manner.IMPATIENT
        return Manner.STEADY

    def _plate(self) -> str:
        if self._settings.plates and self._random.random() < self._settings.plates_share:
            return next(self._known)
        dice, settings = self._random.random(), self._settings
        if dice < settings.no_plate_share:
            return ""
        kind = self._random.random()
        if kind < settings.green_share:
            return green_plate(self._random, settings.provinces)
        yellow = kind < settings.green_share + settings.yellow_share
        plain = civil_plate(self._random, settings.provinces)
        return plain + _YELLOW_MARK if yellow else plain


_YELLOW_MARK = "黄"


_LOOKS_LIKE = tuple(
    (re.compile(shape), kind)
    for shape, kind in (
        (".*黄", "yellow"),
        (".*警", "police"),
        (".*挂", "trailer"),
        (".*学", "trainer"),
        (".*领", "consulate"),
        ("使.*", "embassy"),
        (".*使", "new embassy"),
        (".*[港澳]", "border"),
        (".*应急", "emergency"),
        ("民航.*", "airport"),
        (".*[临试超]", "temporary"),
        ("WJ[^0-9].*", "armed police"),
        ("WJ.*", "armed staff"),
        ("[A-Z]{2}.*", "military"),
        ("[军空海北沈兰济南广成][A-Z][0-9]{5}", "old military"),
        (".O.*", "government"),
        (".[0-9]{7}", "farm"),
        (".[A-Z][0-9]{5}[A-Z]", "large new energy"),
        (".{8}", "new energy"),
    )
)


def plate_kind(plate: str) -> str:
    """The name of the livery a plate has by its text: `黄` behind it means yellow, else blue."""
    if not plate:
        return ""
    return next((kind for shape, kind in _LOOKS_LIKE if shape.fullmatch(plate)), "blue")


def plate_colour(plate: str) -> PlateColour:
    """Of the kind that the text belongs to; unknown for no plate."""
    return LIVERY_OF[plate_kind(plate)].colour if plate else PlateColour.UNKNOWN


def civil_plate(dice: random.Random, provinces: str = PROVINCES) -> str:
    """Province, letter, and five of which at most two are letters (GA 36-2018)."""
    serial = [dice.choice(_DIGITS) for _ in range(5)]
    for place in dice.sample(range(5), dice.choice((0, 1, 1, 2))):
        serial[place] = dice.choice(_LETTERS)
    return dice.choice(provinces) + dice.choice(_LETTERS) + "".join(serial)


def green_plate(dice: random.Random, provinces: str = PROVINCES) -> str:
    """A small new-energy plate: D or F, a digit or letter, four digits (GA 36-2018)."""
    second = dice.choice(_DIGITS * 3 + _LETTERS)
    tail = "".join(dice.choices(_DIGITS, k=4))
    return dice.choice(provinces) + dice.choice(_LETTERS) + dice.choice("DF") + second + tail


def _endless(plates: tuple[str, ...]) -> Iterator[str]:
    while plates:
        yield from plates
