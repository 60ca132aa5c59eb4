"""A folder with a configuration in it, read with toy drivers."""

from pathlib import Path
from textwrap import dedent

import pytest

from gateway.catalog import Catalog
from gateway.config import Config, load
from gateway.config.problems import ConfigError, Problem

TOYS = Catalog("tests.config.toy")

GOOD = """\
gateway: lot-7
buses:
  line-1: {driver: line, port: /dev/ttyS0}
access:
  allow: [京A12345]
lanes:
  - name: entry-1
    direction: entry
    barrier:
      driver: relay
      bus: line-1
      slave: 1
      open_output: 0
    inputs: {driver: board}
    reader: {driver: glass}
"""

LANE = """\
name: exit-1
direction: exit
barrier: {driver: relay, bus: line-1, slave: 2, open_output: 0}
inputs: {driver: board}
reader: {driver: glass}
"""


class Box:
    """What a technician has before them: files, and what `check` says about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "lanegate.yaml"

    def write(self, text: str | bytes, name: str = "lanegate.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    def load(self) -> Config:
        return load(self.file, catalog=TOYS)

    def problems(self) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as told:
            self.load()
        return told.value.problems

    def told(self) -> list[str]:
        """Every problem as a line, without the folder's name."""
        return [str(problem).replace(f"{self.folder}/", "") for problem in self.problems()]
