"""The command line. Each command's module is loaded only when it is asked for."""

import importlib
import logging
import os
import sys

import click

from gateway import __version__

COMMANDS = (
    "run", "status", "check", "probe", "camera", "read", "order", "cases", "passes", "ledger",
    "tariff", "rights", "sessions", "trace", "receive", "certificate", "export", "purge", "backup",
    "restore", "schema", "demo",
)  # fmt: skip


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"gateway.commands.{cmd_name}"), cmd_name
        )
        return command


def _log_to_stderr(*, verbose: bool) -> None:
    stamp = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format=f"{stamp}%(levelname).1s %(message)s",
        stream=sys.stderr,
    )
    for chatty in ("pymodbus", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lanegate")
@click.option("-v", "--verbose", is_flag=True, help="Log every detail.")
def main(*, verbose: bool) -> None:
    """Run a car park's lane: read plates, decide, move the boom, record, sync."""
    _log_to_stderr(verbose=verbose)


if __name__ == "__main__":
    main(prog_name="lanegate")
