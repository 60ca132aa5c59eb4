"""A small car park, and short ways to put a vehicle before one of its lanes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.lane.types import Direction, Verdict
from gateway.rules.clock import SHANGHAI, local_s
from gateway.rules.decision import Arriving, Facts, Judgement, Policy, decide
from gateway.rules.rights import Right, RightKind, Span, Window
from gateway.rules.sessions import Inner, Session, Vehicle
from gateway.rules.tariff import Payment, TariffSet
from gateway.tariffs.build import build
from gateway.tariffs.models import TariffText

PLATE = "京A12345"
CAR = Vehicle(PLATE, "civil", "blue", "car")
HOUR = 3600
NIGHT = Window(18 * HOUR, 9 * HOUR)

ENTRY = Policy(Direction.ENTRY, "main")
EXIT = Policy(Direction.EXIT, "main")
INNER = {"area": "inner", "within": "main"}

MAIN_TEXT = {
    "area": "main",
    "version": "1",
    "effective": "2020-01-01",
    "grace_min": 15,
    "plans": [
        {
            "name": "staff lent",
            "right": "lent",
            "steps": [{"unit_min": 60, "price_fen": 10}],
        },
        {
            "name": "all",
            "free": {"minutes": 30, "once_exceeded": "billed"},
            "steps": [{"unit_min": 30, "price_fen": 100}],
        },
    ],
}
INNER_TEXT = MAIN_TEXT | {
    "area": "inner",
    "plans": [{"name": "inner", "steps": [{"unit_min": 60, "price_fen": 700}]}],
}


def built(*texts: dict[str, object]) -> TariffSet:
    return TariffSet(tuple(build(TariffText.model_validate(text))[0] for text in texts))


TARIFFS = built(MAIN_TEXT, INNER_TEXT)
"""Half an hour free, else 1 yuan for each half an hour; inside 7 yuan an hour."""


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """In November 2026; the 16th is a Monday."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=SHANGHAI)


def span(began: datetime, ended: datetime) -> Span:
    return Span(local_s(began), local_s(ended))


NOON = at(17, 12)


def a_right(**changes) -> Right:
    standard = {
        "right_id": "card",
        "version": 1,
        "kind": RightKind.MONTH_CARD,
        "plates": frozenset({PLATE}),
        "valid": span(at(1), at(30)),
    }
    return Right(**standard | changes)


def a_session(entered: datetime = NOON, **changes) -> Session:
    standard = {"session_id": "s1", "vehicle": CAR, "area": "main", "entered_at": entered}
    return Session(**standard | changes)


def inner(entered: datetime, left: datetime | None = None) -> Inner:
    return Inner("inner", entered, left)


def paid(fen: int, when: datetime) -> tuple[Payment, ...]:
    return (Payment(fen, when),)


@dataclass(frozen=True)
class Case:
    policy: Policy
    facts: Facts = field(default_factory=Facts)
    arriving: Arriving = field(default_factory=lambda: Arriving("p1", CAR, NOON))
    tariffs: TariffSet = TARIFFS

    @property
    def judged(self) -> Judgement:
        return decide(self.arriving, self.facts, self.tariffs, self.policy)

    def knowing(self, **facts) -> "Case":
        return replace(self, facts=replace(self.facts, **facts))

    def wanting(self, **policy) -> "Case":
        return replace(self, policy=replace(self.policy, **policy))

    def of(self, **vehicle) -> "Case":
        changed = replace(self.arriving.vehicle, **vehicle)
        return replace(self, arriving=replace(self.arriving, vehicle=changed))

    def when(self, when: datetime) -> "Case":
        return replace(self, arriving=replace(self.arriving, at=when))


def coming(*rights: Right, when: datetime = NOON, **policy) -> Case:
    return Case(replace(ENTRY, **policy)).when(when).knowing(rights=rights)


def gone(*rights: Right, after: timedelta, session: Session | None = None, **policy) -> Case:
    """Leaving so long after it came."""
    stay = session or a_session()
    case = Case(replace(EXIT, **policy)).when(stay.entered_at + after)
    return case.knowing(inside=(stay,), rights=rights)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def said(case: Case) -> tuple[Verdict, str]:
    decision = case.judged.decision
    return decision.verdict, str(decision.reason)
