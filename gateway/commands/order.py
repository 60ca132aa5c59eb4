"""`lanegate order`: have a lane open, held open, locked down, or left to its rules."""

import getpass
import json
from pathlib import Path

import click

from gateway.commands.options import config_argument
from gateway.config import ConfigError, load
from gateway.control import give
from gateway.orders import WORDS


@click.command()
@click.argument("word", type=click.Choice(WORDS))
@click.argument("lane")
@config_argument
@click.option("--minutes", type=click.FloatRange(0.1, 1440), help="How long, for hold-open.")
@click.option("--reason", default="", help="Goes into the records.")
@click.option("--pass-id", default="", help="For open: the visit; without it, whoever waits.")
@click.option("--by", default=getpass.getuser, help="Who gives the order; you, without it.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def order(
    *,
    word: str,
    lane: str,
    file: Path,
    minutes: float | None,
    reason: str,
    pass_id: str,
    by: str,
    as_json: bool,
) -> None:
    """Give an order to a LANE of the daemon that runs the configuration FILE.

    open lets in the vehicle that waits; hold-open needs --minutes; automatic ends hold-open and
    lock-down.
    """
    if (word == "hold-open") != (minutes is not None):
        raise click.UsageError("hold-open needs --minutes, and no other order takes it")
    asked = {"lane": lane, "word": word, "by": by, "reason": reason, "pass_id": pass_id}
    answer = _given(file, asked | {"hold_s": (minutes or 0) * 60})
    click.echo(json.dumps({"answer": answer}, ensure_ascii=False) if as_json else answer)
    if answer != "done":
        raise SystemExit(1)


def _given(file: Path, asked: dict[str, object]) -> str:
    try:
        folder = load(file).data
    except ConfigError as error:
        raise click.ClickException(f"the configuration cannot be used:\n{error}") from error
    try:
        return give(folder, asked)
    except OSError as error:
        raise click.ClickException(
            f"no daemon listens in {folder} ({error.strerror or error}): is lanegate running with"
            " this configuration, and may you use its folder?"
        ) from error
