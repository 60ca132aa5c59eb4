"""`lanegate cases`: vehicles that stand and need somebody."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.config import load
from gateway.config.problems import ConfigError
from gateway.store import StoreError, read_cases

WIDE = 160


@click.command()
@config_argument
@click.option("--lane", help="Only this lane.")
@click.option("--all", "ended", is_flag=True, help="Those that are closed, too.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def cases(file: Path, lane: str | None, *, ended: bool, as_json: bool) -> None:
    """List the open cases of the box whose configuration is FILE, newest first."""
    try:
        database = load(file).data / "lanegate.db"
        found = list(read_cases(database, lane, ended=ended))
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found)


def _show(found: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("opened", "lane", "plate", "why", "outcome", "case", box=None)
    for case in found:
        opened = datetime.fromisoformat(case["opened_at"]).astimezone()
        may_be = ", ".join(one["text"] for one in case["candidates"])
        plate = case["plate"] or (f"{may_be}?" if may_be else "-")
        words = (case["lane"], plate, case["why"], case["outcome"] or "open", case["case_id"])
        table.add_row(f"{opened:%Y-%m-%d %H:%M:%S}", *words)
    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    console.print(table if table.row_count else "no cases")
