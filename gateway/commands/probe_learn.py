"""`lanegate probe learn`: one car teaches which input is which, and the lane's YAML is written."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from gateway.commands.probe_options import ask_yes, board_of, board_options, yes_option
from gateway.lane.types import Direction
from gateway.ports import Barrier, Bus, DeviceError, DriverSettings
from gateway.probe.boom import lowered
from gateway.probe.lanefile import LaneFacts, Outputs, bus_yaml, lane_yaml, write
from gateway.probe.learn import Lesson
from gateway.probe.lessons import LessonError
from gateway.probe.rig import (
    Board,
    SetupError,
    barrier_of,
    bus_of,
    contacts_of,
    device,
    inputs_of,
    require_names,
)


class Task(NamedTuple):
    """What is to be learnt, and what is known before."""

    name: str
    direction: str
    board: Board
    model: str
    outputs: Outputs
    by_hand: bool
    yes: bool

    @property
    def own(self) -> dict[str, Any]:
        return {"bus": self.board.bus, "slave": str(self.board.slave)}

    @property
    def barrier(self) -> DriverSettings:
        outputs = {name: str(number) for name, number in self.outputs._asdict().items()}
        return device("barrier", self.model, self.own | outputs)


@click.command()
@click.argument("name", metavar="LANE")
@board_options
@click.option("--profile", "model", required=True, help="Profile of the board, without its kind.")
@click.option("--direction", type=click.Choice([one.value for one in Direction]), required=True,
              help="Which way vehicles drive.")  # fmt: skip
@click.option("--bus", default="line-1", show_default=True, help="The line's name in `buses:`.")
@click.option("--open-output", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--close-output", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--by-hand", is_flag=True, help="The boom is moved by its own remote, not by us.")
@click.option("--write", "file", type=click.Path(path_type=Path, dir_okay=False),
              help="A file in lanes.d/; else the YAML goes to standard output.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace FILE; the old one is kept as FILE.bak.")
@yes_option
def learn(
    name: str, *, model: str, direction: str, bus: str, open_output: int, close_output: int,
    by_hand: bool, file: Path | None, force: bool, yes: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Learn LANE's loops and limits from one car, and write its YAML.

    The lane is empty and the boom down. It is raised, by us after a typed yes or by hand; then ONE
    car drives through in the lane's direction; then the boom is lowered again.
    """
    if file is not None and file.exists() and not force:
        raise click.UsageError(f"{file} is there already: name another, or give --force")
    outputs = Outputs(open_output, close_output)
    board = board_of(chosen, bus)
    model = model.rpartition("/")[2]
    task = Task(name, direction, board, model, outputs, by_hand=by_hand, yes=yes)
    facts = _learnt(task)
    _deliver(facts, file)


def _learnt(task: Task) -> LaneFacts:
    try:
        return asyncio.run(_lesson(task))
    except (DeviceError, LessonError) as error:
        raise click.ClickException(str(error)) from error
    except SetupError as error:
        raise click.UsageError(str(error)) from error


async def _lesson(task: Task) -> LaneFacts:
    require_names(task.name, task.board.bus)
    settings = task.barrier
    async with (
        bus_of(task.board) as bus,
        contacts_of(task.board, task.model, bus) as contacts,
        barrier_of(settings, {task.board.bus: bus}) as barrier,
    ):
        await contacts.read()
        ask_yes(_question(task), yes=task.yes)
        lesson = Lesson(contacts, _tell)
        await lesson.rest()
        limits = await lesson.rise(None if task.by_hand else barrier.open)
        loops = await lesson.drive()
        facts = LaneFacts(
            task.name, task.direction, task.board, task.model, task.outputs, limits, loops
        )
        for note in (*limits.notes, *loops.notes):
            _tell(f"note: {note}")
        await _lower(task, facts, bus, barrier)
    return facts


def _question(task: Task) -> str:
    how = "with its own remote" if task.by_hand else f"by output {task.outputs.open_output}, by us"
    return (
        f"Lane {task.name}: the boom is down, the lane is empty, one car waits before it and "
        f"somebody sees the lane? The boom is raised {how}."
    )


async def _lower(task: Task, facts: LaneFacts, bus: Bus, barrier: Barrier) -> None:
    """Only where both limits were learnt: without them nobody sees that it arrives."""
    wires = {
        name: {"channel": wire.channel, "active": wire.active} for name, wire in facts.wires.items()
    }
    settings = device("inputs", task.model, task.own | wires)
    if task.by_hand or not facts.limits.channels:
        _tell("lower the boom with its own remote")
        return
    ask_yes("The car is gone and nobody stands under the boom? It is lowered now.", yes=task.yes)
    async with inputs_of(settings, {task.board.bus: bus}) as reader:
        try:
            travel = await lowered(barrier, reader)
            _tell(f"down in {travel.arrived_s:.2f} s")
        except DeviceError as error:
            _tell(f"the boom was not lowered, lower it with its own remote: {error}")


def _deliver(facts: LaneFacts, file: Path | None) -> None:
    text = lane_yaml(facts)
    if file is None:
        click.echo(text, nl=False)
    else:
        try:
            kept = write(file, text)
        except OSError as error:
            click.echo(text, nl=False)
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
        _tell(f"wrote {file}" + (f"; the old one is {kept}" if kept else ""))
    _tell(f"lanegate.yaml needs this line, if it has not yet:\n{bus_yaml(facts.board)}")


_tell = partial(click.echo, err=True)
