"""The car park's part of `lanegate ledger`: who came and went, what it cost, who paid."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.accounts import HEADS, Account, MoneyDay, SessionsDay
from gateway.rules.clock import SHANGHAI


def tables(account: Account) -> Iterator[Any]:
    """For rich's console, with what does not balance behind them."""
    yield _areas(account.sessions)
    yield from _sentences(account.sessions)
    yield _money(account.money)
    yield from _cash(account.money)
    for fault in account.money.faults:
        yield f"session {fault.session_id} does not balance: {fault.why}"


def unbalanced(account: Account) -> list[str]:
    """Names of what does not balance."""
    parts = {"sessions": account.sessions.balanced, "money": account.money.balanced}
    return [name for name, balanced in parts.items() if not balanced]


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(*columns, box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _areas(day: SessionsDay) -> Any:
    table = _table("area", "inside before", "began", "ended", "inside after")
    for one in day.areas:
        figures = (one.at_start, one.began, one.ended, one.at_end)
        table.add_row(one.area, *(str(figure) for figure in figures))
    return table


def _sentences(day: SessionsDay) -> Iterator[str]:
    counts = {
        "came in again and had not been seen to leave": day.superseded,
        "turned out to be the same stay as another": day.merged,
        "ended by a person": day.by_hand,
        "left and had not been seen to come": day.never_seen,
    }
    yield from (f"{count} {words}" for words, count in counts.items() if count)
    if day.oldest_inside is not None:
        came = datetime.fromisoformat(day.oldest_inside).astimezone(SHANGHAI)
        yield f"longest inside: since {came:%Y-%m-%d %H:%M}"


def _money(day: MoneyDay) -> Any:
    table = _table("stays", *(f"{head} (yuan)" for head in HEADS))
    table.add_row(str(day.stays), *(yuan(day.figures[head]) for head in HEADS))
    return table


def _cash(day: MoneyDay) -> Iterator[str]:
    for by, fen in sorted(day.received.items()):
        yield f"received by {by}: {yuan(fen)} yuan"
    sums = {
        "of debts settled": day.settled,
        "refunded": day.refunded,
        "too late for its bill, to be given back": day.late_overpaid,
        "paid for a stay that there is not so far": day.unplaced,
    }
    yield from (f"{words}: {yuan(fen)} yuan" for words, fen in sums.items() if fen)
    if day.debts:
        yield f"{day.debts} stays owe {yuan(day.debts_fen)} yuan"
