"""`lanegate certificate authority`: a small authority for a site without one of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.ports import DeviceError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def authority() -> None:
    """Sign certificates in a folder DIR. Keep it off the boxes and off the broker."""


def days_option(standard: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--days", default=standard, show_default=True, type=click.IntRange(1, 7300))


@authority.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--name", default="lanegate", show_default=True, help="Whose authority it is.")
@days_option(3650)
def new(folder: Path, name: str, days: int) -> None:
    """Make an authority: DIR/ca.key is the secret, DIR/ca.crt and DIR/ca.crl go to the broker."""
    from gateway.sync.authority import Authority

    with _plainly():
        Authority.new(folder, name, datetime.now(UTC), days)
    click.echo(f"{folder}: ca.key (keep it secret), ca.crt, ca.crl")


@authority.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.argument("csr", type=FILE)
@days_option(825)
def sign(folder: Path, csr: Path, days: int) -> None:
    """Answer the request CSR of a box with a certificate, beside it."""
    from gateway.sync.authority import Authority
    from gateway.sync.keyfiles import put

    answer = csr.with_suffix(".crt")
    with _plainly():
        put(answer, Authority(folder).sign(csr.read_bytes(), datetime.now(UTC), days))
    click.echo(f"{answer}: for `lanegate certificate install` on the box")


@authority.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.argument("name")
@click.option("--host", "hosts", multiple=True, help="A broker's name or address; once for each.")
@click.option("--output", type=FOLDER, default=Path(), help="A folder; else this one.")
@days_option(397)
def issue(folder: Path, name: str, hosts: tuple[str, ...], output: Path, days: int) -> None:
    """Make NAME.key and NAME.crt: for a broker with --host, else for a receiver."""
    from gateway.sync.authority import GATEWAY_NAME, Authority
    from gateway.sync.keyfiles import put

    if not GATEWAY_NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r}: up to 64 letters, digits, '_', '.' and '-'")
    with _plainly():
        key, certificate = Authority(folder).issue(name, datetime.now(UTC), days, hosts=hosts)
        put(output / f"{name}.key", key, secret=True)
        put(output / f"{name}.crt", certificate)
    click.echo(f"{output / name}.key, {output / name}.crt")


@authority.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.argument("cert", type=FILE)
def revoke(folder: Path, cert: Path) -> None:
    """Put a certificate on the list DIR/ca.crl; it works once the broker has the new list."""
    from gateway.sync.authority import Authority

    with _plainly():
        Authority(folder).revoke(cert.read_bytes(), datetime.now(UTC))
    click.echo(f"{folder / 'ca.crl'}: give it to the broker, and restart that")


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except DeviceError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
