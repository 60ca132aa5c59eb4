"""`lanegate backup`: the configuration of a box as one file."""

import os
from pathlib import Path

import click

from gateway.commands.options import config_argument
from gateway.config import ConfigError, load
from gateway.config.archive import Reference, collect, packed


@click.command()
@config_argument
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The file to make, such as gate-7.tar.gz.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def backup(file: Path, output: Path, *, force: bool) -> None:
    """Put the configuration FILE, its lanes.d/ and profiles/ into one file.

    No secret, key or certificate goes into it, and no pass: `lanegate export` writes those out.
    """
    try:
        archive = collect(file, load(file).gateway)
    except ConfigError as error:
        raise click.ClickException(f"the configuration cannot be used:\n{error}") from error
    if output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force replaces it")
    try:
        _write(output, packed(archive))
    except OSError as error:
        raise click.ClickException(f"{output}: cannot be written: {error.strerror}") from error
    click.echo(f"{output}: the configuration of {archive.gateway}, files: {len(archive.files)}")
    if archive.references:
        click.echo("Not in it, keep them in a safe place of their own:")
        click.echo("\n".join(listed(archive.references)))


def listed(references: tuple[Reference, ...]) -> list[str]:
    return [f"  {one.name} ({one.where})" for one in references]


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all. It names plates and places: for its owner only."""
    part = path.with_name(f".{path.name}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(number, "wb") as file:  # noqa: PTH123 -- by its number, to set its rights at birth
            file.write(content)
            file.flush()
            os.fsync(number)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
