"""Fees: each stay's, reckoned a second time from what really happened."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.week.coverage import Coverage, Spans, Times
from tests.week.evidence import Evidence, Row
from tests.week.office import Office
from tests.week.prices import whole_s
from tests.week.truth import Credited, Stay, wall
from tests.week.world import World

SLACK = timedelta(seconds=3)
NEAR_S, AFTER_A_KILL_S = 3.0, 60.0


@dataclass(slots=True)
class Fees:
    """`exact` counts the fees that were reckoned a second time."""

    world: World
    office: Office
    days: int
    found: Evidence
    exact: int = 0

    def all(self) -> Iterator[str]:
        quota: dict[str, set[str]] = defaultdict(set)
        stays = [one for one in self.world.truth.stays if one.session_id in self.found.sessions]
        coverage = Coverage(self.office, self.days, self._times(), stays)
        for stay in sorted(stays, key=lambda one: one.out_s or float("inf")):
            row = self.found.sessions[stay.session_id]
            if stay.exit is None or stay.shown is None or row["closing"] != "exit":
                continue
            yield from self._moments(stay, row)
            yield from self._fee(stay, row, coverage, quota)

    def _times(self) -> Times:
        return {
            name: (datetime.fromisoformat(row["entered_at"]), _time(row["left_at"]))
            for name, row in self.found.sessions.items()
            if row["entered_at"]
        }

    def _moments(self, stay: Stay, row: Row) -> Iterator[str]:
        if stay.doubts or stay.in_s is None or stay.out_s is None:
            return
        for told, real in ((row["entered_at"], stay.in_s), (row["left_at"], stay.out_s)):
            if told is None or abs(datetime.fromisoformat(told) - wall(real)) > SLACK:
                yield f"{stay.car.plate} crossed at {wall(real)}, the box says {told}"

    def _fee(
        self, stay: Stay, row: Row, coverage: Coverage, quota: dict[str, set[str]]
    ) -> Iterator[str]:
        if not row["bill"]:
            return
        bill = json.loads(row["bill"])
        came, until = coverage.times[stay.session_id][0], datetime.fromisoformat(bill["until"])
        car = stay.car
        day = f"{came.astimezone(until.tzinfo):%Y-%m-%d}"
        used_up = day in quota[car.plate]
        if self.world.prices.uses_quota(car.vehicle, whole_s(came, until)) and not used_up:
            quota[car.plate].add(day)
        if stay.doubts or _is_close(stay) or self._is_of_a_kill(stay):
            return
        if not self._may_end(stay, until, row):
            yield f"{car.plate}: the fee is of {until}, which is neither now nor a payment's time"
        spans = coverage.charged(stay, came, until)
        expected = self._expected(stay, came, until, spans, used_up=used_up)
        if expected is None:
            return
        self.exact += 1
        if expected != row["total_fen"]:
            words = f"{car.kind} {car.plate} {came:%a %H:%M:%S} to {until:%a %H:%M:%S}"
            yield f"{words} costs {expected} fen, the box says {row['total_fen']}: {spans}"
        yield from self._discount(stay, row, came, until)

    def _is_of_a_kill(self, stay: Stay) -> bool:
        """What was committed when the gateway was killed, the cloud learns some time later."""
        told = [one.delivered_s for one in (*stay.credits, *stay.charged)]
        kills = self.world.truth.kills
        return any(kill < at < kill + AFTER_A_KILL_S for at in told for kill in kills)

    def _expected(
        self, stay: Stay, came: datetime, until: datetime, spans: Spans, *, used_up: bool
    ) -> int | None:
        prices, vehicle = self.world.prices, stay.car.vehicle
        if not spans:
            return 0
        if len(spans) > 1:
            return None
        charged_s = sum(
            max(0, whole_s(max(one.began, came), min(one.ended, until)))
            for one in stay.charged
            if one.delivered_s < _arrived_s(stay)
        )
        figures = {"charged_s": charged_s, "used_up": used_up}
        whole = prices.fen(vehicle, whole_s(came, until), **figures)
        return min(whole, prices.fen(vehicle, whole_s(*spans[0]), **figures))

    def _may_end(self, stay: Stay, until: datetime, row: Row) -> bool:
        """While the vehicle stood at the exit, or when it paid all, not too long before."""
        assert stay.exit is not None
        first, last = wall(stay.exit.arrived_s) - SLACK, wall(stay.exit.let_in_s) + SLACK
        if first <= until <= last:
            return True
        paid = [
            one for one in self.found.money_of("payment") if one["session_id"] == row["session_id"]
        ]
        at = [datetime.fromisoformat(one["at"]) for one in paid]
        grace = timedelta(seconds=self.world.prices.grace_s)
        return any(
            abs(one - until) < timedelta(seconds=1) and last <= one + grace + SLACK for one in at
        )

    def _discount(self, stay: Stay, row: Row, came: datetime, until: datetime) -> Iterator[str]:
        arrived = _arrived_s(stay)
        granted = [one for one in stay.credits if one.delivered_s < arrived < one.revoked_s]
        fire = "fire" in row["reasons"]
        if len(granted) > 1 or fire:
            return
        expected = sum(self._off_fen(stay, one, row["total_fen"], came, until) for one in granted)
        if expected != row["discounted_fen"]:
            words = f"{stay.car.plate}: {granted} takes off {expected} fen"
            yield f"{words}, the box says {row['discounted_fen']}"

    def _off_fen(
        self, stay: Stay, credit: Credited, total: int, came: datetime, until: datetime
    ) -> int:
        match credit.kind:
            case "minutes":
                seconds = max(0, whole_s(came, until) - credit.figure * 60)
                return total - self.world.prices.fen(stay.car.vehicle, seconds)
            case "amount":
                return min(total, credit.figure)
            case "percent":
                return total * credit.figure // 100
            case _:
                return total


def _arrived_s(stay: Stay) -> float:
    return stay.exit.arrived_s if stay.exit else float("inf")


def _is_close(stay: Stay) -> bool:
    """Something came while the vehicle stood at the exit: either fee is right."""
    assert stay.exit is not None
    first, last = stay.exit.arrived_s - NEAR_S, stay.exit.off_s + NEAR_S
    told = [at for one in stay.credits for at in (one.delivered_s, one.revoked_s)]
    times = told + [one.delivered_s for one in stay.charged]
    return any(first <= at <= last for at in times)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
