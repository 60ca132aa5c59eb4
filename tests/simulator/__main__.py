"""`python -m tests.simulator --steps 1000000 --seed 1`: plays, judges, tells what broke."""

import argparse
import json
import sys
import time

from tests.simulator.gate import all_tried
from tests.simulator.judge import EPISODE_STEPS, Found, judged, played
from tests.simulator.story import told
from tests.simulator.table import write_table

SHOWN = 10
EVERY_S = 5.0


def main() -> int:
    asked = _parser().parse_args()
    if asked.mutants:
        return _mutants(write=asked.write)
    started = time.perf_counter()
    steps, found = _played(asked.steps, asked.seed)
    seconds = time.perf_counter() - started
    report = {
        "steps": steps,
        "steps_per_s": round(steps / seconds),
        "violations": len(found),
        "seeds": sorted({one.history.seed for one in found}),
    }
    print(json.dumps(report) if asked.json else _words(report, asked.seed))
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="of the lane, in all")
    parser.add_argument("--seed", type=int, default=1, help="of the first episode")
    parser.add_argument("--json", action="store_true", help="the report in one line of JSON")
    parser.add_argument("--mutants", action="store_true", help="let each property kill its own")
    parser.add_argument("--write", action="store_true", help="their table, into docs/testing.md")
    return parser


def _played(steps: int, seed: int) -> tuple[int, list[Found]]:
    """Whole episodes, until enough steps were taken."""
    taken, found, told_at = 0, list[Found](), time.perf_counter()
    while taken < steps:
        history = played(seed, steps=min(EPISODE_STEPS, steps - taken))
        taken += history.steps
        for one in judged(history):
            found.append(one)
            if len(found) <= SHOWN:
                _show(one)
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
    for verdict in all_tried():
        verdicts.append(verdict)
        words = f"killed by seed {verdict.seeds}" if verdict.seeds else "LIVES"
        print(f"{verdict.mutant.property}: {verdict.mutant.name}: {words}", file=sys.stderr)
    if write:
        write_table(verdicts)
    return 0 if all(verdict.seeds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
