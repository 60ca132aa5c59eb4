"""A small car park on 2026-03-02, written by the store itself, and a daemon's door to it."""

import asyncio
import contextlib
import json
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from click.testing import CliRunner

from gateway.__main__ import main
from gateway.control import listening
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
from gateway.rules.tariff import Payment, Stay, quote
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.stay import AmountOff
from gateway.store import Place, Store
from gateway.sync.telling import Grant, Pay
from gateway.tariffs import load
from tests.storing import CORNERS
from tests.system.box import a_lane

ROOT = Path(__file__).parents[2]
DAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
MAIN = Place("main")
PAYS, OWES, CARD, TWICE, LOST, MISREAD = (
    "京A12345", "京E55555", "京B20002", "沪C30003", "京N8B008", "京N88008",
)  # fmt: skip


def clock(text):
    hours, minutes = text.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def ident(number):
    return f"{number:032x}"


def reading_of(plate):
    kind = PlateType.NEW_ENERGY if len(plate) > 7 else PlateType.CIVIL
    colour = PlateColour.GREEN if len(plate) > 7 else PlateColour.BLUE
    return PlateReading(plate, kind, colour, 0.98, 0.95, CORNERS)


async def went(
    store, number, plate, at, direction, *, reason=Reason.TEMPORARY, terms=None, place=MAIN
):
    """One proved pass; an entry begins the session of the pass's own id."""
    way_in = direction is Direction.ENTRY
    terms = terms or Terms(session_id=ident(number), vehicle="car")
    decision = Decision(Verdict.ALLOW, reason, DecidedBy.EDGE)
    reading = reading_of(plate) if plate else None
    visit = Visit(ident(number), clock(at), decision, reading, terms=terms)
    lane = "entry-1" if way_in else "exit-1"
    await store.decide(lane, direction, visit, clock(at))
    ended = Pass(visit, Ending.PASSED, clock(at) + timedelta(seconds=9))
    await store.end(lane, direction, ended, place)


async def came(store, number, plate, at, **more):
    await went(store, number, plate, at, Direction.ENTRY, **more)


async def left(store, number, plate, at, **more):
    await went(store, number, plate, at, Direction.EXIT, **more)


def a_bill(session, came_at, left_at, payments=(), granted=()):
    """What an exit finds out, by the tariff rolling-cap."""
    stay = Stay("main", "car", clock(came_at) + timedelta(seconds=9))
    tariffs = load(ROOT / "config" / "tariffs" / "rolling-cap.yaml")
    fee = quote(tariffs, stay, clock(left_at), payments, granted)
    bill = json.dumps(as_fields(fee), ensure_ascii=False)
    return Terms(session_id=ident(session), vehicle="car", bill=bill, due_fen=fee.due_fen)


async def a_day(store):
    """Who pays, who owes, who has a card, who was not seen to leave, who was not seen to come."""
    await came(store, 1, PAYS, "08:00")
    await came(store, 2, TWICE, "08:05")
    await came(store, 3, CARD, "08:10", reason=Reason.RIGHT, terms=Terms(
        session_id=ident(3), vehicle="car", right_id="card-17"))  # fmt: skip
    await came(store, 4, OWES, "08:20")
    await came(store, 5, LOST, "08:30")
    await store.told(Grant(ident(101), ident(1), "", AmountOff(ident(101), 300), None, "a coupon"))
    paid = Payment(1000, clock("10:20"))
    await store.told(Pay(ident(102), ident(1), "", paid.amount_fen, paid.at, "wechat"))
    terms = a_bill(1, "08:00", "10:25", [paid], [AmountOff(ident(101), 300)])
    await left(store, 11, PAYS, "10:25", reason=Reason.PAID, terms=terms)
    await left(store, 12, OWES, "10:30", reason=Reason.OWING, terms=a_bill(4, "08:20", "10:30"))
    await came(store, 13, TWICE, "11:00", terms=Terms(
        session_id=ident(13), linked=ident(2), vehicle="car"))  # fmt: skip
    await left(store, 14, MISREAD, "11:30", reason=Reason.NO_ENTRY, terms=Terms(
        session_id=ident(14), vehicle="car", likely=(ident(5),)))  # fmt: skip
    await came(store, 15, "", "11:40")


def configured(folder):
    """The configuration of that car park: its tariff is rolling-cap."""
    (folder / "tariffs").mkdir()
    shutil.copy(ROOT / "config" / "tariffs" / "rolling-cap.yaml", folder / "tariffs")
    document = {
        "gateway": "north",
        "data": str(folder / "data"),
        "buses": {"line-1": {"driver": "modbus_tcp", "host": "127.0.0.1", "port": 9}},
        "parking": {},
        "lanes": [
            a_lane("entry-1", 1, None),
            a_lane("exit-1", 2, None) | {"direction": "exit"},
        ],
    }
    path = folder / "lanegate.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def written(folder, story=a_day):
    """The configuration's path, and the story in its database."""
    path = configured(folder)

    async def play():
        store = Store.open(folder / "data" / "lanegate.db", "north")
        try:
            await story(store)
        finally:
            await store.close()

    asyncio.run(play())
    return path


def run(path, *words, typed=None):
    """`lanegate` with these words, for the box whose configuration is there."""
    asked = [str(word) for word in words]
    return CliRunner().invoke(main, asked, env={"LANEGATE_CONFIG": str(path)}, input=typed)


def told(path, *words):
    """What a command says to programs; it must have done it."""
    done = run(path, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


class _NoLanes:
    async def give(self, order):
        return f"there is no lane {order.lane}"


@contextlib.contextmanager
def at_work(folder, *, parking=True):
    """The store of that folder behind the socket, as a daemon with a car park has it."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def work():
        store = Store.open(folder / "data" / "lanegate.db", "north")

        async def tell(told):
            await store.told(told)
            return "done"

        try:
            async with listening(folder / "data", _NoLanes(), {}, tell if parking else None):
                ready.set()
                await over.wait()
        finally:
            await store.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),))
    thread.start()
    try:
        assert ready.wait(30), "the door did not open"
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()
