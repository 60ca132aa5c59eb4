"""`lanegate probe`: adapters, lines, boards and booms, looked at and tried by a technician."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from gateway.commands.options import STANDARD
from gateway.commands.probe_learn import learn
from gateway.commands.probe_options import (
    ask_yes,
    board_of,
    board_options,
    json_option,
    port_option,
    tcp_option,
    where_of,
    yes_option,
)
from gateway.commands.progress import progress
from gateway.config import Config, LaneConfig, load
from gateway.config.problems import ConfigError
from gateway.ports import DeviceError
from gateway.probe.adapters import adapters
from gateway.probe.boom import Measured, measured, require_limits
from gateway.probe.live import Channel, View, watch
from gateway.probe.occupied import refuse_connected, refuse_held
from gateway.probe.plan import TCP_PORTS, Effort, network_steps, serial_steps
from gateway.probe.report import (
    adapter_json,
    inputs_table,
    scan_json,
    show_adapters,
    show_devices,
)
from gateway.probe.rig import (
    Board,
    SetupError,
    barrier_of,
    bus_of,
    contacts_of,
    device,
    lane_of,
    profile_names,
)
from gateway.probe.scan import Scanner

WRONG_USE, INTERRUPTED = 2, 130
GENERAL_INPUTS = "waveshare-relay-d-8ch"


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def probe(context: click.Context, *, as_json: bool) -> None:
    """Find out what is wired to this box, and try it. Without a command: list its serial ports.

    `scan` and `inputs` only read. `output` and `boom` move things, each after a typed yes. The
    daemon must not run on the same line: systemctl stop lanegate.
    """
    if context.invoked_subcommand is not None:
        return
    found = adapters()
    if as_json:
        _print_json(adapter_json(found))
    else:
        show_adapters(found, _console())


probe.add_command(learn)


@probe.command()
@port_option
@tcp_option
@click.option("--fast", "effort", flag_value=Effort.FAST.value, help="Usual settings, 20 s.")
@click.option("--full", "effort", flag_value=Effort.FULL.value, help="Every setting and address.")
@json_option
def scan(
    *, port: str | None, tcp: tuple[str, int | None] | None, effort: str | None, as_json: bool
) -> None:
    """Look for devices on a line; nothing is ever written to one.

    Stops at the first setting at which a device answers (--full goes on). Ctrl-C shows what was
    found so far. Exits 0 if something was found, 1 if nothing was or the line failed.
    """
    where, how = where_of(port, tcp), Effort(effort or Effort.NORMAL)
    steps = network_steps(how, tcp[1]) if tcp else serial_steps(how)
    with progress() as tell:
        scanner = Scanner(where, profile_names(), tell)
        try:
            _refuse_held(where, tcp)
            asyncio.run(scanner.run(steps, how))
            ended = ""
        except KeyboardInterrupt:
            ended = "interrupted"
        except DeviceError as error:
            ended = str(error)
    _tell_scan(scanner, where, ended, as_json=as_json)
    if ended == "interrupted":
        sys.exit(INTERRUPTED)
    sys.exit(1 if ended or not scanner.devices else 0)


def _refuse_held(where: str, tcp: tuple[str, int | None] | None) -> None:
    if tcp is None:
        refuse_held(where)
    else:
        for port in (tcp[1],) if tcp[1] else TCP_PORTS:
            refuse_connected(where, port)


def _tell_scan(scanner: Scanner, where: str, ended: str, *, as_json: bool) -> None:
    if as_json:
        told = scan_json(where, scanner.devices, scanner.notes, scanner.asked, ended)
        _print_json(told)
        return
    show_devices(scanner.devices, _console())
    for note in scanner.notes:
        click.echo(note)
    if not scanner.devices:
        click.echo(f"{where}: nothing answered to {scanner.asked} questions")
    if ended:
        click.echo(ended, err=True)


@probe.command()
@board_options
@click.option(
    "--profile", default=GENERAL_INPUTS, show_default=True,
    help="Profile of the board's inputs, without `inputs/`.",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=0.1), help="End by itself; else Ctrl-C.")
@json_option
def inputs(*, profile: str, seconds: float | None, as_json: bool, **chosen: Any) -> None:
    """Show a board's inputs as they change, and which one changed last."""
    board, view = board_of(chosen), View([])
    with contextlib.suppress(KeyboardInterrupt):
        _run(_watched(board, profile.removeprefix("inputs/"), view, seconds, quiet=as_json))
    if as_json:
        _print_json(view.as_json())
    if not view.channels:
        click.echo(view.trouble, err=True)
        sys.exit(1)


async def _watched(
    board: Board, profile: str, view: View, seconds: float | None, *, quiet: bool
) -> None:
    from rich.live import Live

    console = _console()
    async with bus_of(board) as bus, contacts_of(board, profile, bus) as contacts:
        if quiet:
            await watch(contacts.read, view, seconds, lambda *_: None)
        elif not console.is_terminal:
            await watch(contacts.read, view, seconds, _print_changes)
        else:
            with Live(console=console, auto_refresh=False) as page:
                await watch(
                    contacts.read,
                    view,
                    seconds,
                    lambda seen, _: page.update(inputs_table(seen), refresh=True),
                )


def _print_changes(_view: View, changed: list[Channel]) -> None:
    for one in changed:
        assert one.changed_at is not None  # noqa: S101 it just changed
        click.echo(f"{one.changed_at:%H:%M:%S.%f} input {one.number} {one.words}")


@probe.command()
@click.argument("number", type=click.IntRange(min=1), metavar="OUTPUT")
@board_options
@click.option("--profile", required=True, help="Profile of the board, without `barrier/`.")
@click.option("--pulse-ms", type=click.IntRange(min=1), help="Else the profile's, or 500.")
@yes_option
def output(number: int, *, profile: str, pulse_ms: int | None, yes: bool, **chosen: Any) -> None:
    """Close one OUTPUT of a board for one pulse, and let it open again."""
    board = board_of(chosen)
    spare = 2 if number == 1 else 1
    own = {"bus": board.bus, "slave": str(board.slave)}
    own |= {"open_output": str(number), "close_output": str(spare)}
    own |= {"pulse_ms": str(pulse_ms)} if pulse_ms else {}
    try:
        settings = device("barrier", profile.removeprefix("barrier/"), own)
    except SetupError as error:
        raise click.UsageError(str(error)) from error
    question = f"Output {number} of slave {board.slave} on {board.where} closes for one pulse."
    _run(_pulsed(board, settings, f"{question} Whatever is wired to it moves.", yes=yes))
    click.echo(f"output {number}: the board confirmed the pulse")


async def _pulsed(board: Board, settings: Any, question: str, *, yes: bool) -> None:
    async with bus_of(board) as bus, barrier_of(settings, {board.bus: bus}) as barrier:
        ask_yes(question, yes=yes)
        await barrier.open()


@probe.command()
@click.argument("name", metavar="LANE")
@click.option(
    "-c", "--config", "file", type=click.Path(path_type=Path, dir_okay=False), default=STANDARD,
    envvar="LANEGATE_CONFIG", show_default=True, help="The configuration; else $LANEGATE_CONFIG.",
)  # fmt: skip
@click.option("--rounds", type=click.IntRange(1, 10), default=1, show_default=True,
              help="Ways up and down.")  # fmt: skip
@yes_option
@json_option
def boom(name: str, *, file: Path, rounds: int, yes: bool, as_json: bool) -> None:
    """Measure how long LANE's boom takes up and down, by its limit switches.

    Somebody stands at the lane and sees the boom. It is closed only while the closing loop reads
    free, and opened at once when something comes, when a reading fails, and at Ctrl-C.
    """
    config = _loaded(file)
    lane = next((one for one in config.lanes if one.name == name), None)
    if lane is None:
        known = ", ".join(one.name for one in config.lanes)
        raise click.BadParameter(f"{file} has no lane {name!r}; it has: {known}", param_hint="LANE")
    result = _run(_timed(config, lane, rounds, yes=yes))
    if as_json:
        _print_json(_boom_json(name, result))
    else:
        click.echo(f"write into lane {name}:\ntiming:\n  travel_s: {result.travel_s:g}")


async def _timed(config: Config, lane: LaneConfig, rounds: int, *, yes: bool) -> Measured:
    async with lane_of(config, lane) as (barrier, reader):
        where = await require_limits(reader)
        ask_yes(
            f"The boom of {lane.name} is {where} and moves {2 * rounds} times. Somebody stands at "
            "the lane and keeps people and vehicles away?",
            yes=yes,
        )
        return await measured(barrier, reader, rounds, lambda words: click.echo(words, err=True))


def _boom_json(lane: str, result: Measured) -> dict[str, Any]:
    up, down = ([round(one.arrived_s, 3) for one in ways] for ways in (result.up, result.down))
    return {"lane": lane, "up_s": up, "down_s": down, "travel_s": result.travel_s}


def _loaded(file: Path) -> Config:
    try:
        return load(file)
    except ConfigError as error:
        click.echo("\n".join(map(str, error.problems)), err=True)
        sys.exit(WRONG_USE)


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except DeviceError as error:
        raise click.ClickException(str(error)) from error
    except SetupError as error:
        raise click.UsageError(str(error)) from error


def _print_json(told: Any) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _console() -> Any:
    from rich.console import Console

    return Console()
