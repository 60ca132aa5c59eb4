"""The car park in figures, as the gateway's own ledger has them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.accounts import Account
from gateway.ledger import day_of
from gateway.store import read_account


@dataclass(frozen=True, slots=True)
class Money:
    """Since the demo began. What was charged is of stays that are over, `received_fen` of all."""

    sessions_opened: int = 0
    sessions_closed: int = 0
    still_inside: int = 0
    charged_fen: int = 0
    discounted_fen: int = 0
    paid_fen: int = 0
    owed_fen: int = 0
    received_fen: int = 0
    balanced: bool = True


def money_since(database: Path, since: datetime) -> Money:
    """Raises `StoreError`."""
    accounts = list(_accounts(database, since))
    areas = [area for one in accounts for area in one.sessions.areas]
    charged = sum((Counter(one.money.figures) for one in accounts), Counter())
    return Money(
        sessions_opened=sum(area.began for area in areas),
        sessions_closed=sum(area.ended for area in areas),
        still_inside=sum(area.at_end for one in accounts[-1:] for area in one.sessions.areas),
        charged_fen=charged["total"],
        discounted_fen=charged["discounted"],
        paid_fen=charged["paid"],
        owed_fen=charged["owed"],
        received_fen=sum(sum(one.money.received.values()) for one in accounts),
        balanced=all(one.balanced for one in accounts),
    )


def _accounts(database: Path, since: datetime) -> Iterator[Account]:
    """A demo that goes on over midnight has several days."""
    day, last = day_of(since), day_of(datetime.now(UTC))
    while day <= last:
        if (account := read_account(database, day)) is not None:
            yield account
        day += timedelta(days=1)
