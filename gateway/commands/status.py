"""`lanegate status`: what a technician asks first."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import config_argument
from gateway.config import ConfigError, load
from gateway.store import StoreError

WIDE = 160
WELL, MISSING, NOT_RUNNING = 0, 1, 3
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@click.command()
@config_argument
@click.option("--json", "as_json", is_flag=True, help="As the box tells the cloud, and more.")
@click.pass_context
def status(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Show how the box is whose configuration is FILE: cloud, disk, clock and lanes.

    Ends with 0 where nothing is missing, 1 where something is, 3 where no daemon runs: then the
    figures are those of its files.
    """
    from gateway.status import status_of

    try:
        found = status_of(load(file))
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found)
    ctx.exit(_exit_code(found))


def _exit_code(found: Mapping[str, Any]) -> int:
    if not found["running"]:
        return NOT_RUNNING
    return WELL if found["modes"] == ["FULL"] else MISSING


def _show(found: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, words in _lines(found, datetime.now(UTC)):
        table.add_row(name, words)
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(table)


def _lines(found: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    outbox, disk = found.get("outbox"), found.get("disk")
    yield "box", found["gateway"]
    if found["running"]:
        yield "mode", ", ".join(found["modes"])
        yield from ((rung, f"still possible: {words}") for rung, words in _missing(found))
        yield "cloud", _cloud(found["uplink"])
    else:
        yield "daemon", f"not running ({found['daemon']})"
    if outbox:
        yield "to send", _backlog(outbox, now)
        yield "last receipt", _ago(outbox["last_receipt_at"], now)
        yield "epoch", f"{outbox['epoch']}, {outbox['records']} records"
    if disk:
        yield "disk", _disk(disk)
    if found["running"]:
        yield "storage", found["storage"]
        yield "pictures", _pictures(found["pictures"], found["evidence"])
        yield "clock", found["clock"]
        yield "certificate", _certificate(found.get("certificate"))
        yield "configuration", found["configuration"]
        yield from _parking(found.get("parking"))
        yield from ((name, _lane(lane)) for name, lane in found["lanes"].items())


def _parking(parking: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if parking is None:
        return
    for name, area in parking["areas"].items():
        of = f" of {area['places']}, {area['free']} free" if "places" in area else ""
        classes = ", ".join(f"{count} {one}" for one, count in area["inside"].items())
        yield f"area {name}", f"{area['taken']} inside{of}" + (f" ({classes})" if classes else "")
    rights = parking["rights"]
    held = f"{rights['count']} of version {rights['version']}" if rights["version"] else "none yet"
    yield "rights", held
    yield "tariffs", ", ".join(parking["tariffs"])


def _missing(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(rung, words) for rung, words in found["still"].items() if rung != "FULL"]


def _cloud(link: Mapping[str, Any] | None) -> str:
    if link is None:
        return "none is configured"
    if not link["connected"]:
        return f"not connected: {link['trouble']}"
    return f"connected, MQTT {link['protocol']}" + (
        "" if link["answering"] else "; it does not answer to what is sent"
    )


def _backlog(outbox: Mapping[str, Any], now: datetime) -> str:
    if not outbox["backlog"]:
        return "nothing: the cloud has all"
    return f"{outbox['backlog']} records, the oldest from {_ago(outbox['oldest_unacked_at'], now)}"


def _ago(at: str | None, now: datetime) -> str:
    if at is None:
        return "never"
    then = datetime.fromisoformat(at)
    return f"{then.astimezone():%Y-%m-%d %H:%M:%S} ({_span((now - then).total_seconds())} ago)"


def _span(seconds: float) -> str:
    for unit, size in (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _disk(disk: Mapping[str, Any]) -> str:
    hours = disk["hours_left"]
    lasts = "too few records to say how long" if hours is None else f"lasts {_span(hours * HOUR_S)}"
    return f"{disk['used_mb']} MB used, room for {disk['room_mb']} MB: {lasts} without the cloud"


def _pictures(word: str, kept: Mapping[str, int]) -> str:
    figures = f"{kept['pictures']} on the disk ({kept['bytes'] / 2**20:.1f} MB)"
    return f"{figures}, {kept['unsent']} of them here only" if word == "ok" else word


def _certificate(certificate: Mapping[str, Any] | None) -> str:
    if certificate is None:
        return "none"
    return f"{certificate['days_left']} days left, until {certificate['until']}"


def _lane(lane: Mapping[str, Any]) -> str:
    named = ("direction", "state", "boom", "mode")
    rest = [f"{name} {words}" for name, words in lane.items() if name not in named]
    mode = lane["mode"]["kind"]
    return f"{lane['direction']}, {lane['state']}, boom {lane['boom']}, {mode}; {'; '.join(rest)}"
