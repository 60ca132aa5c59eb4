"""`lanegate check`: whether a configuration is right, and if not, where it is wrong."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.config import Config, load
from gateway.config.onsite import file_problems
from gateway.config.problems import ConfigError, Problem


@click.command()
@config_argument
@click.option("--json", "as_json", is_flag=True, help="Tell programs: one JSON object.")
def check(file: Path, *, as_json: bool) -> None:
    """Check a configuration FILE, and the files that it names; no device is opened.

    FILE is $LANEGATE_CONFIG or /etc/lanegate/lanegate.yaml where it is not given. Exits with 1
    where something is wrong.
    """
    problems: tuple[Problem, ...] = ()
    summary = ""
    try:
        config = load(file)
        summary, problems = summary_of(config), file_problems(file, config, datetime.now(UTC))
        problems += _of_the_park(config, file)
    except ConfigError as error:
        problems = error.problems
    if as_json:
        told = {"ok": not problems, "problems": [_plain(problem) for problem in problems]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif problems:
        click.echo("\n".join(map(str, problems)), err=True)
    else:
        click.echo(f"{file}: {summary}")
    sys.exit(1 if problems else 0)


def _of_the_park(config: Config, file: Path) -> tuple[Problem, ...]:
    """What is wrong with the tariffs and the calendar that it names."""
    if config.parking is None:
        return ()
    from gateway.parking.tariffbook import read_calendar, read_tariffs

    problems: tuple[Problem, ...] = ()
    for read in (read_tariffs, read_calendar):
        try:
            read(config, file)
        except ConfigError as error:
            problems += tuple(error.problems)
    return problems


def summary_of(config: Config) -> str:
    """One line: lanes, buses, cloud."""
    lanes = ", ".join(f"{lane.name} ({lane.direction})" for lane in config.lanes)
    buses = ", ".join(config.buses) or "none"
    cloud = f"{config.cloud.host}:{config.cloud.port}" if config.cloud else "none"
    return f"ok; gateway {config.gateway}; lanes: {lanes}; buses: {buses}; cloud: {cloud}"


def _plain(problem: Problem) -> dict[str, Any]:
    path_and_sentence = asdict(problem)
    place: dict[str, Any] = path_and_sentence.pop("place")
    return place | path_and_sentence
