"""`lanegate read`: try the reader on photos."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from gateway.catalog import Catalog
from gateway.lane.plates import Gate
from gateway.photos import Photo, expand, read_photos
from gateway.ports import DeviceError


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a file.")
@click.option("--crops", is_flag=True, help="The files are cut-out plates, not whole scenes.")
@click.option("--reader", "driver", default="onnx_plates", show_default=True, help="The driver.")
@click.option(
    "--min-char", type=click.FloatRange(0, 1), default=Gate().min_char, show_default=True,
    help="Least probability of the least sure character.",
)  # fmt: skip
@click.option(
    "--box-score", type=click.FloatRange(0, 1), default=Gate().box_score, show_default=True,
    help="Least score of the plate's place in the picture.",
)  # fmt: skip
def read(
    images: tuple[Path, ...],
    driver: str,
    min_char: float,
    box_score: float,
    *,
    as_json: bool,
    crops: bool,
) -> None:
    """Read the plates in photos: files, or folders of them. Exits 1 if a file is no picture."""
    gate = Gate(min_char=min_char, box_score=box_score)
    files = expand(images)
    try:
        with _opened(driver) as reader:
            photos = list(_with_progress(read_photos(files, reader, gate, crops=crops), len(files)))
    except DeviceError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([photo.as_json() for photo in photos], ensure_ascii=False, indent=2))
    else:
        _show(photos)
    if any(photo.error for photo in photos):
        sys.exit(1)


def _opened(driver: str) -> Any:
    catalog = Catalog()
    if driver not in catalog.names("reader"):
        known = ", ".join(catalog.names("reader"))
        raise click.BadParameter(f"no reader {driver!r}; known: {known}", param_hint="--reader")
    settings = catalog.settings("reader", driver).model_validate({"driver": driver})
    return catalog.connector("reader", driver)(settings)


def _with_progress(photos: Iterable[Photo], total: int) -> Iterable[Photo]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        photos,
        "reading",
        total=total,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _show(photos: list[Photo]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "plate", "type", "colour", "min char", "ms", box=None)
    for photo in photos:
        if photo.error or not photo.plates:
            table.add_row(photo.file, photo.error or "-", "", "", "", f"{photo.ms:.1f}")
        for plate in photo.plates:
            sure = f"{plate.min_char:.2f}"
            table.add_row(photo.file, plate.text, plate.type, plate.colour, sure, f"{photo.ms:.1f}")
    Console().print(table)
