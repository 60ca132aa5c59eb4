"""How well and how fast the plate reader reads a folder of labelled pictures, on one core.

    python -m bench.reader [--json] [--plates DIR]

DIR holds manifest.csv and the pictures (default: ../shared/plates beside the repository).
Every figure is after the gate's default: what the lane would be told.
"""

import argparse
import csv
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drivers.reader.onnx_plates import Settings, connect
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateCandidate, PlateReading
from gateway.ports import Reader

PLATES = Path(__file__).resolve().parents[2] / "shared" / "plates"
CROPS = ("crops", "lane_crops", "not_plates")
SOURCES = ("crops", "lane_crops", "scenes", "special", "not_plates", "no_plate_scenes", "foreign")
_FIELD_LIMIT = 1 << 24


@dataclass(frozen=True, slots=True)
class Sample:
    path: Path
    source: str
    label: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong`: readings that are not the label's; every reading where there is no plate."""

    right: bool
    wrong: int
    ms: float


@dataclass(frozen=True, slots=True)
class Line:
    source: str
    pictures: int
    labelled: int
    right: int
    wrong: int
    median_ms: float
    p95_ms: float


def main() -> int:
    arguments = _arguments()
    if not (arguments.plates / "manifest.csv").is_file():
        print(
            f"{arguments.plates}: has no manifest.csv; give a folder of labelled plates "
            "with --plates",
            file=sys.stderr,
        )
        return 2
    lines = measure(arguments.plates)
    print(_as_json(lines) if arguments.json else _table(lines))
    return 0


def measure(folder: Path) -> list[Line]:
    with connect(Settings(driver="onnx_plates")) as reader:
        return [_line(reader, source, list(_samples(folder, source))) for source in SOURCES]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.reader", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, not a table")
    parser.add_argument("--plates", type=Path, default=PLATES, metavar="DIR")
    return parser.parse_args()


def _samples(folder: Path, source: str) -> Iterator[Sample]:
    csv.field_size_limit(_FIELD_LIMIT)
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if _belongs(row, source):
                yield Sample(folder / row["file"], source, _as_spelt(row["label"]))


def _belongs(row: dict[str, str], source: str) -> bool:
    """`foreign`: street pictures in which no Chinese plate is to be seen."""
    if source == "foreign":
        return row["kind"] == "backgrounds" and "Chinese" not in row["plate_type"]
    unlabelled = source == "lane_crops" and not row["label"]
    return row["kind"] == source and not unlabelled


def _as_spelt(label: str) -> str:
    """Serials have no O and no I; labels written by hand have them for 0 and 1 at times."""
    return label[:2] + label[2:].replace("O", "0").replace("I", "1")


def _line(reader: Reader, source: str, samples: Sequence[Sample]) -> Line:
    outcomes = [_outcome(reader, sample) for sample in samples]
    ms = [outcome.ms for outcome in outcomes]
    return Line(
        source=source,
        pictures=len(samples),
        labelled=sum(bool(sample.label) for sample in samples),
        right=sum(outcome.right for outcome in outcomes),
        wrong=sum(outcome.wrong for outcome in outcomes),
        median_ms=round(statistics.median(ms), 1) if ms else 0.0,
        p95_ms=round(_p95(ms), 1),
    )


def _outcome(reader: Reader, sample: Sample) -> Outcome:
    picture = _picture(sample.path)
    start = time.perf_counter()
    candidates = _candidates(reader, sample, picture)
    ms = (time.perf_counter() - start) * 1000
    judged = (judge(candidate, Gate()) for candidate in candidates)
    texts = [reading.text for reading in judged if isinstance(reading, PlateReading)]
    right = bool(sample.label) and sample.label in texts
    return Outcome(right, sum(text != sample.label for text in texts), ms)


def _candidates(reader: Reader, sample: Sample, picture: Any) -> Sequence[PlateCandidate]:
    if sample.source in CROPS:
        return [reader.read_crop(picture)]
    return reader.read(picture)


def _picture(path: Path) -> Any:
    import cv2
    import numpy as np

    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else 0.0


def _table(lines: Sequence[Line]) -> str:
    head = ("source", "pictures", "right", "of", "%", "wrong", "median ms", "p95 ms")
    rows = [head, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in rows)


def _cells(line: Line) -> tuple[str, ...]:
    share = f"{100 * line.right / line.labelled:.1f}" if line.labelled else "-"
    counts = (line.pictures, line.right, line.labelled)
    pictures, right, labelled = (str(count) for count in counts)
    times = (f"{line.median_ms:.1f}", f"{line.p95_ms:.1f}")
    return (line.source, pictures, right, labelled, share, str(line.wrong), *times)


def _as_json(lines: Sequence[Line]) -> str:
    return json.dumps({"gate": asdict(Gate()), "sources": [asdict(line) for line in lines]})


if __name__ == "__main__":
    sys.exit(main())
