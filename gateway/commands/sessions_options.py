"""What the commands about sessions take, and how typed words become figures."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import STANDARD
from gateway.commands.tariff_options import fen
from gateway.config import Config, ConfigError, load
from gateway.rules.access import spelled

SPAN = re.compile(r"(\d{1,5})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SHORTEST_PLATE = 5


def _standard() -> Path:
    return Path(os.environ.get("LANEGATE_CONFIG", STANDARD))


config_option = click.option(
    "-c", "--config", "file", type=click.Path(path_type=Path, dir_okay=False), default=_standard,
    help=f"The box's configuration, without it {STANDARD}.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def loaded(file: Path) -> Config:
    try:
        return load(file)
    except ConfigError as error:
        raise click.ClickException(f"the configuration cannot be used:\n{error}") from error


def database_of(config: Config) -> Path:
    return config.data / "lanegate.db"


class Length(click.ParamType[timedelta]):
    """From `0s` to `most`."""

    name = "LENGTH"

    def __init__(self, most: timedelta) -> None:
        self.most = most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is no length of time: write 30m, 2h or 7d", param, ctx)
        length = timedelta(**{UNITS[found[2]]: int(found[1])})
        if length > self.most:
            self.fail(
                f"{value} is too long: at most {self.most // timedelta(hours=1)}h", param, ctx
            )
        return length


class PlateText(click.ParamType[str]):
    """In the one spelling that readers use."""

    name = "PLATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        plate = spelled(str(value))
        if len(plate) < SHORTEST_PLATE or not plate.isalnum():
            self.fail(f"{value!r} is no whole plate: write it as 京A12345", param, ctx)
        return plate


class Yuan(click.ParamType[int]):
    """Above nothing; in fen."""

    name = "YUAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            amount = fen(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if amount == 0:
            self.fail("0 yuan are none: write how much it is", param, ctx)
        return amount
