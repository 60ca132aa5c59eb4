"""How long a decision takes in a large car park: `python -m bench.decide [--json] [--dir DIR]`.

100,000 rights in the book; 5,000 sessions that are open and 100,000 that ended in the store. A
decision is what a lane waits for: the rights of the plate, the facts, the rules; every second one
is at an exit, where nobody counts places. Beside it, in turns, one row of the store by its primary
key on a connection of its own: `ratio` is that of the medians. `cpu_` is what all threads of this
process computed for a decision, whatever else the machine did; `rules_` are the rules alone;
`rss_mb` is what this process has in memory in the end.
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles

from gateway.lane.types import Direction, Verdict
from gateway.rights import RightsBook, RightText, rights_of
from gateway.rules.decision import Arriving, Judgement, Policy, decide
from gateway.rules.sessions import Closing, Session, Vehicle
from gateway.rules.tariff import TariffSet
from gateway.store import Store
from gateway.store.sessions.rows import NEW, session_row
from gateway.store.tables import insert
from gateway.tariffs import load

NOW = datetime(2026, 11, 17, 12, tzinfo=UTC)
AREA = "main"
TARIFF = Path(__file__).parents[1] / "config" / "tariffs" / "rolling-cap.yaml"
CARD: dict[str, object] = {"valid": {"from": "2026-01-01", "to": "2026-12-31"}}
KINDS: tuple[dict[str, object], ...] = (
    {"kind": "month_card"} | CARD,
    {"kind": "staff"} | CARD,
    {"kind": "month_card", "valid": {"from": "2026-01-01", "to": "2026-10-31"}},
    {
        "kind": "shared_space",
        "windows": [{"from": "18:00", "to": "09:00", "days": ["workday"]}],
        "late_min": 15,
    }
    | CARD,
    {"kind": "rental", "spaces": 1, "succession": True} | CARD,
    {
        "kind": "reservation",
        "valid": {"from": "2026-11-17T18:00", "to": "2026-11-17T23:00"},
        "early_min": 150,
        "no_show_min": 60,
        "uses": 1,
    },
)
"""One after the other; two plates share each space that is rented."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of what; half of the vehicles have rights."""

    rights: int = 100_000
    open: int = 5_000
    ended: int = 100_000
    decisions: int = 5_000
    warm_up: int = 200

    @property
    def vehicles(self) -> int:
        return 2 * self.rights


def plate(number: int) -> str:
    """Every second number is a plate with a right."""
    return f"京{'AB'[number % 2]}{number // 2:05}"


def car(number: int) -> Vehicle:
    return Vehicle(plate(number), "civil", "blue", "car")


# --- a large car park --------------------------------------------------------------------


def rights(size: Size) -> Iterator[RightText]:
    for number in range(size.rights):
        kind = KINDS[number % len(KINDS)]
        plates = [plate(2 * number)]
        if "spaces" in kind:
            plates.append(plate(2 * ((number + 1) % size.rights)))
        (right,) = rights_of([{"id": f"r{number:06}", "version": 1, "plates": plates} | kind])
        yield right


def sessions(size: Size, dice: Random) -> Iterator[Session]:
    for number, who in enumerate(dice.sample(range(size.vehicles), size.open)):
        entered = NOW - timedelta(minutes=dice.randrange(1, 3000))
        came_by = f"r{who // 2:06}" if who % 2 == 0 else ""
        yield Session(f"{number:032x}", car(who), AREA, entered, right_id=came_by)
    for number in range(size.open, size.open + size.ended):
        entered = NOW - timedelta(minutes=dice.randrange(3000, 90 * 1440))
        left = entered + timedelta(minutes=dice.randrange(1, 600))
        vehicle = car(dice.randrange(size.vehicles))
        yield Session(f"{number:032x}", vehicle, AREA, entered, left_at=left, closing=Closing.EXIT)


def fill(path: Path, size: Size, dice: Random) -> list[Vehicle]:
    """Vehicles that are inside. The store is made, and closed again, before."""
    inside = []
    with closing(sqlite3.connect(path)) as db, db:
        for session in sessions(size, dice):
            row = NEW | session_row(session) | {"closed_at": session_row(session)["left_at"]}
            insert(db, "sessions", row)
            if session.inside:
                inside.append(session.vehicle)
    return inside


# --- what is measured --------------------------------------------------------------------


@dataclass(slots=True)
class Times:
    """Milliseconds."""

    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rules: list[float] = field(default_factory=list)
    lookups: list[float] = field(default_factory=list)
    allowed: int = 0

    def figures(self) -> dict[str, float]:
        named = {"": self.whole, "cpu_": self.cpu, "rules_": self.rules, "lookup_": self.lookups}
        cuts = {name: quantiles(values, n=100) for name, values in named.items()}
        medians = {f"{name}p50_ms": round(one[49], 4) for name, one in cuts.items()}
        return {
            **medians,
            **{f"{name}p99_ms": round(one[98], 4) for name, one in cuts.items()},
            "rss_mb": round(rss_mb(), 1),
            "ratio": round(medians["p50_ms"] / medians["lookup_p50_ms"], 1),
            "decisions": len(self.whole),
            "allowed": self.allowed,
        }


def rss_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) / 1024


@dataclass(slots=True)
class CarPark:
    store: Store
    book: RightsBook
    tariffs: TariffSet
    size: Size

    async def decides(self, vehicle: Vehicle, direction: Direction) -> tuple[Judgement, float]:
        """The judgement, and the milliseconds that the rules alone took of it."""
        found = await self.book.of(vehicle.plate)
        leaving = direction is Direction.EXIT
        places = None if leaving else self.size.open + 1
        facts = await self.store.facts(
            vehicle, NOW, area=AREA, rights=found, places=places, leaving=leaving
        )
        began = time.perf_counter()
        policy = Policy(direction, AREA, debtors=Verdict.DENY)
        judgement = decide(Arriving("f" * 32, vehicle, NOW), facts, self.tariffs, policy)
        return judgement, (time.perf_counter() - began) * 1000


async def measure(park: CarPark, inside: list[Vehicle], dice: Random) -> Times:
    times, size = Times(), park.size
    with closing(sqlite3.connect(park.store.path)) as db:
        for number in range(size.warm_up + size.decisions):
            leaves = number % 2 == 1
            vehicle = dice.choice(inside) if leaves else car(dice.randrange(size.vehicles))
            began, cpu = time.perf_counter(), time.process_time()
            judged, rules_ms = await park.decides(
                vehicle, Direction.EXIT if leaves else Direction.ENTRY
            )
            whole_ms = (time.perf_counter() - began) * 1000
            cpu_ms = (time.process_time() - cpu) * 1000
            looked_ms = lookup_ms(db, f"{dice.randrange(size.open + size.ended):032x}")
            if number >= size.warm_up:
                times.whole.append(whole_ms)
                times.cpu.append(cpu_ms)
                times.rules.append(rules_ms)
                times.lookups.append(looked_ms)
                times.allowed += judged.decision.verdict is Verdict.ALLOW
    return times


def lookup_ms(db: sqlite3.Connection, session_id: str) -> float:
    began = time.perf_counter()
    db.execute("select * from sessions where session_id = ?", (session_id,)).fetchone()
    return (time.perf_counter() - began) * 1000


async def run(folder: Path, size: Size = Size()) -> Times:
    dice = Random(1)  # noqa: S311 -- keeps no secret
    path = folder / "bench.db"
    await Store.open(path, "bench").close()
    inside = fill(path, size, dice)
    store, book = Store.open(path, "bench"), RightsBook.open(folder / "rights.db")
    try:
        await book.replace(rights(size), 1)
        park = CarPark(store, book, load(TARIFF), size)
        return await measure(park, inside, dice)
    finally:
        await book.close()
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.decide", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--dir", type=Path, help="folder on the disk to use; default: temporary")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="lanegate-bench-") as folder:
        told = asyncio.run(run(Path(folder))).figures()
    print(json.dumps(told) if options.json else told)


if __name__ == "__main__":
    main()
