"""`lanegate camera`: whether a lane's camera stands well, and what to change."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.catalog import Catalog
from gateway.commands.options import STANDARD
from gateway.commands.progress import progress
from gateway.config import Config, LaneConfig, load
from gateway.config.problems import ConfigError
from gateway.lane.plates import Gate
from gateway.ports import DeviceError, Reader
from gateway.survey.facts import Grade

if TYPE_CHECKING:
    from gateway.survey.report import Report
    from gateway.survey.viewed import ViewedReader

WRONG_USE = 2


@click.command()
@click.argument("name", metavar="LANE")
@click.option(
    "-c", "--config", "file", type=click.Path(path_type=Path, dir_okay=False), default=STANDARD,
    envvar="LANEGATE_CONFIG", show_default=True, help="The configuration; else $LANEGATE_CONFIG.",
)  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=1), default=10, show_default=True,
              help="Watch so long.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Tell programs: one JSON object.")
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False),
    help="Where the picture goes, a new file; else ./LANE-YYYYmmdd-HHMMSS.jpg.",
)  # fmt: skip
def camera(*, name: str, file: Path, seconds: float, as_json: bool, save: Path | None) -> None:
    """Watch LANE's own camera, and tell whether it stands well and what to change.

    Stand a car at the stop line: the figures are of the place where a plate stood longest.
    Beside the running daemon this works with cameras that serve two at once, as network cameras
    do. Exits 0 for ok and usable, 1 for not good or a camera that does not answer, 2 for wrong
    use or configuration.
    """
    lane = _lane(_loaded(file), name, file)
    save = _free(save or Path(f"{lane.name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}.jpg"))
    try:
        report = _watched(lane, seconds)
    except DeviceError as error:
        _tell_away(lane.name, error, as_json=as_json)
        sys.exit(1)
    unsaved = _save(report, save)
    picture = "" if unsaved else str(save)
    if as_json:
        click.echo(json.dumps(report.as_json(picture), ensure_ascii=False, indent=2))
    else:
        report.show(picture)
    if unsaved:
        raise click.ClickException(unsaved)
    if report.judgement.grade is Grade.NOT_GOOD:
        sys.exit(1)


def _loaded(file: Path) -> Config:
    try:
        return load(file)
    except ConfigError as error:
        click.echo("\n".join(map(str, error.problems)), err=True)
        sys.exit(WRONG_USE)


def _lane(config: Config, name: str, file: Path) -> LaneConfig:
    lanes = {lane.name: lane for lane in config.lanes}
    if name not in lanes:
        known = ", ".join(lanes)
        raise click.BadParameter(f"{file} has no lane {name!r}; it has: {known}", param_hint="LANE")
    if lanes[name].camera is None:
        raise click.BadParameter(f"lane {name} has no `camera:` in {file}", param_hint="LANE")
    return lanes[name]


def _free(save: Path) -> Path:
    if save.exists():
        raise click.BadParameter(f"{save} is already there: name a new file", param_hint="--save")
    if not save.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {save.parent}", param_hint="--save")
    return save


def _watched(lane: LaneConfig, seconds: float) -> "Report":
    with _opened("reader", lane.reader) as reader, _opened("camera", lane.camera) as eye:
        from gateway.survey.report import report
        from gateway.survey.watching import watch

        gate, shown = Gate(**lane.gate.model_dump()), _through_the_view(reader, lane)
        with progress() as tell:
            watched = watch(eye, shown, gate, seconds, lambda at: tell(lane.name, at, seconds))
    return report(lane.name, watched)


def _through_the_view(reader: Reader, lane: LaneConfig) -> "ViewedReader":
    """What the lane itself sees: its region, without its masks."""
    from gateway.capture.view import View
    from gateway.survey.viewed import ViewedReader

    return ViewedReader(reader, View.of(lane.view.model_dump(mode="json")))


def _opened(kind: str, settings: Any) -> Any:
    return Catalog().connector(kind, settings.driver)(settings)


def _tell_away(lane: str, error: DeviceError, *, as_json: bool) -> None:
    if as_json:
        told = {"lane": lane, "answers": False, "grade": Grade.NOT_GOOD.value, "error": str(error)}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{lane}: {error}", err=True)


def _save(report: "Report", save: Path) -> str:
    """Why the picture could not be saved; empty where it was."""
    try:
        with save.open("xb") as out:
            out.write(report.picture())
    except OSError as error:
        return f"{save}: the picture cannot be saved: {error.strerror}"
    return ""
