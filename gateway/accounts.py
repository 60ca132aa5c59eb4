"""A day's account of a car park: who came and went, what it cost, who paid. Pure.

A day is one of Asia/Shanghai. The account balances where each area's vehicles do (inside at the
start + began - ended = inside at the end), and each stay's fen do (total + overpaid =
discounted + paid + owed), each of them with an event of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LISTED = 50
HEADS = ("total", "discounted", "paid", "owed", "overpaid")


@dataclass(frozen=True, slots=True)
class AreaDay:
    """Stays that began in an area, counted each by itself."""

    area: str
    at_start: int
    began: int
    ended: int
    at_end: int

    @property
    def balanced(self) -> bool:
        return self.at_start + self.began - self.ended == self.at_end


class Stay(NamedTuple):
    """One that was charged: its figures, and the sums of its events, by the names of `HEADS`.

    `total` has no events: it is what the others add up to.
    """

    session_id: str
    figures: Mapping[str, int]
    events: Mapping[str, int]

    @property
    def fault(self) -> str:
        """Why it does not balance; empty where it does."""
        fen = self.figures
        if fen["total"] + fen["overpaid"] != fen["discounted"] + fen["paid"] + fen["owed"]:
            return "total + overpaid is not discounted + paid + owed"
        for head in HEADS[1:]:
            if self.events.get(head, 0) != fen[head]:
                return f"{head} is {fen[head]} fen, its events are {self.events.get(head, 0)}"
        return ""


class Fault(NamedTuple):
    session_id: str
    why: str


@dataclass(frozen=True, slots=True)
class SessionsDay:
    """`oldest_inside`: when the vehicle came that is there longest, UTC; None where none is."""

    areas: tuple[AreaDay, ...] = ()
    superseded: int = 0
    merged: int = 0
    by_hand: int = 0
    never_seen: int = 0
    oldest_inside: str | None = None

    @property
    def balanced(self) -> bool:
        return all(area.balanced for area in self.areas)


@dataclass(frozen=True, slots=True)
class MoneyDay:
    """`figures` are of the stays that were charged that day, by `HEADS`; all else is as booked.

    `received` is money by who took it; `late_overpaid` came after the bill, and `late` is what it
    must be equal to: what was paid or taken off beyond it. `unplaced` waits for a session.
    `debts` and `debts_fen` are open at the end of the day.
    """

    stays: int
    figures: Mapping[str, int]
    received: Mapping[str, int]
    settled: int = 0
    refunded: int = 0
    late: int = 0
    late_overpaid: int = 0
    unplaced: int = 0
    debts: int = 0
    debts_fen: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def balanced(self) -> bool:
        fen = self.figures
        heads = fen["total"] + fen["overpaid"] == fen["discounted"] + fen["paid"] + fen["owed"]
        return heads and self.late == self.late_overpaid and not self.faults


@dataclass(frozen=True, slots=True)
class Account:
    sessions: SessionsDay
    money: MoneyDay

    @property
    def balanced(self) -> bool:
        return self.sessions.balanced and self.money.balanced


def money_of(stays: Sequence[Stay], received: Mapping[str, int], **more: Any) -> MoneyDay:
    """`more` are the fields of `MoneyDay` that no stay tells; faults found elsewhere come last."""
    found = tuple(Fault(one.session_id, why) for one in stays if (why := one.fault))
    faults = found + tuple(more.pop("faults", ()))
    figures = {head: sum(one.figures[head] for one in stays) for head in HEADS}
    return MoneyDay(len(stays), figures, received, faults=faults, **more)


# --- as JSON -----------------------------------------------------------------------------


def sessions_fields(day: SessionsDay) -> dict[str, Any]:
    return {
        "balanced": day.balanced,
        "areas": {
            one.area: {
                "at_start": one.at_start,
                "began": one.began,
                "ended": one.ended,
                "at_end": one.at_end,
            }
            for one in day.areas
        },
        "superseded": day.superseded,
        "merged": day.merged,
        "by_hand": day.by_hand,
        "never_seen": day.never_seen,
        "oldest_inside": day.oldest_inside,
    }


def money_fields(day: MoneyDay) -> dict[str, Any]:
    """Lists are cut at `LISTED`."""
    return {
        "balanced": day.balanced,
        "stays": day.stays,
        **{f"{head}_fen": day.figures[head] for head in HEADS},
        "received_fen": dict(sorted(day.received.items())),
        "settled_fen": day.settled,
        "refunded_fen": day.refunded,
        "late_overpaid_fen": day.late_overpaid,
        "unplaced_fen": day.unplaced,
        "debts": day.debts,
        "debts_fen": day.debts_fen,
        "unbalanced": [one._asdict() for one in day.faults[:LISTED]],
    }
