"""`lanegate ledger`: whether a day's raises have their records, and its stays their money."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from gateway.accounts import Account
from gateway.commands import ledger_account
from gateway.commands.options import config_argument
from gateway.config import load
from gateway.config.problems import ConfigError
from gateway.lane.reports import Cause
from gateway.ledger import LaneLedger, as_fields, day_of
from gateway.rules.clock import SHANGHAI
from gateway.store import StoreError, read_account, read_ledger

WIDE = 160


class Day(click.ParamType[date]):
    name = "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write it as 2026-11-22", param, ctx)


@click.command()
@config_argument
@click.option("--day", type=Day(), help="A day of Asia/Shanghai, as 2026-11-22; else today.")
@click.option("--lane", help="Only this lane.")
@click.option("--json", "as_json", is_flag=True, help="As it is published.")
@click.pass_context
def ledger(
    ctx: click.Context, file: Path, day: date | None, lane: str | None, *, as_json: bool
) -> None:
    """Balance a day of the box whose configuration is FILE: raises of its booms, stays, money.

    Ends with 1 where the day does not balance.
    """
    day = day or day_of(datetime.now(UTC))
    lanes, account = _read(file, day, lane)
    fields = as_fields(day, lanes, account)
    if as_json:
        click.echo(json.dumps(fields, ensure_ascii=False, indent=2))
    else:
        _show(day, lanes, account)
    ctx.exit(0 if fields["balanced"] else 1)


def _read(file: Path, day: date, lane: str | None) -> tuple[tuple[LaneLedger, ...], Account | None]:
    """The car park is all lanes': of one lane alone there is no account."""
    try:
        config = load(file)
        names = [one.name for one in config.lanes]
        found = read_ledger(config.data / "lanegate.db", day)
        account = None if lane else read_account(config.data / "lanegate.db", day)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    if lane is not None and lane not in {*names, *(one.lane for one in found)}:
        raise click.ClickException(f"no lane {lane!r}; this box has {', '.join(names)}")
    return tuple(one for one in found if lane in (None, one.lane)), account


def _show(day: date, lanes: Sequence[LaneLedger], account: Account | None) -> None:
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    if not lanes and account is None:
        console.print(f"{day}: no boom was raised and nobody passed")
        return
    if lanes:
        console.print(_table(lanes))
    for lane in lanes:
        for line in _open_lines(lane):
            console.print(line, markup=False, highlight=False)
    for part in ledger_account.tables(account) if account else ():
        console.print(part, markup=False, highlight=False)
    unbalanced = [one.lane for one in lanes if not one.balanced]
    unbalanced += ledger_account.unbalanced(account) if account else []
    verdict = f"does not balance: {', '.join(unbalanced)}" if unbalanced else "balances"
    console.print(f"{day} {verdict}", markup=False, highlight=False)


def _table(lanes: Sequence[LaneLedger]) -> Any:
    from rich.table import Table

    table = Table("lane", "raises", *Cause, "balance", "proved", "open boom", "no raise", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for lane in lanes:
        causes = [lane.causes[cause] for cause in Cause]
        passes = (lane.proved, lane.under_open_boom, len(lane.without_raise))
        figures = (lane.raises, *causes, lane.balance, *passes)
        table.add_row(lane.lane, *(str(figure) for figure in figures))
    return table


def _open_lines(lane: LaneLedger) -> list[str]:
    """What nothing explains, in the order of its time."""
    raises = [
        (one.at, f"raise {one.raise_id} ({one.cause}: {one.reason or 'no reason'}) has no record")
        for one in lane.without_record
    ]
    passes = [
        (one.ended_at, f"pass {one.pass_id} ({one.reason}) has no raise")
        for one in lane.without_raise
    ]
    lines = sorted(raises + passes)
    return [f"{at.astimezone(SHANGHAI):%H:%M:%S} {lane.lane}: {words}" for at, words in lines]
