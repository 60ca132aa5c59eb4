"""Which picture goes to the cloud next, and when. Pure.

Pictures give way to everything else: one at a time, only while no record waits or is in flight,
and with rests in between, so that a slow line is mostly free for what matters. A picture counts
as sent when the cloud says it has it; that the broker took it means nothing here.

Times are monotonic seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

PATIENCE_S = 30.0
"""So long the cloud may take to say that it has a picture, after the broker took it."""
BACK_OFF_S, MAX_BACK_OFF_S = 60.0, 3600.0
SHARE = 0.25
"""Of the time, at most so much a picture is on the wire."""
MOST_REMEMBERED = 256
LARGEST = 1024 * 1024
"""Brokers are set up for messages of this size; a larger picture would end the connection."""


class PicturePolicy(StrEnum):
    NONE = "none"
    ASKED = "asked"
    ALL = "all"


class Waiting(NamedTuple):
    """A picture that the cloud has not got: its name and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Flight:
    """The one on its way; `taken_at`: when the broker had it, None before."""

    name: str
    size: int
    sent_at: float
    taken_at: float | None = None


class Later(NamedTuple):
    """A picture that got no answer `tries` times; not again before `until`."""

    tries: int
    until: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`bytes_s`: the most that pictures may take of the line, 0 for no bound.

    `silence` counts tries since the cloud last had a picture; `later` names those without answer.
    """

    bytes_s: float = 0.0
    flight: Flight | None = None
    rest_until: float = float("-inf")
    silence: int = 0
    later: Mapping[str, Later] = field(default_factory=dict)


def may_go(plan: Plan, mono: float) -> bool:
    return plan.flight is None and mono >= plan.rest_until


def choose(plan: Plan, waiting: Sequence[Waiting], mono: float) -> Waiting | None:
    """The first in the given order that did not go unanswered of late."""
    return next((one for one in waiting if _is_due(plan, one.name, mono)), None)


def _is_due(plan: Plan, name: str, mono: float) -> bool:
    return name not in plan.later or mono >= plan.later[name].until


def went_out(plan: Plan, one: Waiting, mono: float) -> Plan:
    rest_s = one.size / plan.bytes_s if plan.bytes_s else 0.0
    rest_until = max(plan.rest_until, mono + rest_s)
    return replace(plan, flight=Flight(one.name, one.size, mono), rest_until=rest_until)


def taken(plan: Plan, mono: float) -> Plan:
    """The broker has it, and the line is free again: it rests in proportion to what it took."""
    if plan.flight is None or plan.flight.taken_at is not None:
        return plan
    rest_s = (mono - plan.flight.sent_at) * (1 / SHARE - 1)
    rest_until = max(plan.rest_until, mono + rest_s)
    return replace(plan, flight=replace(plan.flight, taken_at=mono), rest_until=rest_until)


def had(plan: Plan, names: Iterable[str]) -> Plan:
    """The cloud has these."""
    gone = set(names)
    later = {name: one for name, one in plan.later.items() if name not in gone}
    flight = None if plan.flight and plan.flight.name in gone else plan.flight
    return replace(plan, flight=flight, silence=0, later=later)


def asked(plan: Plan, names: Iterable[str]) -> Plan:
    """The cloud asks for these: it will answer now."""
    return replace(had(plan, ()), later=_without(plan.later, set(names)))


def _without(later: Mapping[str, Later], names: set[str]) -> Mapping[str, Later]:
    return {name: one for name, one in later.items() if name not in names}


def on_time(plan: Plan, mono: float) -> Plan:
    """Give up the answer to a picture once it is overdue."""
    flight = plan.flight
    if flight is None or flight.taken_at is None or mono - flight.taken_at < PATIENCE_S:
        return plan
    return _unanswered(plan, flight, mono)


def cut(plan: Plan, mono: float) -> Plan:
    """The connection is over. A picture that the broker did not take may have been too much."""
    if plan.flight is None:
        return plan
    if plan.flight.taken_at is not None:
        return replace(plan, flight=None)
    plan = _unanswered(plan, plan.flight, mono)
    return replace(plan, rest_until=max(plan.rest_until, mono + BACK_OFF_S))


def _unanswered(plan: Plan, flight: Flight, mono: float) -> Plan:
    """It waits, and so do all: longer with each try that got no answer."""
    silence = plan.silence + 1
    # One picture that cannot be stored must not hold up the others: the first silence is short.
    pause_s = _back_off_s(silence - 1) if silence > 1 else 0.0
    rest_until = max(plan.rest_until, mono + pause_s)
    plan = replace(plan, flight=None, silence=silence, rest_until=rest_until)
    return put_off(plan, flight.name, mono)


def put_off(plan: Plan, name: str, mono: float) -> Plan:
    """Not this one again at once, and later with each time."""
    tries = plan.later[name].tries + 1 if name in plan.later else 1
    later = dict(plan.later) | {name: Later(tries, mono + _back_off_s(tries))}
    while len(later) > MOST_REMEMBERED:
        del later[min(later, key=lambda name: later[name].until)]
    return replace(plan, later=later)


def _back_off_s(tries: int) -> float:
    return min(BACK_OFF_S * 2.0 ** min(tries - 1, 10), MAX_BACK_OFF_S)
