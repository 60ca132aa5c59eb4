"""The ledger of raises: each rise of the boom against what is recorded of it. Pure.

With a car park behind the lanes, its account of the day belongs to it, see `accounts`.

A day is one of Asia/Shanghai. The ledger balances where every raise is explained, and every
vehicle that was proved to go through had a raise, or a boom that was up already.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from gateway.accounts import Account, money_fields, sessions_fields
from gateway.lane.reports import Cause, ModeKind
from gateway.lane.types import Reason
from gateway.rules.clock import SHANGHAI

STILL_UP = timedelta(seconds=10)
"""So long after a vehicle, or a mode, the boom may not be down yet."""

LISTED = 50

_UP_BY_REASON = {
    str(reason)
    for reason in (
        Reason.PRESENCE,
        Reason.UNPAID_FOLLOW,
        Reason.HOLD_OPEN,
        Reason.MANUAL,
        Reason.FIRE,
        Reason.INPUTS_LOST,
    )
}
_UP_BY_MODE = {ModeKind.FIRE, ModeKind.MANUAL, ModeKind.HOLD_OPEN}


class RaiseMade(NamedTuple):
    """`let_in`: its visit is recorded, and as let in."""

    raise_id: str
    lane: str
    at: datetime
    cause: Cause
    reason: str
    let_in: bool

    @property
    def explained(self) -> bool:
        match self.cause:
            case Cause.UNEXPLAINED:
                return False
            case Cause.PASS:
                return self.let_in
            case _:
                return self.reason != ""


class PassProved(NamedTuple):
    """A vehicle that went through; `raised`: a raise names it."""

    pass_id: str
    lane: str
    arrived_at: datetime
    ended_at: datetime
    reason: str
    raised: bool


class ModeSpan(NamedTuple):
    lane: str
    kind: ModeKind
    since: datetime
    until: datetime

    def held_up_for(self, one: PassProved) -> bool:
        held = self.lane == one.lane and self.kind in _UP_BY_MODE
        return held and self.since <= one.ended_at and one.arrived_at <= self.until + STILL_UP


class Facts(NamedTuple):
    """Of one day. `before`: when the last vehicle before the day went through each lane."""

    raises: Sequence[RaiseMade]
    passes: Sequence[PassProved]
    modes: Sequence[ModeSpan] = ()
    before: Mapping[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class LaneLedger:
    """`under_open_boom`: passes without a raise of their own that had no need of one."""

    lane: str
    causes: Mapping[Cause, int]
    explained: int
    proved: int
    under_open_boom: int
    without_record: tuple[RaiseMade, ...]
    without_raise: tuple[PassProved, ...]

    @property
    def raises(self) -> int:
        return sum(self.causes.values())

    @property
    def balance(self) -> int:
        """How many raises nothing explains."""
        return self.raises - self.explained

    @property
    def balanced(self) -> bool:
        return self.balance == 0 and not self.without_raise


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """The day's first instant and the next day's."""
    start = datetime.combine(day, time(), SHANGHAI)
    return start, start + timedelta(days=1)


def ledgers(facts: Facts) -> tuple[LaneLedger, ...]:
    """One for each lane that raised its boom or let somebody through, by name."""
    raises: defaultdict[str, list[RaiseMade]] = defaultdict(list)
    passes: defaultdict[str, list[PassProved]] = defaultdict(list)
    for risen in facts.raises:
        raises[risen.lane].append(risen)
    for one in facts.passes:
        passes[one.lane].append(one)
    return tuple(
        _of_lane(lane, raises[lane], passes[lane], facts) for lane in sorted({*raises, *passes})
    )


def _of_lane(
    lane: str, raises: list[RaiseMade], passes: list[PassProved], facts: Facts
) -> LaneLedger:
    without_raise = _without_raise(passes, facts.before.get(lane), facts.modes)
    alone = sum(not one.raised for one in passes)
    return LaneLedger(
        lane,
        causes={cause: sum(risen.cause is cause for risen in raises) for cause in Cause},
        explained=sum(risen.explained for risen in raises),
        proved=len(passes),
        under_open_boom=alone - len(without_raise),
        without_record=tuple(risen for risen in raises if not risen.explained),
        without_raise=without_raise,
    )


def _without_raise(
    passes: Iterable[PassProved], before: datetime | None, modes: Sequence[ModeSpan]
) -> tuple[PassProved, ...]:
    """Those that nothing explains: the boom was down when they came, as far as we know."""
    found = []
    for one in sorted(passes, key=lambda one: one.ended_at):
        follows = before is not None and one.arrived_at <= before + STILL_UP
        held_up = any(span.held_up_for(one) for span in modes)
        if not (one.raised or follows or held_up or one.reason in _UP_BY_REASON):
            found.append(one)
        before = one.ended_at
    return tuple(found)


# --- as JSON -----------------------------------------------------------------------------


def as_fields(
    day: date, lanes: Iterable[LaneLedger], account: Account | None = None
) -> dict[str, Any]:
    """What is published and what `lanegate ledger --json` prints; lists are cut at `LISTED`.

    `account` is None where there is no car park.
    """
    lanes = tuple(lanes)
    balanced = all(lane.balanced for lane in lanes) and (account is None or account.balanced)
    return _account_fields(account) | {
        "day": day.isoformat(),
        "zone": str(SHANGHAI),
        "balance": sum(lane.balance for lane in lanes),
        "balanced": balanced,
        "lanes": {lane.lane: _lane_fields(lane) for lane in lanes},
    }


def _account_fields(account: Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"sessions": sessions_fields(account.sessions), "money": money_fields(account.money)}


def _lane_fields(lane: LaneLedger) -> dict[str, Any]:
    return {
        "raises": {"all": lane.raises} | {str(cause): lane.causes[cause] for cause in Cause},
        "explained": lane.explained,
        "balance": lane.balance,
        "balanced": lane.balanced,
        "passes": {
            "proved": lane.proved,
            "under_open_boom": lane.under_open_boom,
            "without_raise": len(lane.without_raise),
        },
        "raises_without_record": [_raise_fields(one) for one in lane.without_record[:LISTED]],
        "passes_without_raise": [_pass_fields(one) for one in lane.without_raise[:LISTED]],
    }


def _raise_fields(risen: RaiseMade) -> dict[str, str]:
    return {
        "raise_id": risen.raise_id,
        "at": _text(risen.at),
        "cause": str(risen.cause),
        "reason": risen.reason,
    }


def _pass_fields(one: PassProved) -> dict[str, str]:
    return {"pass_id": one.pass_id, "ended_at": _text(one.ended_at), "reason": one.reason}


def _text(at: datetime) -> str:
    """As the store's records have it: UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
