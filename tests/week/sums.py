"""Sums: the box's books, the cloud's and the drivers' purses say the same, to the fen."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.week.evidence import Evidence
from tests.week.truth import MONDAY, wall
from tests.week.world import World

CASH = ("payment", "deduction", "settled")
NEAR = timedelta(seconds=10)
AFTER_A_KILL = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a week that is over; each method yields what is wrong."""

    world: World
    days: int
    found: Evidence

    def all(self) -> Iterator[str]:
        for pass_id in self.found.endless:
            yield f"pass {pass_id} has no end, and nobody is at a lane"
        yield from self._ledgers()
        yield from self._cash()
        yield from self._refunds()
        yield from self._cloud()
        yield from self._sessions()
        yield from self._credits()

    def _ledgers(self) -> Iterator[str]:
        """Each day is published once, balances, and begins where the one before it ended."""
        published = [json.loads(text) for text in self.world.cloud.ledgers]
        days = [(MONDAY + timedelta(days=day)).date().isoformat() for day in range(self.days)]
        if [ledger["day"] for ledger in published] != days:
            yield f"the ledgers are of {[ledger['day'] for ledger in published]}, not of {days}"
        at_end = 0
        for ledger in published:
            if not self._balances(ledger):
                yield f"the ledger of {ledger['day']} does not balance: {_short(ledger)}"
            area = ledger["sessions"]["areas"].get("main", {"at_start": 0, "at_end": 0})
            if area["at_start"] != at_end:
                yield f"{ledger['day']} begins with {area['at_start']} inside, not {at_end}"
            at_end = area["at_end"]
            yield from self._day(ledger)

    def _balances(self, ledger: Mapping[str, Any]) -> bool:
        """A boom that rose while the gateway was killed is a raise that nobody saw."""
        lanes = ledger["lanes"].values()
        lost = [one for lane in lanes for one in lane["passes_without_raise"]]
        if any(lane["raises_without_record"] for lane in lanes):
            return False
        seen = [one for one in lost if not self._is_of_a_kill(one["ended_at"])]
        books = ledger["sessions"]["balanced"] and ledger["money"]["balanced"]
        return books and not seen and (bool(lost) or ledger["balanced"])

    def _is_of_a_kill(self, ended_at: str) -> bool:
        at = datetime.fromisoformat(ended_at)
        return any(wall(kill) < at < wall(kill) + AFTER_A_KILL for kill in self.world.truth.kills)

    def _day(self, ledger: Mapping[str, Any]) -> Iterator[str]:
        """Beside what was counted at the booms, and what the box was told to have been paid."""
        truth, day = self.world.truth, date.fromisoformat(ledger["day"])
        proved = sum(lane["passes"]["proved"] for lane in ledger["lanes"].values())
        crossed = [wall(one.off_s) for one in truth.told]
        mine = sum(at.date() == day for at in crossed)
        if proved != mine and not _is_near(day, crossed):
            yield f"{mine} vehicles went through on {day}, the ledger has {proved}"
        received = Counter[str]()
        for told_id, cash in truth.cash.items():
            heard = wall(truth.heard[told_id])
            if heard.date() == day:
                received[cash.by] += cash.amount_fen
        told = ledger["money"]["received_fen"]
        if received != told and not _is_near(day, map(wall, truth.heard.values())):
            yield f"on {day} came {dict(received)} fen, the ledger has {told}"

    def _cash(self) -> Iterator[str]:
        """What left the drivers' purses is in the box's books, once, and for their stays."""
        truth, joined, counted = self.world.truth, self.found.joined, set[str]()
        for told_id, cash in truth.cash.items():
            rows = [self.found.money.get(name) for name in (told_id, _rest_of(told_id))]
            mine = [row for row in rows if row is not None and row["kind"] in CASH]
            counted |= {row["money_id"] for row in mine}
            fen = sum(row["amount_fen"] for row in mine)
            if fen != cash.amount_fen:
                yield f"{cash.amount_fen} fen were paid by {cash}, {fen} are booked"
            for row in mine:
                to, paid_for = joined(row["session_id"]), joined(cash.session_id)
                if row["plate"] != cash.plate if cash.plate else to != paid_for:
                    yield f"paid by {cash}, booked for {to} of {row['plate']}"
        for name, row in self.found.money.items():
            if row["kind"] in CASH and name not in counted:
                yield f"nobody paid {row['amount_fen']} fen: {_short(row)}"

    def _refunds(self) -> Iterator[str]:
        truth = self.world.truth
        back = sum(cash.amount_fen for cash in truth.back.values())
        refunds = sum(row["amount_fen"] for row in self.found.money_of("refund"))
        if back != refunds:
            yield f"drivers got {back} fen back, {refunds} are booked"

    def _cloud(self) -> Iterator[str]:
        """The cloud's books, kept from records alone, are the box's."""
        cloud, found = self.world.cloud, self.found
        ours = Counter((row["kind"], row["amount_fen"]) for row in found.money.values())
        theirs = Counter((row["kind"], row["amount_fen"]) for row in cloud.money.values())
        if ours != theirs or cloud.money.keys() != found.money.keys():
            yield f"money: box and cloud differ in {_short(dict(ours - theirs))}"
        for name, row in found.sessions.items():
            told = cloud.sessions.get(name)
            wrong = [key for key in _TOLD if told is None or (told[key] or "") != (row[key] or "")]
            if wrong:
                yield f"session {name}: the cloud knows another {', '.join(wrong)}"

    def _sessions(self) -> Iterator[str]:
        """Every fen of every session: what it cost is what was paid, forgiven or is owed."""
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.found.money.values():
            part = "late " if row["late"] else ""
            sums[row["session_id"]][part + row["kind"]] += row["amount_fen"]
        for name, row in self.found.sessions.items():
            parts = sums[name]
            paid = parts["payment"] + parts["deduction"] - parts["refund"]
            if row["billed_at"] and row["paid_fen"] != paid:
                yield f"session {name} says {row['paid_fen']} fen were paid, its money {paid}"
            if parts["owed"] != row["owed_fen"]:
                yield f"session {name} owes {row['owed_fen']} fen, its money says {parts['owed']}"
            left = row["total_fen"] + row["overpaid_fen"]
            if left != row["discounted_fen"] + row["paid_fen"] + row["owed_fen"]:
                yield f"session {name} does not add up: {_short(row)}"
            if parts["late settled"] > row["owed_fen"]:
                yield f"session {name} was settled twice: {dict(parts)}"

    def _credits(self) -> Iterator[str]:
        """Each is used by one stay at most, for as much as its discount says."""
        off: dict[str, int] = {}
        for row in self.found.money_of("discount"):
            name = row["credit_id"]
            if name and not row["late"] and name in off:
                yield f"credit {name} takes off twice"
            if name and not row["late"]:
                off[name] = row["amount_fen"]
        for name, row in self.found.credits.items():
            if row["used_fen"] != off.get(name, 0):
                yield f"credit {name} was used for {row['used_fen']} fen, not {off.get(name, 0)}"


_TOLD = ("plate", "entered_at", "left_at", "closing", "total_fen", "discounted_fen", "paid_fen",
         "overpaid_fen", "owed_fen", "linked", "right_id")  # fmt: skip


def _rest_of(told_id: str) -> str:
    """The id of what is left of a sum that pays a debt and more."""
    return hashlib.sha256(f"{told_id} rest".encode()).hexdigest()[:32]


def _is_near(day: date, times: Iterable[datetime]) -> bool:
    """Whether something happened so near to its midnights that two clocks may differ."""
    first = datetime.combine(day, time(), MONDAY.tzinfo)
    edges = (first, first + timedelta(days=1))
    return any(abs(at - edge) < NEAR for at in times for edge in edges)


def _short(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, default=str)[:1500]
