"""`lanegate tariff`: what a stay costs and why, and what is wrong with a tariff."""

import json
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands import options, tariff_options
from gateway.config.problems import ConfigError, Problem
from gateway.rules.clock import DAY_S, date_of, local_s
from gateway.rules.tariff import Fee, NoTariffError, Stay, TariffSet, quote
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.words import Language, fee_words
from gateway.tariffs import load, read

LANGUAGES = click.Choice([str(language) for language in Language])


def _standard() -> Path:
    """`tariffs/` beside the configuration."""
    return Path(os.environ.get("LANEGATE_CONFIG", options.STANDARD)).parent / "tariffs"


file_argument = click.argument(
    "file", type=click.Path(path_type=Path), default=_standard, metavar="[FILE]"
)


@click.group()
def tariff() -> None:
    """Explain a fee, or check a tariff. FILE is one tariff, or a folder of them."""


@tariff.command()
@file_argument
@click.option("--in", "entered", type=tariff_options.Moment(), required=True, help="The entry.")
@click.option("--out", "left", type=tariff_options.Moment(), required=True, help="The exit.")
@click.option("--class", "vehicle", default="car", show_default=True, help="As tariffs name it.")
@click.option("--area", help="Where there is more than one: the one that was entered first.")
@click.option("--paid", multiple=True, help="AMOUNT@TIME, in yuan: 5.00@2026-03-02T10:00.")
@click.option("--credit", "granted", multiple=True, help=f"{tariff_options.CREDITS}.")
@click.option("--right", "rights", multiple=True, help="A right that is held.")
@click.option("--charging", multiple=True, help="FROM/TO, the time spent charging.")
@click.option("--waived", multiple=True, help="FROM/TO, time that a right covers.")
@click.option("--visit", "visits", multiple=True, help="AREA:FROM/TO, in an area inside.")
@click.option("--quota-used", is_flag=True, help="An earlier stay used up the day's free time.")
@click.option("--language", type=LANGUAGES, default=str(Language.CHINESE))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(file: Path, language: str, *, as_json: bool, **asked: Any) -> None:
    """Tell what a stay costs, line by line.

    TIME is as on the clock of Shanghai, 2026-03-02T08:00. FILE is tariffs/ beside the
    configuration where it is not given.
    """
    fee = _quoted(file, **asked)
    if as_json:
        told = as_fields(fee, Language(language))
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(fee_words(fee, Language(language))))


def _quoted(
    file: Path, *, left: datetime, paid: tuple[str, ...], granted: tuple[str, ...], **stay: Any
) -> Fee:
    try:
        tariff_options.check_stay(stay["entered"], left)
        tariffs = load(file)
        payments = tuple(map(tariff_options.payment, paid))
        credits_ = tariff_options.credits_of(granted)
        asked = _stay(tariffs, **stay)
        tariff_options.check_within(asked.entered, left, payments, asked.visits)
        return quote(tariffs, asked, left, payments, credits_)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except NoTariffError as error:
        raise click.ClickException(str(error)) from error
    except ConfigError as error:
        raise click.ClickException(f"the tariff cannot be used:\n{error}") from error


def _stay(
    tariffs: TariffSet,
    *,
    entered: datetime,
    area: str | None,
    visits: tuple[str, ...],
    charging: tuple[str, ...],
    waived: tuple[str, ...],
    quota_used: bool,
    **rest: Any,
) -> Stay:
    if area is None and len(tariffs.areas) > 1:
        raise ValueError(f"which --area was entered first? there are {', '.join(tariffs.areas)}")
    day = date_of(local_s(entered) // DAY_S)
    return Stay(
        area=area or tariffs.areas[0],
        vehicle=rest["vehicle"],
        entered=entered,
        rights=frozenset(rest["rights"]),
        visits=tuple(map(tariff_options.visit, visits)),
        charging=tuple(map(tariff_options.charging, charging)),
        waived=tuple(map(tariff_options.waived, waived)),
        quota_used=frozenset({day} if quota_used else ()),
    )


@tariff.command()
@file_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(file: Path, *, as_json: bool) -> None:
    """Tell what is contradictory, never reached or not monotone in a tariff.

    Exits with 1 where something is. FILE is tariffs/ beside the configuration where it is not
    given.
    """
    found = read(file)
    problems = sorted({*found.broken, *found.doubts})
    if as_json:
        told = {"ok": not problems, "problems": [_plain(problem) for problem in problems]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif problems:
        click.echo("\n".join(map(str, problems)), err=True)
    else:
        click.echo(f"{file}: ok; {_summary(found.tariffs)}")
    sys.exit(1 if problems else 0)


def _summary(tariffs: TariffSet) -> str:
    return "; ".join(
        f"{one.area} {one.version} from {one.effective:%Y-%m-%d}: "
        + ", ".join(plan.name for plan in one.plans)
        for one in tariffs.tariffs
    )


def _plain(problem: Problem) -> dict[str, Any]:
    told = asdict(problem)
    place: dict[str, Any] = told.pop("place")
    return place | told
