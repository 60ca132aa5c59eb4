"""How well and how fast plates are read, on one core.

    python -m bench.reader [--json] [--peers] [--plates DIR] [--split all|validation|synthetic]
    python -m bench.reader --calibrate [--json]     figures behind the gate's defaults
    python -m bench.reader --parts [--json]         milliseconds of each part of a reading

DIR holds manifest.csv and the pictures (default: ../shared/plates beside the repository).
`--peers`: other readers beside ours, on the same pictures, each in a process of its own with
one thread; their libraries are installed into .venv-peers at the first time. `right` and
`wrong` count pictures; wrong is a text that could be a plate by the grammar, and is not one of
the picture's. `validation` takes the plates that the training keeps apart; `synthetic` takes
drawn ones of every kind.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench.reader import calibrate, contest, parts, report
from bench.reader.samples import PLATES, Sample, load, some

EACH = 40
NOTES = {
    "all": "The split `all` holds pictures that our models were trained on.",
    "validation": "The split `validation` holds plates that our models were not trained on.",
    "synthetic": "The split `synthetic` is drawn: it shows what is known of a kind of plate, not "
    "how its photos are read.",
}


def main() -> int:
    options = _options()
    if not (options.plates / "manifest.csv").is_file() and options.split != "synthetic":
        print(
            f"{options.plates}: has no manifest.csv; give a folder of labelled plates "
            "with --plates",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as scratch:
        if options.parts:
            return parts.main(options.plates, as_json=options.json)
        samples = _samples(options, Path(scratch))
        if options.calibrate:
            return calibrate.main(samples, as_json=options.json)
        return _contest(options, samples)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, not tables")
    parser.add_argument("--plates", type=Path, default=PLATES, metavar="DIR")
    parser.add_argument("--peers", action="store_true", help="other readers beside ours")
    parser.add_argument("--split", choices=NOTES, default="all")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N pictures of a source")
    parser.add_argument(
        "--each", type=int, default=EACH, metavar="N", help="drawn plates of each kind"
    )
    parser.add_argument("--calibrate", action="store_true", help="sweep the gate; ours only")
    parser.add_argument("--parts", action="store_true", help="time the parts; ours only")
    return parser.parse_args()


def _samples(options: argparse.Namespace, scratch: Path) -> list[Sample]:
    there = (options.plates / "manifest.csv").is_file()
    if options.split == "synthetic":
        from bench.reader import drawn

        every = load(options.plates, validation=False) if there else []
        streets = [sample.path for sample in every if sample.group == "foreign"]
        return list(drawn.samples(scratch, options.each, streets))
    # A gate is calibrated on plates that were not learnt, and on all that is no plate.
    validation = options.split == "validation" or options.calibrate
    found = load(options.plates, validation=validation)
    if options.calibrate:
        found += [one for one in load(options.plates, validation=False) if not one.label]
        found = list(dict.fromkeys(found))
    return some(found, options.limit)


def _contest(options: argparse.Namespace, samples: Sequence[Sample]) -> int:
    console = Console(stderr=True)
    readers = contest.ours_and_others() if options.peers else contest.ours()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=len(samples))
        result = contest.hold(samples, readers, tick=lambda count: progress.advance(task, count))
    notes = [NOTES[options.split]]
    if options.json:
        print(json.dumps(report.as_json(result, options.split, notes), ensure_ascii=False))
    else:
        report.show(result, notes, Console(width=None if console.is_terminal else 150))
    return 0


if __name__ == "__main__":
    sys.exit(main())
