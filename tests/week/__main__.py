"""`python -m tests.week --seed 1 --json`: plays a week, judges it, tells what is wrong."""
# ruff: noqa: T201 a command speaks by printing

import argparse
import json
import sys
import time

from tests.week import mutants
from tests.week.week import Plan, Week, played

SHOWN = 20


def main() -> int:
    asked = _parser().parse_args()
    if asked.mutants:
        return _mutants()
    started = time.process_time()
    week = played(Plan(asked.seed, asked.days, asked.cars, asked.kills))
    for words in week.found[:SHOWN]:
        print(words[:1000], file=sys.stderr)
    report = _report(week) | {"cpu_s": round(time.process_time() - started, 1)}
    print(json.dumps(report, ensure_ascii=False) if asked.json else _words(report))
    return 1 if week.found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.week", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--cars", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=1, help="of the gateway, each day")
    parser.add_argument("--json", action="store_true", help="the report in one line of JSON")
    parser.add_argument("--mutants", action="store_true", help="the product broken on purpose")
    return parser


def _report(week: Week) -> dict[str, object]:
    return {
        "seed": week.plan.seed,
        "days": week.plan.days,
        "cars": week.plan.cars,
        "wrong": len(week.found),
        **week.figures,
        "happened": dict(sorted(week.truth.counts.items())),
    }


def _words(report: dict[str, object]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in report.items())


def _mutants() -> int:
    lived = 0
    for killed in mutants.all_tried():
        words = f"killed by week {killed.seeds}: {killed.words}" if killed.seeds else "LIVES"
        lived += not killed.seeds
        print(f"{killed.mutant.name} ({killed.mutant.file}): {words[:300]}", flush=True)
    return 1 if lived else 0


if __name__ == "__main__":
    sys.exit(main())
