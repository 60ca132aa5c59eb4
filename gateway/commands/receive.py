"""`lanegate receive`: the cloud's end of the up-link."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import click

from gateway.ports import SecretRef
from gateway.store import StoreError
from gateway.sync.settings import TlsSettings, UplinkSettings

PORTS = {"mqtt": 1883, "mqtts": 8883}
ASKING = ("none", "cases", "all")
WHERE_KEPT = "names where it is kept, file:/path or credential:name, and is not it"


def _told(problem: Mapping[str, Any]) -> str:
    if problem["loc"] == ("password",):
        return f"--password {WHERE_KEPT}"
    return f"--{problem['loc'][0]}: {problem['msg']}" if problem["loc"] else problem["msg"]


def _broker(text: str, files: Mapping[str, str]) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"{text!r} is no broker; write mqtt://host:1883 or mqtts://user@host:8883")
    if parts.password is not None:
        raise ValueError("a password in the address is seen by everybody: use --password")
    if files and parts.scheme != "mqtts":
        raise ValueError(f"--{next(iter(files))} is for mqtts://")
    return parts


def _settings(
    broker: str, password: SecretRef | None, files: Mapping[str, str | None]
) -> UplinkSettings:
    from pydantic import ValidationError

    try:
        given = {name: file for name, file in files.items() if file}
        parts = _broker(broker, given)
        return UplinkSettings(
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=password,
            tls=TlsSettings(**given) if parts.scheme == "mqtts" else None,
        )
    except ValidationError as error:
        raise click.UsageError("; ".join(map(_told, error.errors()))) from error
    except ValueError as error:
        raise click.UsageError(f"--broker: {error}") from error


def _host_and_port(_context: object, _option: object, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 -- the highest port
        raise click.BadParameter(f"{text!r} is no address; write 127.0.0.1:9464")
    return host.strip("[]"), int(port)


def _name(_context: object, _option: object, text: str) -> str:
    """A part of a topic, or a client's name."""
    if any(sign in text for sign in "/+#") or not text.isprintable():
        raise click.BadParameter(f"{text!r} holds a sign that a topic does not take: / + #")
    return text


@click.command()
@click.option(
    "--broker",
    default="mqtt://127.0.0.1:1883",
    show_default=True,
    metavar="ADDRESS",
    help="mqtt://[user@]host[:port], or mqtts:// for TLS.",
)
@click.option(
    "--db",
    default="sqlite:received.db",
    show_default=True,
    metavar="ADDRESS",
    help="sqlite:///path or postgresql://user@host/database.",
)
@click.option("--password", help="The broker's password: file:/path or credential:name.")
@click.option("--db-password", help="PostgreSQL's password: file:/path or credential:name.")
@click.option("--ca", help="PEM file of the broker's authority.")
@click.option("--cert", help="PEM file of this receiver's certificate.")
@click.option("--key", help="PEM file of the key that belongs to it.")
@click.option(
    "--group",
    default="",
    callback=_name,
    metavar="NAME",
    help="Share the work with the receivers of this name (MQTT 5, PostgreSQL).",
)
@click.option(
    "--id",
    "client_id",
    default="",
    callback=_name,
    metavar="NAME",
    help="MQTT client id; each receiver needs its own.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the gateways' pictures here.",
)
@click.option(
    "--ask-pictures",
    type=click.Choice(ASKING),
    default="none",
    show_default=True,
    help="Ask for pictures of cases and unexplained raises, or of every pass.",
)
@click.option("--metrics", callback=_host_and_port, metavar="HOST:PORT",
              help="Serve /metrics (Prometheus) and /healthz there.")  # fmt: skip
def receive(broker: str, db: str, **options: Any) -> None:
    """Store every gateway's passes, then acknowledge them, until SIGTERM."""
    from gateway.sync.cloud.address import read_address
    from gateway.sync.cloud.pictures import Asking
    from gateway.sync.receive import Plan
    from gateway.sync.receive import receive as work

    files = {name: options[name] for name in ("ca", "cert", "key")}
    settings = _settings(broker, options["password"], files)
    asking, pictures = Asking(options["ask_pictures"]), options["pictures"]
    if asking is not Asking.NONE and pictures is None:
        raise click.UsageError("--ask-pictures needs --pictures DIR to put them")
    names = (options["client_id"], options["group"])
    try:
        address = read_address(db, options["db_password"])
        work(settings, address, Plan(*names, pictures, asking, options["metrics"]))
    except ValueError as error:
        raise click.UsageError(f"--db: {error}") from error
    except StoreError as error:
        raise click.ClickException(str(error)) from error
