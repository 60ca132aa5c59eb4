"""`lanegate sessions`: who is in the car park, who was, and what a person can put right."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.commands.sessions_due import till
from gateway.commands.sessions_found import found_one
from gateway.commands.sessions_options import (
    Length,
    PlateText,
    config_option,
    database_of,
    json_option,
    loaded,
)
from gateway.commands.sessions_orders import ORDERS
from gateway.commands.sessions_words import fee_lines, lines, local, named, stayed
from gateway.commands.tariff_options import Moment
from gateway.rules.tariff import Fee
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.words import Language, yuan
from gateway.store import StoreError
from gateway.store.dossier import Dossier, dossier
from gateway.store.records import Row
from gateway.store.stays import Chosen, chosen_sessions, counted

LANGUAGES = click.Choice([str(language) for language in Language])
COMMANDLINE = click.core.ParameterSource.COMMANDLINE
LONGEST = timedelta(days=3650)
WIDE = 160


@click.group(invoke_without_command=True)
@config_option
@click.option("--inside", is_flag=True, help="Who is there now; so it is without any choice.")
@click.option("--plate", type=PlateText(), help="All stays of this plate.")
@click.option("--left-since", type=Moment(), help="Who has left since then.")
@click.option("--longer", type=Length(LONGEST), help="Stays that are longer: 24h, 7d.")
@click.option("--owing", is_flag=True, help="Who has left and still owes.")
@click.option("--area", default="", help="Who is in this area, or came in there.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@click.pass_context
def sessions(
    ctx: click.Context, /, file: Path, *, inside: bool, limit: int, as_json: bool, **chosen: Any
) -> None:
    """List stays, the newest first, or give orders about one.

    Times are as on the clock of Shanghai.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_choices(ctx)
        ctx.default_map = {ctx.invoked_subcommand: {"file": file}}
        return
    now = datetime.now(UTC)
    nothing_said = not (chosen["plate"] or chosen["left_since"] or chosen["owing"])
    try:
        _list(file, Chosen(limit, inside or nothing_said, **chosen), now, as_json=as_json)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


for _order in ORDERS:
    sessions.add_command(_order)


def _refuse_choices(ctx: click.Context) -> None:
    """What is said before the name of a command would be lost without a word."""
    said = [name for name in ctx.params if ctx.get_parameter_source(name) is COMMANDLINE]
    for name in said:
        if name != "file":
            option = "--" + name.removeprefix("as_").replace("_", "-")
            raise click.UsageError(f"{option} is for the list; put it behind the command's name")


def _list(file: Path, chosen: Chosen, now: datetime, *, as_json: bool) -> None:
    config = loaded(file)
    found = chosen_sessions(database_of(config), chosen, now)
    desk = till(config, file, database_of(config), now)
    fees = desk.fees(found) if desk else {}
    if as_json:
        due = [dict(row) | _due_now(fees.get(row["session_id"])) for row in found]
        click.echo(json.dumps(due, ensure_ascii=False, indent=2))
    elif found:
        _print(_table(found, fees, now))
    else:
        click.echo("no stays" if config.parking else "no stays: this box has no parking section")


def _due_now(fee: Fee | None) -> dict[str, Any]:
    return {} if fee is None else {"due_now_fen": fee.due_fen}


def _table(found: Sequence[Any], fees: dict[str, Fee], now: datetime) -> Any:
    from rich.table import Table

    columns = ("plate", "class", "area", "came", "left", "stayed", "right", "due", "session")
    table = Table(*columns, box=None, header_style="bold")
    for row in found:
        fee = fees.get(row["session_id"])
        table.add_row(
            named(row),
            row["vehicle"],
            row["innermost"],
            local(row["entered_at"]),
            local(row["left_at"]) if row["closing"] else "inside",
            stayed(row, now),
            row["right_id"] or "-",
            _due(row, fee),
            row["session_id"],
        )
    return table


def _due(row: Row, fee: Fee | None) -> str:
    """Of who is inside, what it would pay now; of who has left, what it still owes."""
    if fee is not None:
        return yuan(fee.due_fen)
    owes_fen: int = row["owed_fen"] - row["settled_fen"]
    return yuan(owes_fen) if owes_fen > 0 else "-"


def _print(what: Any) -> None:
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    console.print(what)


# --- one ---------------------------------------------------------------------------------


@sessions.command()
@click.argument("whose")
@config_option
@click.option("--language", type=LANGUAGES, default=str(Language.CHINESE), show_default=True,
              help="Of the fee's lines.")  # fmt: skip
@json_option
def show(whose: str, file: Path, language: str, *, as_json: bool) -> None:
    """Tell everything about one stay: passes, fee, money, credits, links.

    WHOSE is a session's id; or a plate: then the stay that goes on, else one that owes, else the
    last.
    """
    now = datetime.now(UTC)
    one = found_one(loaded(file), whose)
    try:
        found = dossier(database_of(one.config), one.session_id)
        desk = till(one.config, file, database_of(one.config), now)
        fees = desk.fees([one.row]) if desk else {}
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if found is None:
        raise click.ClickException(f"{one.words} went this moment: its time was over")
    told = Language(language)
    fee = fees.get(one.session_id)
    click.echo(_as_json(found, fee, told) if as_json else "\n".join(_words(found, fee, told, now)))


def _as_json(found: Dossier, fee: Fee | None, language: Language) -> str:
    told: dict[str, Any] = {name: getattr(found, name) for name in Dossier.__slots__}
    due = None if fee is None else as_fields(fee, language)
    return json.dumps(told | {"due_now": due}, ensure_ascii=False, indent=2)


def _words(found: Dossier, fee: Fee | None, language: Language, now: datetime) -> list[str]:
    due = [] if fee is None else ["fee until now:", *(f"  {x}" for x in fee_lines(fee, language))]
    return [*lines(found, language, now), *due]


# --- how many ----------------------------------------------------------------------------


@sessions.command("inside")
@config_option
@json_option
def count(file: Path, *, as_json: bool) -> None:
    """Count the vehicles that are inside, by area and class."""
    config = loaded(file)
    try:
        found = counted(database_of(config))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        told = [{"area": one.area, "vehicle": one.vehicle, "inside": one.inside} for one in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one.inside:6d}  {one.area}  {one.vehicle}")
    click.echo(f"{sum(one.inside for one in found):6d}  inside")
