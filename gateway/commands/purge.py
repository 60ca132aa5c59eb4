"""`lanegate purge`: have a plate, old events or pictures deleted, and looked for afterwards."""

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.config import Config, ConfigError, load
from gateway.erasure import Erasure, Findings, Wish
from gateway.rules.access import spelled
from gateway.rules.clock import SHANGHAI
from gateway.store import StoreError

SHORTEST_PLATE = 5
LEAST_DAYS = 2
"""Yesterday's ledger must be told before what it counts may go."""

WORDS = {
    "passes": "passes lose their plate",
    "cases": "cases lose their plate",
    "guesses": "rows lose it as a guess",
    "texts": "sentences lose it",
    "quarantined": "records in quarantine go",
    "quarantine": "records in quarantine",
    "records": "records that the cloud has",
    "unsent_records": "records that the cloud never got",
    "sessions": "stays lose their plate",
    "money": "events of money lose it",
    "credits": "credits lose it",
    "charges": "charging orders lose it",
    "known": "words about its funds and attestations go",
    "pictures": "picture files",
    "files": "damaged files that were put aside, whole",
}
CLOUD = "What the cloud has acknowledged is the cloud's to delete: tell its operator."


class Plate(click.ParamType[str]):
    name = "PLATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        plate = spelled(str(value))
        if len(plate) < SHORTEST_PLATE or not plate.isalnum():
            self.fail("is no whole plate: write all of it, such as 京A12345", param, ctx)
        return plate


class Days(click.ParamType[timedelta]):
    name = "DAYS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        number = str(value).removesuffix("d")
        if not (number.isascii() and number.isdigit() and LEAST_DAYS <= int(number) <= 36500):  # noqa: PLR2004
            self.fail(f"{value!r}: write whole days, at least {LEAST_DAYS}, as 30d", param, ctx)
        return timedelta(days=int(number))


@click.command()
@config_argument
@click.option("--data", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="The data folder itself, instead of the configuration FILE.")  # fmt: skip
@click.option("--plate", type=Plate(), help="All that is known of this plate.")
@click.option("--older-than", type=Days(), help="Events, or pictures, from before so many days.")
@click.option("--pictures", is_flag=True, help="Pictures only; all, without --older-than.")
@click.option("--unsent", is_flag=True, help="With --plate: also records the cloud has not got.")
@click.option("--yes", is_flag=True, help="Do it. Without it, what would go is only listed.")
@click.option("--reason", default="", help="Goes into the records; needed with --yes.")
@click.option("--by", default=getpass.getuser, help="Who wants it; you, without it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def purge(
    *,
    file: Path,
    data: Path | None,
    plate: str | None,
    older_than: timedelta | None,
    pictures: bool,
    unsent: bool,
    yes: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Delete personal data of the box whose configuration is FILE, whether it runs or not.

    Ends with 3 where something had to stay: say so to whoever asked, and run it again later.
    """
    if plate and (older_than or pictures):
        raise click.UsageError("--plate goes alone: it has no age, and its pictures go with it")
    if not (plate or older_than or pictures):
        raise click.UsageError("say what is to go: --plate, --older-than or --pictures")
    if unsent and not plate:
        raise click.UsageError("--unsent is for --plate alone")
    if yes and not reason.strip():
        raise click.UsageError("--yes needs --reason: it goes into the records")
    config = None if data else _loaded(file)
    before = datetime.now(UTC) - older_than if older_than else None
    nobody_waits = bool(plate and config and not config.cloud)
    wish = Wish(plate or "", before, pictures, unsent or nobody_waits)
    erasure = Erasure(data or _folder(config))
    findings = _done(erasure, wish, (by, reason) if yes else None)
    listed = _lists(config, erasure, plate) if plate else []
    _tell(wish, findings, done=yes, listed=listed, as_json=as_json)
    raise SystemExit(3 if yes and (findings.unsent or findings.under_way or findings.traces) else 0)


def _lists(config: Config | None, erasure: Erasure, plate: str) -> list[str]:
    """Where an operator has written the plate himself."""
    named = config.access.allow | config.access.block if config else frozenset()
    places = {
        "`access:` of the configuration": plate in named,
        "the rights": erasure.stands_in_rights(plate),
    }
    return [place for place, holds in places.items() if holds]


def _loaded(file: Path) -> Config:
    try:
        return load(file)
    except ConfigError as error:
        raise click.ClickException(
            f"the configuration cannot be used (or give --data):\n{error}"
        ) from error


def _folder(config: Config | None) -> Path:
    assert config is not None  # noqa: S101 -- where there is no --data, it was loaded
    return config.data


def _done(erasure: Erasure, wish: Wish, order: tuple[str, str] | None) -> Findings:
    try:
        return erasure.do(wish, *order) if order else erasure.look(wish)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def _tell(wish: Wish, found: Findings, *, done: bool, listed: list[str], as_json: bool) -> None:
    if as_json:
        told = asdict(found) | {
            "what": wish.what,
            "before": wish.before and wish.before.isoformat(timespec="seconds"),
            "done": done,
            "traces": [str(path) for path in found.traces],
            "in_lists": listed,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(_lines(wish, found, done=done, listed=listed)))


def _lines(wish: Wish, found: Findings, *, done: bool, listed: list[str]) -> list[str]:
    counted = [
        f"{count:8d}  {WORDS.get(what, what)}" for what, count in found.counts.items() if count
    ]
    head = "deleted:" if done else "would be deleted (nothing is, without --yes):"
    if wish.before:
        local = f"{wish.before.astimezone(SHANGHAI):%Y-%m-%d %H:%M} Asia/Shanghai"
        head = f"from before {local}, by this box's clock, {head}"
    lines = [head, *(counted or ["  nothing"]), *_stays(found)]
    lines += [f"The plate stands in {place}, too: take it out there." for place in listed]
    if done and wish.plate and not found.traces:
        lines.append("Looked for in every file of the data folder: it is in none.")
    return [*lines, CLOUD]


def _stays(found: Findings) -> list[str]:
    lines = []
    if found.unsent:
        lines.append(
            f"{found.unsent} records stay until the cloud has them; run this again then, or with"
            " --unsent, and the cloud never gets them."
        )
    if found.under_way:
        lines.append(
            f"{found.under_way} visits, cases or stays are under way, or owe money, and stay: run"
            " this later."
        )
    if found.traces and not (found.unsent or found.under_way):
        files = ", ".join(path.name for path in found.traces)
        lines.append(
            f"{files}: old copies are left in half-used pages. Stop the daemon and other readers,"
            " then run this again: the file is written anew."
        )
    return lines
