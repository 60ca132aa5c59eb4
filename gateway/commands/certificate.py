"""`lanegate certificate`: the box's proof of who it is, from the request to the renewal."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gateway.commands.authority import authority
from gateway.commands.options import config_argument
from gateway.config import load
from gateway.config.problems import ConfigError
from gateway.ports import DeviceError
from gateway.store.records import utc_text

if TYPE_CHECKING:
    from gateway.sync.certificates import Certificate
    from gateway.sync.settings import TlsSettings


class Files(NamedTuple):
    """Where a configuration wants them."""

    gateway: str
    tls: "TlsSettings"
    cert: Path
    key: Path

    @property
    def new_key(self) -> Path:
        """A key that has no certificate yet, while another is in use."""
        return self.key.with_name(f"{self.key.name}.new")


@click.group()
def certificate() -> None:
    """Make, show and renew the certificate that a box shows to its broker."""


certificate.add_command(authority)


@certificate.command()
@config_argument
@click.option("--new-key", is_flag=True, help="Also where there is a key: it may be known.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Where the request goes; else beside the certificate, NAME.csr.")  # fmt: skip
def request(file: Path, output: Path | None, *, new_key: bool) -> None:
    """Make a request for a certificate; give it to your authority, it holds no secret.

    The name is the gateway's, the key is made here and stays here: the first one at `key`, a later
    one beside it until its certificate is put in.
    """
    from gateway.sync import keyfiles

    files = _files(file)
    place = files.new_key if new_key and files.key.exists() else files.key
    output = output or files.cert.with_name(f"{files.gateway}.csr")
    try:
        if place is files.new_key or not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            keyfiles.put(place, keyfiles.key_bytes(keyfiles.new_key()), secret=True)
            click.echo(f"{place}: a new key; it stays on this box")
        keyfiles.put(output, keyfiles.request_for(place.read_bytes(), files.gateway))
    except (OSError, ValueError, TypeError) as error:
        raise click.ClickException(f"{place}, {output}: {error}") from error
    click.echo(f"{output}: the request; have it signed, then `lanegate certificate install`")


@certificate.command()
@config_argument
@click.option("--json", "as_json", is_flag=True, help="Tell programs: one JSON object.")
@click.pass_context
def show(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Show the certificate, its days, and what is wrong; ends with 1 where something is."""
    from gateway.sync import certificates, inspection

    files, now = _files(file), datetime.now(UTC)
    wrong = [words for _, words in inspection.troubles(files.tls, files.gateway, now)]
    try:
        own: Certificate | None = certificates.read(files.cert)
    except DeviceError as error:
        own, wrong = None, list(dict.fromkeys([str(error), *wrong]))
    facts = _facts(own, now) if own else {}
    if as_json:
        click.echo(json.dumps(facts | {"wrong": wrong}, ensure_ascii=False, indent=2))
    else:
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            click.echo(f"{name.replace('_', ' '):{width}}  {value}")
        click.echo("".join(f"wrong: {words}\n" for words in wrong), nl=False, err=True)
    ctx.exit(1 if wrong else 0)


@certificate.command()
@click.argument("cert", type=click.Path(path_type=Path, dir_okay=False))
@config_argument
def install(cert: Path, file: Path) -> None:
    """Put the certificate CERT in its place, if it is this box's and belongs to its key.

    What was there stays beside it as `.old`. A daemon at work takes it within a minute.
    """
    from gateway.sync import keyfiles

    files = _files(file)
    try:
        key = _key_of(cert, files)
        if key == files.new_key:
            _keep_old(files.key)
            keyfiles.put(files.key, key.read_bytes(), secret=True)
        if files.cert.exists() and not files.cert.samefile(cert):
            _keep_old(files.cert)
        keyfiles.put(files.cert, cert.read_bytes())
        files.new_key.unlink(missing_ok=True)
    except DeviceError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    click.echo(f"{files.cert}: is in place")


def _key_of(cert: Path, files: Files) -> Path:
    """The key that the new certificate belongs to. Raises `DeviceError` for any fault in it."""
    from gateway.sync import certificates, inspection

    chain = certificates.read_chain(cert)
    own = certificates.described(chain[0])
    words = (
        certificates.name_trouble(own, files.gateway),
        certificates.date_trouble(own, datetime.now(UTC)),
        certificates.use_trouble(own),
        certificates.chain_trouble(chain),
    )
    if wrong := [one for one in words if one]:
        raise DeviceError(f"{cert}: {wrong[0]}")
    for key in (files.new_key, files.key):
        if key.exists() and inspection.public_key_of(key) == own.key:
            return key
    raise DeviceError(
        f"{cert}: belongs neither to {files.key} nor to {files.new_key}: it was made for another"
        " request; use the answer to the last one"
    )


def _keep_old(path: Path) -> None:
    from gateway.sync import keyfiles

    if path.exists():
        old = path.with_name(f"{path.name}.old")
        keyfiles.put(old, path.read_bytes(), secret=bool(not path.stat().st_mode & 0o077))


def _facts(own: "Certificate", now: datetime) -> dict[str, Any]:
    from gateway.sync import certificates

    return {
        "name": own.name,
        "issuer": own.issuer,
        "number": own.number,
        "valid_from": utc_text(own.valid_from),
        "valid_until": utc_text(own.valid_until),
        "days_left": certificates.days_left(own, now),
    }


def _files(file: Path) -> Files:
    try:
        config = load(file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    tls = config.cloud.tls if config.cloud else None
    if tls is None or tls.cert is None or tls.key is None:
        raise click.ClickException(
            f"{file}: says not where the certificate and its key are: set `cert` and `key` under"
            " `cloud: tls:`"
        )
    if tls.key.startswith("credential:"):
        raise click.ClickException(
            f"{file}: the key is handed over by systemd: run this with a configuration whose `key`"
            " is the file that `LoadCredential=` names"
        )
    from gateway.sync.credentials import key_path

    return Files(config.gateway, tls, Path(tls.cert), key_path(tls.key))
