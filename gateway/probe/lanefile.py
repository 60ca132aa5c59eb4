"""The YAML of a lane that was learnt: a file for lanes.d/, and the bus it needs."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.probe.lessons import Limits, Loops, Wire
from gateway.probe.rig import Board

LEAST_TRAVEL_S, MOST_TRAVEL_S = 0.3, 30.0


class Outputs(NamedTuple):
    open_output: int
    close_output: int


class LaneFacts(NamedTuple):
    """Everything that is known of a lane when its car has gone."""

    name: str
    direction: str
    board: Board
    model: str
    outputs: Outputs
    limits: Limits
    loops: Loops

    @property
    def wires(self) -> dict[str, Wire]:
        """By the names of the inputs' settings."""
        fitted = {"up_limit": self.limits.up, "down_limit": self.limits.down}
        loops = {"arming_loop": self.loops.arming, "closing_loop": self.loops.closing}
        return {name: wire for name, wire in fitted.items() if wire} | loops


def lane_yaml(facts: LaneFacts) -> str:
    return "\n".join((*_lane_lines(facts), ""))


def bus_yaml(board: Board) -> str:
    """What the main file needs under `buses:` for this lane."""
    settings = board.setting.bus(board.where)
    lines = [f"    {key}: {value}" for key, value in settings.items() if value != "none"]
    return "\n".join(("buses:", f"  {board.bus}:", *lines, ""))


def _lane_lines(facts: LaneFacts) -> Iterator[str]:
    line = (f"  bus: {facts.board.bus}", f"  slave: {facts.board.slave}")
    yield "# Learnt by `lanegate probe learn` from one car. Put it into lanes.d/, add a camera, and"
    yield "# run `lanegate check`."
    yield f"name: {facts.name}"
    yield f"direction: {facts.direction}"
    yield from ("barrier:", f"  profile: barrier/{facts.model}", *line)
    yield f"  open_output: {facts.outputs.open_output}"
    yield f"  close_output: {facts.outputs.close_output}"
    yield from ("inputs:", f"  profile: inputs/{facts.model}", *line)
    for name, wire in facts.wires.items():
        yield f"  {name}: {{channel: {wire.channel}, active: {wire.active}}}"
    travel_s = facts.limits.travel_s
    if travel_s is not None and LEAST_TRAVEL_S <= travel_s <= MOST_TRAVEL_S:
        yield from ("timing:", f"  travel_s: {math.ceil(travel_s * 10) / 10:g}   # as measured")


def write(path: Path, text: str) -> Path | None:
    """Put `text` in the place of `path`; returns where the file that was there is kept.

    Raises `OSError`; `path` is then as it was.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        kept = _kept(path)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return kept


def _kept(path: Path) -> Path | None:
    """A copy under the first free name: PATH.bak, PATH.bak2, ..."""
    if not path.exists():
        return None
    number = 1
    while (copy := path.with_name(f"{path.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    copy.write_bytes(path.read_bytes())
    return copy
