"""A car park on real files, with a cloud that answers what it is told to."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import yaml

from gateway.config import load
from gateway.lane.events import Decide
from gateway.lane.types import (
    Decision,
    Direction,
    Ending,
    Now,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.parking import open_park
from gateway.rights import RightText
from gateway.rules.access import AccessList
from gateway.store import Store
from gateway.sync.telling import Answer

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TARIFF = {
    "area": "main",
    "version": "t1",
    "effective": "2026-01-01",
    "plans": [{"name": "all", "steps": [{"unit_min": 60, "price_fen": 500}]}],
}
NO_LISTS = AccessList(frozenset(), frozenset(), Verdict.ALLOW)


@dataclass
class PaperCloud:
    """Answers each question with `says`, an `Answer` without its id, or not at all."""

    says: Answer | None = None
    online: bool = True
    asked: list = field(default_factory=list)

    async def ask(self, question, wait_s):
        self.asked.append((question, wait_s))
        if self.says is None:
            return None
        return Answer(question.ask_id, self.says.said, self.says.expires_at, self.says.amount_fen)


class Rig:
    """Lanes `in` and `out` of one car park; `now` is the time of all its parts."""

    def __init__(self, park, store, config, cloud):
        self.park, self.store, self.config, self.cloud = park, store, config, cloud
        self.now = NOON
        self.changed = []
        self._count = 0
        park.connect(cloud, self.changed.append, lambda: None)

    def lane(self, name):
        return next(lane for lane in self.config.lanes if lane.name == name)

    def clock(self):
        self._count += 1
        return Now(0.0, self.now, f"{self._count:032x}")

    async def judged(self, name, plate, *, code="", access=NO_LISTS):
        """What the judge says, and the visit as the lane would have it then."""
        pass_id = self.clock().fresh_id
        reading = a_reading(plate) if plate else None
        command = Decide(pass_id, reading, code)
        decided = await self.park.judge_of(self.lane(name)).judged(command, access, self.clock())
        return Visit(pass_id, self.now, decided.decision, reading, terms=decided.terms)

    async def passes(self, name, visit):
        """It is let in, whoever says so, and goes through."""
        lane, place = self.lane(name), self.park.place_of(self.lane(name))
        await self.store.decide(name, lane.direction, visit, self.now)
        record = Pass(visit, Ending.PASSED, self.now)
        await self.store.end(name, lane.direction, record, place)

    async def comes_in(self, plate):
        visit = await self.judged("in", plate)
        await self.passes("in", visit)
        return visit.pass_id

    def later(self, **time):
        self.now += timedelta(**time)


def a_reading(plate):
    corners = ((0.0, 0.0), (9.5, 0.0), (9.5, 3.0), (0.0, 3.0))
    return PlateReading(plate, PlateType.CIVIL, PlateColour.BLUE, 0.99, 0.98, corners)


def a_lane(name, direction, **more):
    return {
        "name": name,
        "direction": str(direction),
        "barrier": {"profile": "barrier/waveshare-relay-d-8ch", "bus": "line", "slave": 1}
        | {"open_output": 1 if name == "in" else 3, "close_output": 2 if name == "in" else 4},
        "inputs": {
            "profile": "inputs/waveshare-relay-d-8ch",
            "bus": "line",
            "slave": 1,
            "arming_loop": {"channel": 1 if name == "in" else 3, "active": "closed"},
            "closing_loop": {"channel": 2 if name == "in" else 4, "active": "open"},
        },
    } | more


def written(folder, **parking):
    """A configuration file; `policy` and `areas` as in `parking:`."""
    (folder / "tariffs").mkdir(exist_ok=True)
    (folder / "tariffs" / "main.yaml").write_text(yaml.safe_dump(TARIFF), "utf-8")
    file = folder / "lanegate.yaml"
    whole = {
        "gateway": "north",
        "data": str(folder / "data"),
        "access": {"unknown": "allow"},
        "parking": parking,
        "buses": {"line": {"driver": "modbus_rtu", "port": "/dev/null"}},
        "lanes": [a_lane("in", Direction.ENTRY), a_lane("out", Direction.EXIT)],
    }
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    return file


@contextlib.asynccontextmanager
async def a_rig(folder, *rights, cloud=None, trouble="", **parking):
    file = written(folder, **parking)
    config = load(file)
    config.data.mkdir(exist_ok=True)
    store = Store.open(config.data / "lanegate.db", config.gateway)
    try:
        async with open_park(config, file, store, lambda: rig.clock()) as opened:  # noqa: PLW0108 -- it is made below
            park, told = opened
            assert trouble in told
            assert bool(told) == bool(trouble)
            texts = [RightText.model_validate(right) for right in rights]
            await park.parts.rights.replace(texts, 1)
            rig = Rig(park, store, config, cloud or PaperCloud())
            yield rig
    finally:
        await store.close()


def played(folder, story, *rights, **options):
    async def play():
        async with a_rig(folder, *rights, **options) as rig:
            return await story(rig)

    return asyncio.run(play())


def let_out_by_hand(visit):
    return Visit(
        visit.pass_id,
        visit.arrived_at,
        Decision(Verdict.ALLOW, Reason.AGENT),
        visit.reading,
        terms=visit.terms,
    )
