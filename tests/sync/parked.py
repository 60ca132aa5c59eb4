"""What the records of a car park look like: a stay, its money, what people said of it."""

import json
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
from gateway.rules.tariff.fee import Fee, Line, LineKind
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.stay import AllOff, AmountOff
from gateway.rules.trace import Traced
from gateway.store import tracing
from gateway.store.sessions import orders, passing
from gateway.store.sessions.words import Place
from gateway.sync import telling

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
CORNERS = ((0.0, 0.0), (140.0, 0.0), (140.0, 45.0), (0.0, 45.0))
MAIN, INNER = Place("main"), Place("cellar", "main")
PLATE = "京B22222"


def at(second):
    return NOON + timedelta(seconds=second)


def name(number):
    return f"{number:02x}" * 16


def a_visit(number, second, terms, *, plate=PLATE, reason=Reason.TEMPORARY):
    reading = PlateReading(plate, PlateType.CIVIL, PlateColour.BLUE, 0.97, 0.99, CORNERS)
    decision = Decision(Verdict.ALLOW, reason, DecidedBy.EDGE_OFFLINE)
    return Visit(name(number), at(second), decision, reading, terms=terms)


def went(db, direction, visit, place):
    second = visit.arrived_at + timedelta(seconds=9)
    passing.end(db, f"{direction}-1", direction, Pass(visit, Ending.PASSED, second), place)


def a_bill(*, total, paid, discounts=()):
    start = 1_795_000_000
    lines = (Line(LineKind.UNITS, start, start + 3600, total, 2, total // 2, 1800, area="main"),)
    off = tuple(
        Line(LineKind.AMOUNT_OFF, start, start + 3600, -fen, figure=fen, ref=credit)
        for credit, fen in discounts
    )
    entered, until, grace = (at(second).astimezone(SHANGHAI) for second in (1009, 4000, 4900))
    days = (entered.date(),)
    fee = Fee("main 1", "day", "car", entered, until, lines, off, paid, grace, days)
    return json.dumps(as_fields(fee), ensure_ascii=False)


def parked(db):
    """Entries, an inner area, money, a stay that owes, one corrected, and a look back."""

    def told(order):
        orders.carry_out(db, order)

    first, second, misread = name(0x31), name(0x32), name(0x33)
    terms = Terms(first, vehicle="car", right_id="card-1", why="a sentence")
    went(db, Direction.ENTRY, a_visit(0x31, 1000, terms), MAIN)
    inner = Terms(first, vehicle="car")
    went(db, Direction.ENTRY, a_visit(0x34, 1100, inner), INNER)
    went(db, Direction.EXIT, a_visit(0x35, 1200, inner), INNER)
    told(telling.Grant(name(0x41), first, "", AmountOff(name(0x41), 300), at(9000), "lunch"))
    told(telling.Pay(name(0x42), first, "", 500, at(1300), "wechat"))
    told(telling.Grant(name(0x43), "", PLATE, AllOff(name(0x43)), None, "lunch"))
    told(telling.Revoke(name(0x44), name(0x43)))
    bill = a_bill(total=1000, paid=500, discounts=((name(0x41), 300),))
    owing = Terms(first, vehicle="car", bill=bill, due_fen=200, order_id=name(0x45))
    went(db, Direction.EXIT, a_visit(0x36, 4000, owing, reason=Reason.OWING), MAIN)
    told(telling.Settle(name(0x46), first, 250, at(5000), "alipay"))
    told(telling.Refund(name(0x47), first, 50, at(5100), "paid twice"))
    went(db, Direction.ENTRY, a_visit(0x32, 6000, Terms(second, vehicle="car")), MAIN)
    went(db, Direction.ENTRY, a_visit(0x33, 6100, Terms(misread), plate="京B2222Z"), MAIN)
    blue = PlateType.CIVIL, PlateColour.BLUE
    told(telling.Correct(name(0x48), misread, PLATE, *blue, "li.wei", "Z was a 2"))
    told(telling.Close(name(0x49), second, "li.wei", "left by the open boom"))
    told(telling.Charge(name(0x4A), "PILE-1", PLATE, at(6200), at(6300), 900, None))
    inquiry = tracing.Inquiry(PLATE, timedelta(hours=2), NOON, at(7000), 10, "li.wei", "a case")
    tracing._note(db, inquiry, Traced((), (), 0))
