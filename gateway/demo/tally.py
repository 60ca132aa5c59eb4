"""What the demo adds up at the end: the simulation's truth beside the records and the receipt."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gateway.demo.money import Money, money_since
from gateway.demo.phone import Payment
from gateway.demo.received import endings
from gateway.demo.stage import Stage
from gateway.store import read_passes
from gateway.sync.receive import summary

FINISHED = {"passed", "turned_back", "gave_up"}


@dataclass(frozen=True, slots=True)
class Tally:
    """The simulation's truth, the gateway's records and the receiver's, side by side.

    By the simulation's own journal: `cars` that came and are gone again, `opened` raises of a
    boom, cars `turned_back`. `read_right`: cars with a record of their very plate. `lost`:
    finished records that the receiver does not hold as they are; `duplicated`: records that it
    applied twice. The fen are those of the gateway's ledger. `told_twice`: payments of which the
    gateway was told more than once. `balanced`: the ledger's days balance, and it has received
    what the phones paid, no fen more or less.
    """

    cars: int
    read_right: int
    opened: int
    turned_back: int
    stored: int
    received: int
    lost: int
    duplicated: int
    sessions_opened: int
    sessions_closed: int
    still_inside: int
    charged_fen: int
    discounted_fen: int
    paid_fen: int
    owed_fen: int
    payments: int
    told_twice: int
    balanced: bool

    @property
    def good(self) -> bool:
        return self.balanced and not self.lost and not self.duplicated

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def tally(stage: Stage, payments: Sequence[Payment]) -> Tally:
    events = [json.loads(line) for line in stage.journal.read_text("utf-8").splitlines()]
    passes = [row for row in read_passes(stage.database) if row["ending"]]
    there, money = endings(stage.received), money_since(stage.database, stage.began)
    return Tally(
        cars=_count(events, *FINISHED),
        read_right=_read_right(events, passes),
        opened=_count(events, "boom_opens"),
        turned_back=_count(events, "turned_back"),
        stored=len(passes),
        received=len(there),
        lost=sum(there.get(row["pass_id"]) != row["ending"] for row in passes),
        duplicated=summary(stage.received)["duplicated"],
        **_sums(money),
        payments=len(payments),
        told_twice=sum(payment.tellings > 1 for payment in payments),
        balanced=money.balanced and money.received_fen == _sum_fen(payments),
    )


def _sums(money: Money) -> dict[str, Any]:
    return {name: value for name, value in asdict(money).items() if name not in _OWN}


_OWN = {"received_fen", "balanced"}


def _sum_fen(payments: Sequence[Payment]) -> int:
    return sum(payment.ticket.fee_fen for payment in payments)


def _count(events: list[dict[str, Any]], *names: str) -> int:
    return sum(event["event"] in names for event in events)


def _read_right(events: list[dict[str, Any]], passes: list[dict[str, Any]]) -> int:
    """Each record stands for one car at most."""
    cars = Counter((e["lane"], e["plate"]) for e in events if e["event"] in FINISHED)
    read = Counter((row["lane"], row["plate"]) for row in passes)
    return (cars & read).total()
