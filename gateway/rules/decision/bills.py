"""Fees that no tariff reckons: nothing, or a flat sum for a stay whose beginning nobody saw."""

from datetime import datetime

from gateway.rules.clock import datetime_of, local_s
from gateway.rules.decision.facts import Arriving, Facts
from gateway.rules.sessions import Session
from gateway.rules.tariff import Fee, Line, LineKind
from gateway.rules.tariff.shapes import OPEN_END_S

NO_TARIFF = "-"
BY_RIGHT, NO_ENTRY = "not charged", "no entry record"


def nothing_charged(session: Session, at: datetime, facts: Facts) -> Fee:
    """What was paid all the same is paid too much."""
    assert session.entered_at is not None  # noqa: S101 -- who is inside has come in
    entered = datetime_of(local_s(session.entered_at))
    until = max(entered, datetime_of(local_s(at)))
    vehicle = session.vehicle.vehicle
    return Fee(NO_TARIFF, BY_RIGHT, vehicle, entered, until, (), paid_fen=paid_fen(facts))


def flat(arriving: Arriving, fen: int, facts: Facts) -> Fee:
    second = local_s(arriving.at)
    line = Line(LineKind.SPAN, second, second, fen, figure=OPEN_END_S)
    at, vehicle = datetime_of(second), arriving.vehicle.vehicle
    return Fee(NO_TARIFF, NO_ENTRY, vehicle, at, at, (line,), paid_fen=paid_fen(facts))


def paid_fen(facts: Facts) -> int:
    return sum(one.amount_fen for one in facts.payments)
