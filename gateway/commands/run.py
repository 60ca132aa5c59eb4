"""`lanegate run`: the daemon."""

import asyncio
from pathlib import Path

import click

from gateway.commands.options import config_argument
from gateway.config import Config, ConfigError, load
from gateway.ports import DeviceError
from gateway.store import StoreError


@click.command()
@config_argument
def run(file: Path) -> None:
    """Run the lanes of a configuration FILE until SIGTERM; SIGHUP reads it again."""
    try:
        config = load(file)
    except ConfigError as error:
        raise click.ClickException(f"the configuration cannot be used:\n{error}") from error
    if reasons := _ran(config, file):
        raise click.ClickException("\n".join(reasons))


def _ran(config: Config, file: Path) -> list[str]:
    """Why it could not go on; empty after a good end."""
    from gateway import app

    reasons: list[str] = []
    try:
        asyncio.run(app.run(config, file))
    except* (ConfigError, StoreError, DeviceError) as failed:
        reasons += [str(error) for error in failed.exceptions]
    return reasons
