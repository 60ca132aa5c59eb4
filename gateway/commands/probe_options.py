"""Options that the probes share: which line, how it is set, which board, and a typed yes."""

import signal
import sys
from collections.abc import Callable
from typing import Any

import click

from gateway.probe.adapters import adapters
from gateway.probe.plan import TCP_PORTS
from gateway.probe.rig import Board
from gateway.probe.words import Framing, Setting

MOST_PORT = 65535
Command = Callable[..., Any]


class TcpAddress(click.ParamType[tuple[str, int | None]]):
    """HOST or HOST:PORT."""

    name = "host[:port]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int | None]:
        if isinstance(value, tuple):
            return value
        host, colon, port = value.rpartition(":") if ":" in value else (value, "", "")
        if not host or (colon and not (port.isdecimal() and 1 <= int(port) <= MOST_PORT)):
            self.fail(f"{value!r} is no HOST or HOST:PORT, as 192.0.2.7:502", param, ctx)
        return host, int(port) if port else None


port_option = click.option("--port", help="Serial port; else the only free one of this box.")
tcp_option = click.option("--tcp", type=TcpAddress(), help="A serial server or board instead.")
json_option = click.option("--json", "as_json", is_flag=True, help="Tell programs: JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")


def board_options(command: Command) -> Command:
    """Line, setting and address of one board; the command gets them as `board`."""
    options = (
        port_option,
        tcp_option,
        click.option("--baud", type=int, default=9600, show_default=True, help="Baud rate."),
        click.option("--parity", type=click.Choice(["none", "even", "odd"]), default="none",
                     show_default=True, help="Parity."),
        click.option("--stop-bits", type=click.IntRange(1, 2), default=1, show_default=True,
                     help="Stop bits."),
        click.option("--framing", type=click.Choice([one.value for one in Framing]),
                     help="How bytes are packed; else rtu on a serial port, tcp on a network."),
        click.option("--slave", type=click.IntRange(1, 247), default=1, show_default=True,
                     help="Address of the board."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def board_of(chosen: dict[str, Any], bus: str = "line-1") -> Board:
    """From what `board_options` gave, taken out of `chosen`."""
    port, tcp = chosen.pop("port"), chosen.pop("tcp")
    where = where_of(port, tcp)
    framing = Framing(chosen.pop("framing") or ("tcp" if tcp else "rtu"))
    if framing.on_network != bool(tcp):
        raise click.UsageError(f"--framing {framing.value} does not go with {where}")
    baud, parity, stop_bits = (chosen.pop(name) for name in ("baud", "parity", "stop_bits"))
    seven = framing is Framing.ASCII and parity == "even"
    tcp_port = (tcp[1] or TCP_PORTS[0]) if tcp else 0
    setting = Setting(framing, baud, parity, stop_bits, seven_bits=seven, tcp_port=tcp_port)
    return Board(where, setting, chosen.pop("slave"), bus)


def where_of(port: str | None, tcp: tuple[str, int | None] | None) -> str:
    """The port or host to look at."""
    if port and tcp:
        raise click.UsageError("give --port or --tcp, not both")
    if port:
        return port
    return tcp[0] if tcp else only_port()


def only_port() -> str:
    free = [one.port for one in adapters() if one.usable]
    if len(free) == 1:
        return free[0]
    names = ", ".join(free) or "none is free; `lanegate probe` lists them all"
    raise click.UsageError(f"say which line: --port, or --tcp HOST. Free ports: {names}")


def ask_yes(question: str, *, yes: bool) -> None:
    """Goes on only after a typed `yes`, or with --yes. Ctrl-C at the question ends at once."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: give --yes, and be at the lane yourself")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        typed = click.prompt(f"{question} Type yes to go on", default="no", err=True)
    finally:
        signal.signal(signal.SIGINT, before)
    if typed.strip().lower() != "yes":
        raise click.ClickException("nothing was done: that was no yes")
