"""`lanegate run`: the daemon."""

import asyncio
import gc
from pathlib import Path

import click

from gateway.commands.options import config_argument
from gateway.config.problems import ConfigError
from gateway.ports import DeviceError
from gateway.store import StoreError


@click.command()
@config_argument
def run(file: Path) -> None:
    """Run the lanes of a configuration FILE until SIGTERM; SIGHUP reads it again."""
    from gateway.app import Gateway

    try:
        gateway = Gateway(file)
        gc.freeze()
        asyncio.run(gateway.run())
    except ConfigError as error:
        raise click.ClickException(f"the configuration cannot be used:\n{error}") from error
    except (StoreError, DeviceError) as error:
        raise click.ClickException(str(error)) from error
