"""Arguments that several commands share."""

import os
from pathlib import Path

import click

STANDARD = Path("/etc/lanegate/lanegate.yaml")


def _standard() -> Path:
    return Path(os.environ.get("LANEGATE_CONFIG", STANDARD))


config_argument = click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), default=_standard, metavar="[FILE]"
)
