"""`lanegate receive`: the other end of the up-link, for tests, demos and small sites."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gateway.ports import SecretRef
from gateway.store import StoreError
from gateway.sync.settings import TlsSettings, UplinkSettings


def _told(problem: Mapping[str, Any]) -> str:
    if problem["loc"] == ("password",):
        return "--password names where it is kept, file:/path or credential:name, and is not it"
    return f"--{problem['loc'][0]}: {problem['msg']}" if problem["loc"] else problem["msg"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The MQTT broker.")
@click.option("--port", default=1883, show_default=True, type=click.IntRange(1, 65535))
@click.option("--db", type=click.Path(path_type=Path, dir_okay=False), default=Path("received.db"),
              show_default=True, help="SQLite file that keeps what was received.")  # fmt: skip
@click.option("--username", help="User name for the broker.")
@click.option("--password", help="Where the password is kept: file:/path or credential:name.")
@click.option("--ca", help="PEM file of the broker's authority; turns TLS on.")
def receive(  # noqa: PLR0917 -- click gives each option by name
    host: str, port: int, db: Path, username: str | None, password: SecretRef | None, ca: str | None
) -> None:
    """Store every gateway's passes in one file, then acknowledge them, until SIGTERM."""
    from pydantic import ValidationError

    from gateway.sync.receive import receive as work

    try:
        settings = UplinkSettings(
            host=host,
            port=port,
            username=username,
            password=password,
            tls=TlsSettings(ca=ca) if ca else None,
        )
    except ValidationError as error:
        raise click.UsageError("; ".join(map(_told, error.errors()))) from error
    try:
        work(settings, db)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
