"""Hostile pictures, and models, through the lane's own path: file or frame, reader, gate.

    python -m bench.fuzz [--images N] [--seed N] [--first N] [--json]
    python -m bench.fuzz --models N          broken networks instead of pictures

Every case must end in readings or in a sentence (`DeviceError`): never in another exception,
a crash, more than 1 GB or more than 5 s of the processor. A case's seed and number make it
again: `--seed S --first N --images 1`.
"""

import argparse
import json
import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.fuzz.parent import Tally, fuzz


def main() -> int:
    options = _options()
    console = Console(stderr=True)
    columns = (TextColumn("cases"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.monotonic()
    child = "bench.fuzz.networks" if options.models else "bench.fuzz.child"
    count = options.models or options.images
    last = options.first + count
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=count)
        tally = fuzz(
            child,
            options.seed,
            options.first,
            last,
            tick=lambda now: bar.update(task, completed=now.done),
        )
    result = summary(tally, options, time.monotonic() - started)
    if options.json:
        print(json.dumps(result))
    else:
        Console().print_json(json.dumps(result))
    return 1 if tally.broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=int, default=2000, metavar="N")
    parser.add_argument("--models", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first one's number")
    parser.add_argument("--json", action="store_true", help="one line, not for people")
    return parser.parse_args()


def summary(tally: Tally, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "first": options.first,
        "cases": tally.done,
        "cases_a_second": round(tally.done / seconds, 1),
        "outcomes": dict(sorted(tally.sorts.items())),
        "by_sort": dict(sorted(tally.outcomes.items())),
        "slowest_cpu_s": tally.slowest_s,
        "largest_mb": tally.largest_mb,
        "broken": dict(tally.broken),
        "bad": tally.bad,
    }


if __name__ == "__main__":
    sys.exit(main())
