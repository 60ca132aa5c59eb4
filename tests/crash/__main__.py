"""`python -m tests.crash states --states 100000 --seed 1`: the long runs; ends with 1 on a find."""
# ruff: noqa: T201 a command speaks by printing

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

from tests.crash import killing, refusing
from tests.crash.damaged import DAMAGES, filled, uncounted
from tests.crash.explore import Report, Search
from tests.crash.mutants import KINDS
from tests.crash.played import of_a_day, of_a_mending, scratch
from tests.sync.brokers import Mosquitto
from tests.sync.mqtt_story import receiving

A_SEED = 5_000
"""So many states of one recording, then the next seed."""
SHOWN = 10


def main() -> int:
    asked = _parser().parse_args()
    logging.disable(logging.CRITICAL)
    return WHAT[asked.what](asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--states", type=int, default=20_000, help="how many, or how many tries")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--kind", choices=KINDS, default="whole", help="the store, or a mutant of it"
    )
    return parser


# --- crash states ------------------------------------------------------------------------


def _states(asked: argparse.Namespace) -> int:
    return _searched(asked, lambda search: of_a_day(search, asked.kind))


def _mending(asked: argparse.Namespace) -> int:
    return _searched(asked, lambda search: of_a_mending(search, asked.kind))


def _lying(asked: argparse.Namespace) -> int:
    """Losses are no find here: no program keeps what a disk throws away."""
    _searched(asked, lambda search: of_a_day(search, asked.kind), lies=True)
    return 0


def _searched(
    asked: argparse.Namespace, play: Callable[[Search], Report], *, lies: bool = False
) -> int:
    left, total, numbers = asked.states, Counter(), Counter()
    broken: list[str] = []
    for seed in count(asked.seed):
        report = play(Search(min(left, A_SEED), seed, lies=lies))
        left -= report.distinct
        total += report.outcomes
        numbers += Counter({name: getattr(report, name) for name in ("distinct", "told", "untold")})
        numbers["wrong"] += len(report.wrong)
        broken += (f"seed {seed}, {one}" for one in report.broken)
        if left <= 0:
            break
    print("\n".join(broken[:SHOWN]))
    print(json.dumps({"broken": len(broken), **numbers, **total}))
    return 1 if broken else 0


# --- faults ------------------------------------------------------------------------------


def _refusals(asked: argparse.Namespace) -> int:
    """Every call of every kind, whatever `--states` says."""
    return _told(_refused() if asked.states else iter(()))


def _refused() -> Iterator[str]:
    for refusal, first in refusing.runs():
        with tempfile.TemporaryDirectory() as place:
            try:
                refusing.refuse(refusal, first, Path(place))
            except AssertionError as error:
                yield str(error)
            else:
                yield ""


def _damages(asked: argparse.Namespace) -> int:
    return _told(_damaged(asked.states, asked.seed))


def _damaged(tries: int, first: int) -> Iterator[str]:
    with scratch() as place:
        held = filled(place / "box", Random(first))
        for seed in range(first, first + tries // len(DAMAGES)):
            for name, damage in DAMAGES.items():
                image = damage(held.image, Random(seed))
                try:
                    said = asyncio.run(uncounted(image, held, place / "state"))
                except Exception as error:  # noqa: BLE001 -- to be told with its seed
                    said = repr(error)
                yield said and f"{name}, seed {seed}: {said}"


def _kills(asked: argparse.Namespace) -> int:
    return _told(_killed(asked.states, asked.seed))


def _killed(lives: int, seed: int) -> Iterator[str]:
    dice = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        place, broker = Path(folder), Mosquitto(Path(folder))
        broker.start()
        try:
            with receiving(broker.port, place / "received.db"):
                for number in range(lives // len(killing.CALLS)):
                    for kill in killing.some_kills(dice):
                        name = f"life{number}-{kill.call}"
                        killing.live_once(kill, place, broker.port, name)
                        yield ""
                killing.live_once(None, place, broker.port, "last")
            yield killing.not_once(place, place / "received.db")
        finally:
            broker.kill()


def _told(said: Iterator[str]) -> int:
    tries, found = 0, []
    for one in said:
        tries += 1
        found += [one] if one else []
    print("\n".join(found[:SHOWN]))
    print(json.dumps({"tries": tries, "found": len(found)}))
    return 1 if found else 0


WHAT = {
    "states": _states,
    "mending": _mending,
    "lying": _lying,
    "refusals": _refusals,
    "damages": _damages,
    "kills": _kills,
}

if __name__ == "__main__":
    sys.exit(main())
