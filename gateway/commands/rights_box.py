"""What the commands about rights share: which box they are for, and how problems are told."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from gateway.commands import options
from gateway.config import Config, ConfigError, load
from gateway.config.problems import Problem
from gateway.rights import FILE, RightsBook, load_calendar
from gateway.rules.clock import Calendar


def _standard() -> Path:
    return Path(os.environ.get("LANEGATE_CONFIG", options.STANDARD))


@dataclass(frozen=True, slots=True)
class Box:
    """`config` is None where only the data folder is known."""

    data: Path
    config: Config | None = None
    folder: Path = Path()

    @property
    def rights(self) -> Path:
        return self.data / FILE

    @asynccontextmanager
    async def book(self) -> AsyncIterator[RightsBook | None]:
        """To look into, as it is; None where there is no file yet."""
        if not self.rights.exists():
            yield None
            return
        book = RightsBook.open(self.rights, mends=False)
        try:
            yield book
        finally:
            await book.close()

    def calendar(self, asked: Path | None) -> Calendar:
        """The one that is asked for, else the configuration's. Raises `ConfigError`."""
        if asked is not None:
            return load_calendar(asked)
        named = self.config and self.config.parking and self.config.parking.calendar
        return load_calendar(self.folder / named) if named else Calendar()


def box_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command `box`, from `--config` or `--data`."""

    @click.option("-c", "--config", type=click.Path(path_type=Path, dir_okay=False),
                  default=_standard,
                  help="The box's configuration.")  # fmt: skip
    @click.option("--data", type=click.Path(path_type=Path, file_okay=False, exists=True),
                  help="The data folder itself, instead of a configuration.")  # fmt: skip
    @wraps(command)
    def with_box(*args: Any, config: Path, data: Path | None, **rest: Any) -> None:
        box = Box(data) if data else _of_config(config)
        command(*args, box=box, **rest)

    return with_box


def _of_config(path: Path) -> Box:
    try:
        config = load(path)
    except ConfigError as error:
        raise click.ClickException(
            f"the configuration cannot be used (or give --data):\n{error}"
        ) from error
    return Box(config.data, config, path.parent)


def told_problems(problems: Iterable[Problem], *, as_json: bool) -> None:
    if not as_json:
        click.echo("\n".join(map(str, problems)), err=True)
        return
    told = {"ok": False, "problems": [_plain(problem) for problem in problems]}
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _plain(problem: Problem) -> dict[str, Any]:
    told = asdict(problem)
    place: dict[str, Any] = told.pop("place")
    return place | told
