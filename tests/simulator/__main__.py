"""`python -m tests.simulator --steps 1000000 --seed 1`: plays, judges, tells what broke."""
# ruff: noqa: T201 a command speaks by printing

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import chain

from tests.simulator import gate
from tests.simulator.judge import Found, judged, played
from tests.simulator.story import told
from tests.simulator.table import write_table
from tests.simulator.whole import judge as whole_judge
from tests.simulator.whole import mutants as whole_mutants

SHOWN = 10
EVERY_S = 5.0

Episode = Callable[[int], tuple[int, list[Found]]]


def main() -> int:
    asked = _parser().parse_args()
    if asked.mutants:
        return _mutants(write=asked.write)
    started = time.perf_counter()
    episode = whole_judge.judged if asked.whole else _on_paper
    steps, found = _played(episode, asked.steps, asked.seed)
    report = {
        "steps": steps,
        "steps_per_s": round(steps / (time.perf_counter() - started)),
        "violations": len(found),
        "seeds": sorted({one.history.seed for one in found}),
    }
    print(json.dumps(report) if asked.json else _words(report, asked.seed))
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="of the lane, in all")
    parser.add_argument("--seed", type=int, default=1, help="of the first episode")
    parser.add_argument("--whole", action="store_true", help="runner, store, drivers and bus, too")
    parser.add_argument("--json", action="store_true", help="the report in one line of JSON")
    parser.add_argument("--mutants", action="store_true", help="let each property kill its own")
    parser.add_argument("--write", action="store_true", help="their table, into docs/testing.md")
    return parser


def _on_paper(seed: int) -> tuple[int, list[Found]]:
    history = played(seed)
    return history.steps, judged(history)


def _played(episode: Episode, steps: int, seed: int) -> tuple[int, list[Found]]:
    """Whole episodes, until enough steps were taken."""
    taken, found, told_at = 0, list[Found](), time.perf_counter()
    while taken < steps:
        more, broken = episode(seed)
        taken += more
        for one in broken[: max(0, SHOWN - len(found))]:
            _show(one)
        found += broken
        seed += 1
        if time.perf_counter() - told_at > EVERY_S:
            told_at = time.perf_counter()
            print(f"{taken:,} of {steps:,} steps, seed {seed}", file=sys.stderr)
    return taken, found


def _show(one: Found) -> None:
    place = f"seed {one.history.seed}, second {one.violation.at:.2f}"
    print(f"{one.property} at {place}: {one.violation.words}\n{told(one)}\n", file=sys.stderr)


def _words(report: dict[str, object], seed: int) -> str:
    return (
        f"{report['steps']:,} steps from seed {seed}, {report['steps_per_s']:,} a second: "
        f"{report['violations']} violations {report['seeds'] or ''}".rstrip()
    )


def _mutants(*, write: bool) -> int:
    verdicts = []
    for verdict in chain(gate.all_tried(), whole_mutants.all_tried()):
        verdicts.append(verdict)
        words = f"killed by seed {verdict.seeds}" if verdict.seeds else "LIVES"
        print(f"{verdict.mutant.property}: {verdict.mutant.name}: {words}", file=sys.stderr)
    if write:
        write_table(verdicts)
    return 0 if all(verdict.seeds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
