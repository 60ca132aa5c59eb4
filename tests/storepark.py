"""A car park to test with: visits, bills and orders in short, on a clock that is set by hand."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.lane.types import (
    DecidedBy,
    Decision,
    Direction,
    Ending,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Terms,
    Verdict,
    Visit,
)
from gateway.rules.clock import SHANGHAI
from gateway.rules.sessions import Vehicle
from gateway.rules.tariff.fee import Fee, Line, LineKind
from gateway.rules.tariff.fields import as_fields
from gateway.store import Place, Store
from gateway.store.clock import BoxClock
from gateway.sync.protocol import Moment
from tests.storing import CORNERS

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
MAIN, CELLAR = Place("main"), Place("cellar", "main")
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
X, Y = "京A12345", "京B54321"


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def ident(number):
    return f"{number:032x}"


def car(plate):
    return Vehicle(plate, "civil", "blue", "car") if plate else Vehicle("", "", "", "car")


def a_bill(total, *, paid=0, off=(), days=(), kind=LineKind.AMOUNT_OFF):
    """`off`: (credit, fen)."""
    begin = NOON.astimezone(SHANGHAI)
    lines = (Line(LineKind.UNITS, 0, 3600, total, 1, total, 3600),)
    discounts = tuple(Line(kind, 0, 3600, -fen, figure=fen, ref=credit) for credit, fen in off)
    fee = Fee("main 1", "day", "car", begin, begin, lines, discounts, paid, None, tuple(days))
    return json.dumps(as_fields(fee))


class SetClock(BoxClock):
    def __init__(self):
        super().__init__()
        self.at = NOON

    def now(self):
        text = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Moment(text, "b0" * 16, "ok", 0)


class Park:
    """One store, opened again at will."""

    def __init__(self, path):
        self.path = path
        self.clock = SetClock()
        self.number = 0
        self.store = None

    async def open(self):
        self.store = Store.open(self.path, "north")
        self.store.clock = self.clock
        await self.store._do(lambda db: db.execute("pragma synchronous = off"))
        return self

    async def again(self):
        await self.store.close()
        await self.open()

    def new_id(self):
        self.number += 1
        return ident(self.number)

    def visit(self, plate, minutes, *, name=None, terms=None, reason=Reason.TEMPORARY, by=None):
        reading = None
        if plate:
            reading = PlateReading(plate, PlateType.CIVIL, PlateColour.BLUE, 0.9, 0.9, CORNERS)
        decision = Decision(Verdict.ALLOW, reason, by or DecidedBy.EDGE)
        name = name or self.new_id()
        return Visit(name, at(minutes), decision, reading, terms=terms)

    async def goes(self, direction, plate, minutes, place=MAIN, *, ending=Ending.PASSED, **more):
        """Decided, and proved in the same minute; returns the pass's id."""
        visit = self.visit(plate, minutes, **more)
        if visit.terms is not None and visit.terms.session_id == "self":
            visit = replace(visit, terms=replace(visit.terms, session_id=visit.pass_id))
        lane = f"{direction}-1"
        self.clock.at = at(minutes)
        await self.store.decide(lane, direction, visit, at(minutes))
        await self.store.end(lane, direction, Pass(visit, ending, at(minutes)), place)
        return visit.pass_id

    async def comes(self, plate, minutes, place=MAIN, **more):
        more.setdefault("terms", Terms("self", vehicle="car"))
        return await self.goes(ENTRY, plate, minutes, place, **more)

    async def leaves(self, plate, minutes, place=MAIN, **more):
        return await self.goes(EXIT, plate, minutes, place, **more)

    async def told(self, kind, minutes, *fields, name=None):
        """An order with a new id, or with `name`; returns (its id, what changed)."""
        name = name or self.new_id()
        self.clock.at = at(minutes)
        return name, await self.store.told(kind(name, *fields))

    async def rows(self, sql, *values):
        return await self.store._do(lambda db: db.execute(sql, values).fetchall())

    async def session(self, session_id, columns):
        """One of its columns, or a tuple of several."""
        sql = f"select {columns} from sessions where session_id = ?"  # noqa: S608
        (row,) = await self.rows(sql, session_id)
        return row if len(row) > 1 else row[0]

    async def figures(self, session_id):
        """(total, discounted, paid, owed, overpaid)."""
        columns = "total_fen, discounted_fen, paid_fen, owed_fen, overpaid_fen"
        return await self.session(session_id, columns)

    async def money(self, session_id):
        sql = "select kind, amount_fen, late from money where session_id = ? order by rowid"
        return [(kind, fen, bool(late)) for kind, fen, late in await self.rows(sql, session_id)]

    async def facts(self, plate, minutes, **more):
        return await self.store.facts(car(plate), at(minutes), area="main", **more)

    async def bodies(self, *kinds):
        found = await self.store.unsent(0, 100_000)
        return [json.loads(one.body) | {"_": one.kind} for one in found if one.kind in kinds]


def parked(path, story):
    """Run `story(park)`."""

    async def play():
        park = await Park(path).open()
        try:
            return await story(park)
        finally:
            await park.store.close()

    return asyncio.run(play())
