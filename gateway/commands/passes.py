"""`lanegate passes`: what the box has recorded, while it runs or not."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.commands.spreadsheet import harmless
from gateway.config import load
from gateway.config.problems import ConfigError
from gateway.store import StoreError, read_passes

COLUMNS = ("lane", "direction", "plate", "plate_type", "verdict", "reason", "ending")
WIDE = 160
SPAN = re.compile(r"(\d+)([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    name = "WHEN"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """`2h` ago, or an ISO time; one without a zone is this box's local time."""
        if isinstance(value, datetime):
            return value
        if span := SPAN.fullmatch(value):
            return datetime.now(UTC) - timedelta(**{UNITS[span[2]]: int(span[1])})
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no time: write 30m, 2h, 7d or 2026-11-22T08:00", param, ctx)


@click.command()
@config_argument
@click.option("--since", type=Moment(), help="Only passes since then: 30m, 2h, 7d or an ISO time.")
@click.option("--limit", type=click.IntRange(min=1), help="So many of the newest passes.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header line.")
def passes(
    file: Path, since: datetime | None, limit: int | None, *, as_json: bool, as_csv: bool
) -> None:
    """List the passes of the box whose configuration is FILE, newest first."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    rows = _rows(file, since, limit)
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
    elif as_csv:
        _write_csv(rows)
    else:
        _show(rows)


def _rows(file: Path, since: datetime | None, limit: int | None) -> Iterator[dict[str, Any]]:
    try:
        database = load(file).data / "lanegate.db"
        return iter(list(read_passes(database, since=since, limit=limit)))
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error


def _write_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow({key: harmless(value) for key, value in row.items()})


def _show(rows: Iterable[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("arrived", *COLUMNS, box=None, header_style="bold")
    for row in rows:
        arrived = datetime.fromisoformat(row["arrived_at"]).astimezone()
        words = (str(row.get(column) or "-") for column in COLUMNS)
        table.add_row(f"{arrived:%Y-%m-%d %H:%M:%S}", *words)
    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    console.print(table if table.row_count else "no passes")
