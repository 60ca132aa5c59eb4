"""A week of a car park, in the order of a seed: who comes, what breaks, what is judged."""

import asyncio
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.storyteller.virtual_time import run
from tests.week.box import LEDGER_S, ROOT, Box
from tests.week.cloud import Cloud
from tests.week.debts import collects_debts
from tests.week.evidence import Evidence
from tests.week.fees import Fees
from tests.week.life import Life
from tests.week.occupancy import occupancy
from tests.week.office import Office
from tests.week.people import DAY_S, HOUR_S, people
from tests.week.prices import Prices
from tests.week.sums import Sums
from tests.week.truth import Truth, now
from tests.week.world import World, until

MEMORY = Path("/dev/shm")
TARIFF = ROOT / "config" / "tariffs" / "new-energy-daily.yaml"
PATIENCE_S = 120.0
LOOKS, MOST_LOOKS = 4, 5
CUT_FROM_S, CUT_DAYS = 3.4 * DAY_S, 2.0
FIRE_S, FIRE_LASTS_S = 1.72 * DAY_S, 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int = 1
    days: int = 7
    cars: int = 2000
    kills: int = 1


@dataclass(slots=True)
class Week:
    plan: Plan
    truth: Truth = field(default_factory=Truth)
    found: list[str] = field(default_factory=list)
    ledgers: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


def played(plan: Plan) -> Week:
    home = str(MEMORY) if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=home) as folder, _quiet():
        return run(_week(plan, Path(folder)), PATIENCE_S)


async def _week(plan: Plan, folder: Path) -> Week:
    week = Week(plan)
    cloud = Cloud(week.truth, plan.seed)
    box = Box(folder, plan.seed, TARIFF, week.truth, cloud)
    world = World(week.truth, cloud, box, Prices(TARIFF))
    cars = people(plan.seed, plan.cars, plan.days)
    office = Office(cloud, cars, plan.days)
    await box.start()
    cloud.start(office.work())
    for work in (cloud.collect(), collects_debts(world), *(Life(world).live(car) for car in cars)):
        cloud.start(work)
    for trouble in _troubles(plan, world):
        cloud.start(trouble)
    for look in range(1, LOOKS * plan.days + 1):
        await until(look * DAY_S / LOOKS)
        await _look(world, week)
    await _end(world, plan)
    await _look(world, week)
    found = Evidence(box.database)
    sums, fees = Sums(world, plan.days, found), Fees(world, office, plan.days, found)
    week.found += [*week.truth.wrongs, *sums.all(), *fees.all()]
    week.figures |= _figures(world, found) | {"fees_reckoned_twice": fees.exact}
    week.ledgers = cloud.ledgers
    for task in cloud.tasks:
        task.cancel()
    await box.stop()
    return week


async def _look(world: World, week: Week) -> None:
    """At the books, when nobody is between the loops and no order between wire and disk."""
    for patience in range(MOST_LOOKS):
        while world.truth.pending:
            await asyncio.sleep(3.0)
        counts = await world.box.store.occupancy()
        counted = Counter({(one.area, one.vehicle): one.inside for one in counts})
        found = list(occupancy(world, Evidence(world.box.database), counted))
        if not found:
            week.figures["looks"] = week.figures.get("looks", 0) + 1
            return
        await asyncio.sleep(1.0 + patience)
    week.found += [f"{now():%a %H:%M}: {words}" for words in found]


def _figures(world: World, found: Evidence) -> dict[str, int]:
    """Fen, and how many."""
    cash, rows = world.truth.cash.values(), found.sessions.values()
    settled = sum(row["settled_fen"] for row in rows)
    heads = ("total", "discounted", "paid", "owed", "overpaid")
    return {
        "stays": len(world.truth.stays),
        "sessions": len(rows),
        "records": world.cloud.upto.seq,
        "cash_fen": sum(one.amount_fen for one in cash),
        **{f"{head}_fen": sum(row[f"{head}_fen"] for row in rows) for head in heads},
        "settled_fen": settled,
        "lives": world.box.lives + 1,
    }


async def _end(world: World, plan: Plan) -> None:
    """Nobody comes any more; the last ledger is published, and every order arrives."""
    await until(plan.days * DAY_S + 2 * LEDGER_S)
    while world.cloud.under_way:
        await asyncio.sleep(60.0)
    await asyncio.sleep(600.0)


def _troubles(plan: Plan, world: World) -> Iterator[Coroutine[None, None, None]]:
    yield _kills(plan, world.box)
    if plan.days * DAY_S > FIRE_S:
        yield _fire(world.box)
    if plan.days * DAY_S > CUT_FROM_S + CUT_DAYS * DAY_S:
        yield _cut(plan, world.cloud)


async def _kills(plan: Plan, box: Box) -> None:
    """By day, and as a rule while the boom moves for somebody."""
    dice = random.Random(f"{plan.seed}/kills")
    for day in range(plan.days):
        for at_s in sorted(dice.uniform(7.5, 19.0) * HOUR_S for _ in range(plan.kills)):
            await until(day * DAY_S + at_s)
            for _ in range(dice.choice((0, 3600))):
                if any(gate.site.arming and not gate.site.is_down for gate in box.gates.values()):
                    break
                await asyncio.sleep(1.0)
            await asyncio.sleep(dice.uniform(0.0, 5.0))
            await box.kill(dice.uniform(2.0, 20.0))


async def _fire(box: Box) -> None:
    site = box.gates["east"].site
    await until(FIRE_S)
    site.put(fire=True)
    await until(FIRE_S + FIRE_LASTS_S)
    site.put(fire=False)
    await asyncio.sleep(2.0)
    site.put(fire_reset=True)
    await asyncio.sleep(2.0)
    site.put(fire_reset=False)


async def _cut(plan: Plan, cloud: Cloud) -> None:
    await until(CUT_FROM_S)
    cloud.cut(off=True)
    await until(CUT_FROM_S + CUT_DAYS * DAY_S)
    cloud.cut(off=False)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
