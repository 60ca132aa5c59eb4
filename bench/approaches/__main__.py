"""Simulated cars drive up to the boom: how many are let in by the right plate, and how soon.

    python -m bench.approaches [--count 1000] [--seed 1] [--json] [--save DIR]

Each approach is a car of its own: every kind of plate and every province as often, a third by
day, at dusk and at night; another speed, place in the lane, tilt and dirt, and one of four
places of the camera. The simulated camera draws 1280 x 720 pictures, 10 a second, coded as
JPEG; the product's reader, gate and vote decide, from loop A on for at most 6 s. Where the car
stops, a plate of 440 mm is 150 to 250 pixels wide, one of 220 mm (motorcycle, paper) 75 to 120.
Time runs in the simulation; what is measured is the reading, and it counts for the picture that
settled the vote. The plates' characters are not the photos' that the models were trained on.
Motorcycles and tractors are drawn as cars, and every plate hangs in front. `--save`: the last
picture of each approach without the right plate, into a new or empty folder.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import Progress

from bench.approaches import report
from bench.approaches.sample import MOUNTS, Approach, approaches
from bench.approaches.watching import Outcome, looking, watched
from drivers.reader.onnx_plates import Settings, connect
from drivers.twins.picture import ScenePainter
from gateway.ports import DeviceError, Reader

SIZE = (1280, 720)


def main() -> int:
    options = _options()
    if options.save and options.save.is_dir() and any(options.save.iterdir()):
        print(f"{options.save}: is not empty; name a new folder", file=sys.stderr)
        return 2
    try:
        with connect(Settings(driver="onnx_plates")) as reader:
            outcomes = list(_outcomes(approaches(options.count, options.seed), reader, options))
    except DeviceError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report.as_json(outcomes, options.seed), ensure_ascii=False))
    else:
        console = Console()
        report.show(outcomes, console if console.is_terminal else Console(width=120))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.approaches",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="how many cars")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object, not a table")
    parser.add_argument("--save", type=Path, metavar="DIR", help="pictures of what went wrong")
    return parser.parse_args()


def _outcomes(
    wanted: Sequence[Approach], reader: Reader, options: argparse.Namespace
) -> Iterator[Outcome]:
    width, height = SIZE
    painters = [ScenePainter(width=width, height=height, seed=1, mount=mount) for mount in MOUNTS]
    console, look = Console(stderr=True), looking(reader)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for approach in progress.track(wanted, description="approaches"):
            outcome = watched(approach, painters[approach.mount], look)
            if options.save and not outcome.right:
                _save(options.save, outcome)
            yield outcome.without_picture()


def _save(folder: Path, outcome: Outcome) -> None:
    approach, read = outcome.approach, outcome.text or "nothing"
    name = f"{approach.number:04d} {approach.kind} {approach.arrival.plate} read {read}.jpg"
    folder.mkdir(parents=True, exist_ok=True)
    if outcome.last is not None:
        cv2.imencode(".jpg", outcome.last)[1].tofile(folder / name.replace(" ", "-"))


if __name__ == "__main__":
    sys.exit(main())
