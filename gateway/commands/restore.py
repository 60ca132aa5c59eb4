"""`lanegate restore`: the configuration of a box out of its backup."""

import sys
from pathlib import Path

import click

from gateway import __version__
from gateway.commands.backup import listed
from gateway.commands.check import summary_of
from gateway.config import ConfigError, load
from gateway.config.archive import Archive, ArchiveError, Reference, unpacked
from gateway.config.placing import place

NO_DATABASE = (
    "The database is in no backup: where there is none, the box starts a new history, under a new"
    " epoch, and the cloud keeps what it has."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="The folder of the configuration, such as /etc/lanegate.")  # fmt: skip
@click.option("--force", is_flag=True, help="Put aside a configuration that is there.")
def restore(file: Path, folder: Path, *, force: bool) -> None:
    """Put the configuration in the backup FILE back, and check it.

    Ends with 1 where the result is not right. What it replaces is kept in before-restore-1,
    before-restore-2 and so on.
    """
    try:
        archive = unpacked(file.read_bytes())
        aside = place(archive, folder, force=force)
    except ArchiveError as error:
        raise click.ClickException(f"{file}: {error}") from error
    except OSError as error:
        where = error.filename or folder
        raise click.ClickException(f"{where}: {error.strerror}; nothing is lost") from error
    main = folder / archive.main
    click.echo(f"{main}: the configuration of {archive.gateway}, files: {len(archive.files)}")
    click.echo("\n".join(_told(archive, folder, aside)))
    sys.exit(0 if _checked(main) else 1)


def _told(archive: Archive, folder: Path, aside: Path | None) -> list[str]:
    lines = []
    if aside is not None:
        lines.append(
            f"What was there is in {aside}: to undo this, put it back in the place of what is"
            f" in {folder} now."
        )
    if archive.version != __version__:
        lines.append(f"Made by lanegate {archive.version}; this is {__version__}.")
    if missing := tuple(one for one in archive.references if not _is_here(one)):
        lines += ["Still missing; put these back:", *listed(missing)]
    return [*lines, NO_DATABASE]


def _is_here(reference: Reference) -> bool:
    """A credential cannot be seen from here: it is always named."""
    return reference.path is not None and reference.path.exists()


def _checked(main: Path) -> bool:
    try:
        click.echo(f"{main}: {summary_of(load(main))}")
    except ConfigError as error:
        click.echo(str(error), err=True)
        return False
    return True
