"""`lanegate read`: try the reader on photos, videos and streams."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.catalog import Catalog
from gateway.commands.progress import progress
from gateway.commands.sources import Address, Secret, Source, password_for
from gateway.lane.plates import Gate
from gateway.ports import Camera, DeviceError, SecretRef
from gateway.survey.photos import expand
from gateway.survey.reading import Reading, Wish, is_video, plates_of
from gateway.survey.sketchbook import Sketchbook, SketchbookError

if TYPE_CHECKING:
    from gateway.survey.clips import Clip
    from gateway.survey.photos import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as they were given, apart from how to tell."""

    sources: tuple[Path | Address, ...]
    crops: bool
    seconds: float | None
    every: int
    folder: Path | None
    most: int
    force: bool
    username: str | None
    password_from: SecretRef | None
    driver: str
    min_char: float
    box_score: float


@click.command()
@click.argument("sources", nargs=-1, required=True, type=Source())
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a source.")
@click.option("--crops", is_flag=True, help="The files are cut-out plates, not whole scenes.")
@click.option("--refused", is_flag=True, help="Tell also what the gate refused, and why.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True),
    help="Of each video or stream; without it a whole video, 10 s of a stream.",
)  # fmt: skip
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="Only every Nth picture of a video.")  # fmt: skip
@click.option(
    "--draw", "folder", type=click.Path(path_type=Path),
    help="Draw what was seen into this new or empty folder, with a summary.json.",
)  # fmt: skip
@click.option("--most", type=click.IntRange(min=1), default=200, show_default=True,
              help="Pictures drawn of each video or stream.")  # fmt: skip
@click.option("--force", is_flag=True, help="Let --draw overwrite what the folder holds.")
@click.option("--username", help="User name of the camera.")
@click.option(
    "--password-from", type=Secret(), metavar="WHERE",
    help="Its password: file:/path or credential:name; without it you are asked.",
)  # fmt: skip
@click.option("--reader", "driver", default="onnx_plates", show_default=True, help="The driver.")
@click.option(
    "--min-char", type=click.FloatRange(0, 1), default=Gate().min_char, show_default=True,
    help="Least probability of the least sure character.",
)  # fmt: skip
@click.option(
    "--box-score", type=click.FloatRange(0, 1), default=Gate().box_score, show_default=True,
    help="Least score of the plate's place in the picture.",
)  # fmt: skip
def read(*, as_json: bool, refused: bool, **asked: Any) -> None:
    """Read the plates in SOURCES: photos, folders of photos, videos, rtsp:// addresses.

    Of a stream the newest picture is read, again and again; Ctrl-C ends it sooner. --draw shows
    in green what was read and in orange what was refused, of videos and streams only where
    something changed. Exits 1 if a source could not be read.

    Hanzi are drawn with OpenCV 5; with OpenCV 4, which cannot, a province is drawn as its two
    letters of ISO 3166-2:CN: [BJ]A12345.
    """
    results = _read(Asked(**asked))
    _tell(results, as_json=as_json, refused=refused)
    if any(result.error for result in results):
        sys.exit(1)


def _read(asked: Asked) -> "list[Photo | Clip]":
    _check_fit(asked)
    book = _book(asked)
    gate = Gate(min_char=asked.min_char, box_score=asked.box_score)
    wish = Wish(crops=asked.crops, every=asked.every, seconds=asked.seconds)
    try:
        with (
            password_for(asked.username, asked.password_from) as password,
            _opened(asked.driver) as reader,
            progress() as tell,
        ):
            reading = Reading(reader, gate, wish, book, tell)
            results = list(_results(reading, asked, password))
        if book is not None:
            told = [result.as_json(refused=True) for result in results]
            sums = {"sources": told, "plates": plates_of(results)}
            book.summarise({"reader": asked.driver, "gate": asdict(gate)} | sums)
    except (DeviceError, SketchbookError) as error:
        raise click.ClickException(str(error)) from error
    return results


def _check_fit(asked: Asked) -> None:
    streams = [source for source in asked.sources if isinstance(source, Address)]
    videos = [source for source in asked.sources if isinstance(source, Path) and is_video(source)]
    if asked.crops and (streams or videos):
        raise click.UsageError(f"--crops is for photos; {(streams or videos)[0]} is none")
    if (asked.username or asked.password_from) and not streams:
        raise click.UsageError("--username and --password-from are for rtsp:// addresses")


def _book(asked: Asked) -> Sketchbook | None:
    try:
        folder, force = asked.folder, asked.force
        return Sketchbook(folder, most=asked.most, force=force) if folder else None
    except SketchbookError as error:
        raise click.BadParameter(str(error), param_hint="--draw") from error


def _results(
    reading: Reading, asked: Asked, password: SecretRef | None
) -> Iterator["Photo | Clip"]:
    for source in asked.sources:
        if isinstance(source, Address):
            yield reading.stream(source, _camera(source, asked.username, password))
        elif is_video(source):
            yield reading.video(source)
        else:
            yield from reading.photos(expand([source]))


def _opened(driver: str) -> Any:
    catalog = Catalog()
    if driver not in catalog.names("reader"):
        known = ", ".join(catalog.names("reader"))
        raise click.BadParameter(f"no reader {driver!r}; known: {known}", param_hint="--reader")
    settings = catalog.settings("reader", driver).model_validate({"driver": driver})
    return catalog.connector("reader", driver)(settings)


def _camera(
    address: Address, username: str | None, password: SecretRef | None
) -> AbstractContextManager[Camera]:
    from pydantic import ValidationError

    catalog = Catalog()
    asked = {"driver": "rtsp", "url": str(address), "username": username, "password": password}
    try:
        settings = catalog.settings("camera", "rtsp").model_validate(asked)
    except ValidationError as error:
        raise click.UsageError("; ".join(one["msg"] for one in error.errors())) from None
    opened: AbstractContextManager[Camera] = catalog.connector("camera", "rtsp")(settings)
    return opened


def _tell(results: "list[Photo | Clip]", *, as_json: bool, refused: bool) -> None:
    if as_json:
        told = [result.as_json(refused=refused) for result in results]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    from gateway.survey.tables import show

    show(results, refused=refused)
