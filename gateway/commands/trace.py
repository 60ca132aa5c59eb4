"""`lanegate trace`: who was here with a vehicle."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.commands.sessions_options import Length, PlateText, database_of, loaded
from gateway.commands.tariff_options import Moment
from gateway.rules.clock import SHANGHAI
from gateway.rules.trace import Contact, Presence, Traced
from gateway.store import StoreError
from gateway.store.tracing import Inquiry, traced

LONGEST = timedelta(days=7)
WIDEST = timedelta(hours=24)
MOST, USUAL = 500, 200
SHORTEST_PURPOSE, SHORTEST_NAME = 5, 2
LONGEST_TEXT = 200
WIDE = 160


class Said(click.ParamType[str]):
    """Words of a person, in one line."""

    name = "TEXT"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = " ".join(str(value).split())
        if not self.least <= len(text) <= LONGEST_TEXT or not text.isprintable():
            self.fail(f"{value!r}: write {self.least} to {LONGEST_TEXT} characters", param, ctx)
        return text


@click.command()
@config_argument
@click.option("--plate", type=PlateText(), required=True, help="Whom the question is about.")
@click.option("--around", type=Length(WIDEST), default="0s", show_default=True,
              help="Also who was here so long before it or after it: 30m, 2h.")  # fmt: skip
@click.option("--from", "since", type=Moment(), help="A week before the end, without it.")
@click.option("--to", "until", type=Moment(), help="Now, without it.")
@click.option("--purpose", type=Said(SHORTEST_PURPOSE), required=True, help="What for.")
@click.option("--by", type=Said(SHORTEST_NAME), required=True, help="Who wants to know.")
@click.option("--limit", type=click.IntRange(1, MOST), default=USUAL, show_default=True,
              help="So many contacts at most.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def trace(
    file: Path, since: datetime | None, until: datetime | None, *, limit: int, as_json: bool,
    **asked: Any,
) -> None:  # fmt: skip
    """Tell who was here with a vehicle, by the records of the box whose configuration is FILE.

    The question is put on record, here and for the cloud, before it is answered.
    """
    now = datetime.now(UTC)
    until = until or now
    since = since or until - LONGEST
    if not timedelta() <= until - since <= LONGEST:
        raise click.UsageError(f"--from is at most {LONGEST.days} days before --to")
    found = _traced(file, Inquiry(since=since, until=until, most=limit, **asked), now)
    if as_json:
        click.echo(json.dumps(_fields(found), ensure_ascii=False, indent=2))
    else:
        _show(found, asked["plate"])


def _traced(file: Path, inquiry: Inquiry, now: datetime) -> Traced:
    try:
        return traced(database_of(loaded(file)), inquiry, now)
    except StoreError as error:
        raise click.ClickException(f"not answered: {error}") from error


# --- what is told ------------------------------------------------------------------------


def _fields(found: Traced) -> dict[str, Any]:
    return {
        "own": [_presence_fields(one) for one in found.own],
        "contacts": [_contact_fields(one) for one in found.contacts],
        "found": found.found,
        "cut": found.cut,
    }


def _presence_fields(one: Presence) -> dict[str, Any]:
    told = {"ref": one.ref, "proof": one.proof, "plate": one.plate or None, "where": one.where}
    times = {"from": one.came and _iso(one.came), "to": one.left and _iso(one.left)}
    return told | times | {"ending": one.ending or None}


def _contact_fields(one: Contact) -> dict[str, Any]:
    overlap = {"from": _iso(one.overlap.begin), "to": _iso(one.overlap.end)}
    met = {"met": one.met, "overlap": overlap | {"seconds": one.overlap.seconds}}
    return _presence_fields(one.presence) | met | {"together_s": one.together_s}


def _iso(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _show(found: Traced, plate: str) -> None:
    for line in _own_lines(found, plate):
        click.echo(line)
    if not found.contacts:
        click.echo("nobody else was here then")
        return
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    console.print(_table(found))
    if found.cut:
        click.echo(
            f"{found.found} were found; {found.found - len(found.contacts)} that were together for"
            " a shorter time are left out: raise --limit, or narrow --from and --to"
        )


def _own_lines(found: Traced, plate: str) -> Iterator[str]:
    for number, one in enumerate(found.own, 1):
        yield f"{plate} {number}: {_from_to(one)}, {', '.join(one.where)} ({one.proof} {one.ref})"
    if not found.own:
        yield f"{plate} was not here then, by the records of this box"


def _table(found: Traced) -> Any:
    from rich.table import Table

    numbers = {one.ref: str(number) for number, one in enumerate(found.own, 1)}
    table = Table("plate", "here", "where", "met", "overlap", "together", "proof", box=None)
    for one in found.contacts:
        overlap = f"{_time(one.overlap.begin)} - {_time(one.overlap.end)}"
        table.add_row(
            one.presence.plate or "-",
            _from_to(one.presence),
            ", ".join(one.presence.where),
            numbers[one.met],
            overlap,
            f"{one.together_s // 60} min",
            f"{one.presence.proof} {one.presence.ending}".rstrip(),
        )
    return table


def _from_to(one: Presence) -> str:
    if one.came is not None and one.came == one.left:
        return _time(one.came)
    came = _time(one.came) if one.came else "not seen to come"
    return f"{came} - {_time(one.left) if one.left else 'still here'}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M:%S}"
